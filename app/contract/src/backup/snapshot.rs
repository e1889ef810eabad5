//! What a weekly snapshot holds besides the database.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a weekly snapshot holds besides the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Snapshot {
    /// The GitOps repository whose rendered manifests are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The cluster's own objects. Those this account may not list are named in the snapshot as left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
    /// Further files to store, such as the keys of encryption at rest, by the name they get in the snapshot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, PathBuf>,
}

/// A GitOps repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repository {
    /// Anything that `git clone` takes.
    pub url: String,
    /// Branch to store when nobody says which revision runs.
    #[serde(default = "main_branch")]
    pub branch: String,
    /// Which path of the repository is stored, for example `generated/prod`.
    #[serde(default = "everything")]
    pub path: String,
    /// Private key of a deploy key (ssh).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_key_file: Option<PathBuf>,
    /// `known_hosts` for ssh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts_file: Option<PathBuf>,
    /// The Argo CD Application whose `status.sync.revision` says which revision runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationRef>,
}

/// An Argo CD Application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApplicationRef {
    /// Namespace of the Application.
    pub namespace: String,
    /// Name of the Application.
    pub name: String,
}

/// The Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Kubernetes {
    /// Base address of the API server.
    #[serde(default = "api_server")]
    pub api_server: String,
    /// The service account's token.
    #[serde(default = "token_file")]
    pub token_file: PathBuf,
    /// The API server's authority.
    #[serde(default = "api_ca_file")]
    pub ca_file: PathBuf,
    /// Resources (plural names, `secrets`) that are never read.
    #[serde(default = "secrets")]
    pub except: Vec<String>,
}

fn main_branch() -> String {
    "main".to_owned()
}

fn everything() -> String {
    ".".to_owned()
}

fn api_server() -> String {
    "https://kubernetes.default.svc".to_owned()
}

fn token_file() -> PathBuf {
    "/var/run/secrets/kubernetes.io/serviceaccount/token".into()
}

fn api_ca_file() -> PathBuf {
    "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt".into()
}

fn secrets() -> Vec<String> {
    vec!["secrets".to_owned()]
}
