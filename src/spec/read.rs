//! From a file's bytes to what a person wrote, with every complaint at its line.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::complaints::complaints;
use super::literal;
use crate::digest::sha256;
use crate::finding::{Finding, Place, Span, has_errors};
use crate::yaml::{self, Limits, Positions};

/// A file that was read: its text and where each value stands in it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, as a person would type it.
    pub file: String,
    /// Its text.
    pub text: String,
    value: Value,
    positions: Positions,
}

impl Source {
    /// Whether the field at a JSON pointer stands in the file, and is no default.
    pub fn written(&self, pointer: &str) -> bool {
        self.value.pointer(pointer).is_some()
    }

    /// The file's value with every default filled in, as type `T` sees it.
    pub fn parsed<T: DeserializeOwned + Serialize>(&self) -> Option<Value> {
        let typed = T::deserialize(&self.value).ok()?;
        serde_json::to_value(typed).ok()
    }

    /// Where the value at a JSON pointer stands, or the nearest one around it.
    pub fn span(&self, pointer: &str) -> Option<Span> {
        self.positions.nearest(pointer)
    }

    /// Adds file and place to a finding that has a pointer. An unknown field is shown by its name, anything else by
    /// its value.
    pub fn locate(&self, mut finding: Finding) -> Finding {
        let pointer = finding.place.pointer.clone().unwrap_or_default();
        let by_key = matches!(finding.code, "spec/unknown-field" | "spec/no-effect");
        let key = by_key.then(|| self.positions.key(&pointer)).flatten();
        finding.place.span = key.or_else(|| self.positions.nearest(&pointer));
        finding.place.file = Some(self.file.clone());
        finding
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn digest(&self) -> String {
        sha256(self.text.as_bytes())
    }
}

/// Reads one value of type `T` from a file's bytes: UTF-8, YAML, no literal secret, the schema, then the type.
/// Without a value there is at least one error.
pub fn parse<T: DeserializeOwned>(file: &str, bytes: &[u8], schema: &Value) -> (Option<(T, Source)>, Vec<Finding>) {
    let text = match yaml::decode(file, bytes, &Limits::ENVIRONMENT) {
        Ok(text) => text,
        Err(finding) => return (None, vec![finding]),
    };
    let stream = yaml::read(file, text, &Limits::ENVIRONMENT);
    let mut findings = stream.findings;
    let mut documents = stream.documents.into_iter();
    let (document, further) = (documents.next(), documents.next());
    if let Some(problem) = not_one(
        document.is_some(),
        further.as_ref().map(|d| &d.positions),
        file,
        has_errors(&findings),
    ) {
        findings.push(problem);
    }
    let Some(document) = document.filter(|_| !has_errors(&findings)) else {
        return (None, findings);
    };
    let source = Source {
        file: file.to_owned(),
        text: text.to_owned(),
        value: document.value,
        positions: document.positions,
    };
    let secrets = literal::secrets(&source.value);
    let hidden: Vec<Option<&str>> = secrets.iter().map(|f| f.place.pointer.as_deref()).collect();
    // A complaint about a field that holds a secret might repeat it.
    let other = complaints(schema, &source.value)
        .into_iter()
        .filter(|f| !hidden.contains(&f.place.pointer.as_deref()));
    findings.extend(other.map(|f| source.locate(f)));
    findings.extend(secrets.into_iter().map(|f| source.locate(f)));
    if has_errors(&findings) {
        return (None, findings);
    }
    match T::deserialize(&source.value) {
        Ok(value) => (Some((value, source)), findings),
        Err(error) => {
            findings.push(source.locate(Finding::error("spec/value", error.to_string())));
            (None, findings)
        }
    }
}

fn not_one(any: bool, further: Option<&Positions>, file: &str, already: bool) -> Option<Finding> {
    let place = |span| Place {
        file: Some(file.to_owned()),
        span,
        ..Place::default()
    };
    match (any, further) {
        (false, _) if !already => Some(
            Finding::error("spec/empty", "the file is empty")
                .mend("`galeno init NAME` writes an environment to begin with")
                .at(place(None)),
        ),
        (true, Some(positions)) => Some(
            Finding::error("spec/documents", "the file holds more than one document")
                .because("which of them counts would depend on the reader")
                .mend("leave one, and put the others into files of their own")
                .at(place(positions.nearest(""))),
        ),
        _ => None,
    }
}
