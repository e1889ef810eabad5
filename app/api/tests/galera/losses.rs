//! A node, then a replica of the API, is killed in the middle of writing.

use std::time::{Duration, Instant};

use galeno_api::authz::Role;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    cluster::Cluster,
    support::{Api, Client, World, eventually, world},
};

const WRITES: usize = 60;

/// Writes with keys until each is confirmed, on whichever replica answers; half of them begin after the loss. Returns what was
/// confirmed, by key.
async fn write(clients: Vec<Client>, family: &'static str, lost: watch::Receiver<bool>) -> Vec<String> {
    let writers = (0..WRITES).map(|number| {
        let (clients, mut lost) = (clients.clone(), lost.clone());
        tokio::spawn(async move {
            if number % 2 == 1 {
                lost.wait_for(|lost| *lost).await.unwrap();
            }
            let person = world::person(&format!("Eva {number}"), family);
            let body = json!({"patient": person, "not_a_duplicate": true});
            let key = format!("{family}-{number}");
            let give_up = Instant::now() + Duration::from_mins(4);
            for attempt in 0.. {
                let client = &clients[attempt % clients.len()];
                match client
                    .attempt("POST", "/patients", &[("idempotency-key", &key)], Some(&body))
                    .await
                {
                    Some(answer) if answer.status == 201 => return answer.id(),
                    Some(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                    // The replica is gone, or went away before it answered: the other one is asked with the same key.
                    None => {}
                }
                assert!(Instant::now() < give_up, "a write was never confirmed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            unreachable!()
        })
    });
    futures_util::future::join_all(writers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

/// Every confirmed write is there once, whole, and nothing else is.
async fn once_and_whole(cluster: &Cluster, node: usize, family: &str, mut confirmed: Vec<String>) {
    confirmed.sort();
    confirmed.dedup();
    assert_eq!(confirmed.len(), WRITES, "two writes were told the same patient");
    let people = format!("SELECT COUNT(*) FROM patient WHERE family_name = '{family}'");
    assert_eq!(cluster.number(node, &people).await, i64::try_from(WRITES).unwrap());
    let ids: Vec<String> = confirmed
        .iter()
        .map(|id| format!("UNHEX('{}')", id.replace('-', "")))
        .collect();
    let there = format!("SELECT COUNT(*) FROM patient WHERE id IN ({})", ids.join(","));
    assert_eq!(cluster.number(node, &there).await, i64::try_from(WRITES).unwrap());
    // What is written beside the row in the same transaction: the version, the words, the line of the log.
    for (table, column) in [
        ("patient_version", "patient"),
        ("patient_word", "patient"),
        ("patient_pair", "patient"),
    ] {
        let missing = format!(
            "SELECT COUNT(*) FROM patient p WHERE p.family_name = '{family}' AND NOT EXISTS \
             (SELECT 1 FROM {table} t WHERE t.organization = p.organization AND t.{column} = p.id)"
        );
        assert_eq!(cluster.number(node, &missing).await, 0, "{table}");
    }
    let lines = format!(
        "SELECT COUNT(*) FROM access_log l JOIN patient p ON p.organization = l.organization AND p.id = l.patient \
         WHERE p.family_name = '{family}' AND l.action = 'patient.create' AND l.outcome = 'done'"
    );
    assert_eq!(cluster.number(node, &lines).await, i64::try_from(WRITES).unwrap());
}

async fn some_are_written(cluster: &Cluster, node: usize, family: &str) {
    let sql = format!("SELECT COUNT(*) FROM patient WHERE family_name = '{family}'");
    eventually("some are written", || async {
        (cluster.number(node, &sql).await >= 5).then_some(())
    })
    .await;
}

async fn intact(world: &World, organization: &world::Organization) {
    let auditor = organization.client(Role::Auditor);
    let verdict = auditor.post("/access-log/verify", json!({})).await.expect(200).json();
    assert_eq!(verdict["intact"], true, "{verdict:#}");
    assert!(world.app.cluster.choose().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_replica_and_a_killed_node_lose_nothing_that_was_confirmed() {
    let cluster = Cluster::start().await;
    let mut world = cluster.world().await;
    let alfa = world.organization("alfa").await;
    let token = alfa.receptionist().token.clone().unwrap();

    // A replica in a process of its own, on the second node; it is killed, and its clients turn to the other one.
    let second = serde_json::to_value(cluster.config(1, world.directory.path())).unwrap();
    let replica = Api::start(&second).await;
    let clients = vec![Client::new(replica.address).with(&token), alfa.receptionist().clone()];
    let (lost, when) = watch::channel(false);
    let writing = tokio::spawn(write(clients, "Replica", when));
    some_are_written(&cluster, 0, "Replica").await;
    replica.signal("KILL");
    lost.send(true).unwrap();
    let confirmed = writing.await.unwrap();
    once_and_whole(&cluster, 0, "Replica", confirmed).await;
    intact(&world, &alfa).await;
    drop(replica);

    // The node that takes the writes is killed; the API goes on with the other one.
    let (_app, other, client) = world.replica(&cluster.config(1, world.directory.path())).await;
    let (lost, when) = watch::channel(false);
    let writing = tokio::spawn(write(vec![client.with(&token)], "Nodo", when));
    some_are_written(&cluster, 0, "Nodo").await;
    cluster.nodes[1].signal("KILL");
    lost.send(true).unwrap();
    let confirmed = writing.await.unwrap();
    once_and_whole(&cluster, 0, "Nodo", confirmed).await;
    intact(&world, &alfa).await;
    other.stop().await;
}
