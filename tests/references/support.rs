//! Reading fixtures.

use galeno::bundle::{Item, Object};
use galeno::checks::references::{Options, check};
use galeno::finding::Finding;
use serde::Deserialize;
use serde_json::Value;

/// Where the fixtures are.
pub(crate) fn fixtures() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/references")
}

/// The documents of a YAML stream.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).expect("valid YAML"));
    documents.filter(|document| !document.is_null()).collect()
}

/// An object in a file of a cluster.
pub(crate) fn item(cluster: &str, file: &str, value: Value) -> Item {
    let object = Object::new(value).expect("a Kubernetes object");
    Item {
        cluster: cluster.into(),
        file: file.into(),
        positions: None,
        object,
    }
}

/// The whole platform of the fixtures: one component a file, and Argo CD's own objects in a cluster of their own.
pub(crate) fn platform() -> Vec<Item> {
    let mut files: Vec<_> = std::fs::read_dir(fixtures().join("platform"))
        .expect("fixtures")
        .collect();
    files.sort_by_key(|file| file.as_ref().expect("a file").path());
    let mut items = Vec::new();
    for path in files.into_iter().map(|file| file.expect("a file").path()) {
        let component = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for value in documents(&std::fs::read_to_string(&path).expect("a readable file")) {
            let name = format!(
                "{}-{}.yaml",
                value["kind"].as_str().unwrap(),
                value["metadata"]["name"].as_str().unwrap()
            );
            items.push(if component == "argocd" {
                item("prod/argocd", &format!("generated/prod/argocd/{name}"), value)
            } else {
                item("prod/eu", &format!("generated/prod/eu/{component}/{name}"), value)
            });
        }
    }
    items
}

/// The findings of a complete set.
pub(crate) fn complete(items: &[Item]) -> Vec<Finding> {
    check(
        items,
        &Options {
            complete: true,
            ..Options::default()
        },
    )
}

/// A finding in one line: severity, code, object, pointer and sentence.
pub(crate) fn line(finding: &Finding) -> String {
    let object = finding
        .place
        .object
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let pointer = finding.place.pointer.as_deref().unwrap_or_default();
    format!(
        "{:?} {} [{object} {pointer}] {} | {} | {}",
        finding.severity, finding.code, finding.message, finding.reason, finding.mend
    )
}
