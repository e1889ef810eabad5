//! The application's own invariants: SQL files, each a query that must return no row.

use anyhow::{Context as _, bail};
use galeno_contract::backup::Invariants;
use mysql::Conn;
use mysql::prelude::Queryable as _;

/// Runs every `*.sql` of the directory, in the order of their names, and says what was found. They run in a read-only
/// transaction: an invariant cannot mend what it finds. What may be broken is asked and told all the same.
pub(crate) fn check(wanted: Option<&Invariants>, session: &mut Conn) -> anyhow::Result<String> {
    let Some(Invariants {
        directory,
        database,
        despite,
    }) = wanted
    else {
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
    let version = version(session, database)?;
    let (mut held, mut newer, mut allowed, mut wrong) = (0u32, Vec::new(), Vec::new(), Vec::new());
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let query = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        if since(&query).with_context(|| format!("{name} does not begin with `-- since N`"))? > version {
            newer.push(name);
            continue;
        }
        let rows = broken(session, query.trim().trim_end_matches(';'))
            .with_context(|| format!("the invariant {name} cannot be checked"))?;
        match rows {
            0 => held += 1,
            _ if despite.contains(&name) => allowed.push(format!("{name} ({rows} rows)")),
            _ => wrong.push(format!("{name} ({rows} rows)")),
        }
    }
    if !wrong.is_empty() {
        // All of them at once: who asks again despite one waits for a whole restore. Which rows is not told: they may be a person's.
        bail!(
            "invariants of the application are broken (each query must return no row): {}",
            wrong.join(", ")
        );
    }
    let about = |what: &str, names: &[String]| {
        if names.is_empty() {
            String::new()
        } else {
            format!("; {what}: {}", names.join(", "))
        }
    };
    Ok(format!(
        "{held} invariants of the application hold{}{}",
        about("broken, as whoever asked for the restore allows", &allowed),
        about("newer than this database, and not asked", &newer)
    ))
}

/// The version of the tables that a query speaks of.
fn since(query: &str) -> Option<u32> {
    query.strip_prefix("-- since ")?.lines().next()?.trim().parse().ok()
}

/// The version of the tables of a database, which becomes the session's; 0 where the application never made any.
fn version(session: &mut Conn, database: &str) -> anyhow::Result<u32> {
    let made: Vec<String> = session.exec(
        "SELECT 'database' FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ? UNION ALL \
         SELECT 'versions' FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'schema_migration'",
        (database, database),
    )?;
    if made.iter().any(|what| what == "database") {
        session.query_drop(format!("USE `{}`", database.replace('`', "``")))?;
    }
    if !made.iter().any(|what| what == "versions") {
        return Ok(0);
    }
    let version: Option<Option<u32>> = session.query_first("SELECT MAX(version) FROM schema_migration")?;
    Ok(version.flatten().unwrap_or(0))
}

/// How many rows a query returns.
fn broken(session: &mut Conn, query: &str) -> mysql::Result<u64> {
    session.query_drop("START TRANSACTION READ ONLY")?;
    let rows = session.query_fold(query, 0u64, |count, _: mysql::Row| count + 1);
    session.query_drop("ROLLBACK")?;
    rows
}
