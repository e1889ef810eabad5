//! The types of the resolved model, but for the database.

use std::collections::BTreeMap;
use std::net::IpAddr;

use galeno_contract::Duration;

use super::database::Database;
use super::names::{Namespace, objects};
use super::values::{ApiServer, Cidr, Cpu, CronLine, DnsLabel, DnsName, HttpsUrl, Image, Size, Zone};
use super::versions::{Minor, Version, Versions};
use crate::spec::{Cni, IngressKind, Jurisdiction, Promise, Role};

/// A whole environment.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Its name.
    pub name: DnsLabel,
    /// The domain of its public addresses.
    pub domain: DnsName,
    /// Who answers for it.
    pub owner: DnsLabel,
    /// The Kubernetes minors that manifests must be valid for; the first is the one that runs.
    pub kubernetes: Vec<Minor>,
    /// The network plugin.
    pub cni: Cni,
    /// What must go on working when something is lost.
    pub promise: Promise,
    /// All regions, in the order they were written; exactly one is primary.
    pub regions: Vec<Region>,
    /// Storage of the data regions.
    pub storage: Storage,
    /// The database.
    pub database: Database,
    /// The API.
    pub api: Api,
    /// The web application.
    pub web: Web,
    /// Replicas of the web application in access regions.
    pub access_web: Replicas,
    /// How requests come in.
    pub ingress: Ingress,
    /// Backups.
    pub backup: Backup,
    /// Where secret values come from.
    pub secrets: Secrets,
    /// Metrics; `None` where they are switched off.
    pub monitoring: Option<Monitoring>,
    /// Argo CD.
    pub argocd: ArgoCd,
    /// What is installed.
    pub versions: Versions,
}

impl Topology {
    /// The region with all data and all writes.
    pub fn primary(&self) -> DataRegion<'_> {
        let primary = self.regions.iter().find(|region| region.role == Role::Primary);
        // `resolve` returns no topology without exactly one primary region.
        DataRegion(primary.unwrap_or(&self.regions[0]))
    }

    /// The regions where patients' data may be: primary and recovery.
    pub fn data_regions(&self) -> impl Iterator<Item = DataRegion<'_>> {
        self.regions.iter().filter_map(Region::as_data)
    }

    /// Whether the monthly copies are kept for this region.
    pub fn holds_monthly(&self, region: &Region) -> bool {
        self.backup
            .monthly
            .as_ref()
            .is_some_and(|monthly| monthly.region == region.name)
    }

    /// Host name of the web application.
    pub fn web_host(&self) -> String {
        self.domain.below("app")
    }

    /// Host name of the API.
    pub fn api_host(&self) -> String {
        self.domain.below("api")
    }
}

/// One Kubernetes cluster in one place.
#[derive(Clone, Debug)]
pub struct Region {
    /// Its name.
    pub name: DnsLabel,
    /// What it is for.
    pub role: Role,
    /// Whose law rules there.
    pub jurisdiction: Jurisdiction,
    /// Its failure domains, all different.
    pub zones: Vec<DnsLabel>,
    /// Its network.
    pub network: Network,
    /// Fixed public addresses of its load balancer.
    pub addresses: Vec<IpAddr>,
    /// Its place among the written regions, for pointers into the file.
    pub index: usize,
}

impl Region {
    /// The region as a place for patients' data, if it may be one.
    pub fn as_data(&self) -> Option<DataRegion<'_>> {
        matches!(self.role, Role::Primary | Role::Recovery).then_some(DataRegion(self))
    }

    /// The namespaces that Galeno makes in it.
    pub fn namespaces(&self, topology: &Topology) -> Vec<Namespace> {
        let mut namespaces = vec![
            Namespace::App,
            Namespace::Edge,
            Namespace::CertManager,
            Namespace::ArgoCd,
        ];
        namespaces.push(Namespace::ExternalSecrets);
        if topology.monitoring.is_some() {
            namespaces.push(Namespace::Monitoring);
        }
        if self.as_data().is_some() {
            namespaces.extend([Namespace::Data, Namespace::Rehearsal]);
            match topology.storage.kind {
                StorageKind::Ceph(_) => namespaces.push(Namespace::RookCeph),
                StorageKind::Longhorn { .. } => namespaces.push(Namespace::Longhorn),
                StorageKind::Class(_) => {}
            }
        }
        namespaces.sort_unstable();
        namespaces
    }
}

/// A region of the patients' jurisdiction: the only thing that a function which renders data accepts, so that a
/// data-bearing object elsewhere does not compile.
#[derive(Clone, Copy, Debug)]
pub struct DataRegion<'a>(&'a Region);

impl std::ops::Deref for DataRegion<'_> {
    type Target = Region;

    fn deref(&self) -> &Region {
        self.0
    }
}

impl<'a> DataRegion<'a> {
    /// The region itself.
    pub fn region(self) -> &'a Region {
        self.0
    }
}

/// A cluster's network. The ranges do not overlap.
#[derive(Clone, Debug)]
pub struct Network {
    /// The API server as pods reach it.
    pub api_server: ApiServer,
    /// Addresses of the control plane.
    pub control_plane: Vec<Cidr>,
    /// Addresses of nodes.
    pub nodes: Cidr,
    /// Addresses of pods.
    pub pods: Cidr,
    /// Addresses of Services.
    pub services: Cidr,
}

/// Persistent storage.
#[derive(Clone, Debug)]
pub struct Storage {
    /// What holds the volumes.
    pub kind: StorageKind,
    /// Copies of each block.
    pub replicas: u8,
    /// Encryption at rest.
    pub encrypted: bool,
    /// Whether the controller of volume snapshots is Galeno's to install.
    pub snapshot_controller: bool,
}

impl Storage {
    /// The `StorageClass` of a rehearsal's throw-away volume: one that deletes it afterwards.
    pub fn rehearsal_class(&self) -> &str {
        match &self.kind {
            StorageKind::Ceph(_) | StorageKind::Longhorn { .. } => objects::STORAGE_CLASS_REHEARSAL,
            StorageKind::Class(class) => class,
        }
    }

    /// The `StorageClass` of the database's volumes.
    pub fn database_class(&self) -> &str {
        match &self.kind {
            StorageKind::Ceph(Ceph { block: false, .. }) => objects::STORAGE_CLASS_CEPHFS,
            StorageKind::Ceph(Ceph { block: true, .. }) => objects::STORAGE_CLASS_RBD,
            StorageKind::Longhorn { .. } => objects::STORAGE_CLASS_LONGHORN,
            StorageKind::Class(class) => class,
        }
    }
}

/// What holds the volumes.
#[derive(Clone, Debug)]
pub enum StorageKind {
    /// Rook-Ceph.
    Ceph(Ceph),
    /// Longhorn.
    Longhorn {
        /// Whether volumes are encrypted, with their key in a Secret.
        version: Version,
    },
    /// A `StorageClass` that the cluster already has.
    Class(String),
}

/// Rook-Ceph.
#[derive(Clone, Debug)]
pub struct Ceph {
    /// The database's volumes are block devices (true) or directories of `CephFS` (false).
    pub block: bool,
    /// Disks in each zone.
    pub disks_per_zone: u16,
    /// Size of a disk.
    pub disk_size: Size,
    /// `StorageClass` of raw local disks.
    pub disk_class: DnsName,
    /// Kind of disk in the CRUSH map.
    pub device_class: DnsLabel,
    /// Vault, for the disks' keys.
    pub kms: Option<crate::spec::Kms>,
}

/// Between how many replicas a program scales: `1 ≤ min ≤ max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
    /// Mean processor use that is aimed at, in percent.
    pub cpu_percent: u8,
}

impl Replicas {
    /// Whether the number changes with load.
    pub fn scales(self) -> bool {
        self.max > self.min
    }
}

/// Processor and memory of a container: memory is asked for and limited alike.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Processors asked for.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Size,
}

impl Resources {
    /// The same, but at most so many thousandths of a processor and so many mebibytes.
    #[must_use]
    pub fn at_most(&self, millis: u32, mebibytes: u64) -> Self {
        Self {
            cpu: if self.cpu.millis() > millis {
                Cpu::from_millis(millis)
            } else {
                self.cpu.clone()
            },
            memory: if self.memory.mebibytes() > mebibytes {
                Size::from_mebibytes(mebibytes)
            } else {
                self.memory.clone()
            },
        }
    }
}

/// The clinical REST API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its image.
    pub image: Image,
    /// How many.
    pub replicas: Replicas,
    /// What each may use.
    pub resources: Resources,
    /// Identity providers.
    pub oidc: Vec<Oidc>,
}

/// An `OpenID` Connect provider.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Short name.
    pub name: DnsLabel,
    /// Issuer.
    pub issuer: HttpsUrl,
    /// Client id.
    pub client_id: String,
    /// The organization whose accounts sign in here.
    pub organization: String,
    /// Its addresses.
    pub addresses: Vec<Cidr>,
    /// Whether its second factor is enough for staff.
    pub second_factor: bool,
}

/// The web application.
#[derive(Clone, Debug)]
pub struct Web {
    /// Its image.
    pub image: Image,
    /// How many, in the primary region.
    pub replicas: Replicas,
    /// What each may use.
    pub resources: Resources,
}

/// How requests come in.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// How routes are written.
    pub kind: IngressKind,
    /// Class of the `Ingress` or `Gateway`.
    pub class: DnsLabel,
    /// Class of the load balancer.
    pub load_balancer_class: Option<String>,
    /// Replicas of Traefik.
    pub replicas: Replicas,
    /// The authority of public certificates; `None`: the platform's own.
    pub acme: Option<Acme>,
    /// Requests a second from one client address, in the long run.
    pub rate_average: u32,
    /// Requests at once from one client address.
    pub rate_burst: u32,
    /// Clients that may connect; empty: everybody.
    pub allowed_clients: Vec<Cidr>,
    /// Proxies in front whose word on the client's address is believed.
    pub trusted_proxies: u8,
}

impl Ingress {
    /// Whether public names are proved to be ours by files that Traefik serves (HTTP-01).
    pub fn proves_by_http(&self) -> bool {
        self.acme.as_ref().is_some_and(|acme| acme.dns.is_none())
    }
}

/// The authority of public certificates.
#[derive(Clone, Debug)]
pub struct Acme {
    /// Its directory.
    pub server: HttpsUrl,
    /// Who is written to when a certificate cannot be renewed.
    pub email: String,
    /// The name server that takes the proof, and the name of the key that signs updates; `None`: proof over HTTP.
    pub dns: Option<(IpAddr, String)>,
}

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

/// Where secret values come from.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The `ClusterSecretStore`.
    pub store: DnsName,
    /// Path below which this environment's secrets are kept.
    pub path: String,
    /// How often values are read again.
    pub refresh: Duration,
    /// Where the store's server is.
    pub server: StoreServer,
}

/// Where the server of the secret store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreServer {
    /// In this namespace of the same cluster.
    Namespace(DnsLabel),
    /// At these addresses; anywhere outside the cluster if there are none.
    Outside(Vec<Cidr>),
}

/// Metrics.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// How long samples are kept.
    pub retention: Duration,
    /// Labels that every alert carries.
    pub labels: BTreeMap<String, String>,
}

/// Argo CD.
#[derive(Clone, Debug)]
pub struct ArgoCd {
    /// The repository that holds `generated/`.
    pub repository: String,
    /// Branch, tag or commit.
    pub revision: String,
    /// Path of `generated/` in it.
    pub path: String,
    /// Prefix of the projects' names.
    pub project: DnsLabel,
    /// `OpenPGP` key ids that must have signed the followed commit.
    pub signing_keys: Vec<String>,
}
