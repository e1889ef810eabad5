//! The database: its nodes, their health, migrations, and the types of its columns.

mod cluster;
mod connect;
mod fault;
mod migrate;
mod once;
mod pool;
mod probe;
mod tx;
mod types;

pub use cluster::{Cluster, Lease, Unavailable};
pub(crate) use connect::secret;
pub use connect::{Account, begin_session, options};
pub use fault::{Fault, classify};
pub use migrate::{LATEST, MigrateError, migrate};
pub(crate) use once::{Asked, connect_once};
pub use probe::{Fitness, Unfit};
pub use tx::Tx;
pub use types::{Day, Stamp};
