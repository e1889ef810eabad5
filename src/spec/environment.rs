//! The environment file: its root, its regions and where it is deployed from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccessRegions, Api, Backup, Cni, Database, Ingress, Monitoring, Secrets, Storage, Web};

/// One installation of the platform. Everything that is not written has a default, which `galeno explain` shows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Galeno environment")]
pub struct Environment {
    /// The version of this file's form.
    pub api_version: ApiVersion,
    /// The environment's name: the file's name without its ending. A DNS label.
    #[schemars(length(min = 1, max = 20), example = &"prod")]
    pub name: String,
    /// The domain below which every public address stands: `app.` (web), `api.` (API).
    #[schemars(example = &"clinic.example.org")]
    pub domain: String,
    /// Who answers for this environment: a team's name, put on every namespace.
    #[schemars(example = &"clinical-platform")]
    pub owner: String,
    /// Kubernetes: version and network plugin, the same in every region unless a region says otherwise.
    #[serde(default)]
    pub kubernetes: Kubernetes,
    /// The clusters: exactly one is primary.
    #[schemars(length(min = 1))]
    pub regions: Vec<Region>,
    /// The patients' jurisdiction: their data stay in regions of it.
    #[serde(default)]
    pub jurisdiction: Jurisdiction,
    /// What must go on working when something is lost. Checked when compiling.
    #[serde(default)]
    pub promise: Promise,
    /// Losses at the same time that must be survived beyond the promise, each a list such as `[node/ZONE, node/ZONE]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = &[["node/eu-central-1a", "disk/eu-central-1b"]])]
    pub survive: Vec<Vec<String>>,
    /// Persistent storage of the primary and recovery regions.
    #[serde(default)]
    pub storage: Storage,
    /// MariaDB with Galera.
    pub database: Database,
    /// The clinical REST API.
    pub api: Api,
    /// The web application.
    pub web: Web,
    /// How requests come in.
    #[serde(default)]
    pub ingress: Ingress,
    /// Regions that relay requests to the primary region.
    #[serde(default)]
    pub access: AccessRegions,
    /// Backups, their keys, places and alerts.
    pub backup: Backup,
    /// Where secret values come from.
    #[serde(default)]
    pub secrets: Secrets,
    /// Metrics, rules and dashboards.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// Argo CD.
    pub argocd: ArgoCd,
    /// Where compiled files are committed, if not to this repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitops: Option<Gitops>,
    /// Versions of what is installed. Without it: the newest set that is known to work together.
    #[serde(default)]
    pub versions: Versions,
    /// Findings that somebody has read and accepts, by code and place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledge: Vec<Acknowledgement>,
}

/// The version of an environment file's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first one.
    #[serde(rename = "galeno.dev/v1")]
    V1,
}

/// Kubernetes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Kubernetes {
    /// Minor version. Manifests are checked against it.
    pub version: String,
    /// Further minor versions that the manifests must also be valid for, during an upgrade.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The network plugin, which decides how access to the Kubernetes API is written in NetworkPolicies.
    pub cni: Cni,
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self {
            version: "1.36".to_owned(),
            also: Vec::new(),
            cni: Cni::default(),
        }
    }
}

/// One Kubernetes cluster in one place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Region {
    /// The region's name: a DNS label.
    #[schemars(example = &"eu-central")]
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whose law rules there.
    #[serde(default)]
    pub jurisdiction: Jurisdiction,
    /// Failure domains, by the value of the nodes' label `topology.kubernetes.io/zone`.
    #[schemars(length(min = 1))]
    pub zones: Vec<String>,
    /// The cluster's network.
    pub network: Network,
    /// Fixed public addresses of the region's load balancer. Access regions relay to the primary region's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = &["203.0.113.10"])]
    pub addresses: Vec<String>,
}

/// What a region is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// All data and all writes.
    Primary,
    /// Receives copies and can be promoted; in the patients' jurisdiction.
    Recovery,
    /// The static web application close to its users, and a relay of the API that decrypts nothing.
    Access,
}

/// Whose law rules: where patients' data may be, in the sense of GDPR chapter V.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Jurisdiction {
    /// The European Economic Area.
    #[default]
    EEA,
    /// The United Kingdom.
    UK,
    /// Switzerland.
    CH,
    /// The United States.
    US,
    /// Canada.
    CA,
    /// Japan.
    JP,
    /// Any other country.
    Other,
}

/// A cluster's network, as NetworkPolicies need it. The ranges must not overlap.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Network {
    /// Address and port of the Kubernetes API server as pods reach it.
    #[schemars(example = &"https://10.0.0.10:6443")]
    pub api_server: String,
    /// Addresses of the control plane (CIDRs): where the API server answers from and where webhooks are called from.
    #[schemars(length(min = 1), example = &["10.0.0.0/28"])]
    pub control_plane: Vec<String>,
    /// Addresses of nodes (CIDR).
    pub nodes: String,
    /// Addresses of pods (CIDR).
    pub pods: String,
    /// Addresses of Services (CIDR).
    pub services: String,
}

/// What must go on working when something is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Promise {
    /// Nothing: a single machine to try things out.
    None,
    /// Any one node may be lost.
    Node,
    /// Any one zone may be lost.
    #[default]
    Zone,
}

/// Argo CD: one in each region, reading this repository.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ArgoCd {
    /// The repository that holds `generated/`.
    #[schemars(example = &"https://git.example.org/clinic/platform.git")]
    pub repository: String,
    /// Branch, tag or commit that Argo CD follows.
    #[serde(default = "main_branch")]
    pub revision: String,
    /// Path of `generated/` inside the repository.
    #[serde(default = "generated_folder")]
    pub path: String,
    /// Prefix of the AppProjects' names; the environment's name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// OpenPGP key ids whose signature the followed commit must carry. Empty: signatures are not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<String>,
}

fn main_branch() -> String {
    "main".to_owned()
}

fn generated_folder() -> String {
    "generated".to_owned()
}

/// Where `galeno commit` writes, if not to the repository that holds the environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Gitops {
    /// Its address.
    pub repository: String,
    /// The branch to commit to.
    #[serde(default = "main_branch")]
    pub branch: String,
}

/// Versions of what is installed, where they differ from the set that Galeno knows to work together.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Versions {
    /// Rook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rook: Option<String>,
    /// Ceph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceph: Option<String>,
    /// Argo CD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argocd: Option<String>,
    /// Traefik.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traefik: Option<String>,
    /// Gateway API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_api: Option<String>,
    /// cert-manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_manager: Option<String>,
}

/// A finding that somebody has read and accepts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Acknowledgement {
    /// The finding's code.
    pub code: String,
    /// The object or field that it is about, as the finding names it.
    pub about: String,
    /// Why it is accepted.
    pub reason: String,
}
