//! For people at a terminal.

use std::collections::BTreeSet;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Sources, place};
use crate::finding::{Finding, LITERAL_SECRET, Severity};

pub(super) fn tell(findings: &[Finding], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let secret = secret_lines(findings);
    findings
        .iter()
        .map(|finding| one(finding, sources, &secret, &renderer) + "\n\n")
        .collect()
}

/// The byte range to underline: on character boundaries, inside the text, within the first line.
fn range(text: &str, offset: usize, length: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(offset..)?;
    let line = rest.find('\n').unwrap_or(rest.len());
    let mut end = offset + length.min(line).max(usize::from(line > 0));
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Some(offset..end)
}

/// Lines that hold a secret: they are named, never shown, whatever else is wrong with them.
type SecretLines = BTreeSet<(String, u32)>;

fn line_of(finding: &Finding) -> Option<(String, u32)> {
    Some((finding.place.file.clone()?, finding.place.span?.line))
}

fn secret_lines(findings: &[Finding]) -> SecretLines {
    findings
        .iter()
        .filter(|f| f.code == LITERAL_SECRET)
        .filter_map(line_of)
        .collect()
}

fn one(finding: &Finding, sources: &Sources, secret: &SecretLines, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code);
    let mut group = Group::with_title(title);
    let file = finding.place.file.as_deref();
    let hidden = line_of(finding).is_some_and(|line| secret.contains(&line));
    let text = file.filter(|_| !hidden).and_then(|file| sources.text(file));
    let shown = finding
        .place
        .span
        .zip(text.as_deref())
        .and_then(|(span, text)| Some((text, range(text, span.offset, span.length)?)));
    let place = place(finding);
    if let (Some(file), Some((text, range))) = (file, shown) {
        let annotation = AnnotationKind::Primary.span(range);
        group = group.element(Snippet::source(text).path(file).annotation(annotation));
    } else if let Some(file) = file {
        let whole = finding
            .place
            .span
            .map_or_else(|| file.to_owned(), |s| format!("{file}:{}:{}", s.line, s.column));
        group = group.element(Origin::path(whole));
    }
    if finding.place.object.is_some() {
        group = group.element(Level::NOTE.with_name(Some("at")).message(place));
    }
    if !finding.reason.is_empty() {
        group = group.element(Level::NOTE.with_name(Some("because")).message(finding.reason.as_str()));
    }
    if !finding.mend.is_empty() {
        group = group.element(Level::HELP.with_name(Some("mend")).message(finding.mend.as_str()));
    }
    renderer.render(&[group])
}

#[cfg(test)]
mod tests {
    use super::{Sources, range, tell};
    use crate::finding::{Finding, Place, Span};

    #[test]
    fn what_where_why_and_the_mend_are_told() {
        let sources = Sources::default();
        sources.give("environments/prod.yaml", "name: prod\ndatabase:\n  nodes: 4\n");
        let span = Span {
            line: 3,
            column: 10,
            offset: 30,
            length: 1,
        };
        let finding = Finding::error(
            "spec/even-nodes",
            "4 database nodes: an even number gains nothing over 3",
        )
        .because("half of the votes is no majority")
        .mend("write 3 or 5")
        .at(Place {
            file: Some("environments/prod.yaml".into()),
            span: Some(span),
            ..Place::default()
        });
        insta::assert_snapshot!(tell(&[finding], &sources, false));
    }

    #[test]
    fn ranges_keep_to_characters_and_lines() {
        assert_eq!(range("aé\nb", 1, 1), Some(1..3));
        assert_eq!(range("ab\ncd", 0, 99), Some(0..2));
        assert_eq!(range("ab", 2, 1), Some(2..2));
        assert_eq!(range("ab", 9, 1), None);
    }
}
