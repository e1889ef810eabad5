//! How to reach a node.

use std::{net::IpAddr, path::Path};

use anyhow::{Context, Result, bail};
use galeno_contract::api::{Database, DatabaseNode};
use sqlx::{
    ConnectOptions, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

/// Which of the two database accounts connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Reads and changes rows.
    Service,
    /// Owns the tables.
    Migration,
}

/// Connection options for one node, or why there are none.
pub fn options(database: &Database, node: &DatabaseNode, account: Account) -> Result<MySqlConnectOptions> {
    let (user, password_file) = match account {
        Account::Service => (&database.user, &database.password_file),
        Account::Migration => (
            database.migration_user.as_ref().unwrap_or(&database.user),
            database
                .migration_password_file
                .as_ref()
                .unwrap_or(&database.password_file),
        ),
    };
    let options = MySqlConnectOptions::new()
        .host(&node.host)
        .port(node.port)
        .username(user)
        .password(&secret(password_file)?)
        .database(&database.name)
        // The server's SQL modes stay in force (STRICT above all); our sessions ask for UTC and utf8mb4.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(Some("+00:00".to_owned()))
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let Some(tls) = &database.tls else {
        let local = node.host == "localhost" || node.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !local {
            bail!(
                "database.nodes: {}:{} is not on this machine, and database.tls is missing; give the authority, \
                 certificate and key, since data about patients never crosses a network in the clear",
                node.host,
                node.port
            );
        }
        return Ok(options.ssl_mode(MySqlSslMode::Disabled));
    };
    Ok(options
        .ssl_mode(MySqlSslMode::VerifyIdentity)
        .ssl_ca(&tls.ca_file)
        .ssl_client_cert(&tls.certificate_file)
        .ssl_client_key(&tls.key_file))
}

/// What every connection that runs transactions begins with. A transaction starts from everything that any node had
/// confirmed before (causal reads); waits and statements are bounded, so that no transaction is long; and what another has
/// changed since the transaction began is a conflict, not a change that is written over (slots rely on that).
pub async fn begin_session(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SET SESSION wsrep_sync_wait = 1, innodb_snapshot_isolation = ON, innodb_lock_wait_timeout = 5, \
         max_statement_time = 10, \
         sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A secret from its file, without the line end that editors add.
pub(crate) fn secret(path: &Path) -> Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the secret in {}", path.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("the secret in {} is empty", path.display());
    }
    Ok(secret.to_owned())
}
