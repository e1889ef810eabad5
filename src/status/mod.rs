//! What runs now: a cluster beside what the environment asks for. The only part of Galeno that speaks to a cluster, and it
//! only reads.

mod assemble;
mod cluster;
mod text;

use jiff::Timestamp;
use serde::Serialize;

pub use assemble::assemble;
pub use cluster::{Cluster, Objects, Target};
pub use text::text;

/// What is asked of a region's cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The environment's name.
    pub environment: String,
    /// The region's name.
    pub region: String,
    /// Its zones, in the environment's order.
    pub zones: Vec<String>,
    /// The generation of the database that is to serve.
    pub generation: u32,
}

/// A region as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The environment's name.
    pub environment: String,
    /// The region's name.
    pub region: String,
    /// Each zone of the environment, then those that only the cluster knows.
    pub zones: Vec<Zone>,
    /// Deployments and stateful sets, by component and name.
    pub workloads: Vec<Workload>,
    /// Pods that no node runs yet.
    pub unplaced: Vec<Pod>,
    /// The database.
    pub database: Database,
    /// Backups, rehearsals and what else runs by the clock.
    pub schedules: Vec<Schedule>,
    /// Pods of jobs that run now, by name.
    pub jobs: Vec<String>,
    /// What is not as it should be, in words. Empty: all is well.
    pub problems: Vec<String>,
}

/// A zone: its nodes and what runs on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// Value of `topology.kubernetes.io/zone`.
    pub name: String,
    /// Its nodes, by name.
    pub nodes: Vec<Node>,
    /// The platform's pods on them, by component and name.
    pub pods: Vec<Pod>,
}

/// A Kubernetes node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its condition `Ready`.
    pub ready: bool,
}

/// A pod of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Label `app.kubernetes.io/component`.
    pub component: String,
    /// Its name.
    pub name: String,
    /// Its condition `Ready`.
    pub ready: bool,
    /// Restarts of its containers, together.
    pub restarts: i32,
    /// Why it is not ready, as the cluster says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A Deployment or a StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// Label `app.kubernetes.io/component`.
    pub component: String,
    /// Its name.
    pub name: String,
    /// Replicas asked for.
    pub wanted: i32,
    /// Replicas that are ready.
    pub ready: i32,
}

/// The database: the gate, and its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// The generation that the environment file says serves.
    pub declared: u32,
    /// The generation that the cluster's intent says serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<u32>,
    /// Every member of every generation.
    pub members: Vec<Member>,
}

impl Database {
    /// Whether clients are let in: a member of the active generation is ready.
    pub fn is_open(&self) -> bool {
        self.serving().any(|member| member.ready)
    }

    /// The members of the active generation.
    pub fn serving(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| Some(member.generation) == self.active)
    }
}

/// A database node, as its keeper describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Its pod's name.
    pub pod: String,
    /// Its generation.
    pub generation: u32,
    /// Whether its pod is ready: whether it takes clients.
    pub ready: bool,
    /// Galera's `wsrep_local_state_comment`, for example `Synced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether it is in a primary component.
    pub primary: bool,
    /// `wsrep_cluster_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// `wsrep_last_committed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// What it waits for, or why its keeper could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Member {
    /// Whether it takes clients, as Kubernetes saw it last, and its keeper answers now.
    pub fn is_well(&self) -> bool {
        self.ready && self.state.is_some()
    }
}

/// Something that runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The CronJob's name.
    pub name: String,
    /// It is suspended.
    pub suspended: bool,
    /// When it last began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_begun: Option<Timestamp>,
    /// When it last ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_done: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
