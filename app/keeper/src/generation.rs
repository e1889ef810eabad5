//! The gate: the table `keeper.generation`, in the replicated database itself. A generation serves clients only when
//! its row says that it was accepted; a restored one carries the rows of its ancestors, which say nothing of itself.

use mysql::Params;
use mysql::prelude::Queryable;

/// An acceptance to record.
pub(crate) struct Acceptance {
    /// The generation that is accepted.
    pub(crate) generation: u32,
    /// The backup it was restored from; `None` for one that started empty.
    pub(crate) restored_from: Option<String>,
    /// Who checked: the program and its version.
    pub(crate) checked_by: String,
    /// What was compared, as JSON.
    pub(crate) checks: String,
}

/// Creates the schema and the table where they are missing.
pub(crate) fn ensure_table(conn: &mut impl Queryable) -> mysql::Result<()> {
    let there: Option<u8> = conn.query_first(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'keeper' AND table_name = 'generation'",
    )?;
    if there.is_some() {
        return Ok(());
    }
    conn.query_drop("CREATE DATABASE IF NOT EXISTS keeper")?;
    conn.query_drop(
        "CREATE TABLE IF NOT EXISTS keeper.generation (
            number INT UNSIGNED NOT NULL PRIMARY KEY,
            restored_from VARCHAR(255) NULL,
            accepted_at DATETIME(6) NOT NULL,
            checked_by VARCHAR(255) NOT NULL,
            checks LONGTEXT NOT NULL CHECK (JSON_VALID(checks))
         ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    )
}

/// Records an acceptance; one that is there already stays as it is.
pub(crate) fn record(conn: &mut impl Queryable, acceptance: &Acceptance) -> mysql::Result<()> {
    conn.exec_drop(
        "INSERT IGNORE INTO keeper.generation (number, restored_from, accepted_at, checked_by, checks)
         VALUES (?, ?, UTC_TIMESTAMP(6), ?, ?)",
        (
            acceptance.generation,
            &acceptance.restored_from,
            &acceptance.checked_by,
            &acceptance.checks,
        ),
    )
}

/// Whether this generation has been accepted. No table means no.
pub(crate) fn is_accepted(conn: &mut impl Queryable, generation: u32) -> mysql::Result<bool> {
    let row: mysql::Result<Option<u8>> = conn.exec_first(
        "SELECT 1 FROM keeper.generation WHERE number = ?",
        Params::Positional(vec![generation.into()]),
    );
    match row {
        Ok(row) => Ok(row.is_some()),
        // No such table, no such schema.
        Err(mysql::Error::MySqlError(error)) if matches!(error.code, 1146 | 1049) => Ok(false),
        Err(error) => Err(error),
    }
}
