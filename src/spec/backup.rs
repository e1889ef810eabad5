//! The environment file: backups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Backups: when, for how long, where to, for whom, and who is told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Backup {
    /// IANA time zone of the schedules and of the calendar that retention follows.
    #[schemars(example = &"Europe/Madrid")]
    pub time_zone: String,
    /// When each kind runs.
    #[serde(default)]
    pub schedule: Schedule,
    /// How many of each kind are kept.
    #[serde(default)]
    pub retention: Retention,
    /// The bucket of daily backups, weekly snapshots and binary logs.
    pub bucket: Bucket,
    /// The monthly copy, in another region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<Monthly>,
    /// Keys. The files themselves come from the secret store.
    pub openpgp: OpenPgp,
    /// Shipping of binary logs between backups.
    #[serde(default)]
    pub point_in_time: PointInTime,
    /// Who is told when something fails.
    pub alerts: Alerts,
}

/// When each kind of backup runs: cron lines in the backup's time zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Schedule {
    /// Full backup of the database.
    pub daily: String,
    /// Snapshot of the system: database and configuration.
    pub weekly: String,
    /// Full backup to the recovery region. Oftener, a lost region costs less: the newest one of each month is kept.
    pub monthly: String,
    /// Restore of the newest backup in an isolated namespace.
    pub rehearsal: String,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            daily: "0 2 * * *".to_owned(),
            weekly: "0 3 * * 0".to_owned(),
            monthly: "0 4 1 * *".to_owned(),
            rehearsal: "0 5 * * 3".to_owned(),
        }
    }
}

/// How many backups of each kind are kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Retention {
    /// Days of daily backups.
    #[schemars(range(max = 3650))]
    pub daily: u32,
    /// Weeks of system snapshots.
    #[schemars(range(max = 520))]
    pub weekly: u32,
    /// Months of monthly backups.
    #[schemars(range(max = 120))]
    pub monthly: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            daily: 7,
            weekly: 4,
            monthly: 3,
        }
    }
}

/// A bucket of S3-compatible storage outside the cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Bucket {
    /// Address of the service; https.
    #[schemars(example = &"https://s3.eu-central-1.amazonaws.com")]
    pub endpoint: String,
    /// The bucket's name. It must exist.
    pub name: String,
    /// The service's name for its region, as it stands in signatures.
    pub region: String,
    /// Addresses of the service (CIDRs), for the NetworkPolicy. Absent: any address on port 443 outside the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Write once, read many: days for which each object is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub lock_days: Option<u32>,
    /// Whether the service's certificate is signed by an authority of your own: its certificate is then taken from the
    /// secret store, as `ca.crt` beside the bucket's keys, and no other authority is believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_authority: bool,
}

/// The monthly copy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Monthly {
    /// The environment's region that holds it: not the primary one. When that region is promoted (`role: primary`), its bucket
    /// takes the daily backups and the other one the monthly copies.
    pub region: String,
    /// Its bucket.
    pub bucket: Bucket,
    /// Where that region is outside the patients' jurisdiction: the legal basis of the transfer (GDPR chapter V).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_basis: Option<String>,
}

/// `OpenPGP` keys, by fingerprint (40 hexadecimal digits).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OpenPgp {
    /// Who can read backups: operations and an offline escrow, for example.
    #[schemars(length(min = 1))]
    pub recipients: Vec<String>,
    /// Who signs them.
    pub signer: String,
}

/// Shipping of binary logs between backups, for a restore to any moment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PointInTime {
    /// Whether they are shipped.
    pub enabled: bool,
    /// The most that a total disaster may lose; they are shipped twice in that time.
    pub every: String,
}

impl Default for PointInTime {
    fn default() -> Self {
        Self {
            enabled: true,
            every: "5m".to_owned(),
        }
    }
}

/// Who is told when something fails; silence is told too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Alerts {
    /// Mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub email: Vec<String>,
    /// The mail server; required with `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
    /// Whether the webhook in the secret store (`alerts/webhook`) is called.
    #[serde(default)]
    pub webhook: bool,
    /// Addresses of the webhook's service (CIDRs), for the NetworkPolicy. Absent: any address outside the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_addresses: Vec<String>,
    /// Whether the service's certificate is signed by an authority of your own: its certificate is then taken from the
    /// secret store, as `ca.crt` beside the webhook's address, and no other authority is believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub webhook_private_authority: bool,
}

/// A mail server that is spoken to by TLS.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Smtp {
    /// Host name.
    pub host: String,
    /// Port.
    #[serde(default = "submission")]
    pub port: u16,
    /// Sender.
    pub from: String,
    /// Addresses of the server (CIDRs), for the NetworkPolicy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

fn submission() -> u16 {
    587
}
