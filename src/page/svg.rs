//! Small pieces of SVG.

use std::fmt::Write as _;

/// A drawing that grows.
#[derive(Default)]
pub(super) struct Drawing {
    body: String,
}

/// A text as XML holds it.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text of at most so many characters.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

impl Drawing {
    /// A rectangle of a class with round corners.
    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [i32; 4]) {
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>"#
        );
    }

    /// A text that begins at a point.
    pub(super) fn text(&mut self, class: &str, x: i32, y: i32, text: &str) {
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#,
            escape(text)
        );
    }

    /// Anything else.
    pub(super) fn raw(&mut self, text: &str) {
        self.body.push_str(text);
    }

    /// An arrow along a path, with words at a point beside it.
    pub(super) fn arrow(&mut self, path: &str, label: &str, [x, y]: [i32; 2]) {
        let _ = write!(self.body, r#"<path class="arrow" d="{path}" marker-end="url(#tip)"/>"#);
        self.text("flow", x, y, label);
    }

    /// What was drawn, to be put into another drawing.
    pub(super) fn into_body(self) -> String {
        self.body
    }

    /// The whole drawing with its name and its description for who cannot see it.
    pub(super) fn finish(self, id: &str, name: &str, description: &str, [width, height]: [i32; 2]) -> String {
        format!(
            r#"<svg role="img" aria-labelledby="{id}-name {id}-text" viewBox="0 0 {width} {height}" width="{width}" height="{height}"><title id="{id}-name">{}</title><desc id="{id}-text">{}</desc>{}</svg>"#,
            escape(name),
            escape(description),
            self.body
        )
    }
}
