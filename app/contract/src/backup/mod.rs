//! Configuration of the keeper's backup, restore, rehearsal and acceptance commands.
//!
//! One file serves every command: each Job mounts the same `ConfigMap` and only the secrets that its command needs.
//! Secrets are always *paths* to files, never values. A path that a command does not need may be missing at run time.

mod alerts;
mod database;
mod restore;
mod retention;
mod snapshot;
mod storage;
mod stream;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;
pub use alerts::{Alerts, Email, SmtpSecurity, Webhook};
pub use database::{Database, DatabaseTls, Member};
pub use restore::{Acceptance, Invariants, Rehearsal, Restore, RestoreSource, Site};
pub use retention::{PointInTime, Retention, Verification};
pub use snapshot::{ApplicationRef, Kubernetes, Repository, Snapshot};
pub use storage::{LockMode, ObjectLock, Storage};
pub use stream::{OpenPgp, Stream};

/// What `keeper backup`, `snapshot`, `ship`, `rehearse`, `restore`, `accept`, `prune`, `catalog` and `verify` read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BackupConfig {
    /// Which database this is about. A backup of another cluster is refused.
    pub cluster: Cluster,
    /// IANA name of the time zone whose calendar retention and backup ids follow, for example `Europe/Madrid`.
    pub time_zone: String,
    /// How to reach the database, and where its volume is mounted.
    pub database: Database,
    /// The bucket of daily backups, weekly snapshots and shipped binary logs.
    pub storage: Storage,
    /// The bucket in the recovery region that holds the monthly backups. Without it no monthly backup can be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary: Option<Storage>,
    /// Who signs, who may have signed, and who can read.
    pub openpgp: OpenPgp,
    /// How the stream is compressed, cut and sent.
    #[serde(default)]
    pub stream: Stream,
    /// How many backups of each kind are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Shipping of binary logs, for `restore --to TIME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<PointInTime>,
    /// What a weekly snapshot holds besides the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// Where a restore puts the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,
    /// What is checked before a restored database may serve clients.
    #[serde(default)]
    pub acceptance: Acceptance,
    /// Where a rehearsal restores to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// Who is told when something fails.
    #[serde(default)]
    pub alerts: Alerts,
    /// How long each piece of work may take before it counts as failed.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// A directory on disk for small working files (a few binary logs, marker files). Emptied by nobody else.
    pub work_directory: PathBuf,
    /// A file in Prometheus text format that each command rewrites with its figures (`textfile` collector).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_file: Option<PathBuf>,
}

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cluster {
    /// The environment's name: the first part of every object's key, and in every manifest (`prod`).
    pub name: String,
    /// The generation of the database this command is about (0 starts empty; each restore adds the next).
    pub generation: u32,
}

/// How long each piece of work may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Deadlines {
    /// A whole backup, snapshot, restore or rehearsal.
    pub run: Duration,
    /// One request to S3, retries included.
    pub request: Duration,
    /// Opening a connection, to anything.
    pub connect: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            run: Duration::from_secs(6 * 3600),
            request: Duration::from_secs(5 * 60),
            connect: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"{
        "cluster": {"name": "prod", "generation": 0},
        "timeZone": "Europe/Madrid",
        "database": {
            "members": [{"name": "mariadb-g0-0", "host": "mariadb-g0-0.mariadb-g0", "dataDirectory": "/var/lib/mysql"}],
            "userFile": "/secrets/user", "passwordFile": "/secrets/password"
        },
        "storage": {
            "endpoint": "https://s3.example.org", "bucket": "backups",
            "accessKeyIdFile": "/secrets/id", "secretAccessKeyFile": "/secrets/key"
        },
        "openpgp": {"recipientFiles": ["/keys/ops.asc"], "trustedSignerFiles": ["/keys/signer.asc"]},
        "workDirectory": "/work"
    }"#;

    #[test]
    fn the_shortest_configuration_has_the_promised_defaults() {
        let config: BackupConfig = serde_json::from_str(MINIMAL).unwrap();
        assert_eq!(
            (
                config.retention.daily,
                config.retention.weekly,
                config.retention.monthly
            ),
            (7, 4, 3)
        );
        assert_eq!(config.database.members[0].port, 3306);
        assert_eq!(config.stream.segment_mebibytes, 64);
        assert!(config.storage.path_style);
        let back: BackupConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!(back, config);
    }

    #[test]
    fn an_unknown_field_is_an_error_at_any_depth() {
        for (from, to) in [
            ("\"timeZone\"", "\"timezone\": 1, \"timeZone\""),
            ("\"bucket\"", "\"buckett\": 1, \"bucket\""),
        ] {
            let error = serde_json::from_str::<BackupConfig>(&MINIMAL.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains("unknown field"), "{error}");
        }
    }
}
