//! Two replicas of the API, each on its own node of one Galera cluster: what the unique key, the counting statement and
//! certification decide when nobody shares a lock.

#[path = "it/support/mod.rs"]
#[allow(dead_code, unreachable_pub, unused_imports)]
mod support;

use std::{path::PathBuf, process::Command, time::Duration};

use galeno_api::{authz::Role, db::migrate};
use galeno_contract::api::Routing;
use serde_json::json;
use support::{MariaDb, World, eventually, world};

/// Two nodes of one cluster.
struct Cluster {
    nodes: [MariaDb; 2],
}

fn node(directory: PathBuf, sql: u16, group: u16, peers: &str, bootstrap: bool) -> MariaDb {
    let address = format!("--wsrep-cluster-address=gcomm://{peers}");
    let options = format!(
        "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{};gcache.size=32M;pc.weight={}",
        group + 1,
        // The first node alone is a majority when the second one is killed.
        if bootstrap { 2 } else { 1 }
    );
    let name = format!("--wsrep-node-name=node{sql}");
    let receive = format!("--wsrep-sst-receive-address=127.0.0.1:{}", group + 2);
    let mut arguments = vec![
        "--log-bin=binlog",
        "--wsrep-on=ON",
        "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
        "--wsrep-cluster-name=api-test",
        "--wsrep-node-address=127.0.0.1",
        "--wsrep-slave-threads=2",
        // The joiner misses two events of the group alone; the script runs all the same, and hands over by IST.
        "--wsrep-sst-method=mariabackup",
        "--wsrep-sst-auth=root:",
        &receive,
        "--wsrep-mode=REQUIRED_PRIMARY_KEY,STRICT_REPLICATION",
        &address,
        &options,
        &name,
    ];
    if bootstrap {
        arguments.push("--wsrep-new-cluster");
    }
    MariaDb::start(directory, sql, &arguments)
}

impl Cluster {
    /// One data directory, copied: both start from the same state, so that the second needs no transfer.
    async fn start() -> Self {
        let root = tempfile::Builder::new().prefix("galeno-api-galera-").tempdir().unwrap();
        let (one, two) = (root.path().join("one"), root.path().join("two"));
        for directory in [&one, &two] {
            std::fs::create_dir_all(directory).unwrap();
        }
        support::mariadb::template(&one.join("data"));
        let ports: Vec<u16> = (0..2).map(|_| support::mariadb::free_port()).collect();
        let groups: Vec<u16> = (0..2).map(|_| support::mariadb::free_ports()).collect();
        let first = node(one.clone(), ports[0], groups[0], "", true);
        first.connect().await;
        first.signal("TERM");
        eventually("the first node has stopped", || async {
            let state = std::fs::read_to_string(one.join("data/grastate.dat")).ok()?;
            (!state.contains("seqno:   -1") && !first.alive()).then_some(())
        })
        .await;
        let copied = Command::new("cp")
            .arg("-a")
            .arg(one.join("data"))
            .arg(&two)
            .status()
            .unwrap();
        assert!(copied.success());
        // The shell around the stopped server would remove its directory: keep the data elsewhere.
        let kept = root.keep();
        std::fs::rename(kept.join("one/data"), kept.join("data")).unwrap();
        first.end();
        std::fs::create_dir_all(kept.join("one")).unwrap();
        std::fs::rename(kept.join("data"), kept.join("one/data")).unwrap();
        let first = node(one, ports[0], groups[0], "", true);
        first.connect().await;
        let peers = format!("127.0.0.1:{}", groups[0]);
        let second = node(two, ports[1], groups[1], &peers, false);
        let mut db = second.connect().await;
        eventually("the second node is synced", || async { Some(()) }).await;
        loop {
            let state: (String, String) = sqlx::query_as("SHOW STATUS LIKE 'wsrep_local_state'")
                .fetch_one(&mut db)
                .await
                .unwrap();
            if state.1 == "4" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Self { nodes: [first, second] }
    }
}

#[tokio::test]
async fn two_nodes_make_one_booking_and_never_dispense_too_much_and_a_dead_node_loses_nothing() {
    let cluster = Cluster::start().await;
    let [first, second] = &cluster.nodes;
    let database = first.database().await;
    let mut root = first.connect().await;
    world::grant(&mut root, &database).await;
    migrate(&first.root().database(&database), Duration::from_secs(120))
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    // Each replica writes to the node that the other one does not prefer.
    let mut config = world::config(&[first.port, second.port], &database, directory.path());
    config.database.require_galera = true;
    config.database.routing = Routing::FirstHealthy;
    let mut reversed = config.clone();
    reversed.database.nodes.reverse();
    let mut world = World::start(config, &database, directory, first).await;
    let (_other_app, other, replica) = world.replica(&reversed).await;

    let alfa = world.organization("alfa").await;
    world.treats(&alfa, alfa.staff[&Role::Physician], alfa.patient).await;
    // Causal reads: what one node confirmed, the other one shows at once.
    let reception = alfa.receptionist();
    let elsewhere = replica.with(reception.token.as_deref().unwrap());
    for number in 0..20 {
        let id = world::register(reception, &format!("Eva {number}"), "Causal").await;
        elsewhere.get(&format!("/patients/{id}")).await.expect(200);
    }

    // One slot, a hundred clients on each node.
    let administrator = alfa.client(Role::Administrator);
    let schedule = json!({"clinic": alfa.clinic, "staff": alfa.staff[&Role::Physician], "name": "General"});
    let schedule = administrator.post("/schedules", schedule).await.expect(201).id();
    let wish = json!({
        "from": "2031-01-06", "to": "2031-01-06", "weekdays": [1], "start": "09:00", "end": "10:00", "minutes": 20
    });
    administrator
        .post(&format!("/schedules/{schedule}/slots"), wish)
        .await
        .expect(200);
    let slots = administrator
        .get(&format!("/slots?schedule={schedule}&from=2031-01-01T00:00:00Z"))
        .await
        .expect(200)
        .json();
    let slot = slots[0]["id"].clone();
    let path = format!("/patients/{}/appointments", alfa.patient);
    let clients = [reception.clone(), elsewhere.clone()];
    let requests = (0..200).map(|number: usize| {
        let (client, path, slot) = (clients[number % 2].clone(), path.clone(), slot.clone());
        tokio::spawn(async move { client.post(&path, json!({"slot": slot})).await })
    });
    let answers: Vec<_> = futures_util::future::join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let booked = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers
        .iter()
        .filter(|answer| answer.status == 409 && answer.problem() == "slot-taken")
        .count();
    let others: Vec<_> = answers
        .iter()
        .filter(|answer| !matches!(answer.status.as_u16(), 201 | 409))
        .collect();
    assert_eq!((booked, refused), (1, 199), "{others:?}");

    // Twenty tablets, fifty pharmacists who want three each.
    let base = format!("/patients/{}/prescriptions", alfa.patient);
    let content = json!({
        "atc": "N02BE01", "medication": "Paracetamol 1 g", "dose": "1", "route": "oral", "frequency": "cada 8 horas",
        "quantity": 20, "unit": "comprimidos"
    });
    let draft = alfa.physician().post(&base, content).await.expect(201).json();
    let id = draft["prescription"]["id"].as_str().unwrap().to_owned();
    alfa.physician()
        .change("POST", &format!("{base}/{id}/sign"), 1, json!({}))
        .await
        .expect(200);
    let pharmacist = alfa.client(Role::Pharmacist);
    let clients = [pharmacist.clone(), replica.with(pharmacist.token.as_deref().unwrap())];
    let path = format!("{base}/{id}/dispensations");
    let requests = (0..50).map(|number: usize| {
        let (client, path) = (clients[number % 2].clone(), path.clone());
        tokio::spawn(async move { client.post(&path, json!({"quantity": 3})).await })
    });
    let answers: Vec<_> = futures_util::future::join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let given = answers.iter().filter(|answer| answer.status == 201).count();
    let others: Vec<_> = answers
        .iter()
        .filter(|answer| !matches!(answer.status.as_u16(), 201 | 409))
        .collect();
    assert_eq!(given, 6, "{others:?}");

    // A node is killed in the middle of writing: with keys, every write is there once, whether confirmed or repeated.
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let client = elsewhere.clone();
            tokio::spawn(async move {
                let body =
                    json!({"patient": world::person(&format!("Eva {number}"), "Caída"), "not_a_duplicate": true});
                let key = format!("key-{number}");
                let give_up = std::time::Instant::now() + Duration::from_secs(90);
                loop {
                    let answer = client
                        .send("POST", "/patients", &[("idempotency-key", &key)], Some(&body))
                        .await;
                    if answer.status == 201 {
                        return answer.id();
                    }
                    assert_eq!(answer.status, 503, "{answer:?}");
                    assert!(std::time::Instant::now() < give_up);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
        })
        .collect();
    eventually("some are written", || async {
        let mut db = second.connect().await;
        let sql = format!("SELECT COUNT(*) FROM {database}.patient WHERE family_name = 'Caída'");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut db)
            .await
            .ok()?;
        (count >= 5).then_some(())
    })
    .await;
    second.signal("KILL");
    let mut ids: Vec<String> = futures_util::future::join_all(writers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient WHERE family_name = 'Caída'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(count, 60, "each once, none half");
    let words: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM patient_word WHERE word = 'caida'")
        .fetch_one(&mut world.db)
        .await
        .unwrap();
    assert_eq!(words, 60);
    let verdict = alfa
        .client(Role::Auditor)
        .post("/access-log/verify", json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(verdict["intact"], true, "{verdict:#}");
    other.stop().await;
}
