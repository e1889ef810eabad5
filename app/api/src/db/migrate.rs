//! Brings the tables to what this program needs.
//!
//! Every migration is written so that the version before still works (expand first, contract a release later) and so
//! that it can be run again from its start: DDL cannot be rolled back, and an interruption must not need a person.
//! The lock is a row, since `GET_LOCK` holds on one Galera node only.

use std::{convert::Infallible, time::Duration};

use ring::digest::{SHA256, digest};
use sqlx::{Connection, MySqlConnection, mysql::MySqlConnectOptions};
use uuid::Uuid;

use super::{
    fault::{Fault, classify},
    probe::OPENING,
    types::Stamp,
};

struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "tenancy",
        sql: include_str!("../../migrations/0001_tenancy.sql"),
    },
    Migration {
        version: 2,
        name: "access",
        sql: include_str!("../../migrations/0002_access.sql"),
    },
    Migration {
        version: 3,
        name: "clinical",
        sql: include_str!("../../migrations/0003_clinical.sql"),
    },
    Migration {
        version: 4,
        name: "rights",
        sql: include_str!("../../migrations/0004_rights.sql"),
    },
    Migration {
        version: 5,
        name: "smart",
        sql: include_str!("../../migrations/0005_smart.sql"),
    },
    Migration {
        version: 6,
        name: "slot_version",
        sql: include_str!("../../migrations/0006_slot_version.sql"),
    },
    Migration {
        version: 7,
        name: "search",
        sql: include_str!("../../migrations/0007_search.sql"),
    },
    Migration {
        version: 8,
        name: "pairs",
        sql: include_str!("../../migrations/0008_pairs.sql"),
    },
];

/// The newest migration that this program knows.
pub const LATEST: u32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// How long a holder may be silent before another may take the lock.
const LOCK_SILENCE: Duration = Duration::from_mins(1);

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database refused.
    #[error("the database refused migration {0}: {1}")]
    Refused(String, #[source] sqlx::Error),
    /// The database could not be reached or used.
    #[error("the database could not be used: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration that ran before has another text now.
    #[error("migration {0} was changed after it ran; restore its text and add a new migration instead")]
    Changed(String),
    /// Another process holds the lock for too long.
    #[error("another process has held the migration lock since {0}; it is given up {1:?} after its last sign of life")]
    Locked(Stamp, Duration),
}

impl MigrateError {
    /// Whether another node may do what this one could not. A migration that was interrupted runs again from its start.
    pub(crate) fn is_of_the_node(&self) -> bool {
        match self {
            Self::Database(_) => true,
            Self::Refused(_, error) => classify(error) == Fault::NodeLost,
            Self::Changed(_) | Self::Locked(..) => false,
        }
    }
}

/// Runs what has not run yet. Any number of processes may call it at once; one works, the others wait up to `patience`.
/// Returns the names of the migrations that ran.
pub async fn migrate(options: &MySqlConnectOptions, patience: Duration) -> Result<Vec<String>, MigrateError> {
    // A node that hangs takes the connection and never answers: the next one must have its turn.
    let mut connection = tokio::time::timeout(OPENING, MySqlConnection::connect_with(options))
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS schema_migration (version INT UNSIGNED NOT NULL PRIMARY KEY, \
         name VARCHAR(100) NOT NULL, sha256 BINARY(32) NOT NULL, applied_at DATETIME(6) NOT NULL) ENGINE=InnoDB; \
         CREATE TABLE IF NOT EXISTS schema_lock (id INT UNSIGNED NOT NULL PRIMARY KEY, holder BINARY(16) NOT NULL, \
         seen_at DATETIME(6) NOT NULL) ENGINE=InnoDB",
    )
    .execute(&mut connection)
    .await?;
    let me = Uuid::now_v7();
    lock(&mut connection, me, patience).await?;
    let result = run(&mut connection, options, me).await;
    let unlocked = sqlx::query("DELETE FROM schema_lock WHERE holder = ?")
        .bind(me)
        .execute(&mut connection)
        .await;
    let done = result?;
    unlocked?;
    connection.close().await?;
    Ok(done)
}

async fn lock(connection: &mut MySqlConnection, me: Uuid, patience: Duration) -> Result<(), MigrateError> {
    let give_up = Stamp::now().plus(patience);
    loop {
        let now = Stamp::now();
        let taken = sqlx::query("INSERT IGNORE INTO schema_lock (id, holder, seen_at) VALUES (1, ?, ?)")
            .bind(me)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        if taken.rows_affected() == 1 {
            return Ok(());
        }
        let taken = sqlx::query("UPDATE schema_lock SET holder = ?, seen_at = ? WHERE id = 1 AND seen_at < ?")
            .bind(me)
            .bind(now)
            .bind(now.minus(LOCK_SILENCE))
            .execute(&mut *connection)
            .await?;
        if taken.rows_affected() == 1 {
            return Ok(());
        }
        if now > give_up {
            let since: Option<Stamp> = sqlx::query_scalar("SELECT seen_at FROM schema_lock WHERE id = 1")
                .fetch_optional(&mut *connection)
                .await?;
            return Err(MigrateError::Locked(since.unwrap_or(now), LOCK_SILENCE));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Gives signs of life while a statement runs, on a connection of their own: to change a large table may take longer than a
/// holder may be silent. A sign that fails is followed by the next one.
async fn stay(options: &MySqlConnectOptions, me: Uuid) -> Infallible {
    loop {
        tokio::time::sleep(LOCK_SILENCE / 12).await;
        let sign = async {
            let mut connection = MySqlConnection::connect_with(options).await?;
            sqlx::query("UPDATE schema_lock SET seen_at = ? WHERE id = 1 AND holder = ?")
                .bind(Stamp::now())
                .bind(me)
                .execute(&mut connection)
                .await?;
            connection.close().await
        };
        let _: Result<Result<(), sqlx::Error>, _> = tokio::time::timeout(OPENING, sign).await;
    }
}

async fn run(
    connection: &mut MySqlConnection,
    options: &MySqlConnectOptions,
    me: Uuid,
) -> Result<Vec<String>, MigrateError> {
    let mut done = Vec::new();
    for migration in MIGRATIONS {
        let name = format!("{:04}_{}", migration.version, migration.name);
        let sha256 = digest(&SHA256, migration.sql.as_bytes());
        let known: Option<Vec<u8>> = sqlx::query_scalar("SELECT sha256 FROM schema_migration WHERE version = ?")
            .bind(migration.version)
            .fetch_optional(&mut *connection)
            .await?;
        match known {
            Some(known) if known == sha256.as_ref() => continue,
            Some(_) => return Err(MigrateError::Changed(name)),
            None => {}
        }
        for statement in statements(migration.sql) {
            // The lock is renewed, and its loss noticed, before each statement.
            let mine = sqlx::query("UPDATE schema_lock SET seen_at = ? WHERE id = 1 AND holder = ?")
                .bind(Stamp::now())
                .bind(me)
                .execute(&mut *connection)
                .await?;
            if mine.rows_affected() == 0 {
                return Err(MigrateError::Locked(Stamp::now(), LOCK_SILENCE));
            }
            let change = sqlx::raw_sql(statement).execute(&mut *connection);
            let changed = tokio::select! {
                changed = change => changed,
                never = stay(options, me) => match never {},
            };
            changed.map_err(|error| MigrateError::Refused(name.clone(), error))?;
        }
        sqlx::query("INSERT INTO schema_migration (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)")
            .bind(migration.version)
            .bind(migration.name)
            .bind(sha256.as_ref())
            .bind(Stamp::now())
            .execute(&mut *connection)
            .await?;
        done.push(name);
    }
    Ok(done)
}

/// The statements of a migration: each ends with `;` at the end of a line.
fn statements(sql: &'static str) -> impl Iterator<Item = &'static str> {
    sql.split(";\n").map(str::trim).filter(|statement| {
        statement
            .lines()
            .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--"))
    })
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, statements};

    #[test]
    fn migrations_are_numbered_without_gaps_and_can_be_run_again() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.version).unwrap(), index + 1);
            for statement in statements(migration.sql) {
                let first = statement
                    .lines()
                    .find(|line| !line.is_empty() && !line.starts_with("--"))
                    .unwrap();
                let again = [
                    "CREATE TABLE IF NOT EXISTS",
                    "ALTER TABLE",
                    "CREATE INDEX IF NOT EXISTS",
                    "INSERT IGNORE",
                ];
                assert!(
                    again.iter().any(|start| first.starts_with(start)),
                    "{}: {first}",
                    migration.name
                );
                if first.starts_with("ALTER TABLE") {
                    assert!(
                        statement.contains("IF NOT EXISTS") || statement.contains("IF EXISTS"),
                        "{statement}"
                    );
                }
                // Galera certifies rows by their primary key.
                assert!(
                    !first.starts_with("CREATE TABLE") || statement.contains("PRIMARY KEY"),
                    "{first}"
                );
            }
        }
    }
}
