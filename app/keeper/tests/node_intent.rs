//! The intent: which generation is active, under load, with connections held open.

mod common;

use std::time::{Duration, Instant};

use common::cluster::Cluster;
use common::wait;
use common::writer::Writer;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde_json::json;

const ALL: [usize; 3] = [0, 1, 2];

#[test]
fn no_write_lands_on_a_generation_that_is_not_active() {
    let cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    for round in 0..4 {
        cluster.wait_all_ready();
        writer.wait_for_more(&cluster, 100);
        // Held open, in the middle of a transaction.
        let mut held: Vec<Conn> = cluster.net.among_clients(|| {
            ALL.iter()
                .map(|&node| {
                    let mut conn = Conn::new(cluster.client_options(node)).unwrap();
                    conn.query_drop("BEGIN").unwrap();
                    conn.query_drop(format!(
                        "INSERT INTO clinic.numbers (id, node) VALUES (-1 - {round}, -1)"
                    ))
                    .unwrap();
                    conn
                })
                .collect()
        });
        cluster.intent(&json!({"active": 1}));
        let asked = Instant::now();
        for node in ALL {
            wait("the door is shut", || {
                (cluster.status(node)?["open"] == false && cluster.is_refusing(node)).then_some(())
            });
        }
        eprintln!("shut everywhere after {:?}", asked.elapsed());
        let closed = Instant::now();
        for conn in &mut held {
            assert!(
                conn.query_drop("COMMIT").is_err(),
                "a transaction that was open is not confirmed"
            );
        }
        // With what was confirmed before and is still to be applied here.
        let count = || ALL.map(|node| cluster.query_all::<u64>(node, "SELECT COUNT(*) FROM clinic.numbers")[0]);
        let before = count();
        std::thread::sleep(Duration::from_secs(2));
        let after = count();
        assert_eq!(after, before, "a write landed");
        assert_eq!(before.iter().min(), before.iter().max());
        let late: Vec<_> = writer.confirmed().into_iter().filter(|c| c.begun > closed).collect();
        assert!(late.is_empty(), "confirmed although shut: {late:?}");
        cluster.net.among_clients(|| {
            for node in ALL {
                let refused = Conn::new(cluster.client_options(node)).and_then(|mut c| c.query_drop("SELECT 1"));
                assert!(refused.is_err(), "node {node} lets an application in");
            }
        });
        cluster.intent(&json!({"active": 0}));
    }
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 100);
    writer.finish(&cluster, &ALL);
    let phantoms: Vec<u64> = cluster.query_all(0, "SELECT COUNT(*) FROM clinic.numbers WHERE id < 0");
    assert_eq!(phantoms, [0]);
}
