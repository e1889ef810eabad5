//! What is kept, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

/// How many backups are kept, counted by calendar days, ISO weeks and months of the environment's time zone. Only
/// verified backups count, and only what a newer verified backup of the same kind covers is ever deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Retention {
    /// Days of daily backups.
    #[schemars(range(min = 1))]
    pub daily: u32,
    /// Weeks of system snapshots.
    #[schemars(range(min = 1))]
    pub weekly: u32,
    /// Months of monthly backups in the recovery region.
    #[schemars(range(min = 1))]
    pub monthly: u32,
    /// The most backups one run deletes; the rest is reported and left for the next run.
    #[schemars(range(min = 1))]
    pub max_deletions: u32,
    /// How old the remains of an interrupted backup must be before they are removed.
    pub incomplete_after: Duration,
    /// What makes a backup a verified one.
    pub counts: Verification,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            daily: 7,
            weekly: 4,
            monthly: 3,
            max_deletions: 3,
            incomplete_after: Duration::from_secs(48 * 3600),
            counts: Verification::Readable,
        }
    }
}

/// How thoroughly a backup was verified; each record is signed and stored beside the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// Every signature and checksum is right and every segment decrypts (`keeper verify`).
    Readable,
    /// It was restored and its tables compared (`keeper rehearse`).
    Restored,
}

/// Shipping of binary logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PointInTime {
    /// How often `keeper ship --watch` ships: what can be lost at most when the whole site is lost.
    pub every: Duration,
}

impl Default for PointInTime {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(2 * 60),
        }
    }
}
