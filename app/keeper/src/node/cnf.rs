//! The configuration files that the keeper writes for mariadbd: the given `my.cnf` included, and what is this node's
//! own after it, so that it cannot be overridden.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use galeno_contract::keeper::NodeConfig;

use super::settings::Settings;
use crate::agreement::Fork;

/// Refuses the accounts of applications at the door. It is what a mariadbd starts with, and what [`super::gate`] sets
/// again when the generation is closed: whoever may not pass is disconnected before its first statement.
pub(crate) fn refuse_clients(config: &NodeConfig) -> String {
    let names: Vec<String> = config
        .accounts
        .iter()
        .filter(|a| a.client)
        .map(|a| format!("'{}'", a.name))
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "BEGIN NOT ATOMIC IF SUBSTRING_INDEX(USER(), '@', 1) IN ({}) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = \
         'this generation of the database is closed to clients'; END IF; END",
        names.join(", ")
    )
}

/// The file for a node of the cluster. Returns its path.
pub(crate) fn write_node(settings: &Settings, lineage: &[Fork], address: IpAddr) -> anyhow::Result<PathBuf> {
    let config = &settings.config;
    let hosts: Vec<String> = config
        .members
        .iter()
        .map(|m| format!("{}:{}", m.host, config.ports.replication))
        .collect();
    let shown = shown(address);
    let mut text = base(config, &config.data_directory());
    let mut put = |key: &str, value: &str| {
        let _ = writeln!(text, "{key}={value}");
    };
    put(
        "bind_address",
        &config.listen.map_or("*".to_owned(), |ip| ip.to_string()),
    );
    put("port", &config.ports.sql.to_string());
    put("require_secure_transport", "ON");
    put("ssl_ca", &config.tls.ca.display().to_string());
    put("ssl_cert", &config.tls.certificate.display().to_string());
    put("ssl_key", &config.tls.key.display().to_string());
    // Closed until the keeper has seen that it may be opened.
    put("read_only", "ON");
    put("init_connect", &format!("\"{}\"", refuse_clients(config)));
    put("wsrep_on", "ON");
    put("wsrep_provider", &config.mariadb.provider.display().to_string());
    put("wsrep_cluster_name", &settings.cluster_name(lineage));
    put("wsrep_cluster_address", &format!("gcomm://{}", hosts.join(",")));
    put("wsrep_node_name", settings.name());
    put("wsrep_node_address", &format!("{shown}:{}", config.ports.replication));
    put(
        "wsrep_provider_options",
        &format!("\"{}\"", provider_options(settings, &shown)),
    );
    put("wsrep_sst_method", "mariabackup");
    put(
        "wsrep_sst_receive_address",
        &format!("{shown}:{}", config.ports.transfer),
    );
    // The account that may be used only by the operating system's user of the same name, over the socket: no password
    // exists that could leak.
    put("wsrep_sst_auth", "mysql:");
    put("binlog_format", "ROW");
    put("innodb_autoinc_lock_mode", "2");
    let tls = &config.tls;
    let _ = write!(
        text,
        "[sst]\nencrypt=3\nssl-mode=VERIFY_CA\nssl-ca={ca}\nssl-cert={cert}\nssl-key={key}\ntca={ca}\ntcert={cert}\n\
         tkey={key}\n",
        ca = tls.ca.display(),
        cert = tls.certificate.display(),
        key = tls.key.display(),
    );
    write(settings, "node.cnf", &text)
}

/// An address as it stands before a colon and a port.
fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// The file for laying out a data directory, outside of any cluster.
pub(crate) fn write_alone(settings: &Settings, data: &Path) -> anyhow::Result<PathBuf> {
    let mut text = base(&settings.config, data);
    text.push_str("binlog_format=ROW\nskip_networking=ON\nwsrep_on=OFF\nwsrep_provider=none\n");
    write(settings, "alone.cnf", &text)
}

fn base(config: &NodeConfig, data: &Path) -> String {
    format!(
        "!include {}\n[mariadbd]\ndatadir={}\nsocket={}\npid_file={}\nskip_name_resolve=ON\n",
        config.mariadb.config.display(),
        data.display(),
        config.mariadb.socket.display(),
        config.run_directory.join("mariadbd.pid").display(),
    )
}

fn provider_options(settings: &Settings, address: &str) -> String {
    let config = &settings.config;
    let segment = config.members.get(usize::from(settings.me)).map_or(0, |me| me.segment);
    let ports = &config.ports;
    let tls = &config.tls;
    let listen = shown(config.listen.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
    let mut options = vec![
        format!("gmcast.listen_addr=tcp://{listen}:{}", ports.replication),
        format!("gmcast.segment={segment}"),
        format!("ist.recv_addr={address}:{}", ports.incremental),
        // Who starts is agreed between keepers, never restored from a file of the last view.
        "pc.recovery=false".to_owned(),
        "socket.ssl=yes".to_owned(),
        format!("socket.ssl_ca={}", tls.ca.display()),
        format!("socket.ssl_cert={}", tls.certificate.display()),
        format!("socket.ssl_key={}", tls.key.display()),
    ];
    options.extend(
        config
            .mariadb
            .provider_options
            .iter()
            .map(|(key, value)| format!("{key}={value}")),
    );
    options.join(";")
}

fn write(settings: &Settings, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let path = settings.run_file(name);
    let shown = path.display();
    fs::create_dir_all(&settings.config.run_directory)
        .with_context(|| format!("cannot create {}", settings.config.run_directory.display()))?;
    // A file that others may write would be ignored by mariadbd.
    let mut file: File = File::options()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot create {shown}"))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {shown}"))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(listen: &str) -> String {
        let config = format!(
            r#"{{"cluster": "galeno", "generation": 0, "source": "empty", {listen}
                "members": [{{"name": "a", "host": "127.0.13.1"}}, {{"name": "b", "host": "127.0.13.2"}}],
                "tls": {{"ca": "/ca", "certificate": "/crt", "key": "/key"}}}}"#
        );
        let settings = Settings::new(serde_json::from_str(&config).unwrap(), Some("b".into())).unwrap();
        provider_options(&settings, "127.0.13.2")
    }

    #[test]
    fn members_on_one_machine_listen_each_on_its_own_address() {
        assert!(options("").starts_with("gmcast.listen_addr=tcp://0.0.0.0:4567;"));
        assert!(options(r#""listen": "127.0.13.2","#).starts_with("gmcast.listen_addr=tcp://127.0.13.2:4567;"));
        assert!(options(r#""listen": "::1","#).starts_with("gmcast.listen_addr=tcp://[::1]:4567;"));
    }
}
