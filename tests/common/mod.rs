//! What several tests use.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test uses a part, and a test may fail by panic"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The real kubectl. A test that cannot have it fails: it would have shown nothing.
pub fn kubectl() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/kubectl");
        let output = Command::new(&tool).output().unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            tool.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// What kubectl reads in a file, or in all files below a directory: every object of every kind, decoded by Go, offline.
/// The objects need a `metadata.name` and no label `z`.
pub fn kubectl_reads(path: &Path) -> Result<Vec<Value>, String> {
    let output = Command::new(kubectl())
        .args(["label", "--local", "--recursive", "--output=json", "--filename"])
        .arg(path)
        .arg("z=1")
        .env("KUBECONFIG", "/dev/null")
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let objects = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    Ok(objects.map(|object| without_label(object.unwrap())).collect())
}

fn without_label(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    let labels = metadata["labels"].as_object_mut().unwrap();
    assert_eq!(labels.remove("z"), Some("1".into()));
    if labels.is_empty() {
        metadata.remove("labels");
    }
    object
}

/// Kubernetes holds whole numbers in 64 bits with a sign, and everything else in a double.
pub fn as_kubernetes(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_i64().is_none() => number.as_f64().unwrap().into(),
        Value::Array(items) => items.iter().map(as_kubernetes).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), as_kubernetes(value)))
            .collect(),
        other => other.clone(),
    }
}
