//! `keeper.restored`: written into the restored database before it is put in place, so that whoever accepts it knows,
//! on any member, what it was restored from and what its tables must be.
//!
//! Its content depends on the backup and the request only, so that several volumes restored alike are alike.

use anyhow::Context as _;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupId, TableSum};

/// What a generation was restored from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expected {
    pub(crate) backup: BackupId,
    /// The GTID up to which binary logs were replayed on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replayed_to: Option<String>,
    /// What the tables were when the restore was done.
    pub(crate) tables: Vec<TableSum>,
}

/// Writes the row of `generation`.
pub(super) fn write(session: &mut Conn, generation: u32, expected: &Expected) -> anyhow::Result<()> {
    session.query_drop("CREATE DATABASE IF NOT EXISTS keeper")?;
    session.query_drop(
        "CREATE TABLE IF NOT EXISTS keeper.restored (number INT UNSIGNED NOT NULL PRIMARY KEY, expected LONGTEXT NOT \
         NULL CHECK (JSON_VALID(expected))) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    )?;
    session
        .exec_drop(
            "REPLACE INTO keeper.restored (number, expected) VALUES (?, ?)",
            (generation, serde_json::to_string(expected)?),
        )
        .context("cannot write keeper.restored")
}

/// Reads the row of `generation`.
pub(crate) fn read(session: &mut Conn, generation: u32) -> anyhow::Result<Option<Expected>> {
    let row: mysql::Result<Option<String>> =
        session.exec_first("SELECT expected FROM keeper.restored WHERE number = ?", (generation,));
    match row {
        Ok(row) => row
            .map(|text| serde_json::from_str(&text).context("keeper.restored is damaged"))
            .transpose(),
        // No such table, no such schema.
        Err(mysql::Error::MySqlError(error)) if matches!(error.code, 1146 | 1049) => Ok(None),
        Err(error) => Err(error).context("cannot read keeper.restored"),
    }
}
