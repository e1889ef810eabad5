//! What the keeper and mariadbd of a generation read.

use std::collections::BTreeMap;

use galeno_contract::Duration;
use galeno_contract::keeper::{Account, MariaDb, Member, NodeConfig, Ports, Probe, Source, Timeouts, TlsFiles};
use k8s_openapi::api::core::v1::ConfigMap;
use serde::Serialize;

use super::{COMPONENT, generation_meta};
use crate::components::Output;
use crate::components::output::because;
use crate::spec::SyncWait;
use crate::topology::names::{objects, ports};
use crate::topology::{DataRegion, Generation, GenerationSource, Region, Topology};

/// Paths in the container; the pod mounts exactly these.
pub(in crate::components) mod paths {
    /// The claim.
    pub(in crate::components) const VOLUME: &str = "/var/lib/mysql";
    /// The `ConfigMap` of the generation.
    pub(in crate::components::database) const CONFIG: &str = "/etc/keeper";
    /// The `ConfigMap` of the intent.
    pub(in crate::components::database) const INTENT: &str = "/etc/keeper-intent";
    /// The nodes' certificate.
    pub(in crate::components::database) const TLS: &str = "/etc/keeper-tls";
    /// Passwords of accounts.
    pub(in crate::components::database) const ACCOUNTS: &str = "/etc/keeper-accounts";
    /// Memory.
    pub(in crate::components::database) const RUN: &str = "/run/keeper";
}

/// The database of the application.
const DATABASE: &str = "clinic";

/// Time that Services take to forget a node that is going.
const DRAIN_SECONDS: u32 = 10;
/// Time that a clean shutdown may take.
const SHUTDOWN_SECONDS: u32 = 300;
/// Both, and some more: only then is a process killed that is still writing.
pub(super) const GRACE_SECONDS: u32 = DRAIN_SECONDS + SHUTDOWN_SECONDS + 30;

/// A configuration file: one key with the value as JSON, which is also YAML.
pub(in crate::components) fn file<T: Serialize>(key: &str, value: &T) -> BTreeMap<String, String> {
    // The contract's types have text keys and plain values alone, so that writing them as JSON cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    BTreeMap::from([(key.to_owned(), text)])
}

fn account(name: &str, grants: &[&str], client: bool) -> Account {
    Account {
        name: name.to_owned(),
        host: "%".to_owned(),
        password_file: format!("{}/{name}", paths::ACCOUNTS).into(),
        grants: grants.iter().map(|grant| (*grant).to_owned()).collect(),
        client,
    }
}

fn accounts() -> Vec<Account> {
    vec![
        account(
            "api",
            &[
                "SELECT, INSERT, UPDATE, DELETE ON `clinic`.*",
                "SELECT ON `keeper`.`generation`",
            ],
            true,
        ),
        account(
            "api-migration",
            &["ALL PRIVILEGES ON `clinic`.*", "SELECT ON `keeper`.`generation`"],
            true,
        ),
        account(
            "backup",
            &[
                "RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, \
                 CONNECTION ADMIN, SELECT ON *.*",
                // Instead of SUPER, which setting `wsrep_desync` takes.
                "EXECUTE ON PROCEDURE `keeper`.`desync`",
            ],
            false,
        ),
        account(
            "acceptance",
            // A generation that is not active yet is read-only: the acceptance is written all the same.
            &[
                "PROCESS, SELECT, LOCK TABLES, READ_ONLY ADMIN ON *.*",
                "INSERT ON `keeper`.`generation`",
                "EXECUTE ON PROCEDURE `keeper`.`desync`",
            ],
            false,
        ),
    ]
}

/// `gmcast.segment` of a member. The scheduler puts at most one node in each zone while there are as many zones as nodes:
/// then each is a segment of its own. With more nodes than zones nobody knows beforehand who stands where, and a wrong
/// segment sends write-sets on detours: all are one.
fn segment(ordinal: usize, generation: &Generation, region: &Region) -> u8 {
    let alone = generation.members.len() <= region.zones.len();
    u8::try_from(ordinal).ok().filter(|_| alone).unwrap_or(0)
}

fn node_config(topology: &Topology, generation: &Generation, region: &Region) -> NodeConfig {
    let member = |(ordinal, m): (usize, &crate::topology::Member)| Member {
        name: m.name.clone(),
        host: m.host(),
        segment: segment(ordinal, generation, region),
    };
    let gcache = topology.database.gcache.mebibytes();
    NodeConfig {
        cluster: topology.name.to_string(),
        generation: generation.number,
        source: match generation.source {
            GenerationSource::Empty => Source::Empty,
            GenerationSource::Restored { .. } => Source::Restored,
        },
        state_uuid: None,
        members: generation.members.iter().enumerate().map(member).collect(),
        node: None,
        address: None,
        listen: None,
        ports: Ports {
            sql: ports::MYSQL.number,
            replication: ports::GALERA.number,
            incremental: ports::IST.number,
            transfer: ports::SST.number,
            control: ports::KEEPER.number,
        },
        volume: paths::VOLUME.into(),
        run_directory: paths::RUN.into(),
        mariadb: MariaDb {
            config: format!("{}/my.cnf", paths::CONFIG).into(),
            provider_options: BTreeMap::from([
                ("evs.inactive_timeout".to_owned(), "PT15S".to_owned()),
                ("evs.suspect_timeout".to_owned(), "PT5S".to_owned()),
                ("gcache.recover".to_owned(), "yes".to_owned()),
                ("gcache.size".to_owned(), format!("{gcache}M")),
                ("gcs.fc_limit".to_owned(), "64".to_owned()),
                ("gcs.fc_single_primary".to_owned(), "yes".to_owned()),
            ]),
            ..MariaDb::default()
        },
        tls: TlsFiles {
            ca: format!("{}/ca.crt", paths::TLS).into(),
            certificate: format!("{}/tls.crt", paths::TLS).into(),
            key: format!("{}/tls.key", paths::TLS).into(),
        },
        probe: Probe {
            listen: format!("[::]:{}", ports::KEEPER_STATUS.number),
            tls: None,
        },
        intent: format!("{}/{}", paths::INTENT, objects::INTENT_KEY).into(),
        accounts: accounts(),
        databases: vec![DATABASE.to_owned()],
        donor_is_ready: true,
        timeouts: Timeouts {
            shutdown: Duration::from_secs(SHUTDOWN_SECONDS),
            drain: Duration::from_secs(DRAIN_SECONDS),
            ..Timeouts::default()
        },
    }
}

/// `wsrep_sync_wait` is a sum of statement classes: 1 reads, 2 changes, 4 inserts
/// (<https://mariadb.com/docs/galera-cluster/reference/galera-cluster-system-variables>).
fn sync_wait(policy: SyncWait) -> u8 {
    match policy {
        SyncWait::Reads => 1,
        SyncWait::All => 7,
    }
}

fn my_cnf(topology: &Topology, generation: &Generation) -> Result<String, minijinja::Error> {
    let database = &topology.database;
    let mut templates = minijinja::Environment::new();
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let rendered = templates.render_str(
        include_str!("my.cnf.j2"),
        minijinja::context! {
            generation => generation.name(),
            port => ports::MYSQL.number,
            max_connections => database.max_connections,
            redo_log => format!("{}M", database.redo_log.mebibytes()),
            buffer_pool => format!("{}M", database.buffer_pool.mebibytes()),
            volume => paths::VOLUME,
            // One for all nodes of a generation, and another for each generation, so that no two histories mix.
            server_id => generation.number + 1,
            applier_threads => database.applier_threads,
            sync_wait => sync_wait(database.sync_wait),
        },
    )?;
    Ok(rendered.trim_end().to_owned() + "\n")
}

/// The `ConfigMap`'s data: `keeper.json` and `my.cnf`.
pub(super) fn data(
    topology: &Topology,
    generation: &Generation,
    region: &Region,
) -> Result<BTreeMap<String, String>, minijinja::Error> {
    let mut data = file("keeper.json", &node_config(topology, generation, region));
    data.insert("my.cnf".to_owned(), my_cnf(topology, generation)?);
    Ok(data)
}

pub(super) fn render(topology: &Topology, generation: &Generation, region: DataRegion<'_>, output: &mut Output) {
    let data = match data(topology, generation, &region) {
        Ok(data) => data,
        Err(error) => return output.broken.push(format!("my.cnf of {}: {error}", generation.name())),
    };
    let map = ConfigMap {
        metadata: generation_meta(generation, generation.config()),
        data: Some(data),
        ..ConfigMap::default()
    };
    let whole =
        because("what the keeper and mariadbd of this generation read at start; a change restarts nodes one by one");
    let parts = [
        because("the members that must all agree before anybody starts a primary component")
            .on("/data/keeper.json")
            .from("/database/nodes"),
        because(
            "a confirmed write is on disk, reads wait for what was committed before, and the sizes follow the memory",
        )
        .on("/data/my.cnf")
        .from("/database/tuning"),
    ];
    output.add(&region, COMPONENT, &map, whole, parts);
}
