//! The application's own invariants: SQL files, each a query that must return no row.

use std::path::Path;

use anyhow::{Context as _, bail};
use mysql::Conn;
use mysql::prelude::Queryable as _;

/// Runs every `*.sql` of the directory, in the order of their names; returns how many held. They run in a read-only
/// transaction: an invariant cannot mend what it finds.
pub(crate) fn check(directory: Option<&Path>, session: &mut Conn) -> anyhow::Result<usize> {
    let Some(directory) = directory else { return Ok(0) };
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read the invariants in {}", directory.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{} holds no `*.sql`: nothing would be checked", directory.display());
    }
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let query = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        session.query_drop("START TRANSACTION READ ONLY")?;
        let rows = session.query_fold(query.trim().trim_end_matches(';'), 0u64, |count, _: mysql::Row| {
            count + 1
        });
        session.query_drop("ROLLBACK")?;
        let rows = rows.with_context(|| format!("the invariant {name} cannot be checked"))?;
        if rows > 0 {
            // Which rows is not told: they may be a person's.
            bail!("the invariant {name} is broken: its query returns {rows} rows, and must return none");
        }
    }
    Ok(files.len())
}
