//! Starting and recovering, on real processes: what must hold on every change. The rarer cases are in `node_full.rs`.

mod common;

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use common::cluster::{Cluster, Options};
use common::wait;
use common::writer::Writer;
use mysql::prelude::Queryable as _;
use serde_json::json;

const ALL: [usize; 3] = [0, 1, 2];

#[test]
fn three_empty_nodes_become_one_database() {
    let cluster = Cluster::start_fresh(Options::default());
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 100);
    writer.finish(&cluster, &ALL);
    for node in ALL {
        for path in ["/startup", "/live", "/ready"] {
            wait(path, || {
                (cluster.get(node, path)? == (200, "ok\n".into())).then_some(())
            });
        }
        wait("the metrics tell of all three", || {
            let (_, metrics) = cluster.get(node, "/metrics")?;
            metrics.contains("\ngaleno_keeper_cluster_size 3\n").then_some(())
        });
    }
}

#[test]
fn a_killed_node_comes_back_by_incremental_transfer() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(2);
    writer.wait_for_more(&cluster, 200);
    let before = cluster.log(2).len();
    cluster.spawn(2);
    cluster.wait_ready(&ALL);
    let log = cluster.log(2)[before..].to_owned();
    assert!(log.contains("Receiving IST"), "{log}");
    assert!(!log.contains("Proceeding with SST"), "{log}");
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
    one_numbering(&cluster);
}

/// The one that began the database has its numbering from nowhere else.
#[test]
fn the_first_one_killed_comes_back_with_the_same_numbering() {
    let mut cluster = Cluster::start_fresh(Options::default());
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(0);
    writer.wait_for_more(&cluster, 100);
    cluster.spawn(0);
    cluster.wait_ready(&ALL);
    writer.wait_for_more(&cluster, 50);
    let told = cluster.log(0);
    assert!(told.contains("numbering: Some(Gtids({1: (1, "), "{told}");
    writer.finish(&cluster, &ALL);
    one_numbering(&cluster);
}

/// Every transaction has the same GTID on every member: what is shipped from one goes on from a backup of another.
fn one_numbering(cluster: &Cluster) {
    let positions = ALL.map(|node| cluster.query_text(node, "SELECT @@GLOBAL.gtid_binlog_pos"));
    assert!(positions.iter().all(|one| *one == positions[0]), "{positions:?}");
}

#[test]
fn all_killed_at_once_under_load_lose_nothing() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    for _ in 0..2 {
        writer.wait_for_more(&cluster, 150);
        cluster.kill_all(&ALL);
        for node in ALL {
            cluster.spawn(node);
        }
        cluster.wait_all_ready();
    }
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
    one_numbering(&cluster);
}

#[test]
fn a_rolling_restart_loses_no_write() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    for node in [2, 1, 0] {
        writer.wait_for_more(&cluster, 100);
        cluster.terminate(node);
        assert!(cluster.wait_left(node), "node {node} leaves cleanly");
        writer.wait_for_more(&cluster, 50);
        cluster.spawn(node);
        cluster.wait_all_ready();
    }
    writer.finish(&cluster, &ALL);
    one_numbering(&cluster);
}

#[test]
fn while_the_furthest_is_missing_the_others_wait_and_say_for_whom() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(0);
    writer.wait_for_more(&cluster, 50);
    // Left alone cleanly, the last one goes on, and is the only one to know what it confirms.
    cluster.terminate(1);
    assert!(cluster.wait_left(1));
    writer.wait_for_more(&cluster, 50);
    cluster.kill(2);
    cluster.spawn(0);
    cluster.spawn(1);
    for node in [0, 1] {
        cluster.wait_why(node, "waiting for db-2");
        assert_eq!(
            cluster.answer(node, "/live"),
            (200, "ok\n".into()),
            "whoever waits is left alone"
        );
        assert_eq!(cluster.answer(node, "/startup"), (200, "ok\n".into()));
        assert_eq!(cluster.answer(node, "/ready").0, 503);
        assert!(cluster.try_root(node).is_err(), "nothing runs");
    }
    cluster.spawn(2);
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

/// What a member confirms is on its own volume, and at first only in the memory of the others. If all die in that moment and
/// that volume is lost too, a person decides; and if it turns up again after all, nothing of it is merged or thrown away.
#[test]
fn a_member_that_comes_back_empty_in_a_full_outage_is_no_agreement() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    // The others receive, and do not get to apply.
    let held = [1, 2].map(|node| {
        let mut conn = cluster.root(node);
        conn.query_drop("FLUSH TABLES WITH READ LOCK").unwrap();
        conn
    });
    cluster
        .root(0)
        .query_drop("INSERT INTO clinic.numbers (id, node) VALUES (-1, 0)")
        .unwrap();
    cluster.kill_all(&ALL);
    let outage = Instant::now();
    drop(held);
    let (volume, aside) = (cluster.volume(0), cluster.set_volume_aside(0));
    for node in ALL {
        cluster.spawn(node);
    }
    for node in ALL {
        cluster.wait_why(node, "db-0 has come back empty");
        assert!(cluster.try_root(node).is_err(), "nothing runs");
    }
    // A person says that the volume is lost.
    cluster.order(&json!({"generation": 0, "number": 1, "discard": ["db-0"]}));
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    let marked = "SELECT COUNT(*) FROM clinic.numbers WHERE id = -1";
    assert_eq!(cluster.query_text(1, marked), "0", "only db-0 had it");

    // It was not lost.
    cluster.kill(0);
    fs::remove_dir_all(&volume).unwrap();
    fs::rename(&aside, &volume).unwrap();
    cluster.spawn(0);
    cluster.wait_why(0, "holds transactions that a forced recovery left behind");
    assert!(cluster.try_root(0).is_err(), "nothing runs");
    assert!(volume.join("data/ibdata1").exists(), "nothing was thrown away");
    cluster.order(&json!({"generation": 0, "number": 2, "discard": ["db-0"]}));
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish_without(&cluster, &ALL, 0, outage);
    one_numbering(&cluster);
}

#[test]
fn a_cut_leaves_the_majority_writing_and_heals_by_itself() {
    let cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    let logged = |text: &str| ALL.map(|node| cluster.log(node).matches(text).count());
    let starts = || logged("started mariadbd");
    // A transfer that fails on the way back takes a node out of its group for good: then a restart is right.
    let outside = || logged("Galera has left its group for good");
    let before = (starts(), outside());
    cluster.net.cut(&[&[0, 1], &[2]]);
    wait("the minority refuses", || {
        (cluster.wsrep(2, "wsrep_cluster_status")? == "non-Primary" && cluster.is_refusing(2)).then_some(())
    });
    cluster.wait_ready(&[0, 1]);
    writer.wait_for_more(&cluster, 100);
    assert_eq!(
        cluster.answer(2, "/live"),
        (200, "ok\n".into()),
        "a minority is left alive"
    );
    // By this the keeper tells who has no quorum from who has left the group for good.
    let channel = cluster.wsrep(2, "wsrep_evs_state");
    assert!(channel.as_deref().is_some_and(|state| !state.is_empty()), "{channel:?}");
    assert_eq!(outside()[2], before.1[2], "who has no quorum has not left");
    cluster.net.heal();
    cluster.wait_all_ready();
    let between = outside();
    cluster.net.cut(&[&[0], &[1], &[2]]);
    for node in ALL {
        wait("everybody refuses", || cluster.is_refusing(node).then_some(()));
        assert_eq!(cluster.answer(node, "/live"), (200, "ok\n".into()));
    }
    assert_eq!(outside(), between, "who has no quorum has not left");
    cluster.net.heal();
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
    let (started, left) = (starts(), outside());
    for node in ALL {
        let (restarts, right) = (started[node] - before.0[node], left[node] - before.1[node]);
        assert_eq!(restarts, right, "node {node} was restarted without need");
    }
}

#[test]
fn a_second_keeper_on_a_volume_is_refused() {
    let cluster = Cluster::start();
    let starts = || cluster.log(0).matches("started mariadbd").count();
    let before = starts();
    let output = cluster
        .command(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("another keeper"), "{said}");
    // The first one goes on.
    cluster.wait_ready(&[0]);
    assert_eq!(starts(), before);
}

#[test]
fn a_member_that_holds_something_else_stays_out_until_a_person_discards_it() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    cluster
        .root(0)
        .query_drop("CREATE TABLE clinic.odd (id INT PRIMARY KEY, v INT); INSERT INTO clinic.odd VALUES (1, 0)")
        .unwrap();
    wait("the row is everywhere", || {
        (cluster.query_text(
            2,
            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 'odd'",
        ) == "1"
            && cluster.query_text(2, "SELECT COUNT(*) FROM clinic.odd") == "1")
            .then_some(())
    });
    // Behind replication's back the row goes; the next change of it is then refused here, and taken by the others.
    cluster
        .root(2)
        .query_drop("SET SESSION wsrep_on = OFF; DELETE FROM clinic.odd WHERE id = 1")
        .unwrap();
    cluster
        .root(0)
        .query_drop("UPDATE clinic.odd SET v = 1 WHERE id = 1")
        .unwrap();
    cluster.wait_why(2, "inconsistent with what the other members hold");
    assert_eq!(cluster.answer(2, "/ready").0, 503);
    cluster.wait_ready(&[0, 1]);
    writer.wait_for_more(&cluster, 50);
    // Nothing is thrown away by itself, and a restart does not bring it in.
    cluster.kill(2);
    cluster.spawn(2);
    cluster.wait_why(2, "inconsistent with what the other members hold");
    cluster.order(&json!({"generation": 0, "number": 1, "discard": ["db-2"]}));
    cluster.wait_all_ready();
    assert_eq!(cluster.query_text(2, "SELECT v FROM clinic.odd WHERE id = 1"), "1");
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
fn a_member_that_galera_has_left_for_good_is_started_again() {
    let cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    let starts = || cluster.log(2).matches("started mariadbd").count();
    let before = starts();
    // As after a state transfer that failed: mariadbd runs on, and its connection to the group is closed.
    cluster
        .root(2)
        .query_drop("SET GLOBAL wsrep_cluster_address = ''")
        .unwrap();
    wait("mariadbd is started again", || (starts() > before).then_some(()));
    assert!(cluster.log(2).contains("Galera has left its group for good"));
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}
