//! The environment file: network plugin, database, programs, access regions, secrets and monitoring.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The network plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cni {
    /// Any plugin that enforces NetworkPolicies: the API server is named by its addresses.
    #[default]
    Plain,
    /// Cilium: addresses do not match the API server there, so `CiliumNetworkPolicy` names it.
    Cilium,
    /// Calico: its own policies name the API server's Service.
    Calico,
}

/// MariaDB with Galera.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Database {
    /// Image with digest: MariaDB, Galera, mariadb-backup and the keeper.
    pub image: String,
    /// Nodes of the cluster; odd, and in each zone fewer than half.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 9))]
    pub nodes: u8,
    /// Size of each node's volume.
    pub size: String,
    /// Processor and memory of each node.
    #[serde(default)]
    pub resources: Resources,
    /// What may be set of MariaDB and Galera.
    #[serde(default)]
    pub tuning: DatabaseTuning,
    /// The generation that serves; others stand by, read-only.
    #[serde(default)]
    pub active: u32,
    /// Generations that are taken away: they served once, and a verified backup of a newer one exists; or they were asked for
    /// and are not needed. Their volumes stay until a person deletes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<u32>,
    /// What only a person may decide after an outage: whom to start from, and whose data to throw away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced_recovery: Option<ForcedRecovery>,
}

fn three() -> u8 {
    3
}

/// A person's decision when the nodes cannot agree: which one to start from, and which ones to rebuild from the others.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ForcedRecovery {
    /// The pod to start from. The nodes that are not reached must be known to be stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mariadb-g0-1")]
    pub node: Option<String>,
    /// Pods whose data is thrown away, so that they take the others': their volumes are lost or damaged. Where no node
    /// serves, a new history of the database begins: no backup of before it reaches to a moment after it, so make one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discard: Vec<String>,
    /// Counts such decisions: higher than the last one. It is recorded before the node starts, so that none is used twice.
    #[schemars(range(min = 1))]
    pub epoch: u32,
    /// Why, and what is lost by it.
    pub reason: String,
}

/// Processor and memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Resources {
    /// Processors asked for, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory, asked for and never exceeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// What may be set of MariaDB and Galera; the rest follows from promises and is not to be had.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseTuning {
    /// InnoDB's buffer pool; 60 % of the memory if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer_pool: Option<String>,
    /// InnoDB's redo log; 2Gi if absent. A small one breaks backups under load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redo_log: Option<String>,
    /// Galera's write-set cache: as long as it reaches back, a returning node needs no full transfer. 2Gi if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcache: Option<String>,
    /// Connections to each node at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 10000))]
    pub max_connections: Option<u16>,
    /// Threads that apply write-sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub applier_threads: Option<u8>,
    /// Which statements wait until the node has applied everything that was committed before.
    pub sync_wait: SyncWait,
}

/// Which statements wait for everything committed before them, on whichever node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyncWait {
    /// Reads: two readers on two nodes never see two versions.
    #[default]
    Reads,
    /// Reads and writes.
    All,
}

/// Between how many replicas a program scales.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Replicas {
    /// At least; with the promise `zone`, one for each zone or more.
    #[schemars(range(min = 1, max = 1000))]
    pub min: u16,
    /// At most.
    #[schemars(range(min = 1, max = 1000))]
    pub max: u16,
    /// Mean processor use that is aimed at, in percent of what is asked for.
    #[serde(default = "seventy")]
    #[schemars(range(min = 10, max = 95))]
    pub cpu_percent: u8,
}

fn seventy() -> u8 {
    70
}

impl Default for Replicas {
    fn default() -> Self {
        Self {
            min: 3,
            max: 12,
            cpu_percent: 70,
        }
    }
}

/// The clinical REST API.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Api {
    /// Image with digest.
    pub image: String,
    /// Replicas.
    #[serde(default)]
    pub replicas: Replicas,
    /// Processor and memory of each replica.
    #[serde(default)]
    pub resources: Resources,
    /// Identity providers for staff and patients besides local accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oidc: Vec<Oidc>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Oidc {
    /// Short name in addresses: a DNS label.
    pub name: String,
    /// Its issuer, as its discovery document says it.
    pub issuer: String,
    /// Client id. The secret is read from the secret store.
    pub client_id: String,
    /// The organization whose accounts sign in here.
    pub organization: String,
    /// Addresses of the provider (CIDRs), for the NetworkPolicy.
    #[schemars(length(min = 1))]
    pub addresses: Vec<String>,
    /// Whether the provider's own second factor is enough for staff.
    #[serde(default)]
    pub second_factor: bool,
}

/// The web application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Web {
    /// Image with digest.
    pub image: String,
    /// Replicas in each region that serves it.
    #[serde(default)]
    pub replicas: Replicas,
    /// Processor and memory of each replica.
    #[serde(default)]
    pub resources: Resources,
}

/// Regions that relay requests to the primary region.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct AccessRegions {
    /// Replicas of the web application there.
    pub replicas: Replicas,
}

/// Where secret values come from (External Secrets).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Secrets {
    /// Name of the `ClusterSecretStore` that each region's cluster already has.
    pub store: String,
    /// Path below which the store keeps this environment's secrets; the environment's name if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often values are read again.
    pub refresh: String,
    /// Namespace of the store's server, where it runs in the same cluster (Vault, OpenBao).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"vault")]
    pub namespace: Option<String>,
    /// Addresses of the store's server (CIDRs); any outside the cluster if absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            store: "vault".to_owned(),
            path: None,
            refresh: "1h".to_owned(),
            namespace: None,
            addresses: Vec::new(),
        }
    }
}

/// Metrics, rules and dashboards, by the Prometheus operator.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Monitoring {
    /// Whether they are rendered.
    pub enabled: bool,
    /// How long Prometheus keeps samples.
    pub retention: String,
    /// Labels that every alert carries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enabled: true,
            retention: "15d".to_owned(),
            labels: BTreeMap::new(),
        }
    }
}
