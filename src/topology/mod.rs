//! What an environment means: the resolved model. Values here are valid by construction.
//!
//! [`resolve`] makes it from what was written, or says everything that is wrong at once. Code behind it needs no checks.

pub mod names;
pub mod values;
pub mod versions;

mod backup;
mod database;
mod edges;
mod ledger;
mod model;
mod programs;
mod resolve;
mod storage;

pub use backup::{Alerts, Backup, BackupKind, Bucket, Monthly, Schedule, Smtp};
pub use database::{Database, Forced, Generation, GenerationSource, Member};
pub use edges::{Edge, Peer, PodGroup, edges};
pub use ledger::{Ledger, LedgerEntry};
pub use model::{ArgoCd, DataRegion, Monitoring, Network, Region, Secrets, StoreServer, Topology};
pub use programs::{Acme, Api, Ingress, Oidc, Replicas, Resources, Web};
pub use resolve::resolve;
pub use storage::{Ceph, Storage, StorageKind};
