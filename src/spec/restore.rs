//! A restore request: one entry of the append-only ledger in `environments/ENV/restores/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::ApiVersion;

/// One restore: it makes the generation of its number. Never edited, reused or taken away once it is merged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Galeno restore request")]
pub struct RestoreRequest {
    /// The version of this file's form.
    pub api_version: ApiVersion,
    /// The generation that it makes: the file's name, one more than the last.
    #[schemars(range(min = 1, max = 9999))]
    pub generation: u32,
    /// What is restored.
    pub source: RestoreSource,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// Who asked for it.
    #[schemars(length(min = 1, max = 100))]
    pub requested_by: String,
    /// Until when it may be merged (RFC 3339). An old request must not come true by a late merge.
    #[schemars(example = &"2026-11-25T12:00:00Z")]
    pub expires: String,
}

/// What is restored: exactly one of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum RestoreSource {
    /// A backup by its id, as `keeper catalog` lists it.
    Backup(String),
    /// The newest verified backup at the time of the restore.
    Latest(LatestKind),
    /// The state at a moment (RFC 3339), from the backup before it and binary logs.
    Time(String),
}

/// Which backups count for "the newest".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LatestKind {
    /// Of any kind.
    Any,
    /// Nightly ones.
    Daily,
    /// System snapshots.
    Weekly,
    /// Those in the recovery region.
    Monthly,
}
