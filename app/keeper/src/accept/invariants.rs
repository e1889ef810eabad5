//! The application's own invariants: SQL files, each a query that must return no row.

use anyhow::{Context as _, bail};
use galeno_contract::backup::Invariants;
use mysql::Conn;
use mysql::prelude::Queryable as _;

/// `ER_BAD_DB_ERROR`, `ER_BAD_FIELD_ERROR`, `ER_NO_SUCH_TABLE`: the backup is older than what the query speaks of. That
/// nothing of the backup itself is missing is shown by the comparison with its manifest.
const NOT_THERE: [u16; 3] = [1049, 1054, 1146];

/// Runs every `*.sql` of the directory, in the order of their names, and says what was found. They run in a read-only
/// transaction: an invariant cannot mend what it finds.
pub(crate) fn check(wanted: Option<&Invariants>, session: &mut Conn) -> anyhow::Result<String> {
    let Some(Invariants { directory, database }) = wanted else {
        return Ok("no invariants of the application were given".to_owned());
    };
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read the invariants in {}", directory.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{} holds no `*.sql`: nothing would be checked", directory.display());
    }
    let (mut held, mut newer) = (0u32, Vec::new());
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let query = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        match broken(session, database, query.trim().trim_end_matches(';')) {
            Ok(0) => held += 1,
            // Which rows is not told: they may be a person's.
            Ok(rows) => bail!("the invariant {name} is broken: its query returns {rows} rows, and must return none"),
            Err(mysql::Error::MySqlError(error)) if NOT_THERE.contains(&error.code) => newer.push(name),
            Err(error) => return Err(error).with_context(|| format!("the invariant {name} cannot be checked")),
        }
    }
    let about = if newer.is_empty() {
        String::new()
    } else {
        format!("; newer than this database, and not asked: {}", newer.join(", "))
    };
    Ok(format!("{held} invariants of the application hold{about}"))
}

/// How many rows a query returns.
fn broken(session: &mut Conn, database: &str, query: &str) -> mysql::Result<u64> {
    session.query_drop(format!("USE `{}`", database.replace('`', "``")))?;
    session.query_drop("START TRANSACTION READ ONLY")?;
    let rows = session.query_fold(query, 0u64, |count, _: mysql::Row| count + 1);
    session.query_drop("ROLLBACK")?;
    rows
}
