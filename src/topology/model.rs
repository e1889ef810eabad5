//! The types of the resolved model, but for the database.

use std::collections::BTreeMap;
use std::net::IpAddr;

use galeno_contract::Duration;

use super::backup::Backup;
use super::database::Database;
use super::names::Namespace;
use super::programs::{Api, Ingress, Replicas, Web};
use super::storage::{Storage, StorageKind};
use super::values::{ApiServer, Cidr, DnsLabel, DnsName};
use super::versions::{Minor, Versions};
use crate::spec::{Cni, Jurisdiction, Promise, Role};

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
