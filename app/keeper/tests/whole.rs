//! From three nodes to a restored generation, with what the generator renders: the accounts and the my.cnf of
//! `generated/`, over TLS, the member to copy chosen among three, the access log's chains in the manifest, and a second
//! generation that is restored, accepted while it is read-only, and opened.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and a panic says where"
)]

#[allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#[path = "backup/certificates.rs"]
mod certificates;
mod common;
#[allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#[path = "backup/fixture.rs"]
mod fixture;
#[allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#[path = "backup/stand_ins.rs"]
mod stand_ins;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use common::cluster::{Cluster, Options, own};
use common::net::enter;
use common::wait;
use common::writer::Writer;
use fixture::World;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde_json::{Value, json};
use stand_ins::{Deed, Proxy};

const ALL: [usize; 3] = [0, 1, 2];

/// What the generator renders for production's first generation.
fn rendered() -> (Value, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../generated/prod/eu-central/database/configmap-mariadb-g0-config.yaml");
    let map: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let config = serde_json::from_str(map["data"]["keeper.json"].as_str().unwrap()).unwrap();
    (config, map["data"]["my.cnf"].as_str().unwrap().to_owned())
}

/// The password of a rendered account.
fn password(cluster: &Cluster, name: &str) -> PathBuf {
    let path = cluster.path(&format!("account-{name}"));
    fs::write(&path, format!("{name} {}", fixture::PASSWORD)).unwrap();
    path
}

/// Configures the nodes with the rendered accounts, provider options and my.cnf; only sizes and paths are the test's.
fn configure(cluster: &Cluster) {
    let (config, my_cnf) = rendered();
    let mut accounts = config["accounts"].as_array().unwrap().clone();
    for account in &mut accounts {
        let name = account["name"].as_str().unwrap().to_owned();
        account["passwordFile"] = json!(password(cluster, &name));
    }
    for node in ALL {
        let text: String = my_cnf
            .lines()
            .map(|line| match line.split_once(" = ").map_or(line, |(key, _)| key) {
                "innodb_buffer_pool_size" => "innodb_buffer_pool_size = 48M".to_owned(),
                "innodb_log_file_size" => "innodb_log_file_size = 48M".to_owned(),
                _ => line.replace("/var/lib/mysql", &cluster.volume(node).display().to_string()),
            } + "\n")
            .collect();
        let own_cnf = cluster.node_path(node, "my.cnf");
        fs::write(&own_cnf, text + "\n[mariadbd]\nperformance_schema = OFF\n").unwrap();
        cluster.configure(node, |mine| {
            mine["accounts"].as_array_mut().unwrap().extend(accounts.clone());
            mine["mariadb"]["config"] = json!(own_cnf);
            mine["mariadb"]["providerOptions"] = config["mariadb"]["providerOptions"].clone();
            mine["mariadb"]["providerOptions"]["gcache.size"] = json!("64M");
            for (member, rendered) in mine["members"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .zip(config["members"].as_array().unwrap())
            {
                member["segment"] = rendered["segment"].clone();
            }
        });
        own(&cluster.node_path(node, ""));
    }
}

/// Lets whoever is in the clients' network reach the object store, which listens on this machine's loopback.
fn bridge(cluster: &Cluster, port: u16) -> u16 {
    let (hub, (send, receive)) = (cluster.net.hub(), channel::<TcpStream>());
    let (tell, told) = channel();
    std::thread::spawn(move || listen(&hub, &send, &tell));
    let inside = told.recv().unwrap();
    std::thread::spawn(move || {
        for client in receive {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                continue;
            };
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    inside
}

fn listen(hub: &str, send: &Sender<TcpStream>, tell: &Sender<u16>) {
    enter(hub);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tell.send(listener.local_addr().unwrap().port()).unwrap();
    for client in listener.incoming().flatten() {
        if send.send(client).is_err() {
            return;
        }
    }
}

/// A keeper's command among the clients, with a rendered account, over TLS.
fn world(cluster: &Cluster, bucket: &str, account: &str, inside: u16) -> World {
    let mut world = World::without_database(bucket);
    let tls = cluster.node_path(0, "tls");
    let members: Vec<Value> = ALL
        .iter()
        .map(|&node| {
            json!({"name": Cluster::name(node), "host": cluster.net.address(node),
                   "dataDirectory": cluster.volume(node).join("data")})
        })
        .collect();
    let user = world.directory.path().join("user");
    fs::write(&user, account).unwrap();
    world.config["database"] = json!({
        "members": members, "userFile": user, "passwordFile": cluster.path(&format!("account-{account}")),
        "applicationUser": "app",
        "tls": {"caFile": tls.join("ca.crt"), "certificateFile": tls.join("tls.crt"), "keyFile": tls.join("tls.key")},
    });
    world.config["storage"]["endpoint"] = json!(format!("http://127.0.0.1:{inside}"));
    world.config["pointInTime"] = json!({});
    world.config["cluster"]["generation"] = json!(cluster.options.generation);
    world
}

/// Runs a command in the clients' network; what it prints, or what it says when it is refused.
fn keeper(cluster: &Cluster, world: &World, arguments: &[&str]) -> Result<String, String> {
    let inner = world.command(arguments);
    let output = Command::new("ip")
        .args(["netns", "exec", &cluster.net.hub()])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(log
            .lines()
            .filter(|line| !line.contains("\"DEBUG\""))
            .collect::<Vec<_>>()
            .join("\n"))
    }
}

/// The access log as the application makes it, with lines in two lanes.
fn write_access_log(cluster: &Cluster) {
    let mut root = cluster.root(0);
    for statement in [
        "CREATE TABLE clinic.access_lane (organization BINARY(16) NOT NULL, lane SMALLINT UNSIGNED NOT NULL, seq BIGINT \
         UNSIGNED NOT NULL, hash BINARY(32) NOT NULL, PRIMARY KEY (organization, lane))",
        "CREATE TABLE clinic.access_log (organization BINARY(16) NOT NULL, lane SMALLINT UNSIGNED NOT NULL, seq BIGINT \
         UNSIGNED NOT NULL, hash BINARY(32) NOT NULL, PRIMARY KEY (organization, lane, seq))",
        "INSERT INTO clinic.access_log SELECT REPEAT('o', 16), 1 + seq MOD 2, 1 + seq DIV 2, UNHEX(SHA2(seq, 256)) FROM \
         clinic.seq_0_to_19",
        "INSERT INTO clinic.access_lane SELECT organization, lane, seq, hash FROM clinic.access_log WHERE seq = 10",
        "INSERT INTO clinic.access_lane VALUES (REPEAT('o', 16), 3, 0, REPEAT('\\0', 32))",
    ] {
        root.query_drop(statement).unwrap();
    }
}

fn manifest(bucket: &str, id: &str) -> Value {
    let key = format!("{}manifest.json", fixture::folder(id));
    serde_json::from_slice(&fixture::s3().get(bucket, &key)).unwrap()
}

fn backup(cluster: &Cluster, world: &World) -> String {
    let out = keeper(cluster, world, &["backup", "--kind", "daily"]).unwrap();
    out.split(' ').nth(1).unwrap().to_owned()
}

/// A member whose logs begin later than what was shipped ends, as after a full transfer, has a gap: the next one is asked.
fn a_gap_is_passed_over(cluster: &Cluster, copying: &World, writer: &Writer, shipped: &str) {
    let of = |said: &str| {
        ALL.into_iter()
            .find(|&node| said.contains(&Cluster::name(node)))
            .unwrap()
    };
    let first = of(shipped);
    writer.wait_for_more(cluster, 50);
    let mut root = cluster.root(first);
    fixture::purge_logs(&mut root);
    writer.wait_for_more(cluster, 50);
    let shipped = keeper(cluster, copying, &["ship"]).unwrap();
    assert_ne!(of(&shipped), first, "{shipped}");
}

/// A member that is copied is out of flow control; whatever becomes of the copy, it comes back.
fn a_copy_that_fails_gives_its_member_back(cluster: &Cluster, bucket: &str) {
    let (fail, failing) = channel::<()>();
    let failing = Mutex::new(failing);
    let proxy = Proxy::start(fixture::s3().port, move |line, _| {
        if !line.contains("partNumber") {
            return Deed::Pass;
        }
        // Until the other end is dropped.
        let _ = failing.lock().unwrap().recv();
        Deed::Answer(403, "AccessDenied")
    });
    let copying = world(cluster, bucket, "backup", bridge(cluster, proxy.port));
    let desynced = |node: &usize| cluster.query_text(*node, "SELECT @@GLOBAL.wsrep_desync") == "1";
    std::thread::scope(|scope| {
        let backup = scope.spawn(|| keeper(cluster, &copying, &["backup", "--kind", "daily"]));
        wait("a member is out of flow control", || {
            ALL.iter().any(desynced).then_some(())
        });
        drop(fail);
        let refused = backup.join().unwrap().unwrap_err();
        assert!(refused.contains("AccessDenied"), "{refused}");
    });
    assert!(!ALL.iter().any(desynced), "a member was left out of flow control");
}

/// Everything as the generator renders it, from the first write to the restored generation that takes the next one.
#[test]
fn what_is_rendered_backs_up_restores_accepts_and_opens() {
    let bucket = fixture::s3().bucket(false);
    let mut cluster = Cluster::prepare(Options::default());
    configure(&cluster);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    cluster.create_table();
    write_access_log(&cluster);
    for node in ALL {
        let options = cluster.query_text(node, "SELECT @@GLOBAL.wsrep_provider_options");
        assert!(options.contains(&format!("gmcast.segment = {node};")), "{options}");
    }
    let inside = bridge(&cluster, fixture::s3().port);
    let copying = world(&cluster, &bucket, "backup", inside);

    // Clients crowd on the last node: it is left alone.
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 100);
    let crowd: Vec<Conn> = cluster.net.among_clients(|| {
        [2; 5]
            .iter()
            .map(|&node| Conn::new(cluster.client_options(node)).unwrap())
            .collect()
    });
    let id = backup(&cluster, &copying);
    drop(crowd);
    let made = manifest(&bucket, &id);
    assert_ne!(made["member"], "db-2", "the one with most clients");
    let heads = made["accessLog"].as_array().unwrap();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert_eq!(heads[0]["seq"], 10);
    assert_eq!(heads[0]["hash"].as_str().unwrap().len(), 64);
    for node in ALL {
        assert_eq!(
            cluster.query_text(node, "SELECT @@GLOBAL.wsrep_desync"),
            "0",
            "put back"
        );
        wait("in sync again", || {
            (cluster.wsrep(node, "wsrep_local_state")? == "4").then_some(())
        });
    }
    let shipped = keeper(&cluster, &copying, &["ship"]).unwrap();
    let account = keeper(
        &cluster,
        &world(&cluster, &bucket, "acceptance", inside),
        &["backup", "--kind", "daily"],
    );
    assert!(account.is_err(), "the account that accepts cannot copy");

    a_gap_is_passed_over(&cluster, &copying, &writer, &shipped);
    a_copy_that_fails_gives_its_member_back(&cluster, &bucket);

    // Another member, when that one is not in sync.
    cluster.terminate(1);
    assert!(cluster.wait_left(1));
    let second = backup(&cluster, &copying);
    assert_ne!(manifest(&bucket, &second)["member"], "db-1");
    cluster.spawn(1);
    cluster.wait_all_ready();
    let confirmed = writer.finish(&cluster, &ALL);
    let last = backup(&cluster, &copying);
    let before = cluster.query_text(0, "SELECT COUNT(*) FROM clinic.numbers");
    drop((copying, cluster));

    // A generation beside it, not active yet.
    let mut cluster = Cluster::prepare(Options {
        generation: 1,
        source: "restored",
        active: 0,
        ..Options::default()
    });
    configure(&cluster);
    let inside = bridge(&cluster, fixture::s3().port);
    let mut restoring = world(&cluster, &bucket, "acceptance", inside);
    restoring.config["restore"] = json!({"dataDirectory": cluster.volume(0).join("data"), "source": {"backup": last}});
    keeper(
        &cluster,
        &restoring,
        &["restore", "--only-on", "db-0", "--node", "db-0"],
    )
    .unwrap();
    own(&cluster.volume(0));
    for node in ALL {
        cluster.spawn(node);
    }
    let accepted = keeper(&cluster, &restoring, &["accept"]).unwrap();
    assert!(accepted.contains("2 chains of the access log"), "{accepted}");
    for node in ALL {
        assert_eq!(cluster.answer(node, "/ready").0, 503, "accepted, and not active");
        assert_eq!(cluster.query_text(node, "SELECT @@GLOBAL.read_only"), "1");
    }
    cluster.intent(&json!({"active": 1}));
    cluster.wait_all_ready();
    assert_eq!(cluster.query_text(2, "SELECT COUNT(*) FROM clinic.numbers"), before);
    assert!(confirmed > 100);
    cluster.assert_same(&ALL);
}

/// Somebody with every right on the database rewrites a line of the access log and the head with it; the backup was made
/// before. The manifest is out of reach, and the generation is not accepted.
#[test]
fn an_access_log_that_was_altered_is_not_accepted() {
    let bucket = fixture::s3().bucket(false);
    let mut cluster = Cluster::prepare(Options::default());
    configure(&cluster);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    cluster.create_table();
    write_access_log(&cluster);
    let inside = bridge(&cluster, fixture::s3().port);
    let copying = world(&cluster, &bucket, "backup", inside);
    let id = backup(&cluster, &copying);
    let mut root = cluster.root(0);
    // As after a restore with a replay: what the tables should be is what the restore found, and only the chain's head
    // stands in the signed manifest.
    root.query_drop("UPDATE clinic.access_log SET hash = REPEAT('x', 32) WHERE lane = 1 AND seq = 10")
        .unwrap();
    root.query_drop("UPDATE clinic.access_lane SET hash = REPEAT('x', 32) WHERE lane = 1")
        .unwrap();
    root.query_drop("DELETE FROM keeper.generation").unwrap();
    let tables: Vec<Value> = ["access_lane", "access_log", "numbers"]
        .iter()
        .map(|table| {
            let rows: Option<u64> = root
                .query_first(format!("SELECT COUNT(*) FROM clinic.{table}"))
                .unwrap();
            let sum: Option<(String, u64)> = root
                .query_first(format!("CHECKSUM TABLE clinic.{table} EXTENDED"))
                .unwrap();
            json!({"schema": "clinic", "name": table, "rows": rows.unwrap(), "checksum": sum.unwrap().1})
        })
        .collect();
    let expected = json!({"backup": id, "replayedTo": "1-1-1", "tables": tables}).to_string();
    root.query_drop(
        "CREATE TABLE keeper.restored (number INT UNSIGNED NOT NULL PRIMARY KEY, expected LONGTEXT NOT NULL)",
    )
    .unwrap();
    root.exec_drop("INSERT INTO keeper.restored VALUES (0, ?)", (expected,))
        .unwrap();
    // What is accepted is compared on every member as it is, without waiting for what is still to be applied there.
    for node in ALL {
        let restored: Vec<u64> = cluster.query_all(node, "SELECT COUNT(*) FROM keeper.restored");
        assert_eq!(restored, [1]);
    }
    let mut accepting = world(&cluster, &bucket, "acceptance", inside);
    accepting.config["restore"] = json!({"dataDirectory": "/nowhere/data", "source": {"backup": id}});
    let refused = keeper(&cluster, &accepting, &["accept"]).unwrap_err();
    assert!(
        refused.contains("the access log was altered: line 10 of lane 1"),
        "{refused}"
    );
    let accepted: Vec<u64> = cluster.query_all(0, "SELECT COUNT(*) FROM keeper.generation");
    assert_eq!(accepted, [0]);
}
