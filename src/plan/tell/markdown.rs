//! For a comment on a pull request.

use super::document::{Document, Item, Section};
use super::words::{Span, Spans};

/// GitHub takes 65,536 characters in a comment; what is around it in the comment needs some room.
const LIMIT: usize = 65_000;
/// Room for saying what was left out.
const TAIL: usize = 600;

/// Text that never exceeds the limit.
struct Page {
    text: String,
    units: usize,
}

impl Page {
    /// Adds a piece if it fits. Length is counted as JavaScript counts it, which is never less than in characters.
    fn add(&mut self, piece: &str) -> bool {
        let units = piece.encode_utf16().count();
        if self.units + units > LIMIT - TAIL {
            return false;
        }
        self.text.push_str(piece);
        self.units += units;
        true
    }
}

pub(super) fn tell(document: &Document) -> String {
    let mut page = Page {
        text: String::new(),
        units: 0,
    };
    page.add(&format!("## {}\n\n", escape(&document.title)));
    for line in &document.summary {
        page.add(&format!("{}\n", spans(line)));
    }
    let (mut whole, mut short) = (0, 0);
    for section in &document.sections {
        let (w, s) = add(&mut page, section);
        whole += w;
        short += s;
    }
    if whole + short > 0 {
        let many = |count: usize, what: &str| {
            if count == 1 {
                format!("1 {what}")
            } else {
                format!("{count} {what}s")
            }
        };
        let left_out = format!(
            "\n---\n**Left out, for GitHub's limit**: {}, and the particulars of {}; the most dangerous come first. All of it: \
             `galeno plan --format html`.\n",
            many(whole, "change"),
            many(short, "other"),
        );
        page.text.push_str(&left_out);
    }
    page.text
}

/// Adds what fits of a section: items with their particulars, then without. Says how many were left out, and shortened.
fn add(page: &mut Page, section: &Section) -> (usize, usize) {
    let (mut whole, mut short) = (0, 0);
    let mut heading = Some(format!("\n### {}\n\n", escape(&section.heading)));
    for item in &section.items {
        let lead = heading.as_deref().unwrap_or_default();
        let head = format!("{lead}{}", head(item));
        if page.add(&format!("{head}{}", details(item))) {
            heading = None;
        } else if page.add(&head) {
            heading = None;
            short += usize::from(!item.details.is_empty());
        } else {
            whole += 1;
        }
    }
    (whole, short)
}

fn head(item: &Item) -> String {
    let danger = match item.danger {
        Some(danger) if item.loud => format!("**{}** ", danger.to_uppercase()),
        Some(danger) => format!("*{danger}* "),
        None => String::new(),
    };
    format!("- {danger}{}\n", spans(&item.head))
}

fn details(item: &Item) -> String {
    let lines: Vec<String> = item
        .details
        .iter()
        .map(|line| format!("  - {}\n", spans(line)))
        .collect();
    lines.concat()
}

fn spans(spans: &Spans) -> String {
    let span = |span: &Span| match span {
        Span::Text(text) => escape(text),
        Span::Code(text) => code(text),
    };
    spans.iter().map(span).collect()
}

/// Prose in which nothing is taken for Markdown, HTML, a mention or a reference.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A character of no width keeps GitHub from taking a name for a person or a number for an issue.
            '@' | '#' => out.extend([c, '\u{200B}']),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A code span whose fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}
