//! Accounts and databases, kept in step with the configuration: what a restored database brought along need not match
//! the secrets that are mounted now.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, ensure};
use galeno_contract::keeper::{Account, NodeConfig, Source};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::generation::{self, Acceptance};

/// Brings schema, databases and accounts into step. Idempotent, and silent where nothing is to be done, since each of
/// these statements is replicated.
pub(crate) fn reconcile(config: &NodeConfig, conn: &mut Conn) -> anyhow::Result<()> {
    generation::ensure_table(conn).context("cannot create keeper.generation")?;
    ensure_desync(conn).context("cannot create keeper.desync")?;
    if config.source == Source::Empty && !generation::is_accepted(conn, config.generation)? {
        let acceptance = Acceptance {
            generation: config.generation,
            restored_from: None,
            checked_by: concat!("keeper ", env!("CARGO_PKG_VERSION")).to_owned(),
            checks: r#"{"source":"empty"}"#.to_owned(),
        };
        generation::record(conn, &acceptance).context("cannot record the first generation")?;
    }
    for database in &config.databases {
        let there: Option<u8> = conn.exec_first(
            "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
            (database,),
        )?;
        if there.is_none() {
            conn.query_drop(format!(
                "CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4"
            ))
            .with_context(|| format!("cannot create the database {database}"))?;
        }
    }
    for account in &config.accounts {
        reconcile_account(account, conn).with_context(|| format!("account {}", account.name))?;
    }
    Ok(())
}

/// What `keeper.desync` does. Its owner may set `wsrep_desync`, which otherwise only an account with SUPER may.
const DESYNC: &str = "SET GLOBAL wsrep_desync = wanted";

/// The procedure by which a backup takes a node out of flow control and puts it back.
fn ensure_desync(conn: &mut Conn) -> mysql::Result<()> {
    let there: Option<String> = conn.query_first(
        "SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'keeper' AND ROUTINE_NAME = \
         'desync' AND SECURITY_TYPE = 'DEFINER'",
    )?;
    if there.as_deref() == Some(DESYNC) {
        return Ok(());
    }
    conn.query_drop(format!(
        "CREATE OR REPLACE PROCEDURE keeper.desync(IN wanted BOOLEAN) SQL SECURITY DEFINER {DESYNC}"
    ))
}

fn reconcile_account(account: &Account, conn: &mut Conn) -> anyhow::Result<()> {
    let file = account.password_file.display();
    let text = fs::read_to_string(&account.password_file).with_context(|| format!("cannot read {file}"))?;
    let password = text.trim_end_matches(['\n', '\r']);
    ensure!(!password.is_empty(), "{file} is empty: an account needs a password");
    let name = format!("'{}'@'{}'", account.name, account.host);
    let stored: Option<Option<String>> = conn.exec_first(
        "SELECT JSON_VALUE(Priv, '$.authentication_string') FROM mysql.global_priv WHERE User = ? AND Host = ?",
        (&account.name, &account.host),
    )?;
    let wanted: Option<String> = conn.exec_first("SELECT PASSWORD(?)", (password,))?;
    let hash = wanted.context("PASSWORD() gave nothing")?;
    if stored.flatten().as_deref() != Some(hash.as_str()) {
        // By its hash: the password itself gets neither into a statement nor into a log of statements.
        let identified = format!("IDENTIFIED VIA mysql_native_password USING '{hash}' REQUIRE SSL");
        conn.query_drop(format!("CREATE USER IF NOT EXISTS {name} {identified}"))?;
        conn.query_drop(format!("ALTER USER {name} {identified}"))?;
    }
    let held: Vec<String> = conn.query(format!("SHOW GRANTS FOR {name}"))?;
    for grant in &account.grants {
        if !held.iter().any(|line| same_grant(line, grant)) {
            conn.query_drop(format!("GRANT {grant} TO {name}"))
                .with_context(|| format!("cannot grant `{grant}`"))?;
        }
    }
    Ok(())
}

/// Whether a line of `SHOW GRANTS` holds this grant: at least its privileges, in whatever order, on the same object.
fn same_grant(line: &str, grant: &str) -> bool {
    let held = line
        .strip_prefix("GRANT ")
        .and_then(|rest| rest.split(" TO ").next())
        .unwrap_or("");
    let (Some((held, there)), Some((wanted, here))) = (parts(held), parts(grant)) else {
        return false;
    };
    there == here && wanted.is_subset(&held)
}

/// The privileges of a grant and what they are on, written one way.
fn parts(grant: &str) -> Option<(BTreeSet<String>, String)> {
    let plain: String = grant.chars().filter(|c| *c != '`').collect::<String>().to_uppercase();
    let (privileges, object) = plain.split_once(" ON ")?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some((privileges.split(',').map(words).collect(), words(object)))
}

#[cfg(test)]
mod tests {
    use super::same_grant;

    #[test]
    fn a_grant_is_known_again() {
        assert!(same_grant(
            "GRANT SELECT, INSERT ON `clinic`.* TO `app`@`%`",
            "SELECT,INSERT ON clinic.*"
        ));
        assert!(same_grant(
            "GRANT SELECT, RELOAD, LOCK TABLES ON *.* TO `backup`@`%` IDENTIFIED BY PASSWORD '*B6' REQUIRE SSL",
            "LOCK TABLES, RELOAD,  SELECT ON *.*"
        ));
        assert!(same_grant(
            "GRANT EXECUTE ON PROCEDURE `keeper`.`desync` TO `backup`@`%`",
            "EXECUTE ON PROCEDURE `keeper`.`desync`"
        ));
        for (held, wanted) in [
            ("GRANT SELECT ON `clinic`.* TO `app`@`%`", "INSERT ON clinic.*"),
            ("GRANT SELECT ON `clinic`.* TO `app`@`%`", "SELECT, INSERT ON clinic.*"),
            ("GRANT SELECT ON `clinic`.* TO `app`@`%`", "SELECT ON keeper.*"),
            ("GRANT `role` TO `app`@`%`", "SELECT ON clinic.*"),
        ] {
            assert!(!same_grant(held, wanted), "{held} is not {wanted}");
        }
    }
}
