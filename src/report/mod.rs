//! Findings for people and machines.

mod defaults;
mod github;
mod json;
mod junit;
mod overview;
mod sarif;
mod sources;
mod table;
mod terminal;
mod why;

pub use overview::overview;
pub use sources::Sources;
pub(crate) use table::table;
pub use why::{component, object};

use crate::finding::{Finding, Severity};

/// The form in which findings are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people at a terminal, with the lines spoken of.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions: annotations at the lines.
    Github,
    /// `JUnit` XML: one test case a file.
    Junit,
}

/// Tells findings in a form. `files` are all that were looked at, so that a form which lists what passed can.
pub fn tell(format: Format, findings: &[Finding], files: &[String], sources: &Sources, color: bool) -> String {
    match format {
        Format::Text => terminal::tell(findings, sources, color),
        Format::Json => json::tell(findings, files),
        Format::Sarif => sarif::tell(findings),
        Format::Github => github::tell(findings),
        Format::Junit => junit::tell(findings, files),
    }
}

/// How many findings there are of each severity, in words: `2 errors, 1 warning`.
pub fn count(findings: &[Finding]) -> String {
    let of = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let parts: Vec<String> = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "note"),
    ]
    .into_iter()
    .map(|(severity, word)| (of(severity), word))
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}{}", if number == 1 { "" } else { "s" }))
    .collect();
    if parts.is_empty() {
        "nothing to say".to_owned()
    } else {
        parts.join(", ")
    }
}

/// The whole of a finding in one text, for forms without a place for its parts.
fn sentence(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    for (lead, part) in [(" Because: ", &finding.reason), (" Mend: ", &finding.mend)] {
        if !part.is_empty() {
            text.push_str(lead);
            text.push_str(part);
        }
    }
    text
}

/// Where a finding points, in words: the object and the field in it.
fn place(finding: &Finding) -> String {
    let object = finding.place.object.as_ref().map(ToString::to_string);
    let pointer = finding.place.pointer.as_deref().filter(|p| !p.is_empty());
    match (object, pointer) {
        (Some(object), Some(pointer)) => format!("{object}, {pointer}"),
        (Some(object), None) => object,
        (None, Some(pointer)) => pointer.to_owned(),
        (None, None) => String::new(),
    }
}
