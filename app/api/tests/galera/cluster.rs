//! Two nodes of one Galera cluster, and what a test needs in it.

use std::{process::Command, time::Duration};

use galeno_api::db::migrate;
use galeno_contract::api::{ApiConfig, Routing};
use sqlx::{Connection, MySqlConnection};

use crate::support::{MariaDb, World, eventually, mariadb, world};

/// Two nodes. The first one weighs more: alone it is a majority, the second one alone is none.
pub struct Cluster {
    pub nodes: [MariaDb; 2],
    pub database: String,
    // Goes after the nodes in it.
    _directory: tempfile::TempDir,
}

fn node(directory: std::path::PathBuf, sql: u16, group: u16, peers: &str, first: bool) -> MariaDb {
    let address = format!("--wsrep-cluster-address=gcomm://{peers}");
    let options = format!(
        "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{};gcache.size=32M;pc.weight={}",
        group + 1,
        if first { 2 } else { 1 }
    );
    let receive = format!("--wsrep-sst-receive-address=127.0.0.1:{}", group + 2);
    let name = format!("--wsrep-node-name=node{sql}");
    let mut arguments = vec![
        "--log-bin=binlog",
        "--wsrep-on=ON",
        "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
        "--wsrep-cluster-name=api-test",
        "--wsrep-node-address=127.0.0.1",
        "--wsrep-slave-threads=2",
        // The joiner misses the events of the group alone; the script runs all the same, and hands over by IST.
        "--wsrep-sst-method=mariabackup",
        "--wsrep-sst-auth=root:",
        "--wsrep-mode=REQUIRED_PRIMARY_KEY,STRICT_REPLICATION",
        &receive,
        &address,
        &options,
        &name,
    ];
    if first {
        arguments.push("--wsrep-new-cluster");
    }
    MariaDb::start(directory, sql, &arguments)
}

impl Cluster {
    /// Both start from copies of one stopped node, so that no state is transferred but the few events of the group itself.
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("galeno-api-galera-").tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (seed, one, two) = (path("seed"), path("one"), path("two"));
        for part in [&seed, &one, &two] {
            std::fs::create_dir_all(part).unwrap();
        }
        mariadb::template(&seed.join("data"));
        let first = node(seed.clone(), mariadb::free_port(), mariadb::free_ports(3), "", true);
        synced(&first).await;
        first.signal("TERM");
        eventually("the first node has stopped", || async {
            (!first.alive()).then_some(())
        })
        .await;
        for part in [&one, &two] {
            let copied = Command::new("cp").arg("-a").arg(seed.join("data")).arg(part).status();
            assert!(copied.unwrap().success());
        }
        first.end();
        let sql = [mariadb::free_port(), mariadb::free_port()];
        let group = [mariadb::free_ports(3), mariadb::free_ports(3)];
        let first = node(one, sql[0], group[0], "", true);
        synced(&first).await;
        let second = node(two, sql[1], group[1], &format!("127.0.0.1:{}", group[0]), false);
        synced(&second).await;
        let database = first.database().await;
        let mut root = first.connect().await;
        world::grant(&mut root, &database).await;
        migrate(&first.root().database(&database), Duration::from_mins(5))
            .await
            .unwrap();
        Self {
            nodes: [first, second],
            database,
            _directory: directory,
        }
    }

    /// A configuration whose writes go to that node first.
    pub fn config(&self, prefer: usize, directory: &std::path::Path) -> ApiConfig {
        let mut ports: Vec<u16> = self.nodes.iter().map(|node| node.port).collect();
        ports.rotate_left(prefer);
        let mut config = world::config(&ports, &self.database, directory);
        config.database.require_galera = true;
        config.database.routing = Routing::FirstHealthy;
        config
    }

    /// An API that prefers the first node, and its world.
    pub async fn world(&self) -> World {
        let directory = tempfile::tempdir().unwrap();
        let config = self.config(0, directory.path());
        World::start(config, &self.database, directory, &self.nodes[0]).await
    }

    /// One number, asked of a node when it has what was confirmed anywhere.
    pub async fn number(&self, node: usize, sql: &str) -> i64 {
        let options = self.nodes[node].root().database(&self.database);
        let mut db = MySqlConnection::connect_with(&options).await.unwrap();
        mariadb::run(&mut db, "SET SESSION wsrep_sync_wait = 1").await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut db)
            .await
            .unwrap()
    }

    /// A statement, run on a node.
    pub async fn run(&self, node: usize, sql: &str) {
        mariadb::run(&mut self.nodes[node].connect().await, sql).await;
    }

    /// A status variable of a node.
    pub async fn status(&self, node: usize, name: &str) -> String {
        let mut db = self.nodes[node].connect().await;
        status(&mut db, name).await
    }
}

async fn status(db: &mut MySqlConnection, name: &str) -> String {
    let row: (String, String) = sqlx::query_as(sqlx::AssertSqlSafe(format!("SHOW GLOBAL STATUS LIKE '{name}'")))
        .fetch_one(db)
        .await
        .unwrap();
    row.1
}

/// Waits until a node takes part: wsrep_local_state 4.
async fn synced(node: &MariaDb) {
    let mut db = node.connect().await;
    for _ in 0..1800 {
        if status(&mut db, "wsrep_local_state").await == "4" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the node did not get in sync: {}", node.log());
}

/// What an API's `/readyz` says about a node.
pub async fn fitness(management: &crate::support::Client, port: u16) -> String {
    let answer = management.at("/readyz").await.json();
    answer["database"][format!("127.0.0.1:{port}")]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Waits until an API says so about a node.
pub async fn becomes(management: &crate::support::Client, port: u16, word: &str) {
    eventually(&format!("node {port} is {word}"), || async {
        (fitness(management, port).await == word).then_some(())
    })
    .await;
}
