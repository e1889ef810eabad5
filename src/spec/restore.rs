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

/// What is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RestoreSource {
    /// A backup's id, as `keeper catalog` lists it, or `latest`: the newest verified one (with `to`: the newest that
    /// ended before that moment).
    #[serde(default = "latest")]
    pub backup: String,
    /// The moment up to which binary logs are replayed (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"2026-11-24T09:30:00Z")]
    pub to: Option<String>,
    /// Which bucket is read.
    #[serde(default)]
    pub from: BackupSite,
    /// The environment that made the backup, where it is not this one: a lost site rebuilt under another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What the application says of its own data and this data may break, by name (`NAME.sql` in the ConfigMap
    /// `mariadb-gN-acceptance`). Everything else must hold. Whoever asks answers for it, and says why in `reason`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = &["appointments-apart.sql"])]
    pub despite: Vec<String>,
}

fn latest() -> String {
    "latest".to_owned()
}

/// A place of backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackupSite {
    /// The bucket of daily backups and weekly snapshots.
    #[default]
    Primary,
    /// The bucket of monthly backups, in the recovery region.
    Monthly,
}
