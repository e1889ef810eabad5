//! What a person writes: environment files and restore requests.
//!
//! The doc comments of these types are the descriptions of the published JSON Schema. Values are plain here (texts and
//! numbers); `topology` turns them into types that can only hold what is right.

mod backup;
mod complaints;
mod environment;
mod ingress;
mod literal;
mod platform;
mod read;
mod restore;
mod schema;
mod storage;

pub use backup::{Alerts, Backup, Bucket, Monthly, OpenPgp, PointInTime, Retention, Schedule, Smtp};
pub use environment::{
    Acknowledgement, ApiVersion, ArgoCd, Environment, Gitops, Jurisdiction, Kubernetes, Network, Promise, Region, Role,
    Versions,
};
pub use ingress::{DnsProof, Ingress, IngressKind, RateLimit, Tls};
pub use platform::{
    AccessRegions, Api, Cni, Database, DatabaseTuning, ForcedRecovery, Monitoring, Oidc, Replicas, Resources, Secrets,
    SyncWait, Web,
};
pub use read::{Source, parse};
pub use restore::{BackupSite, RestoreRequest, RestoreSource};
pub use schema::{description, environment_schema, restore_schema};
pub use storage::{Devices, Kms, Storage, StorageBackend};
