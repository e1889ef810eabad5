//! What a check has to say: severity, code, where, why, and how to mend it.

use serde::Serialize;

/// The code of a finding about a secret that stands in the open: its line is never shown.
pub const LITERAL_SECRET: &str = "spec/literal-secret";

/// How bad a finding is. `Error` stops a compile; the others are told and do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Legal and built, but worth knowing.
    Note,
    /// Probably not what was meant.
    Warning,
    /// Wrong: nothing is written.
    Error,
}

/// A stretch of a source text. Lines and columns count from 1, columns in characters; offset and length are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset of the first byte in the file.
    pub offset: usize,
    /// Length in bytes; at least 1 where there is something to underline.
    pub length: usize,
}

/// The identity of an object inside one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectId {
    /// `apps/v1`, `v1`.
    pub api_version: String,
    /// `StatefulSet`.
    pub kind: String,
    /// Empty for a cluster-scoped object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Where a finding points: a file and a stretch of it, an object, a field of it; whatever is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path as the person would type it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The stretch of that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The object spoken of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectId>,
    /// JSON pointer (RFC 6901) of the field spoken of, inside the object or the environment file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// One thing that a check has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code that documentation and acknowledgements can name, such as `spec/even-nodes`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Why it is wrong or what would happen.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mend: String,
    /// Where.
    pub place: Place,
}

impl Finding {
    /// A finding of the given severity with only its sentence; the rest is added by the `with_` methods.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            reason: String::new(),
            mend: String::new(),
            place: Place::default(),
        }
    }

    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Says why, where the finding is already among others.
    pub fn explain(&mut self, reason: impl Into<String>) {
        self.reason = reason.into();
    }

    /// Says how to mend it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}

/// The order in which findings are told: by file, place, severity (worst first), code and message.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| {
            (
                f.place.file.clone(),
                f.place.span,
                f.place.object.clone(),
                f.place.pointer.clone(),
            )
        };
        key(a)
            .cmp(&key(b))
            .then(b.severity.cmp(&a.severity))
            .then(a.code.cmp(b.code))
            .then(a.message.cmp(&b.message))
    });
}

/// Whether any of these stops a compile.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Error)
}

/// The candidate that was most probably meant by a mistyped name, if one is near enough.
pub fn nearest<'a>(written: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(written.len()) / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}
