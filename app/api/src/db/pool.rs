//! The connections of one node.
//!
//! A connection whose transaction ended well is ready for the next one: nothing is asked of it in between. (The pool of
//! sqlx pings each one that comes back, which costs every request a round trip to the database.)

use std::time::Duration;

use anyhow::Result;
use deadpool::managed::{self, Metrics, PoolError, QueueMode, RecycleResult};
use galeno_contract::api::{Database, DatabaseNode};
use sqlx::{Connection, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::{task::AbortHandle, time::timeout};

use super::{
    connect::{Account, begin_session, options},
    fault::{Fault, classify},
    tx::Tx,
};

/// How long a connection rests before it is closed.
const REST: Duration = Duration::from_mins(5);
/// How old a connection becomes, so that what a server keeps for each is given back now and then.
const AGE: Duration = Duration::from_mins(30);
/// How often the two are looked at.
const LOOK: Duration = Duration::from_mins(1);
/// How long a server may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// The connections of one node.
pub(super) struct Pool {
    connections: managed::Pool<Connector>,
    reaper: AbortHandle,
    /// How long a request waits for a connection.
    patience: Duration,
}

/// A connection that is lent.
pub(super) type Lent = managed::Object<Connector>;

/// Opens connections.
pub(super) struct Connector(MySqlConnectOptions);

impl managed::Manager for Connector {
    type Type = MySqlConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<MySqlConnection, sqlx::Error> {
        let mut connection = MySqlConnection::connect_with(&self.0).await?;
        begin_session(&mut connection).await?;
        Ok(connection)
    }

    async fn recycle(&self, _: &mut MySqlConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        // The node's watcher knows sooner whether it is there; see `Tx` for what state a connection comes back in.
        Ok(())
    }
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn start(database: &Database, node: &DatabaseNode) -> Result<Self> {
        let connections = managed::Pool::builder(Connector(options(database, node, Account::Service)?))
            .max_size(database.connections_per_node as usize)
            .queue_mode(QueueMode::Lifo)
            .build()?;
        let resting = connections.clone();
        let reaper = tokio::spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                let tired = resting.retain(|_, metrics| metrics.last_used() < REST && metrics.age() < AGE);
                part(tired.removed).await;
            }
        })
        .abort_handle();
        Ok(Self {
            connections,
            reaper,
            patience: database.acquire_timeout.to_std(),
        })
    }

    /// Opens a transaction, when there is a connection for it.
    pub(super) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        // To wait for one and to open one together: a request has no more time than this.
        let lent = timeout(self.patience, self.connections.get())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|error| match error {
                PoolError::Backend(error) => error,
                _ => sqlx::Error::PoolClosed,
            })?;
        let begun = Tx::begin(lent).await;
        if begun.as_ref().is_err_and(|error| classify(error) == Fault::NodeLost) {
            // What rests was cut off with it, most likely: nobody has to find that out for each one.
            drop(self.connections.retain(|_, _| false));
        }
        begun
    }

    /// Connections that are open, and those of them that rest.
    pub(super) fn usage(&self) -> (usize, usize) {
        let status = self.connections.status();
        (status.size, status.available)
    }

    /// Closes every connection that rests; one that is lent is closed when it comes back.
    pub(super) async fn close(&self) {
        self.reaper.abort();
        let resting = self.connections.retain(|_, _| false).removed;
        self.connections.close();
        part(resting).await;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.reaper.abort();
    }
}

/// Closes connections as the server would have it, or it counts them among those that were cut off (as it does those that are
/// dropped: with a node that is not used any more, or that was gone).
async fn part(connections: Vec<MySqlConnection>) {
    for connection in connections {
        let _ = timeout(FAREWELL, connection.close()).await;
    }
}
