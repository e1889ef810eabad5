//! Reads manifests from files, folders and streams: anybody's, not only ours.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use crate::bundle::{Item, Object};
use crate::finding::{Finding, Place};
use crate::yaml::{self, Limits, Positions};

/// What was read: the objects, the files they came from, and what is wrong with the files.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The objects, in the order of files and documents.
    pub items: Vec<Item>,
    /// Every file that was looked at.
    pub files: Vec<String>,
    /// What could not be read.
    pub findings: Vec<Finding>,
}

fn place(file: &str) -> Place {
    Place {
        file: Some(file.to_owned()),
        ..Place::default()
    }
}

/// Reads files and folders; folders with everything below them that ends in `.yaml`, `.yml` or `.json`.
pub fn read_paths(paths: &[String]) -> Manifests {
    let mut found = Manifests::default();
    let mut files = Vec::new();
    for path in paths {
        list(Path::new(path), true, &mut files, &mut found.findings);
    }
    files.dedup();
    let parts: Vec<(Vec<Item>, Vec<Finding>)> = files.par_iter().map(|file| read_file(file)).collect();
    for (items, findings) in parts {
        found.items.extend(items);
        found.findings.extend(findings);
    }
    found.files = files;
    found
}

/// Reads one text, such as standard input's, under a name.
pub fn read_text(name: &str, bytes: &[u8]) -> Manifests {
    let (items, findings) = read_bytes(name, bytes);
    Manifests {
        items,
        files: vec![name.to_owned()],
        findings,
    }
}

fn list(path: &Path, named: bool, files: &mut Vec<String>, findings: &mut Vec<Finding>) {
    let text = path.to_string_lossy().into_owned();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            findings.push(Finding::error("io/read", format!("cannot be read: {error}")).at(place(&text)));
            return;
        }
    };
    if metadata.is_dir() {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                findings.push(Finding::error("io/read", format!("cannot be read: {error}")).at(place(&text)));
                return;
            }
        };
        let mut below: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        below.sort_unstable();
        for path in below.iter().filter(|p| !p.is_symlink() && !hidden(p)) {
            list(path, false, files, findings);
        }
    } else if named
        || path
            .extension()
            .is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known))
    {
        files.push(text);
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn read_file(file: &str) -> (Vec<Item>, Vec<Finding>) {
    match std::fs::read(file) {
        Ok(bytes) => read_bytes(file, &bytes),
        Err(error) => (
            Vec::new(),
            vec![Finding::error("io/read", format!("cannot be read: {error}")).at(place(file))],
        ),
    }
}

fn read_bytes(file: &str, bytes: &[u8]) -> (Vec<Item>, Vec<Finding>) {
    let text = match yaml::decode(file, bytes, &Limits::MANIFESTS) {
        Ok(text) => text,
        Err(finding) => return (Vec::new(), vec![finding]),
    };
    let stream = yaml::read(file, text, &Limits::MANIFESTS);
    let mut items = Vec::new();
    let mut findings = stream.findings;
    let name: Arc<str> = Arc::from(file);
    for document in stream.documents {
        let positions = Arc::new(document.positions);
        take(document.value, "", &name, &positions, &mut items, &mut findings);
    }
    (items, findings)
}

/// An object, or the objects of a `List`; anything else in a file that was given is said.
fn take(
    value: Value,
    at: &str,
    file: &Arc<str>,
    positions: &Arc<Positions>,
    items: &mut Vec<Item>,
    findings: &mut Vec<Finding>,
) {
    let is_list = value.get("kind").and_then(Value::as_str) == Some("List")
        && value.get("apiVersion").and_then(Value::as_str) == Some("v1");
    if is_list {
        let Value::Object(mut map) = value else { return };
        if let Some(Value::Array(list)) = map.remove("items") {
            for (i, item) in list.into_iter().enumerate() {
                take(item, &format!("{at}/items/{i}"), file, positions, items, findings);
            }
        }
        return;
    }
    match Object::new(value) {
        Ok(object) => {
            // Positions of a list's item are those of the whole document, below the item.
            let positions = if at.is_empty() {
                Arc::clone(positions)
            } else {
                Arc::new(positions.below(at))
            };
            items.push(Item {
                cluster: Arc::from(""),
                file: Arc::clone(file),
                positions: Some(positions),
                object,
            });
        }
        Err(error) => {
            let place = Place {
                file: Some(file.to_string()),
                span: positions.nearest(at),
                ..Place::default()
            };
            let finding = Finding::error("validate/no-object", error.to_string())
                .because("kubectl would refuse it; a kustomization, a chart's values or any other YAML is no manifest")
                .mend("give manifests alone, or name files instead of their folder");
            findings.push(finding.at(place));
        }
    }
}
