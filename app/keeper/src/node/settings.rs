//! The configuration, checked: what the rest of the node works with.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use galeno_contract::keeper::{Intent, NodeConfig, Source};

use crate::agreement::{Fork, Orders, Ordinal, StateUuid};

/// `wsrep_provider_options` that the keeper sets itself, or that must never be set.
const RESERVED_OPTIONS: [&str; 13] = [
    "base_host",
    "base_port",
    "gmcast.listen_addr",
    "gmcast.group",
    "gmcast.segment",
    "ist.recv_addr",
    "ist.recv_bind",
    "pc.bootstrap",
    "pc.ignore_quorum",
    "pc.ignore_sb",
    "pc.recovery",
    "pc.npvo",
    "pc.weight",
];

/// The configuration with what follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) config: NodeConfig,
    /// Which member this is.
    pub(crate) me: Ordinal,
    /// The generation may be initialised: its source is empty, and git records no state UUID for it yet.
    pub(crate) may_initialise: bool,
}

impl Settings {
    /// Checks `config`; `name` is this member's name where the configuration gives none.
    pub(crate) fn new(config: NodeConfig, name: Option<String>) -> anyhow::Result<Self> {
        let name = config.node.clone().or(name).context(
            "this member has no name: set `node` in the configuration, or the environment variable KEEPER_NODE",
        )?;
        check_names(&config)?;
        check_options(&config)?;
        check_accounts(&config)?;
        let me = ordinal(&config, &name)
            .with_context(|| format!("`{name}` is not one of the members: {}", names(&config).join(", ")))?;
        let expected: Option<StateUuid> = match &config.state_uuid {
            Some(uuid) => Some(uuid.parse().map_err(anyhow::Error::msg).context("stateUuid")?),
            None => None,
        };
        let may_initialise = config.source == Source::Empty && expected.is_none();
        Ok(Self {
            config,
            me,
            may_initialise,
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.name_of(self.me)
    }

    pub(crate) fn name_of(&self, ordinal: Ordinal) -> &str {
        self.config
            .members
            .get(usize::from(ordinal))
            .map_or("?", |member| &member.name)
    }

    /// How many members there are; at most [`MOST_MEMBERS`].
    pub(crate) fn members(&self) -> u8 {
        u8::try_from(self.config.members.len()).unwrap_or(u8::MAX)
    }

    /// `wsrep_cluster_name`. Every generation has its own, and so has every history that a forced recovery began:
    /// Galera refuses nodes of another name, so that histories that have parted never merge.
    pub(crate) fn cluster_name(&self, lineage: &[Fork]) -> String {
        let base = format!("{}-g{}", self.config.cluster, self.config.generation);
        match lineage.last() {
            Some(fork) => format!("{base}-r{}n{}", fork.number, fork.node),
            None => base,
        }
    }

    /// What the intent orders this member to do.
    pub(crate) fn orders(&self, intent: &Intent) -> Option<Orders> {
        let recovery = intent
            .recovery
            .as_ref()
            .filter(|r| r.generation == self.config.generation)?;
        Some(Orders {
            number: recovery.number,
            start_from: recovery
                .start_from
                .as_deref()
                .and_then(|name| ordinal(&self.config, name)),
            discard: recovery.discard.iter().any(|name| name == self.name()),
        })
    }

    /// A file in the run directory.
    pub(crate) fn run_file(&self, name: &str) -> PathBuf {
        self.config.run_directory.join(name)
    }
}

/// More would not fit the cluster's name, nor any sensible quorum.
const MOST_MEMBERS: usize = 9;

fn ordinal(config: &NodeConfig, name: &str) -> Option<Ordinal> {
    config
        .members
        .iter()
        .position(|m| m.name == name)
        .and_then(|i| u8::try_from(i).ok())
}

fn names(config: &NodeConfig) -> Vec<&str> {
    config.members.iter().map(|member| member.name.as_str()).collect()
}

fn check_names(config: &NodeConfig) -> anyhow::Result<()> {
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
    };
    ensure!(
        !config.cluster.is_empty() && config.cluster.len() <= 20 && plain(&config.cluster),
        "cluster: `{}` must have 1 to 20 characters out of letters, digits, `-`, `_` and `.`",
        config.cluster
    );
    ensure!(
        config.generation <= 999,
        "generation: {} is above 999",
        config.generation
    );
    let count = config.members.len();
    ensure!(
        (1..=MOST_MEMBERS).contains(&count),
        "members: there are {count}, and there must be 1 to {MOST_MEMBERS}"
    );
    let unique: BTreeSet<&str> = names(config).into_iter().collect();
    ensure!(unique.len() == count, "members: two have the same name");
    for member in &config.members {
        ensure!(
            plain(&member.name) && !member.name.is_empty(),
            "members: `{}` is not a name",
            member.name
        );
        ensure!(
            plain(&member.host) && !member.host.is_empty(),
            "members: `{}` is not a host name",
            member.host
        );
    }
    Ok(())
}

fn check_options(config: &NodeConfig) -> anyhow::Result<()> {
    for (key, value) in &config.mariadb.provider_options {
        if RESERVED_OPTIONS.contains(&key.as_str()) || key.starts_with("socket.ssl") {
            bail!("mariadb.providerOptions: the keeper sets `{key}` itself, or it must not be set: leave it out");
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"\"';=#\\".contains(&b));
        ensure!(
            plain(key) && plain(value),
            "mariadb.providerOptions: `{key}` or its value has a character too many"
        );
    }
    Ok(())
}

fn check_accounts(config: &NodeConfig) -> anyhow::Result<()> {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b) || more.contains(&b))
    };
    for account in &config.accounts {
        let name = &account.name;
        ensure!(
            plain(name, b""),
            "accounts: `{name}` is not an account's name: letters, digits, `_`, `-` and `.`"
        );
        ensure!(
            plain(&account.host, b"%:/"),
            "accounts: `{name}` has an odd host, `{}`",
            account.host
        );
        ensure!(
            !["root", "mysql", "mariadb.sys"].contains(&name.as_str()),
            "accounts: `{name}` is the server's own"
        );
        for grant in &account.grants {
            ensure!(
                grant.is_ascii() && grant.to_uppercase().contains(" ON ") && !grant.contains([';', '\'', '\n']),
                "accounts: `{name}` has the grant `{grant}`; write `SELECT, INSERT ON clinic.*`"
            );
        }
    }
    for database in &config.databases {
        ensure!(
            plain(database, b"") && database != "keeper",
            "databases: `{database}` is not a name for a database"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::Position;

    fn config() -> NodeConfig {
        serde_json::from_str(
            r#"{"cluster": "galeno", "generation": 3, "source": "empty",
                "members": [{"name": "a", "host": "a.db"}, {"name": "b", "host": "b.db"}],
                "tls": {"ca": "/ca", "certificate": "/crt", "key": "/key"}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_member_must_be_in_the_list() {
        assert_eq!(Settings::new(config(), Some("b".into())).unwrap().me, 1);
        let error = Settings::new(config(), Some("c".into())).unwrap_err().to_string();
        assert!(error.contains("`c`") && error.contains("a, b"), "{error}");
        assert!(
            Settings::new(config(), None)
                .unwrap_err()
                .to_string()
                .contains("KEEPER_NODE")
        );
    }

    #[test]
    fn a_forced_history_has_a_name_of_its_own() {
        let settings = Settings::new(config(), Some("a".into())).unwrap();
        let uuid = "11111111-1111-1111-1111-111111111111".parse().unwrap();
        let fork = Fork {
            number: 2,
            node: 1,
            from: Position { uuid, seqno: 7 },
        };
        assert_eq!(settings.cluster_name(&[]), "galeno-g3");
        assert_eq!(settings.cluster_name(&[fork]), "galeno-g3-r2n1");
    }

    #[test]
    fn what_lets_a_minority_write_is_refused() {
        let mut config = config();
        config
            .mariadb
            .provider_options
            .insert("pc.ignore_sb".into(), "true".into());
        let error = Settings::new(config, Some("a".into())).unwrap_err().to_string();
        assert!(error.contains("pc.ignore_sb"), "{error}");
    }

    #[test]
    fn quotes_do_not_get_into_sql() {
        let mut config = config();
        config.databases.push("a`; DROP".into());
        assert!(Settings::new(config, Some("a".into())).is_err());
    }
}
