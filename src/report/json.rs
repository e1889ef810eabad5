//! One JSON document.

use serde::Serialize;

use crate::finding::{Finding, Severity};

#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: &'a [Finding],
}

pub(super) fn tell(findings: &[Finding], files: &[String]) -> String {
    let of = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let report = Report {
        files: files.len(),
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        notes: of(Severity::Note),
        findings,
    };
    // Findings have text keys and plain values alone.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}
