//! Rows and checksums of every table, at exactly the position of the backup.
//!
//! While mariadb-backup blocks commits nothing can change, so transactions that begin then with a consistent snapshot
//! see what the backup holds. They are opened in that moment and read at leisure afterwards.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::catalog::{ChainHead, Position, TableSum};
use crate::chains;
use crate::database::{self, quote};
use crate::run::Run;

/// Sessions ready to take a snapshot, and where the last one was taken.
pub(super) struct Snapshots {
    sessions: Vec<Conn>,
    taken_at: Option<String>,
}

impl Snapshots {
    /// Opens the sessions; takes nothing yet.
    pub(super) fn prepare(config: &BackupConfig, member: &Member) -> anyhow::Result<Self> {
        let count = config.stream.copy_threads.clamp(1, 4);
        let open = || {
            let mut session = database::connect(&config.database, member, config.deadlines.connect.to_std())?;
            session.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            anyhow::Ok(session)
        };
        Ok(Self {
            sessions: (0..count).map(|_| open()).collect::<Result<_, _>>()?,
            taken_at: None,
        })
    }

    /// Begins the snapshots, unless nothing has changed since they were begun.
    pub(super) fn take(&mut self) -> anyhow::Result<()> {
        let Some(first) = self.sessions.first_mut() else {
            return Ok(());
        };
        let now = position(first)?;
        if self.taken_at.as_ref() == Some(&now) {
            return Ok(());
        }
        for session in &mut self.sessions {
            session.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
        }
        self.taken_at = Some(now);
        Ok(())
    }

    /// Reads every table, and the heads of the access log. Fails if the snapshots are of another moment than the backup.
    pub(super) fn sums(mut self, position: &Position, run: &Run) -> anyhow::Result<(Vec<TableSum>, Vec<ChainHead>)> {
        let wanted = format!("{}:{}", position.state_uuid, position.seqno);
        match &self.taken_at {
            Some(taken) if *taken == wanted => {}
            Some(taken) => bail!("the tables were seen at {taken}, and the backup stands at {wanted}"),
            None => bail!("mariadb-backup never said that it blocks commits, so the tables were not looked at"),
        }
        let Some(first) = self.sessions.first_mut() else {
            return Ok((Vec::new(), Vec::new()));
        };
        let heads = chains::heads(first)?;
        let queue = Mutex::new(tables(first)?);
        let sums = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let readers: Vec<_> = self
                .sessions
                .iter_mut()
                .map(|session| scope.spawn(|| read(session, &queue, &sums, run)))
                .collect();
            for reader in readers {
                reader
                    .join()
                    .unwrap_or_else(|_| bail!("a worker died: this is a bug of the keeper"))?;
            }
            anyhow::Ok(())
        })?;
        let mut sums = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
        sums.sort();
        Ok((sums, heads))
    }
}

fn position(session: &mut Conn) -> anyhow::Result<String> {
    session
        .query_first(
            "SELECT CONCAT(u.VARIABLE_VALUE, ':', c.VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS u, \
             information_schema.GLOBAL_STATUS c WHERE u.VARIABLE_NAME = 'wsrep_cluster_state_uuid' AND \
             c.VARIABLE_NAME = 'wsrep_last_committed'",
        )?
        .context("the server says nothing of its Galera position")
}

fn read(
    session: &mut Conn,
    queue: &Mutex<VecDeque<(String, String)>>,
    sums: &Mutex<Vec<TableSum>>,
    run: &Run,
) -> anyhow::Result<()> {
    loop {
        run.check()?;
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((schema, name)) = next else { return Ok(()) };
        let sum = sum(session, &schema, &name)?;
        sums.lock().unwrap_or_else(PoisonError::into_inner).push(sum);
    }
}

/// The tables of applications. The server's own schemas change by themselves, and the keeper writes its own.
pub(crate) fn tables(session: &mut Conn) -> anyhow::Result<VecDeque<(String, String)>> {
    let tables: Vec<(String, String)> = session.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', \
         'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', \
         'keeper') ORDER BY DATA_LENGTH DESC",
    )?;
    Ok(tables.into())
}

/// Counts and checksums one table, in the session's transaction.
pub(crate) fn sum(session: &mut Conn, schema: &str, name: &str) -> anyhow::Result<TableSum> {
    let table = format!("{}.{}", quote(schema), quote(name));
    let rows: Option<u64> = session
        .query_first(format!("SELECT COUNT(*) FROM {table}"))
        .with_context(|| format!("cannot count {table}"))?;
    let checksum: Option<(String, Option<u64>)> = session.query_first(format!("CHECKSUM TABLE {table} EXTENDED"))?;
    let checksum = checksum.and_then(|(_, checksum)| checksum);
    Ok(TableSum {
        schema: schema.to_owned(),
        name: name.to_owned(),
        rows: rows.with_context(|| format!("{table} was not counted"))?,
        checksum: checksum.with_context(|| format!("{table} has no checksum: was it changed or dropped meanwhile?"))?,
    })
}
