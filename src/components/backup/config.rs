//! What the keeper's backup commands read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use galeno_contract::Duration;
use galeno_contract::backup::{
    Acceptance, Alerts, BackupConfig, Cluster, Database, DatabaseTls, Deadlines, Email, Invariants, Kubernetes,
    LockMode, Member, ObjectLock, OpenPgp, PointInTime, Rehearsal, Repository, Restore, RestoreSource, Retention, Site,
    SmtpSecurity, Snapshot, Storage, Stream, Verification, Webhook,
};

use crate::components::database::config_file;
use crate::spec::BackupSite;
use crate::topology::names::accounts::SCHEMA;
use crate::topology::names::secrets::{
    ALERT_KEYS, AUTHORITY_KEY, OPENPGP_DECRYPTION_KEYS, OPENPGP_PUBLIC_KEYS, OPENPGP_SIGNING_KEYS, STORAGE_KEYS,
};
use crate::topology::{Bucket, Generation, GenerationSource, Topology};

/// Paths in the containers of backup's Jobs; the pods mount exactly these.
pub(super) mod paths {
    pub(in crate::components::backup) const CONFIG: &str = "/etc/backup";
    pub(in crate::components::backup) const ACCOUNT: &str = "/etc/backup-account";
    pub(in crate::components::backup) const DATABASE_TLS: &str = "/etc/backup-database-tls";
    pub(in crate::components::backup) const STORAGE: &str = "/etc/backup-storage";
    pub(in crate::components::backup) const MONTHLY: &str = "/etc/backup-monthly-storage";
    pub(in crate::components::backup) const PUBLIC: &str = "/etc/backup-openpgp-public";
    pub(in crate::components::backup) const SIGNING: &str = "/etc/backup-openpgp-signing";
    pub(in crate::components::backup) const DECRYPTION: &str = "/etc/backup-openpgp-decryption";
    pub(in crate::components::backup) const ALERTS: &str = "/etc/backup-alerts";
    pub(in crate::components::backup) const WORK: &str = "/work";
    pub(in crate::components::backup) const REHEARSAL: &str = "/rehearsal";
}

/// What a Job is for: it is given what it needs for that, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::components) enum Purpose {
    /// Copies the database: reads a node's volume, signs.
    Copy,
    /// Copies the database and the configuration.
    Snapshot,
    /// Ships binary logs: signs.
    Ship,
    /// Deletes what a newer verified backup covers.
    Prune,
    /// Restores on a throw-away volume: decrypts; signs what it found.
    Rehearse,
    /// Restores a generation: decrypts.
    Restore,
    /// Accepts a restored generation.
    Accept,
}

impl Purpose {
    /// Whether it speaks to the database.
    pub(super) fn connects(self) -> bool {
        matches!(self, Self::Copy | Self::Snapshot | Self::Ship | Self::Accept)
    }

    /// Whether it holds the private key that signs.
    pub(super) fn signs(self) -> bool {
        matches!(self, Self::Copy | Self::Snapshot | Self::Ship | Self::Rehearse)
    }

    /// Whether it holds the private key that decrypts.
    pub(super) fn decrypts(self) -> bool {
        matches!(self, Self::Rehearse | Self::Restore | Self::Accept)
    }

    /// Whether it judges data that was restored.
    fn judges(self) -> bool {
        matches!(self, Self::Rehearse | Self::Accept)
    }

    /// Whether it reads the volume of the node that is copied.
    pub(super) fn mounts_volume(self) -> bool {
        matches!(self, Self::Copy | Self::Snapshot)
    }
}

fn under(directory: &str, file: &str) -> PathBuf {
    PathBuf::from(format!("{directory}/{file}"))
}

fn storage(bucket: &Bucket, directory: &str, environment: &str) -> Storage {
    Storage {
        endpoint: bucket.endpoint.as_str().to_owned(),
        bucket: bucket.name.clone(),
        region: bucket.region.clone(),
        prefix: format!("{environment}/"),
        path_style: !bucket.endpoint.host().ends_with(".amazonaws.com"),
        ca_file: bucket.private_authority.then(|| under(directory, AUTHORITY_KEY)),
        access_key_id_file: under(directory, STORAGE_KEYS[0]),
        secret_access_key_file: under(directory, STORAGE_KEYS[1]),
        session_token_file: None,
        object_lock: bucket.lock_days.map(|days| ObjectLock {
            mode: LockMode::Governance,
            days,
        }),
    }
}

/// The node that is copied: the last one, since clients prefer the first.
pub(super) fn copied(generation: &Generation) -> Option<&crate::topology::Member> {
    generation.members.last()
}

fn database(generation: &Generation, purpose: Purpose) -> Database {
    let copied_name = copied(generation)
        .filter(|_| purpose.mounts_volume())
        .map(|member| member.name.as_str());
    let member = |m: &crate::topology::Member| Member {
        name: m.name.clone(),
        host: m.host(),
        port: m.port(),
        data_directory: (copied_name == Some(m.name.as_str()))
            .then(|| under(crate::components::database::VOLUME, "data")),
    };
    Database {
        members: generation.members.iter().map(member).collect(),
        user_file: under(paths::ACCOUNT, "user"),
        password_file: under(paths::ACCOUNT, "password"),
        tls: Some(DatabaseTls {
            ca_file: under(paths::DATABASE_TLS, "ca.crt"),
            certificate_file: Some(under(paths::DATABASE_TLS, "tls.crt")),
            key_file: Some(under(paths::DATABASE_TLS, "tls.key")),
        }),
        defaults_file: None,
        application_user: Some("api".to_owned()),
    }
}

fn openpgp(purpose: Purpose) -> OpenPgp {
    let signing = |file: &str| purpose.signs().then(|| under(paths::SIGNING, file));
    let decryption = |file: &str| purpose.decrypts().then(|| under(paths::DECRYPTION, file));
    OpenPgp {
        recipient_files: vec![under(paths::PUBLIC, OPENPGP_PUBLIC_KEYS[0])],
        trusted_signer_files: vec![under(paths::PUBLIC, OPENPGP_PUBLIC_KEYS[1])],
        signing_key_file: signing(OPENPGP_SIGNING_KEYS[0]),
        signing_passphrase_file: signing(OPENPGP_SIGNING_KEYS[1]),
        decryption_key_file: decryption(OPENPGP_DECRYPTION_KEYS[0]),
        decryption_passphrase_file: decryption(OPENPGP_DECRYPTION_KEYS[1]),
    }
}

fn alerts(topology: &Topology) -> Alerts {
    let alerts = &topology.backup.alerts;
    let file = |key: &str| under(paths::ALERTS, key);
    Alerts {
        webhook: alerts.webhook.then(|| Webhook {
            url_file: file(ALERT_KEYS[0]),
            ca_file: alerts.webhook_private_authority.then(|| file(AUTHORITY_KEY)),
        }),
        email: alerts.smtp.as_ref().map(|smtp| Email {
            host: smtp.host.to_string(),
            port: smtp.port,
            security: if smtp.port == 465 {
                SmtpSecurity::Tls
            } else {
                SmtpSecurity::Starttls
            },
            ca_file: None,
            from: smtp.from.clone(),
            to: alerts.email.clone(),
            user_file: Some(file(ALERT_KEYS[1])),
            password_file: Some(file(ALERT_KEYS[2])),
        }),
        ..Alerts::default()
    }
}

fn snapshot(topology: &Topology) -> Snapshot {
    Snapshot {
        // The rendered manifests are read where Argo CD reads them; the revision that runs is the Application's.
        repository: topology.argocd.repository.starts_with("https://").then(|| Repository {
            url: topology.argocd.repository.clone(),
            branch: topology.argocd.revision.clone(),
            path: format!("{}/{}", topology.argocd.path, topology.name),
            ssh_key_file: None,
            known_hosts_file: None,
            application: None,
        }),
        kubernetes: Some(Kubernetes {
            api_server: "https://kubernetes.default.svc".to_owned(),
            token_file: "/var/run/secrets/kubernetes.io/serviceaccount/token".into(),
            ca_file: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt".into(),
            except: vec!["secrets".to_owned()],
        }),
        files: BTreeMap::new(),
    }
}

fn restore(generation: &Generation) -> Option<Restore> {
    let GenerationSource::Restored { source, .. } = &generation.source else {
        return None;
    };
    Some(Restore {
        data_directory: under(crate::components::database::VOLUME, "data"),
        source: RestoreSource {
            backup: source.backup.clone(),
            to: source.to.clone(),
        },
        from: match source.from {
            BackupSite::Primary => Site::Primary,
            BackupSite::Monthly => Site::Secondary,
        },
        source_cluster: source.environment.clone(),
    })
}

/// What the data that a generation was restored from may break of [`galeno_contract::invariants`].
fn despite(generation: &Generation) -> Vec<String> {
    match &generation.source {
        GenerationSource::Restored { source, .. } => source.despite.clone(),
        GenerationSource::Empty => Vec::new(),
    }
}

/// Minutes between two shipments of binary logs, where `most` may be lost: half of it, so that a shipment has begun and
/// ended before that time has passed since the one before it began.
pub(super) fn ship_interval(most: Duration) -> u32 {
    u32::try_from(most.to_std().as_secs() / 120).unwrap_or(1).clamp(1, 30)
}

/// What a Job of one purpose finds in its folder: its configuration, and what restored data is judged by.
pub(in crate::components) fn keeper_files(
    topology: &Topology,
    generation: &Generation,
    purpose: Purpose,
) -> BTreeMap<String, String> {
    let mut files = config_file("backup.json", &keeper_config(topology, generation, purpose));
    if purpose.judges() {
        files.extend(galeno_contract::invariants::ALL.map(|(name, query)| (name.to_owned(), query.to_owned())));
    }
    files
}

/// The configuration of one purpose for one generation.
fn keeper_config(topology: &Topology, generation: &Generation, purpose: Purpose) -> BackupConfig {
    let backup = &topology.backup;
    let name = topology.name.as_str();
    let monthly = backup.monthly.as_ref();
    BackupConfig {
        cluster: Cluster {
            name: name.to_owned(),
            generation: generation.number,
        },
        time_zone: backup.time_zone.to_string(),
        database: database(generation, purpose),
        storage: storage(&backup.bucket, paths::STORAGE, name),
        secondary: monthly.map(|monthly| storage(&monthly.bucket, paths::MONTHLY, name)),
        openpgp: openpgp(purpose),
        stream: Stream::default(),
        retention: Retention {
            daily: backup.keep_daily,
            weekly: backup.keep_weekly,
            monthly: backup.keep_monthly,
            counts: Verification::Readable,
            ..Retention::default()
        },
        point_in_time: backup.ship_every.map(|most| PointInTime {
            every: Duration::from_secs(ship_interval(most) * 60),
        }),
        snapshot: (purpose == Purpose::Snapshot).then(|| snapshot(topology)),
        restore: restore(generation).filter(|_| matches!(purpose, Purpose::Restore | Purpose::Accept)),
        acceptance: Acceptance {
            invariants: purpose.judges().then(|| Invariants {
                directory: paths::CONFIG.into(),
                database: SCHEMA.to_owned(),
                despite: if purpose == Purpose::Accept {
                    despite(generation)
                } else {
                    Vec::new()
                },
            }),
        },
        rehearsal: (purpose == Purpose::Rehearse).then(|| Rehearsal {
            directory: paths::REHEARSAL.into(),
            objective: Duration::from_secs(3600),
            full_size_gibibytes: vec![100, 1024],
        }),
        alerts: alerts(topology),
        deadlines: Deadlines::default(),
        work_directory: paths::WORK.into(),
        metrics_file: None,
    }
}
