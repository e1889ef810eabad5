//! The node for a command that runs once: there is no watcher that would know which one is fit.

use std::{fmt::Write as _, time::Duration};

use anyhow::Result;
use galeno_contract::api::{Database, DatabaseNode};
use sqlx::{MySqlConnection, mysql::MySqlConnectOptions};

use super::{
    connect::{Account, begin_session, options},
    probe::{Demands, Fitness, Unfit, connect, judge},
};

/// How long a node may take for its whole answer. One that hangs takes the connection, and then says nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each node that was asked had to say, for the person whom none of them served.
#[derive(Default)]
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    /// Notes why a node was passed over.
    pub(crate) fn note(&mut self, node: &DatabaseNode, why: impl Into<String>) {
        self.0.push((format!("{}:{}", node.host, node.port), why.into()));
    }

    /// The error, once no node is left.
    pub(crate) fn error(&self) -> anyhow::Error {
        if self.0.is_empty() {
            return anyhow::anyhow!("database.nodes names no node");
        }
        let mut text = "no database node can serve; these were asked, in this order:".to_owned();
        for (node, why) in &self.0 {
            let _ = write!(text, "\n  {node}: {why}");
        }
        if self.0.iter().any(|(_, why)| why == Unfit::OldSchema.word()) {
            text.push_str("\nthe tables are older than this program; run: api migrate");
        }
        if self.0.iter().any(|(_, why)| why == Unfit::OldServer.word()) {
            text.push_str("\nthe server has no innodb_snapshot_isolation; it must be MariaDB 10.11.8 or newer");
        }
        anyhow::anyhow!(text)
    }
}

/// A connection to the first node, in the order of the configuration, that may serve now. A donor serves when no other
/// node does, as it does for requests.
pub(crate) async fn connect_once(database: &Database) -> Result<MySqlConnection> {
    let mut asked = Asked::default();
    let mut donor = None;
    for node in &database.nodes {
        let options = options(database, node, Account::Service)?;
        match tokio::time::timeout(PATIENCE, ask(&options, database)).await {
            Ok(Ok((connection, Fitness::Fit))) => return Ok(connection),
            Ok(Ok((connection, Fitness::Donor | Fitness::Late))) => donor = donor.or(Some(connection)),
            Ok(Ok((_, Fitness::Unfit(why)))) => asked.note(node, why.word()),
            Ok(Err(error)) => asked.note(node, error.to_string()),
            Err(_) => asked.note(node, format!("no answer within {PATIENCE:?}")),
        }
    }
    donor.ok_or_else(|| asked.error())
}

async fn ask(options: &MySqlConnectOptions, database: &Database) -> Result<(MySqlConnection, Fitness), sqlx::Error> {
    let mut connection = connect(options).await?;
    let fitness = judge(&mut connection, &Demands::of(database)).await?;
    if !matches!(fitness, Fitness::Unfit(_)) {
        begin_session(&mut connection).await?;
    }
    Ok((connection, fitness))
}
