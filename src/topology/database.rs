//! The database and its generations.

use super::names::{Namespace, objects, ports};
use super::programs::Resources;
use super::values::{Image, Size};
use crate::spec::{RestoreSource, SyncWait};

/// MariaDB with Galera.
#[derive(Clone, Debug)]
pub struct Database {
    /// Image of MariaDB, Galera, mariadb-backup and the keeper.
    pub image: Image,
    /// Nodes of each generation: odd.
    pub nodes: u8,
    /// Size of each node's volume.
    pub size: Size,
    /// What each node may use.
    pub resources: Resources,
    /// InnoDB's buffer pool.
    pub buffer_pool: Size,
    /// InnoDB's redo log.
    pub redo_log: Size,
    /// Galera's write-set cache.
    pub gcache: Size,
    /// Connections to each node at most.
    pub max_connections: u16,
    /// Threads that apply write-sets.
    pub applier_threads: u8,
    /// Which statements wait for what was committed before.
    pub sync_wait: SyncWait,
    /// Generations that exist, by number; the active one among them.
    pub generations: Vec<Generation>,
    /// The number of the generation that serves.
    pub active: u32,
    /// A person's decision on whom to start from after an outage.
    pub forced_recovery: Option<Forced>,
}

impl Database {
    /// The generation that serves.
    pub fn active_generation(&self) -> &Generation {
        // `resolve` returns no topology whose active generation does not exist.
        self.generations
            .iter()
            .find(|g| g.number == self.active)
            .unwrap_or(&self.generations[0])
    }
}

/// A person's decision on whom to start from after an outage, and whose data to throw away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forced {
    /// The generation.
    pub generation: u32,
    /// The pod to start from.
    pub node: Option<String>,
    /// Pods whose data is thrown away.
    pub discard: Vec<String>,
    /// Counts such decisions.
    pub epoch: u32,
}

/// One incarnation of the database.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its number; 0 started empty.
    pub number: u32,
    /// Where its data came from.
    pub source: GenerationSource,
    /// Its nodes, by ordinal.
    pub members: Vec<Member>,
}

/// Where a generation's data came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GenerationSource {
    /// It started empty.
    Empty,
    /// It was restored.
    Restored {
        /// What was restored.
        source: RestoreSource,
        /// SHA-256 of the request's file, in hexadecimal: the identity of this very restore.
        request: String,
    },
}

impl Generation {
    /// Makes the generation of a number.
    pub fn new(number: u32, source: GenerationSource, nodes: u8) -> Self {
        let name = objects::generation(number);
        let members = (0..nodes)
            .map(|ordinal| Member {
                name: format!("{name}-{ordinal}"),
                service: name.clone(),
            })
            .collect();
        Self {
            number,
            source,
            members,
        }
    }

    /// Name of its `StatefulSet` and of its headless Service.
    pub fn name(&self) -> String {
        objects::generation(self.number)
    }

    /// Name of the Secret with its nodes' certificate.
    pub fn certificate(&self) -> String {
        format!("{}-tls", self.name())
    }

    /// Name of the `ConfigMap` with its nodes' configuration.
    pub fn config(&self) -> String {
        format!("{}-config", self.name())
    }
}

/// One node of a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The pod's name.
    pub name: String,
    /// The headless Service that gives it a DNS name.
    service: String,
}

impl Member {
    /// Its DNS name inside the cluster.
    pub fn host(&self) -> String {
        format!("{}.{}.{}.svc", self.name, self.service, Namespace::Data.name())
    }

    /// Name of the claim of its volume.
    pub fn claim(&self) -> String {
        format!("{}-{}", objects::DATA_VOLUME, self.name)
    }

    /// The port of SQL.
    pub fn port(&self) -> u16 {
        ports::MYSQL.number
    }
}
