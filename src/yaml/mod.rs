//! YAML with positions, read as Go reads it.
//!
//! kubectl, Helm and Argo CD read YAML by Go's `sigs.k8s.io/yaml` (YAML 1.1 booleans and numbers). Everything that
//! Galeno reads goes through here, so that what it judges is what the cluster would see, and so that every value knows
//! its line and column.
//!
//! Where Go's reader and the YAML standard disagree on what a text means, the text is refused: nothing that two readers
//! see differently is ever judged as if it were clear. The way of a text: [`decode`] (bytes to characters) → `tree`
//! (characters to nodes, by `granit-parser`) → `build` (nodes to values, as Go resolves them) with [`Positions`].

mod build;
mod decode;
mod mapping;
mod portable;
mod positions;
mod scalar;
mod separator;
mod syntax;
mod tree;

pub use decode::decode;
pub use positions::Positions;

use std::borrow::Cow;

use serde_json::Value;

use crate::finding::{Finding, Place, Severity, Span};

/// How much a text may ask of its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the text in bytes; never above 4 GiB.
    pub bytes: usize,
    /// Values and keys in one stream, counted as written.
    pub nodes: usize,
    /// Mappings and sequences inside one another.
    pub depth: usize,
}

impl Limits {
    /// For a file that a person writes.
    pub const ENVIRONMENT: Self = Self {
        bytes: 1 << 20,
        nodes: 100_000,
        depth: 64,
    };
    /// For a stream of manifests. The depth is that of `serde_json`; the largest upstream CRDs stay below 50.
    pub const MANIFESTS: Self = Self {
        bytes: 16 << 20,
        nodes: 2_000_000,
        depth: 128,
    };
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its value, as Go would see it; never null.
    pub value: Value,
    /// Where each part of it stands.
    pub positions: Positions,
}

/// What a text holds: the documents that could be read, and everything that is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The documents, in order; empty ones (only comments, or null) are left out as kubectl does.
    pub documents: Vec<Document>,
    /// Errors, and warnings about what is read otherwise than it looks.
    pub findings: Vec<Finding>,
}

/// Reads every document of a text. `file` is the name that findings carry.
pub fn read(file: &str, text: &str, limits: &Limits) -> Stream {
    let mut stream = Stream::default();
    let report = Report { file };
    if let Err(finding) = decode::check(report, text, limits) {
        stream.findings.push(finding);
        return stream;
    }
    let body = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let shift = text.len() - body.len();
    // kubectl's line reader ends the last line too, which a block scalar can tell.
    let ended = if body.ends_with('\n') {
        Cow::Borrowed(body)
    } else {
        Cow::Owned(format!("{body}\n"))
    };
    let body = ended.as_ref();
    if let Err(finding) = portable::json(report, body) {
        stream.findings.push(finding);
        return stream;
    }
    let mut parsed = tree::parse(report, body, shift, limits);
    let clean = parsed.findings.is_empty();
    stream.findings.append(&mut parsed.findings);
    if clean {
        separator::check(report, body, shift, &parsed.trees, &mut stream.findings);
    }
    for tree in &parsed.trees {
        let before = stream.findings.len();
        let document = build::build(report, tree, limits, &mut stream.findings);
        let sound = !stream.findings[before..].iter().any(|f| f.severity == Severity::Error);
        if let Some(document) = document.filter(|d| sound && !d.value.is_null()) {
            stream.documents.push(document);
        }
    }
    stream
}

/// Names the file in each finding of this module.
#[derive(Clone, Copy)]
struct Report<'a> {
    file: &'a str,
}

impl Report<'_> {
    fn error(self, code: &'static str, span: Option<Span>, message: impl Into<String>) -> Finding {
        self.finding(Severity::Error, code, span, message)
    }

    fn finding(
        self,
        severity: Severity,
        code: &'static str,
        span: Option<Span>,
        message: impl Into<String>,
    ) -> Finding {
        Finding::new(severity, code, message).at(Place {
            file: Some(self.file.to_owned()),
            span,
            ..Place::default()
        })
    }
}
