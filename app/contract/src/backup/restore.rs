//! What is restored, and how it is judged.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

/// Where a restore puts the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Restore {
    /// The data directory, as `keeper node` lays out a volume: `VOLUME/data`. Marks and half-finished work go to
    /// `VOLUME/keeper`, so that the finished data gets its place by one rename.
    pub data_directory: PathBuf,
    /// What to restore: recorded in the volume's marker, so that a restart continues the same restore only.
    pub source: RestoreSource,
    /// Which bucket to read.
    #[serde(default)]
    pub from: Site,
    /// The name of the cluster that made the backup, where it is not `cluster.name` (a lost site rebuilt elsewhere).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_cluster: Option<String>,
}

/// What to restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RestoreSource {
    /// A backup's id, or `latest`: the newest verified one (with `to`: the newest that ended before it).
    pub backup: String,
    /// Replay binary logs up to this moment (RFC 3339, excluded).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Which bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Site {
    /// `storage`.
    #[default]
    Primary,
    /// `secondary`.
    Secondary,
}

/// What is checked before a restored database may serve clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Acceptance {
    /// What the application says of its own data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Invariants>,
}

/// Queries that must return no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Invariants {
    /// A directory of `NAME.sql` files. Each is one query that must return no row; what it returns is the violation's
    /// key, never a person's data. It begins with `-- since N`: the version in `schema_migration` that its tables came with. A
    /// database of before is not asked.
    pub directory: PathBuf,
    /// The database that their names are in.
    pub database: String,
    /// Those that this data may break: a person answers for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub despite: Vec<String>,
}

/// Where a rehearsal restores to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rehearsal {
    /// An empty directory on a throw-away volume; emptied again at the end.
    pub directory: PathBuf,
    /// The restore time that is promised; a slower rehearsal fails.
    #[serde(default = "one_hour")]
    pub objective: Duration,
    /// The size, in GiB, that the measured time is extrapolated to, besides the size of the backup itself.
    #[serde(default = "full_size")]
    pub full_size_gibibytes: Vec<u32>,
}

fn one_hour() -> Duration {
    Duration::from_secs(3600)
}

fn full_size() -> Vec<u32> {
    vec![100, 1000]
}
