//! Configuration of the keeper's backup, restore, rehearsal and acceptance commands.
//!
//! One file serves every command: each Job mounts the same `ConfigMap` and only the secrets that its command needs.
//! Secrets are always *paths* to files, never values. A path that a command does not need may be missing at run time.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

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

/// How to reach the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Database {
    /// Every member of the generation, by ordinal.
    pub members: Vec<Member>,
    /// A file that holds the account's name.
    pub user_file: PathBuf,
    /// A file that holds the account's password.
    pub password_file: PathBuf,
    /// TLS towards the database. Without it the connection is in the clear: only for tests on one machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DatabaseTls>,
    /// The server's own option file, where mariadb-backup and the temporary server of a restore find what they cannot
    /// ask the server for: the key files of encryption at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults_file: Option<PathBuf>,
    /// The account name that applications use. A node's clients are counted by it when the node to copy is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_user: Option<String>,
}

/// One member of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Member {
    /// The pod's name, `mariadb-g0-1`; also `wsrep_node_name`.
    pub name: String,
    /// DNS name or address.
    pub host: String,
    /// TCP port of the SQL protocol.
    #[serde(default = "sql_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Where this member's volume is mounted *here* (read only). Only such members can be copied by this pod; the
    /// others are asked only how they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_directory: Option<PathBuf>,
}

/// TLS towards the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseTls {
    /// PEM file of the certification authority that must have issued the server's certificate.
    pub ca_file: PathBuf,
    /// PEM file of the client's certificate, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of the client's private key (PKCS#8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

/// One S3 bucket and the right to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Storage {
    /// `https://s3.eu-west-1.amazonaws.com`. `http://` is refused but for loopback addresses.
    pub endpoint: String,
    /// Bucket name. It must exist: the keeper never creates one.
    pub bucket: String,
    /// Region in the request's signature.
    #[serde(default = "region")]
    pub region: String,
    /// Put before every key; empty, or ends in `/`.
    #[serde(default)]
    pub prefix: String,
    /// The bucket is part of the path (true; MinIO, Ceph, most others) or of the host name (false; AWS).
    #[serde(default = "yes")]
    pub path_style: bool,
    /// PEM file of an authority to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// A file that holds the access key id.
    pub access_key_id_file: PathBuf,
    /// A file that holds the secret access key.
    pub secret_access_key_file: PathBuf,
    /// A file that holds a session token (temporary credentials).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token_file: Option<PathBuf>,
    /// Write once, read many: each object is locked when it is written, and the lock is read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<ObjectLock>,
}

/// S3 Object Lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ObjectLock {
    /// Whether a privileged account may still lift the lock.
    pub mode: LockMode,
    /// Days for which each object is locked, from its upload.
    #[schemars(range(min = 1, max = 36500))]
    pub days: u32,
}

/// S3 Object Lock's retention mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LockMode {
    /// Accounts with `s3:BypassGovernanceRetention` may lift it.
    Governance,
    /// Nobody may lift it.
    Compliance,
}

/// OpenPGP keys. Every file may be armored or binary and may hold several certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OpenPgp {
    /// Public certificates that every backup is encrypted to: operations and the offline escrow, for example.
    pub recipient_files: Vec<PathBuf>,
    /// Public certificates whose signatures are believed.
    pub trusted_signer_files: Vec<PathBuf>,
    /// The private key that signs. Only in Jobs that write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key_file: Option<PathBuf>,
    /// A file that holds the signing key's passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_passphrase_file: Option<PathBuf>,
    /// The private key that decrypts. Only in Jobs that restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption_key_file: Option<PathBuf>,
    /// A file that holds the decryption key's passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption_passphrase_file: Option<PathBuf>,
}

/// How the stream is compressed, cut and sent. Memory grows with `segmentMebibytes` and `workers` when restoring, and
/// with `partMebibytes`, `workers` and `uploads` when backing up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Stream {
    /// Size of a segment before encryption, in MiB. Nothing of a segment is used before all of it is verified.
    #[schemars(range(min = 1, max = 128))]
    pub segment_mebibytes: u32,
    /// Zstandard level.
    #[schemars(range(min = 1, max = 19))]
    pub compression_level: u8,
    /// Threads that compress, and threads that encrypt. 0: as many as there are processors, at most 4.
    #[schemars(range(max = 16))]
    pub workers: u8,
    /// Requests to S3 at the same time.
    #[schemars(range(min = 1, max = 16))]
    pub uploads: u8,
    /// Size of one part of a multipart upload, in MiB.
    #[schemars(range(min = 5, max = 64))]
    pub part_mebibytes: u32,
    /// Copying threads of mariadb-backup.
    #[schemars(range(min = 1, max = 16))]
    pub copy_threads: u8,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            segment_mebibytes: 64,
            compression_level: 1,
            workers: 0,
            uploads: 4,
            part_mebibytes: 8,
            copy_threads: 2,
        }
    }
}

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

/// Who is told when something fails. Every target is tried; one that fails does not stop the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Alerts {
    /// A webhook: one JSON document by POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// How long to go on trying to deliver one alert.
    pub deadline: Duration,
    /// The pause after the first failed delivery; it doubles each time.
    pub retry_after: Duration,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            webhook: None,
            email: None,
            deadline: Duration::from_secs(5 * 60),
            retry_after: Duration::from_secs(2),
        }
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Webhook {
    /// A file that holds the address (which is a secret with most services).
    pub url_file: PathBuf,
    /// PEM file of an authority to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// E-mail by SMTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Email {
    /// Host name of the SMTP server.
    pub host: String,
    /// TCP port.
    #[serde(default = "submission_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// How the connection is encrypted.
    #[serde(default)]
    pub security: SmtpSecurity,
    /// PEM file of an authority to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Sender's address.
    pub from: String,
    /// Recipients' addresses.
    pub to: Vec<String>,
    /// A file that holds the account's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_file: Option<PathBuf>,
    /// A file that holds the account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

/// How an SMTP connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// STARTTLS, required (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// In the clear: accepted for loopback addresses only.
    None,
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

fn sql_port() -> u16 {
    3306
}

fn submission_port() -> u16 {
    587
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn yes() -> bool {
    true
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

fn one_hour() -> Duration {
    Duration::from_secs(3600)
}

fn full_size() -> Vec<u32> {
    vec![100, 1000]
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
