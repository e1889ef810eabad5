//! Why each part of an object is there: from a field of the output back to the line of the environment file and the rule
//! that made it.

use std::fmt::Write as _;

use serde_json::Value;

use super::table::table;
use crate::bundle::{Manifest, Reason};
use crate::spec::Source;

/// The objects of a component, each with its reason.
pub fn component(manifests: &[&Manifest]) -> String {
    let mut out = String::new();
    let mut regions: Vec<&str> = manifests.iter().map(|m| &*m.region).collect();
    regions.dedup();
    for region in regions {
        let _ = writeln!(out, "region {region}");
        let row = |m: &&&Manifest| {
            let rule = m.reasons.first().map_or("", |reason| reason.rule.as_ref());
            vec![format!("{}/{}", m.object.kind(), m.object.name()), rule.to_owned()]
        };
        let rows: Vec<Vec<String>> = manifests
            .iter()
            .filter(|m| &*m.region == region)
            .collect::<Vec<_>>()
            .iter()
            .map(row)
            .collect();
        out.push_str(&table(&rows));
    }
    out
}

/// One object, part by part; `file` is where it stands.
pub fn object(manifest: &Manifest, file: &str, source: &Source) -> String {
    let id = manifest.object.id();
    let mut out = format!("{id} in {}\n  {file}\n", manifest.region);
    for reason in &manifest.reasons {
        let _ = writeln!(out, "\n{}", part(manifest, reason));
        let _ = writeln!(out, "  because  {}", reason.rule);
        if let Some(pointer) = &reason.source {
            let _ = writeln!(out, "  from     {}", origin(source, pointer));
        }
    }
    out
}

/// The field and its value, in short.
fn part(manifest: &Manifest, reason: &Reason) -> String {
    if reason.path.is_empty() {
        return "the whole object, and everything in it without a reason of its own".to_owned();
    }
    let value = manifest.object.at(&reason.path).map(short).unwrap_or_default();
    format!(
        "{}: {value}",
        reason.path.trim_start_matches('/').replace('/', ".").replace("~1", "/")
    )
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= 70 {
        text
    } else {
        text.chars().take(69).collect::<String>() + "…"
    }
}

/// The line of the environment file, or that it is a default.
fn origin(source: &Source, pointer: &str) -> String {
    let field = pointer.trim_start_matches('/').replace('/', ".");
    match source.span(pointer).filter(|_| source.written(pointer)) {
        Some(span) => {
            let line = source
                .text
                .lines()
                .nth(span.line as usize - 1)
                .unwrap_or_default()
                .trim();
            format!("{}:{}:{}  {line}", source.file, span.line, span.column)
        }
        None => format!("{field}, which is not written: its default"),
    }
}
