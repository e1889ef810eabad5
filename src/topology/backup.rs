//! Backups: what, when, where to, and who is told.

use galeno_contract::Duration;

use super::values::{Cidr, CronLine, DnsLabel, DnsName, HttpsUrl, Zone};

/// A kind of backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupKind {
    /// Full backup of the database, every night.
    Daily,
    /// Snapshot of the system, every week.
    Weekly,
    /// Full backup to the recovery region, every month.
    Monthly,
}

/// Backups.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Time zone of schedules and of retention's calendar.
    pub time_zone: Zone,
    /// When.
    pub schedule: Schedule,
    /// Days of daily backups kept.
    pub keep_daily: u32,
    /// Weeks of system snapshots kept.
    pub keep_weekly: u32,
    /// Months of monthly backups kept.
    pub keep_monthly: u32,
    /// The bucket of daily and weekly backups.
    pub bucket: Bucket,
    /// The monthly copy, if there is one.
    pub monthly: Option<Monthly>,
    /// Fingerprints of the recipients' `OpenPGP` keys.
    pub recipients: Vec<String>,
    /// Fingerprint of the signer's.
    pub signer: String,
    /// How often binary logs are shipped; `None`: never.
    pub ship_every: Option<Duration>,
    /// Who is told.
    pub alerts: Alerts,
}

/// When each kind of backup runs.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Daily.
    pub daily: CronLine,
    /// Weekly.
    pub weekly: CronLine,
    /// Monthly.
    pub monthly: CronLine,
    /// Rehearsal.
    pub rehearsal: CronLine,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Address of the service.
    pub endpoint: HttpsUrl,
    /// Its name.
    pub name: String,
    /// The service's name for its region.
    pub region: String,
    /// Addresses of the service; empty: any outside the cluster.
    pub addresses: Vec<Cidr>,
    /// Days for which each object is locked.
    pub lock_days: Option<u32>,
    /// Whether an authority of one's own vouches for the service.
    pub private_authority: bool,
    /// The entry of the secret store with its keys: by where the bucket is written, whatever it is used for.
    pub entry: &'static str,
}

/// The monthly copy.
#[derive(Clone, Debug)]
pub struct Monthly {
    /// The region that holds it.
    pub region: DnsLabel,
    /// Its bucket.
    pub bucket: Bucket,
}

/// Who is told when something fails.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// Mail addresses; with `smtp`.
    pub email: Vec<String>,
    /// The mail server.
    pub smtp: Option<Smtp>,
    /// Whether the webhook is called.
    pub webhook: bool,
    /// Addresses of the webhook's service; empty: any outside the cluster.
    pub webhook_addresses: Vec<Cidr>,
    /// Whether the service's certificate is believed by an authority from the secret store alone.
    pub webhook_private_authority: bool,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Host name.
    pub host: DnsName,
    /// Port.
    pub port: u16,
    /// Sender.
    pub from: String,
    /// Its addresses; empty: any outside the cluster.
    pub addresses: Vec<Cidr>,
}
