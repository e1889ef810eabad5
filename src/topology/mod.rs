//! What an environment means: the resolved model. Values here are valid by construction.
//!
//! [`resolve`] makes it from what was written, or says everything that is wrong at once. Code behind it needs no checks.

pub mod names;
pub mod values;
pub mod versions;

mod database;
mod edges;
mod ledger;
mod model;
mod resolve;

pub use database::{Database, Forced, Generation, GenerationSource, Member};
pub use edges::{Edge, Peer, PodGroup, edges};
pub use ledger::{Ledger, LedgerEntry};
pub use model::{
    Acme, Alerts, Api, ArgoCd, Backup, BackupKind, Bucket, Ceph, DataRegion, Ingress, Monitoring, Monthly, Network,
    Oidc, Region, Replicas, Resources, Schedule, Secrets, Smtp, Storage, StorageKind, StoreServer, Topology, Web,
};
pub use resolve::resolve;
