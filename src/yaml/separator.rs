//! Whether kubectl sees the same documents as a YAML reader.
//!
//! kubectl and Argo CD cut a stream into documents line by line, before any YAML reader sees it: at each line that
//! begins with `---`, which may hold nothing else but blanks and a comment (`k8s.io/apimachinery`, `util/yaml`). Of each
//! piece they read only the first document. Where YAML begins a document elsewhere, it would be skipped in silence.

use super::Report;
use super::tree::Tree;
use crate::finding::{Finding, Span};

pub(super) fn check(report: Report<'_>, text: &str, shift: usize, trees: &[Tree<'_>], findings: &mut Vec<Finding>) {
    let lines = lines(text);
    for tree in trees.iter().skip(1) {
        if !tree.explicit || lines.binary_search(&(tree.start.offset as usize - shift)).is_err() {
            let span = Span {
                length: if tree.explicit { 3 } else { 1 },
                ..tree.start.into()
            };
            findings.push(
                report
                    .error("yaml/separator", Some(span), "kubectl would skip the document that begins here")
                    .because("it cuts a file only at lines with nothing but `---`, and reads the first document of each piece")
                    .mend("Begin the document with a line that holds only `---`"),
            );
        }
    }
    for at in empty_ends(text) {
        let span = Span {
            line: line_of(text, at),
            column: 1,
            offset: at + shift,
            length: 3,
        };
        findings.push(
            report
                .error("yaml/separator", Some(span), "`...` ends a document that has not begun")
                .mend("Take the line out"),
        );
    }
    for at in lines {
        let line = text[at + 3..].split('\n').next().unwrap_or_default();
        let clean = match line.trim_matches([' ', '\t', '\r']).chars().next() {
            None => true,
            // A comment, if a blank stands before it: else a YAML reader takes it for a part of a word.
            Some('#') => line.starts_with([' ', '\t']),
            Some(_) => false,
        };
        if !clean {
            let span = Span {
                line: line_of(text, at),
                column: 1,
                offset: at + shift,
                length: 3,
            };
            findings.push(
                report
                    .error("yaml/separator", Some(span), "something follows `---` on its line")
                    .because(
                        "kubectl takes every line that begins so for a separator, and refuses it or skips the rest",
                    )
                    .mend("Put what follows on the next line"),
            );
        }
    }
}

/// Offsets of the lines `...` before which, in their piece, only comments stand.
fn empty_ends(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    if !text.starts_with("...") && !text.contains("\n...") {
        return found;
    }
    let (mut at, mut begun) = (0, false);
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if line.starts_with("---") {
            begun = false;
        } else if line
            .strip_prefix("...")
            .is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
        {
            if !begun {
                found.push(at);
            }
        } else if !content.is_empty() && !content.starts_with('#') {
            begun = true;
        }
        at += line.len();
    }
    found
}

/// Offsets of the lines that begin with `---`.
fn lines(text: &str) -> Vec<usize> {
    let first = text.starts_with("---").then_some(0);
    first
        .into_iter()
        .chain(text.match_indices("\n---").map(|(at, _)| at + 1))
        .collect()
}

fn line_of(text: &str, at: usize) -> u32 {
    super::positions::to_u32(text[..at].matches('\n').count() + 1)
}
