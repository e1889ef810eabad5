//! Workflow commands of GitHub Actions:
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::fmt::Write as _;

use super::{place, sentence};
use crate::finding::{Finding, Severity};

/// What a message may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value may not hold what separates properties either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

pub(super) fn tell(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = vec![format!("title={}", property(finding.code))];
        if let Some(file) = &finding.place.file {
            properties.insert(0, format!("file={}", property(file)));
        }
        if let Some(span) = finding.place.span {
            properties.push(format!("line={},col={}", span.line, span.column));
        }
        let place = place(finding);
        let lead = if place.is_empty() {
            String::new()
        } else {
            format!("{place}: ")
        };
        let _ = writeln!(
            out,
            "::{command} {}::{}",
            properties.join(","),
            data(&format!("{lead}{}", sentence(finding)))
        );
    }
    out
}
