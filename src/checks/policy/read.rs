//! The form of `NAME.cases.yaml`.

use serde::Deserialize;
use serde_json::Value;

/// `NAME.cases.yaml`: what a policy must admit, and what it must reject.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Cases {
    #[serde(default)]
    pub(super) admits: Vec<Case>,
    #[serde(default)]
    pub(super) rejects: Vec<Case>,
}

/// One request, and what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Case {
    /// What it shows.
    pub(super) name: String,
    /// The object: a pod, or a workload, whose pod is asked about as well.
    #[serde(default)]
    pub(super) object: Option<Value>,
    /// The object as it was, where it is changed or removed.
    #[serde(default)]
    pub(super) old_object: Option<Value>,
    /// Who asks.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// Further objects: namespaces, parameters instead of the file's own.
    #[serde(default)]
    pub(super) given: Vec<Value>,
    /// The message expected, of what is rejected.
    #[serde(default)]
    pub(super) message: Option<String>,
}
