//! JUnit XML, as the common readers of continuous integration take it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{place, sentence};
use crate::finding::{Finding, Severity};

/// What XML 1.0 text and attributes cannot hold as it is; characters that it cannot hold at all are replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn tell(findings: &[Finding], files: &[String]) -> String {
    let mut cases: BTreeMap<&str, Vec<&Finding>> = files.iter().map(|file| (file.as_str(), Vec::new())).collect();
    for finding in findings {
        cases
            .entry(finding.place.file.as_deref().unwrap_or("(none)"))
            .or_default()
            .push(finding);
    }
    let failed = |list: &[&Finding]| list.iter().any(|f| f.severity == Severity::Error);
    let failures = cases.values().filter(|list| failed(list)).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"galeno\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
        cases.len()
    );
    for (file, list) in cases {
        let _ = writeln!(out, "    <testcase classname=\"galeno\" name=\"{}\">", escape(file));
        let (errors, rest): (Vec<&Finding>, Vec<&Finding>) =
            list.into_iter().partition(|f| f.severity == Severity::Error);
        for finding in errors {
            let line = finding
                .place
                .span
                .map_or(String::new(), |s| format!("{}:{}: ", s.line, s.column));
            let body = format!("{line}{} {}", place(finding), sentence(finding));
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                escape(finding.code),
                escape(&finding.message),
                escape(&body)
            );
        }
        if !rest.is_empty() {
            let text: Vec<String> = rest
                .iter()
                .map(|f| format!("{}: {} {}", f.code, place(f), sentence(f)))
                .collect();
            let _ = writeln!(out, "      <system-out>{}</system-out>", escape(&text.join("\n")));
        }
        let _ = writeln!(out, "    </testcase>");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}
