//! Configuration of `keeper node`: one Galera node.
//!
//! Two files: [`NodeConfig`], fixed for the life of a pod, and [`Intent`], a mounted `ConfigMap` that the keeper watches,
//! with what a person wants of the database *now*. Paths are paths in the container.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

/// Everything one Galera node's keeper must know. The same file serves all members of a generation: which member a
/// keeper is comes from its environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeConfig {
    /// The database's name without its generation, for example `galeno-prod`. At most 20 characters, since MariaDB
    /// allows 32 for a `wsrep_cluster_name` and the keeper appends the generation and the number of the last recovery.
    pub cluster: String,
    /// The number of this incarnation of the database.
    pub generation: u32,
    /// Where the generation's data comes from.
    pub source: Source,
    /// The state UUID that the generation got when it was initialised, once it is known and written down in git.
    /// While it is set, an empty generation is never initialised again, even when every volume is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_uuid: Option<String>,
    /// Every member of the generation, in the order of their ordinals. All keepers must be given the same list.
    pub members: Vec<Member>,
    /// The name of this member. Without it: the environment variable `KEEPER_NODE`, else the host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The address that peers reach this member at. Without it: the environment variable `POD_IP`, else what this
    /// member's host name resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The address that mariadbd, Galera and the agreement listen on. Without it: all there are. Members that share a
    /// machine have one of the loopback addresses each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<IpAddr>,
    /// The ports, the same on every member.
    #[serde(default)]
    pub ports: Ports,
    /// The mounted volume. The keeper makes two directories in it: `data`, mariadbd's data directory, and `keeper`, with
    /// the lock and what must be remembered (a state transfer empties the data directory, so nothing else may live there).
    #[serde(default = "default_volume")]
    pub volume: PathBuf,
    /// A directory in memory for the socket, the process id and the configuration that the keeper writes for mariadbd.
    #[serde(default = "default_run_directory")]
    pub run_directory: PathBuf,
    /// The database server.
    #[serde(default)]
    pub mariadb: MariaDb,
    /// Certificates for the traffic between members: keepers' agreement, replication and state transfer, in both
    /// directions. The authority must be one that signs for this cluster only, since Galera checks no host names.
    pub tls: TlsFiles,
    /// The HTTP server for probes, status and metrics.
    #[serde(default)]
    pub probe: Probe,
    /// The watched file with the [`Intent`].
    #[serde(default = "default_intent")]
    pub intent: PathBuf,
    /// Accounts that the keeper keeps in step with files mounted from secrets.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// Databases to create when the generation is initialised.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Whether a node that gives a state transfer without blocking still counts as ready.
    #[serde(default = "default_true")]
    pub donor_is_ready: bool,
    /// How long the keeper waits for what.
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// Where a generation's data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// Initialised once, by unanimity of all members, each with an empty volume.
    Empty,
    /// Started only from a finished, verified restore, and opened to clients only when its acceptance is recorded in
    /// `keeper.generation`.
    Restored,
}

/// One member of the generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its name: the pod's.
    pub name: String,
    /// The DNS name that peers use; the member's certificate must carry it.
    pub host: String,
    /// `gmcast.segment`: members with the same number count as near each other. Between two segments a write-set travels
    /// once, and a member takes a state transfer from its own segment if it can.
    #[serde(default)]
    #[schemars(range(max = 255))]
    pub segment: u8,
}

/// TCP ports, the same on every member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ports {
    /// SQL clients.
    pub sql: u16,
    /// Galera replication (group communication).
    pub replication: u16,
    /// Galera incremental state transfer.
    pub incremental: u16,
    /// Full state transfer (`wsrep_sst_receive_address`).
    pub transfer: u16,
    /// Agreement between keepers, over mutual TLS.
    pub control: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            sql: 3306,
            replication: 4567,
            incremental: 4568,
            transfer: 4444,
            control: 4569,
        }
    }
}

/// The database server: where its programs and its configuration are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MariaDb {
    /// The server.
    pub mariadbd: PathBuf,
    /// The program that lays out an empty data directory.
    pub install_db: PathBuf,
    /// `my.cnf`: every setting that is not one node's own. The keeper includes it in the file it writes and adds: data
    /// directory, socket, port, node name and addresses, cluster name and address, provider and its options,
    /// certificates, state transfer, `read_only`. Those must not be in it.
    pub config: PathBuf,
    /// The socket that mariadbd makes.
    pub socket: PathBuf,
    /// Galera's library.
    pub provider: PathBuf,
    /// `wsrep_provider_options` beyond those of the keeper, for example `gcache.size: 2G`. The keeper sets addresses,
    /// certificates, `gmcast.segment` and `pc.recovery` itself and refuses those, and whatever lets a minority write.
    pub provider_options: BTreeMap<String, String>,
}

impl Default for MariaDb {
    fn default() -> Self {
        Self {
            mariadbd: "/usr/sbin/mariadbd".into(),
            install_db: "/usr/bin/mariadb-install-db".into(),
            config: "/etc/keeper/my.cnf".into(),
            socket: "/run/keeper/mariadb.sock".into(),
            provider: "/usr/lib/galera/libgalera_smm.so".into(),
            provider_options: BTreeMap::new(),
        }
    }
}

/// A certificate, its key, and the authority that signs for the other side; PEM files, read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsFiles {
    /// The authority's certificate (`ca.crt`).
    pub ca: PathBuf,
    /// This member's certificate, with the chain below the authority (`tls.crt`).
    pub certificate: PathBuf,
    /// The certificate's private key (`tls.key`).
    pub key: PathBuf,
}

/// The HTTP server for probes, status and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Probe {
    /// Address and port to listen on, for example `0.0.0.0:9105`.
    pub listen: String,
    /// Serve HTTPS with this certificate; without it, plain HTTP.
    pub tls: Option<ProbeTls>,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:9105".into(),
            tls: None,
        }
    }
}

/// A server certificate; probes come from the kubelet, which shows none itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeTls {
    /// The certificate (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// An account that exists in the database as long as it is named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The account's name.
    pub name: String,
    /// The host part; `%` by default.
    #[serde(default = "default_host")]
    pub host: String,
    /// The file with its password, mounted from a secret; read again when it changes.
    pub password_file: PathBuf,
    /// What it may do: the part of a `GRANT` between `GRANT` and `TO`, for example `SELECT, INSERT ON clinic.*`.
    #[serde(default)]
    pub grants: Vec<String>,
    /// An application's account: refused, and its sessions ended, while the generation is not open (not active, not
    /// accepted, or not started safely). Accounts for monitoring and backups are not.
    #[serde(default = "default_true")]
    pub client: bool,
}

/// How long the keeper waits for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// Between two questions to each peer while agreeing.
    pub poll: Duration,
    /// One exchange with one peer, name resolution and TLS included; after it the peer counts as silent.
    pub peer: Duration,
    /// How long every member must have been given the chance to answer before a *forced* recovery goes on without
    /// those that are silent. Nothing else ever goes on without them.
    pub forced_settle: Duration,
    /// How long a node without a primary component waits before it steps down to agree anew, once it is certain that
    /// Galera cannot mend it by itself.
    pub step_down: Duration,
    /// A clean shutdown of mariadbd; after it the process is killed. Below `terminationGracePeriodSeconds` less `drain`.
    pub shutdown: Duration,
    /// Between becoming not ready and the shutdown: the time Services take to forget the node.
    pub drain: Duration,
    /// One local query; after it mariadbd counts as not answering.
    pub query: Duration,
    /// How long mariadbd may go without answering, while it neither starts nor transfers state, before liveness fails.
    pub unresponsive: Duration,
    /// How long a startup step may go without any progress (bytes of a state transfer, pages of a recovery) before the
    /// startup probe fails.
    pub stalled: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            peer: Duration::from_secs(5),
            forced_settle: Duration::from_secs(60),
            step_down: Duration::from_secs(20),
            shutdown: Duration::from_secs(300),
            drain: Duration::from_secs(10),
            query: Duration::from_secs(5),
            unresponsive: Duration::from_secs(60),
            stalled: Duration::from_secs(600),
        }
    }
}

/// What a person wants of the database now: the one value in git that opens and closes generations, and the recoveries
/// that only a person may order. Every keeper of every generation watches the same file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    /// The generation that serves clients; all others are read only and refuse the application's accounts.
    pub active: u32,
    /// A recovery that unanimity cannot decide. Append-only: each one has the next number, and is carried out once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// A recovery ordered by a person, for the case that members are lost for good. The members that are not reached must be
/// known to be stopped: a forced start does not wait for them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recovery {
    /// The generation it is for; keepers of others ignore it.
    pub generation: u32,
    /// Its number in this generation, from 1: one more than the last.
    pub number: u32,
    /// The member to start from, by name. Everybody else takes its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_from: Option<String>,
    /// Members, by name, whose data is thrown away so that they take the others' state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discard: Vec<String>,
}

impl NodeConfig {
    /// mariadbd's data directory.
    pub fn data_directory(&self) -> PathBuf {
        data_directory(&self.volume)
    }

    /// What the keeper remembers, and its lock.
    pub fn keeper_directory(&self) -> PathBuf {
        keeper_directory(&self.volume)
    }
}

/// mariadbd's data directory on a volume.
pub fn data_directory(volume: &Path) -> PathBuf {
    volume.join("data")
}

/// The keeper's directory on a volume.
pub fn keeper_directory(volume: &Path) -> PathBuf {
    volume.join("keeper")
}

fn default_volume() -> PathBuf {
    "/var/lib/mysql".into()
}

fn default_run_directory() -> PathBuf {
    "/run/keeper".into()
}

fn default_intent() -> PathBuf {
    "/etc/keeper/intent/intent.yaml".into()
}

fn default_host() -> String {
    "%".into()
}

fn default_true() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_with_its_name() {
        let error = serde_json::from_str::<Intent>(r#"{"active": 1, "activ": 2}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("activ"), "{error}");
    }

    #[test]
    fn the_shortest_configuration_is_enough() {
        let config: NodeConfig = serde_json::from_str(
            r#"{"cluster": "galeno", "generation": 0, "source": "empty",
                "members": [{"name": "mariadb-g0-0", "host": "mariadb-g0-0.mariadb-g0"}],
                "tls": {"ca": "/tls/ca.crt", "certificate": "/tls/tls.crt", "key": "/tls/tls.key"}}"#,
        )
        .unwrap();
        assert_eq!(config.data_directory(), Path::new("/var/lib/mysql/data"));
        let again: NodeConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
    }
}
