//! Names, ports, labels and identities: each fact once.
//!
//! A Service, its NetworkPolicy, its Certificate, its probe and its ServiceMonitor all take the same value from here,
//! so that no two objects can disagree.

use std::collections::BTreeMap;

/// The prefix of Galeno's own labels and annotations.
pub const GALENO: &str = "galeno.dev";

/// A namespace that Galeno makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// The database, its volumes and its backups; nothing else.
    Data,
    /// The API and the web application.
    App,
    /// Traefik: the only place that takes connections from outside.
    Edge,
    /// Rehearsals of restores, cut off from everything but the backup's storage.
    Rehearsal,
    /// Rook and Ceph.
    RookCeph,
    /// Longhorn.
    Longhorn,
    /// cert-manager and trust-manager.
    CertManager,
    /// External Secrets.
    ExternalSecrets,
    /// Prometheus, Alertmanager and Grafana.
    Monitoring,
    /// Argo CD.
    ArgoCd,
}

impl Namespace {
    /// Its name in the cluster.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "clinic-data",
            Self::App => "clinic-app",
            Self::Edge => "clinic-edge",
            Self::Rehearsal => "clinic-rehearsal",
            Self::RookCeph => "rook-ceph",
            Self::Longhorn => "longhorn-system",
            Self::CertManager => "cert-manager",
            Self::ExternalSecrets => "external-secrets",
            Self::Monitoring => "monitoring",
            Self::ArgoCd => "argocd",
        }
    }

    /// How sensitive the data in it are.
    pub const fn classification(self) -> Classification {
        match self {
            // Traefik in `clinic-edge` decrypts what it passes on to the API.
            Self::Data | Self::App | Self::Edge | Self::Rehearsal | Self::RookCeph | Self::Longhorn => {
                Classification::Health
            }
            Self::CertManager | Self::ExternalSecrets | Self::ArgoCd => Classification::Secret,
            Self::Monitoring => Classification::Operational,
        }
    }
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// A port with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// `IANA_SVC_NAME`: at most 15 characters.
    pub name: &'static str,
    /// Its number, on the container and on the Service alike.
    pub number: u16,
    /// The last number, where a range is meant.
    pub end: Option<u16>,
    /// Its protocol.
    pub protocol: Protocol,
}

pub mod ports;

/// A program of the platform: what runs under one name, with its service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// MariaDB under its keeper.
    Database,
    /// The Jobs that copy the database or manage copies.
    Backup,
    /// The weekly snapshot, which also reads the cluster's own objects.
    Snapshot,
    /// The Job that accepts a restored generation.
    Acceptance,
    /// The rehearsal of a restore.
    Rehearsal,
    /// The clinical API.
    Api,
    /// The API's database migrations.
    Migration,
    /// The web application.
    Web,
    /// Traefik.
    Traefik,
}

impl Program {
    /// Its `app.kubernetes.io/name`, and the name of its service account.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "mariadb",
            Self::Backup => "backup",
            Self::Snapshot => "snapshot",
            Self::Acceptance => "acceptance",
            Self::Rehearsal => "rehearsal",
            Self::Api => "api",
            Self::Migration => "api-migration",
            Self::Web => "web",
            Self::Traefik => "traefik",
        }
    }

    /// Where it runs.
    pub const fn namespace(self) -> Namespace {
        match self {
            Self::Database | Self::Backup | Self::Snapshot | Self::Acceptance => Namespace::Data,
            Self::Rehearsal => Namespace::Rehearsal,
            Self::Api | Self::Migration | Self::Web => Namespace::App,
            Self::Traefik => Namespace::Edge,
        }
    }

    /// The name that its Service has inside the cluster, which is also the name that its server certificate must carry.
    pub fn service_host(self) -> String {
        format!("{}.{}.svc", self.name(), self.namespace().name())
    }

    /// The labels that select its pods.
    pub fn selector(self) -> BTreeMap<String, String> {
        BTreeMap::from([("app.kubernetes.io/name".to_owned(), self.name().to_owned())])
    }

    /// The labels of its objects and pods: its selector, the platform and the component that made them.
    pub fn labels(self, component: &str) -> BTreeMap<String, String> {
        let mut labels = common_labels(component);
        labels.extend(self.selector());
        labels
    }
}

/// The labels of every object of a component.
pub fn common_labels(component: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/component".to_owned(), component.to_owned()),
        ("app.kubernetes.io/managed-by".to_owned(), "galeno".to_owned()),
        ("app.kubernetes.io/part-of".to_owned(), "clinic".to_owned()),
    ])
}

/// The label that tells a generation's objects and pods.
pub const GENERATION_LABEL: &str = "galeno.dev/generation";

/// Labels of namespaces, for people and for policies.
pub mod labels {
    /// Who answers for what runs there.
    pub const OWNER: &str = "galeno.dev/owner";
    /// How sensitive the data there are: a [`super::Classification`].
    pub const CLASSIFICATION: &str = "galeno.dev/data-classification";
    /// The environment.
    pub const ENVIRONMENT: &str = "galeno.dev/environment";
    /// The region.
    pub const REGION: &str = "galeno.dev/region";
}

/// How sensitive the data in a namespace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classification {
    /// Patients' health data (GDPR article 9), at rest or in transit in the clear.
    Health,
    /// Keys and credentials that open others.
    Secret,
    /// Figures and records of operation, without data about patients.
    Operational,
}

impl Classification {
    /// The label's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Secret => "secret",
            Self::Operational => "operational",
        }
    }
}

pub mod secrets;

/// Accounts of the database. Each name is also its key in [`secrets::DATABASE_ACCOUNTS`].
pub mod accounts {
    /// Serves requests: rows of [`SCHEMA`] and `keeper.generation`, no more.
    pub const API: &str = "api";
    /// Owns the tables of [`SCHEMA`].
    pub const API_MIGRATION: &str = "api-migration";
    /// The database that holds the clinical records.
    pub const SCHEMA: &str = "clinic";
}

/// Names of TLS `Secret`s that cert-manager fills (`tls.crt`, `tls.key`, `ca.crt`).
pub mod certificates {
    /// The issuer that signs the authority's own certificate with its own key, a `ClusterIssuer`.
    pub const ROOT_ISSUER: &str = "clinic-root";
    /// The Secret with the authority's certificate and key, in `cert-manager`.
    pub const INTERNAL_CA: &str = "clinic-internal-ca";
    /// The authority of the database alone, a `ClusterIssuer`. Galera checks who signed a certificate and no name in it, so
    /// that whoever has one of this authority could join: it signs for the database's nodes and its clients only.
    pub const DATABASE_ISSUER: &str = "clinic-database";
    /// The Secret with that authority's certificate and key, in `cert-manager`.
    pub const DATABASE_CA: &str = "clinic-database-ca";
    /// The Secret with the key of the ACME account, in `cert-manager`.
    pub const ACME_ACCOUNT: &str = "clinic-acme-account";
    /// The platform's own authority, a `ClusterIssuer`.
    pub const INTERNAL_ISSUER: &str = "clinic-internal";
    /// The authority of public certificates, a `ClusterIssuer`.
    pub const PUBLIC_ISSUER: &str = "clinic-public";
    /// The `ConfigMap` in every namespace of the platform that holds the internal authority's certificate.
    pub const TRUST_BUNDLE: &str = "clinic-ca";
    /// Its key.
    pub const TRUST_BUNDLE_KEY: &str = "ca.crt";
    /// SQL server and client of the API, in `clinic-app`.
    pub const API_DATABASE_CLIENT: &str = "api-database-client-tls";
    /// The API's server certificate.
    pub const API_SERVER: &str = "api-server-tls";
    /// The web application's server certificate.
    pub const WEB_SERVER: &str = "web-server-tls";
    /// The backup's client certificate towards the database.
    pub const BACKUP_CLIENT: &str = "backup-client-tls";
    /// The rehearsal's throw-away server certificate.
    pub const REHEARSAL: &str = "rehearsal-tls";
    /// Public: `app.DOMAIN`.
    pub const PUBLIC_APP: &str = "public-app-tls";
    /// Public: `api.DOMAIN`.
    pub const PUBLIC_API: &str = "public-api-tls";
}

/// Names of `PriorityClass`es, from the first to be kept to the first to go.
pub mod priorities {
    /// The database.
    pub const DATABASE: &str = "clinic-database";
    /// Traefik.
    pub const EDGE: &str = "clinic-edge";
    /// The API and the web application.
    pub const APPLICATION: &str = "clinic-application";
    /// Jobs that can wait.
    pub const BATCH: &str = "clinic-batch";
}

/// Names of objects that several components speak of.
pub mod objects {
    /// The client Service of the active generation, in `clinic-data`.
    pub const DATABASE_SERVICE: &str = "mariadb";
    /// The `ConfigMap` that says which generation is active, in `clinic-data`.
    pub const INTENT: &str = "database-intent";
    /// The name of what a generation of the database consists of: its StatefulSet, its headless Service and others.
    pub fn generation(number: u32) -> String {
        format!("mariadb-g{number}")
    }
    /// The key of [`INTENT`]'s file.
    pub const INTENT_KEY: &str = "intent.yaml";
    /// Name of the database's claim template: volumes are `data-mariadb-gN-M`.
    pub const DATA_VOLUME: &str = "data";
    /// The Gateway of Traefik, in `clinic-edge`.
    pub const GATEWAY: &str = "public";
    /// The Gateway's listener of plain HTTP: a redirection, and answers to ACME's challenges.
    pub const LISTENER_HTTP: &str = "http";
    /// The Gateway's listener of the web application.
    pub const LISTENER_APP: &str = "app";
    /// The Gateway's listener of the API.
    pub const LISTENER_API: &str = "api";
    /// The Gateway's listener of the kubelet's readiness probes.
    pub const LISTENER_STATUS: &str = "status";
    /// The Service of the primary region's API as an access region sees it, in `clinic-edge`.
    pub const API_RELAY: &str = "api-primary";
    /// The API's configuration, in `clinic-app`.
    pub const API_CONFIG: &str = "api-config";
    /// The web application's configuration, in `clinic-app`.
    pub const WEB_CONFIG: &str = "web-config";
    /// Rook's cluster, its filesystem and its pool.
    pub const CEPH_CLUSTER: &str = "rook-ceph";
    /// The filesystem.
    pub const CEPH_FILESYSTEM: &str = "clinic";
    /// The pool of block devices.
    pub const CEPH_BLOCK_POOL: &str = "clinic-rbd";
    /// The database's `StorageClass` that Galeno makes.
    pub const STORAGE_CLASS_CEPHFS: &str = "clinic-cephfs";
    /// The pool of Ceph's manager, which Rook would else leave on hosts.
    pub const CEPH_MANAGER_POOL: &str = "builtin-mgr";
    /// The filesystem's data pool; Ceph calls it `FILESYSTEM-POOL`.
    pub const CEPH_DATA_POOL: &str = "replicated";
    /// The group that the CSI driver makes its subvolumes in.
    pub const CEPH_SUBVOLUME_GROUP: &str = "csi";
    /// The CSI driver of `CephFS`: operator's namespace, a dot, and the driver's own name.
    pub const CEPHFS_DRIVER: &str = "rook-ceph.cephfs.csi.ceph.com";
    /// The CSI driver of block devices.
    pub const RBD_DRIVER: &str = "rook-ceph.rbd.csi.ceph.com";
    /// The CSI driver of Longhorn.
    pub const LONGHORN_DRIVER: &str = "driver.longhorn.io";
    /// The `StorageClass` on block devices.
    pub const STORAGE_CLASS_RBD: &str = "clinic-rbd";
    /// The `StorageClass` of rehearsals: as the database's, but its volumes are deleted with their claims.
    pub const STORAGE_CLASS_REHEARSAL: &str = "clinic-rehearsal";
    /// The `StorageClass` of Longhorn.
    pub const STORAGE_CLASS_LONGHORN: &str = "clinic-longhorn";
}

/// Names of `CronJob`s. Alerts on the age of a backup read their last success by these names.
pub mod jobs {
    /// Full backup of the database, in `clinic-data`.
    pub const BACKUP_DAILY: &str = "backup-daily";
    /// Snapshot of the system, in `clinic-data`.
    pub const BACKUP_WEEKLY: &str = "backup-weekly";
    /// Full backup to the recovery region, in `clinic-data`.
    pub const BACKUP_MONTHLY: &str = "backup-monthly";
    /// Shipping of binary logs, in `clinic-data`.
    pub const BACKUP_SHIP: &str = "backup-ship";
    /// Rotation, in `clinic-data`.
    pub const BACKUP_PRUNE: &str = "backup-prune";
    /// Rehearsal of a restore, in `clinic-rehearsal`.
    pub const REHEARSAL: &str = "backup-rehearsal";
}
