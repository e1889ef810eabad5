//! Whether kubectl sees the same documents as a YAML reader.
//!
//! kubectl and Argo CD cut a stream into documents line by line, before any YAML reader sees it: at each line that
//! begins with `---` and holds nothing else but blanks or a comment (`k8s.io/apimachinery`, `util/yaml`). Of each piece
//! they read only the first document. Where YAML begins a document elsewhere, it would be skipped in silence.

use super::Report;
use super::tree::Tree;
use crate::finding::{Finding, Span};

pub(super) fn check(report: Report<'_>, text: &str, shift: usize, trees: &[Tree<'_>], findings: &mut Vec<Finding>) {
    let cuts = cuts(text);
    for tree in trees.iter().skip(1) {
        let offset = tree.start.offset as usize - shift;
        if !tree.explicit || cuts.binary_search(&offset).is_err() {
            let span = Span {
                length: if tree.explicit { 3 } else { 1 },
                ..tree.start.into()
            };
            findings.push(
                report
                    .error("yaml/separator", Some(span), "kubectl would skip the document that begins here")
                    .because("it cuts a file only at lines that hold nothing but `---`, and reads the first document of each piece")
                    .mend("Begin the document with a line that holds only `---`"),
            );
        }
    }
    for cut in cuts {
        let known = trees
            .iter()
            .any(|t| t.explicit && t.start.offset as usize - shift == cut)
            || is_yaml_marker(text, cut);
        if !known {
            let span = Span {
                line: line_of(text, cut),
                column: 1,
                offset: cut + shift,
                length: 3,
            };
            findings.push(
                report
                    .error(
                        "yaml/separator",
                        Some(span),
                        "kubectl would cut the document in two here",
                    )
                    .because("it takes this line for a separator, which it is not to a YAML reader")
                    .mend("Put a space between `---` and what follows, or quote the text"),
            );
        }
    }
}

/// Offsets of the lines at which kubectl cuts.
fn cuts(text: &str) -> Vec<usize> {
    let first = text.starts_with("---").then_some(0);
    let others = text.match_indices("\n---").map(|(at, _)| at + 1);
    first
        .into_iter()
        .chain(others)
        .filter(|at| {
            let line = text[at + 3..].split('\n').next().unwrap_or_default().trim();
            line.is_empty() || line.starts_with('#')
        })
        .collect()
}

/// Whether a YAML reader takes `---` at this line start for a marker: a blank or the line's end follows.
fn is_yaml_marker(text: &str, at: usize) -> bool {
    text[at + 3..]
        .chars()
        .next()
        .is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
}

fn line_of(text: &str, at: usize) -> u32 {
    super::positions::to_u32(text[..at].matches('\n').count() + 1)
}
