//! Argo CD 3.5: `Application` and `AppProject` (`argoproj.io/v1alpha1`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::kind;

kind! {
    /// What is synced from where to where.
    Application, ApplicationSpec, "argoproj.io/v1alpha1"
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSpec {
    pub project: String,
    pub source: Option<ApplicationSource>,
    pub sources: Option<Vec<ApplicationSource>>,
    pub destination: ApplicationDestination,
    pub sync_policy: Option<ApplicationSyncPolicy>,
    pub ignore_differences: Option<Vec<ApplicationIgnoreDifferences>>,
    pub revision_history_limit: Option<i64>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSource {
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    pub target_revision: Option<String>,
    pub path: Option<String>,
    pub chart: Option<String>,
    pub directory: Option<ApplicationSourceDirectory>,
    pub helm: Option<ApplicationSourceHelm>,
}

#[derive(Default, Serialize)]
pub(in crate::components) struct ApplicationSourceDirectory {
    pub recurse: Option<bool>,
    pub include: Option<String>,
    pub exclude: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSourceHelm {
    pub release_name: Option<String>,
    pub values_object: Option<BTreeMap<String, Value>>,
    pub skip_crds: Option<bool>,
}

#[derive(Default, Serialize)]
pub(in crate::components) struct ApplicationDestination {
    pub server: Option<String>,
    pub namespace: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSyncPolicy {
    pub automated: Option<ApplicationSyncPolicyAutomated>,
    pub retry: Option<ApplicationSyncPolicyRetry>,
    pub sync_options: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSyncPolicyAutomated {
    pub enabled: Option<bool>,
    pub prune: Option<bool>,
    pub self_heal: Option<bool>,
    pub allow_empty: Option<bool>,
}

#[derive(Serialize)]
pub(in crate::components) struct ApplicationSyncPolicyRetry {
    pub limit: Option<i64>,
    pub refresh: Option<bool>,
    pub backoff: Option<ApplicationSyncPolicyRetryBackoff>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationSyncPolicyRetryBackoff {
    pub duration: Option<String>,
    pub factor: Option<i64>,
    pub max_duration: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct ApplicationIgnoreDifferences {
    pub group: Option<String>,
    pub kind: String,
    pub name: Option<String>,
    pub json_pointers: Option<Vec<String>>,
    #[serde(rename = "jqPathExpressions")]
    pub jq_path_expressions: Option<Vec<String>>,
}

kind! {
    /// What Applications may read from and write to.
    AppProject, AppProjectSpec, "argoproj.io/v1alpha1"
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct AppProjectSpec {
    pub description: Option<String>,
    pub source_repos: Option<Vec<String>>,
    pub destinations: Option<Vec<ApplicationDestination>>,
    pub cluster_resource_whitelist: Option<Vec<AllowedKind>>,
    pub namespace_resource_whitelist: Option<Vec<AllowedKind>>,
    pub namespace_resource_blacklist: Option<Vec<AllowedKind>>,
    pub destination_service_accounts: Option<Vec<DestinationServiceAccount>>,
    /// Before 3.5.
    pub signature_keys: Option<Vec<SignatureKey>>,
    /// Since 3.5.
    pub source_integrity: Option<SourceIntegrity>,
}

#[derive(Serialize)]
pub(in crate::components) struct AllowedKind {
    pub group: String,
    pub kind: String,
    pub name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct DestinationServiceAccount {
    pub server: String,
    pub namespace: Option<String>,
    pub default_service_account: String,
}

#[derive(Serialize)]
pub(in crate::components) struct SignatureKey {
    #[serde(rename = "keyID")]
    pub key_id: String,
}

#[derive(Serialize)]
pub(in crate::components) struct SourceIntegrity {
    pub git: GitIntegrity,
}

#[derive(Serialize)]
pub(in crate::components) struct GitIntegrity {
    pub policies: [IntegrityPolicy; 1],
}

#[derive(Serialize)]
pub(in crate::components) struct IntegrityPolicy {
    pub repos: [RepositoryUrl; 1],
    pub gpg: Gpg,
}

#[derive(Serialize)]
pub(in crate::components) struct RepositoryUrl {
    pub url: String,
}

#[derive(Serialize)]
pub(in crate::components) struct Gpg {
    pub mode: &'static str,
    pub keys: Vec<String>,
}
