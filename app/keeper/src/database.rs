//! Connections to the database over TCP and TLS.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{Database, Member};
use mysql::prelude::Queryable as _;
use mysql::{ClientIdentity, Conn, OptsBuilder, SslOpts};

/// Longer than any single statement may be silent; checksums of large tables are the slowest.
const READ_TIMEOUT: Duration = Duration::from_hours(1);

/// An account of the database.
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Reads the account from the files that the configuration names.
pub(crate) fn account(database: &Database) -> anyhow::Result<Account> {
    Ok(Account {
        user: read(&database.user_file)?,
        password: read(&database.password_file)?,
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Opens a session on one member. It does not wait for replication (`wsrep_sync_wait`), so that it answers also when
/// the node cannot take part.
pub(crate) fn connect(database: &Database, member: &Member, timeout: Duration) -> anyhow::Result<Conn> {
    let account = account(database)?;
    let tls = database.tls.as_ref().map(|tls| {
        let options = SslOpts::default().with_root_cert_path(Some(tls.ca_file.clone()));
        match (&tls.certificate_file, &tls.key_file) {
            (Some(certificate), Some(key)) => {
                options.with_client_identity(Some(ClientIdentity::new(certificate.clone(), key.clone())))
            }
            _ => options,
        }
    });
    let options = OptsBuilder::new()
        .ip_or_hostname(Some(&member.host))
        .tcp_port(member.port)
        .user(Some(account.user))
        .pass(Some(account.password))
        // Without these two the client library asks the server first, and one without a primary component refuses.
        .max_allowed_packet(Some(16 << 20))
        .prefer_socket(false)
        .ssl_opts(tls)
        .tcp_connect_timeout(Some(timeout))
        .read_timeout(Some(READ_TIMEOUT))
        .write_timeout(Some(timeout));
    let mut conn = Conn::new(options)
        .with_context(|| format!("cannot connect to {} at {}:{}", member.name, member.host, member.port))?;
    conn.query_drop("SET SESSION wsrep_sync_wait = 0, SESSION lock_wait_timeout = 60, SESSION wait_timeout = 86400")
        .with_context(|| format!("{} refuses to set up the session", member.name))?;
    Ok(conn)
}

/// A name quoted for SQL.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Writes an option file for MariaDB's client programs. The password goes into a file that only this user can read: arguments are visible to everybody.
pub(crate) fn write_options(database: &Database, member: &Member, path: &Path) -> anyhow::Result<()> {
    let account = account(database)?;
    let mut text = String::new();
    if let Some(server) = &database.defaults_file {
        writeln!(text, "!include {}", server.display())?;
    }
    writeln!(
        text,
        "[client]\nhost={}\nport={}\nprotocol=tcp\nuser={}\npassword={}",
        member.host,
        member.port,
        option_value(&account.user)?,
        option_value(&account.password)?
    )?;
    if let Some(tls) = &database.tls {
        writeln!(text, "ssl-ca={}\nssl-verify-server-cert", tls.ca_file.display())?;
        if let (Some(certificate), Some(key)) = (&tls.certificate_file, &tls.key_file) {
            writeln!(text, "ssl-cert={}\nssl-key={}", certificate.display(), key.display())?;
        }
    } else {
        text.push_str("skip-ssl\n");
    }
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// A value as an option file wants it (`my_print_defaults`' rules for quotes and backslashes).
fn option_value(value: &str) -> anyhow::Result<String> {
    if value.contains(['\n', '\r', '\0']) {
        bail!("the database account's name or password holds a line break");
    }
    Ok(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}
