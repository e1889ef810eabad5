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

/// The ports of the platform.
pub mod ports {
    use super::{Port, Protocol};

    const fn tcp(name: &'static str, number: u16) -> Port {
        Port {
            name,
            number,
            end: None,
            protocol: Protocol::Tcp,
        }
    }

    /// SQL.
    pub const MYSQL: Port = tcp("mysql", 3306);
    /// Galera replication.
    pub const GALERA: Port = tcp("galera", 4567);
    /// Galera replication, multicast variant: Galera itself listens on it too.
    pub const GALERA_UDP: Port = Port {
        name: "galera-udp",
        number: 4567,
        end: None,
        protocol: Protocol::Udp,
    };
    /// Incremental state transfer.
    pub const IST: Port = tcp("ist", 4568);
    /// Full state transfer.
    pub const SST: Port = tcp("sst", 4444);
    /// Keepers agree among themselves, by mutual TLS.
    pub const KEEPER: Port = tcp("keeper", 4569);
    /// The keeper's probes and metrics.
    pub const KEEPER_STATUS: Port = tcp("status", 9105);
    /// The API, by TLS.
    pub const API: Port = tcp("https", 8443);
    /// The API's probes and metrics.
    pub const API_STATUS: Port = tcp("management", 9090);
    /// The web application, by TLS.
    pub const WEB: Port = tcp("https", 8443);
    /// The web application's probes and metrics.
    pub const WEB_STATUS: Port = tcp("management", 9090);
    /// Traefik: connections from outside. The Service gives 443.
    pub const EDGE: Port = tcp("websecure", 8443);
    /// Traefik: plain HTTP, answered by a redirection only. The Service gives 80.
    pub const EDGE_PLAIN: Port = tcp("web", 8000);
    /// Traefik's metrics.
    pub const EDGE_METRICS: Port = tcp("metrics", 9100);
    /// Traefik's probes.
    pub const EDGE_STATUS: Port = tcp("traefik", 8080);
    /// HTTPS elsewhere.
    pub const HTTPS: Port = tcp("https", 443);
    /// DNS over UDP.
    pub const DNS: Port = Port {
        name: "dns",
        number: 53,
        end: None,
        protocol: Protocol::Udp,
    };
    /// DNS over TCP.
    pub const DNS_TCP: Port = tcp("dns-tcp", 53);
    /// Webhooks of cert-manager and External Secrets.
    pub const WEBHOOK: Port = tcp("webhook", 10250);
    /// The kubelet.
    pub const KUBELET: Port = tcp("kubelet", 10250);
    /// Prometheus.
    pub const PROMETHEUS: Port = tcp("http-web", 9090);
    /// Alertmanager.
    pub const ALERTMANAGER: Port = tcp("http-web", 9093);
    /// Metrics of Ceph's manager.
    pub const CEPH_METRICS: Port = tcp("http-metrics", 9283);
    /// Metrics of Ceph's daemons, by Rook's exporter.
    pub const CEPH_EXPORTER: Port = tcp("ceph-exporter", 9926);
    /// Ceph's monitors, by the second messenger protocol. The first one (6789) is off.
    pub const CEPH_MONITOR: Port = tcp("msgr2", 3300);
    /// Ceph's other daemons: `ms_bind_port_min` to `ms_bind_port_max`.
    pub const CEPH_DAEMONS: Port = Port {
        name: "ceph-daemons",
        number: 6800,
        end: Some(7568),
        protocol: Protocol::Tcp,
    };
    /// Longhorn's admission webhook.
    pub const LONGHORN_WEBHOOK: Port = tcp("admission", 9502);
    /// Longhorn's metrics.
    pub const LONGHORN_METRICS: Port = tcp("manager", 9500);
    /// Plain HTTP elsewhere: what ACME's challenge is asked by.
    pub const HTTP: Port = tcp("http", 80);
    /// Mail submission.
    pub const SMTP: Port = tcp("smtp", 587);
    /// Git over SSH.
    pub const SSH: Port = tcp("ssh", 22);
    /// External Secrets' metrics.
    pub const EXTERNAL_SECRETS_METRICS: Port = tcp("metrics", 8080);
    /// Answers to ACME's HTTP-01 challenge.
    pub const ACME_SOLVER: Port = tcp("http", 8089);
    /// cert-manager's metrics.
    pub const CERT_MANAGER_METRICS: Port = tcp("tcp-prometheus", 9402);
    /// Metrics of Argo CD's application controller.
    pub const ARGOCD_METRICS: Port = tcp("metrics", 8082);
}

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

/// Names of `Secret`s, with the keys they hold. Their values come from the secret store.
pub mod secrets {
    /// Accounts of the database, in `clinic-data`: a key for each account's password.
    pub const DATABASE_ACCOUNTS: &str = "mariadb-accounts";
    /// Keys of [`DATABASE_ACCOUNTS`].
    pub const DATABASE_ACCOUNT_KEYS: [&str; 4] = ["acceptance", "api", "api-migration", "backup"];
    /// The backup's account in the database, in `clinic-data`.
    pub const BACKUP_ACCOUNT: &str = "backup-database";
    /// The acceptance's account in the database, in `clinic-data`; only beside a restored generation.
    pub const ACCEPTANCE_ACCOUNT: &str = "acceptance-database";
    /// Keys of both: the account's name and its password.
    pub const ACCOUNT_KEYS: [&str; 2] = ["user", "password"];
    /// The API's own secrets, in `clinic-app`.
    pub const API: &str = "api-secrets";
    /// Keys of [`API`]: the password of the account that serves requests and the key that seals stored secrets.
    pub const API_KEYS: [&str; 2] = ["database-password", "sealing-key-1"];
    /// The password of the account that migrates, in `clinic-app`; apart, since requests never need it.
    pub const API_MIGRATION: &str = "api-migration-secrets";
    /// Keys of [`API_MIGRATION`].
    pub const API_MIGRATION_KEYS: [&str; 1] = ["database-password"];
    /// Client secrets of identity providers, in `clinic-app`, by the provider's name.
    pub const API_OIDC: &str = "api-oidc";
    /// Access to the backup's bucket.
    pub const BACKUP_STORAGE: &str = "backup-storage";
    /// Access to the monthly bucket.
    pub const BACKUP_MONTHLY_STORAGE: &str = "backup-monthly-storage";
    /// Keys of both: the access key and the secret key.
    pub const STORAGE_KEYS: [&str; 2] = ["access-key-id", "secret-access-key"];
    /// Public `OpenPGP` certificates: recipients and signer.
    pub const OPENPGP_PUBLIC: &str = "backup-openpgp-public";
    /// Keys of [`OPENPGP_PUBLIC`].
    pub const OPENPGP_PUBLIC_KEYS: [&str; 2] = ["recipients.asc", "signers.asc"];
    /// The private key that signs, only where backups are made.
    pub const OPENPGP_SIGNING: &str = "backup-openpgp-signing";
    /// Keys of [`OPENPGP_SIGNING`].
    pub const OPENPGP_SIGNING_KEYS: [&str; 2] = ["signing.asc", "passphrase"];
    /// The private key that decrypts, only where backups are restored.
    pub const OPENPGP_DECRYPTION: &str = "backup-openpgp-decryption";
    /// Keys of [`OPENPGP_DECRYPTION`].
    pub const OPENPGP_DECRYPTION_KEYS: [&str; 2] = ["decryption.asc", "passphrase"];
    /// Alert targets: `webhook-url`, `smtp-user`, `smtp-password`.
    pub const ALERTS: &str = "backup-alerts";
    /// Keys of [`ALERTS`].
    pub const ALERT_KEYS: [&str; 3] = ["webhook-url", "smtp-user", "smtp-password"];
    /// The same targets for Alertmanager, in `monitoring`; keys as in [`ALERTS`].
    pub const MONITORING_ALERTS: &str = "alertmanager-targets";
    /// The certificate of the authority that vouches for Vault, in `rook-ceph`.
    pub const VAULT_CA: &str = "ceph-vault-ca";
    /// The key of [`VAULT_CA`], as Rook wants it.
    pub const VAULT_CA_KEY: &str = "cert";
    /// The key that Longhorn encrypts volumes with, in `longhorn-system`.
    pub const LONGHORN_CRYPTO: &str = "longhorn-crypto";
    /// The key of [`LONGHORN_CRYPTO`], as Longhorn wants it.
    pub const LONGHORN_CRYPTO_KEY: &str = "CRYPTO_KEY_VALUE";
    /// Alertmanager's whole configuration, in `monitoring`: made from a text in git and the values of [`ALERTS`].
    pub const ALERTMANAGER_CONFIG: &str = "alertmanager-config";
    /// The first account of Grafana, in `monitoring`.
    pub const GRAFANA: &str = "grafana-admin";
    /// Keys of [`GRAFANA`].
    pub const GRAFANA_KEYS: [&str; 2] = ["admin-user", "admin-password"];
}

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
    /// Traefik's client certificate towards the API and the web application.
    pub const EDGE_CLIENT: &str = "edge-client-tls";
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
