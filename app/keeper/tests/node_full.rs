//! The rarer and slower cases of starting and recovering; `make test-programs`.

mod common;

use std::fs;
use std::time::Duration;

use common::authority::Authority;
use common::cluster::{Cluster, Options, UNTIL, own};
use common::net::run;
use common::wait;
use common::writer::Writer;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde_json::json;

const ALL: [usize; 3] = [0, 1, 2];

#[test]
#[ignore = "slow: make test-programs"]
fn a_lost_volume_is_filled_by_a_full_transfer() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(1);
    cluster.lose_volume(1);
    cluster.spawn(1);
    // While it takes the state it is neither killed nor ready.
    wait("a transfer", || {
        cluster.volume(1).join("data/sst_in_progress").exists().then_some(())
    });
    assert_eq!(cluster.answer(1, "/live"), (200, "ok\n".into()));
    assert_eq!(cluster.answer(1, "/ready").0, 503);
    // Nor is the one that gives it, and that one stays ready: it gives without blocking.
    let donor = wait("a donor", || {
        [0, 2].into_iter().find(|&node| {
            cluster
                .status(node)
                .is_some_and(|s| s["database"]["state"] == "Donor/Desynced")
        })
    });
    assert_eq!(cluster.answer(donor, "/live"), (200, "ok\n".into()));
    assert_eq!(cluster.answer(donor, "/ready"), (200, "ok\n".into()));
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn a_transfer_that_dies_half_way_is_begun_again() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 2]);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(1);
    cluster.lose_volume(1);
    cluster.spawn(1);
    wait("a transfer", || {
        cluster.volume(1).join("data/.sst").exists().then_some(())
    });
    // All die in the middle of it. The torn one still knows what it was about to take: the donor had begun to give it.
    cluster.kill_all(&ALL);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn all_stopped_cleanly_at_once_start_again() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 100);
    for node in ALL {
        cluster.terminate(node);
    }
    for node in ALL {
        assert!(cluster.wait_left(node));
    }
    for node in [1, 2, 0] {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn killed_at_different_times_the_furthest_wins() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(0);
    writer.wait_for_more(&cluster, 100);
    cluster.kill(1);
    // Without a majority the last one confirms nothing, and is left alive.
    wait("no quorum", || cluster.is_refusing(2).then_some(()));
    assert_eq!(cluster.answer(2, "/live"), (200, "ok\n".into()));
    cluster.kill(2);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn two_killed_come_back_to_one_that_lost_its_quorum() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill_all(&[0, 1]);
    wait("no quorum", || cluster.is_refusing(2).then_some(()));
    cluster.spawn(0);
    cluster.spawn(1);
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

/// The most advanced member is lost; a person names another one to start from. When the lost one comes back, what only
/// it has is neither merged nor thrown away until a person says so.
#[test]
#[ignore = "slow: make test-programs"]
fn a_forced_start_merges_nothing_and_discards_nothing_by_itself() {
    let mut cluster = Cluster::start();
    let writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(0);
    writer.wait_for_more(&cluster, 20);
    cluster.terminate(1);
    assert!(cluster.wait_left(1));
    writer.wait_for_more(&cluster, 50);
    cluster.kill(2);
    drop(writer);
    cluster.spawn(0);
    cluster.spawn(1);
    cluster.wait_why(1, "waiting for db-2");
    // Not behind a better one that can be reached.
    cluster.order(&json!({"generation": 0, "number": 1, "startFrom": "db-0"}));
    cluster.wait_why(0, "db-1 holds, or has seen, more");
    cluster.order(&json!({"generation": 0, "number": 2, "startFrom": "db-1"}));
    cluster.wait_ready(&[0, 1]);
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    cluster.spawn(2);
    cluster.wait_why(2, "holds transactions that a forced recovery left behind");
    assert!(
        cluster.volume(2).join("data/ibdata1").exists(),
        "nothing was thrown away"
    );
    cluster.order(&json!({"generation": 0, "number": 3, "discard": ["db-2"]}));
    cluster.wait_all_ready();
    writer.finish(&cluster, &ALL);
    // The order is done: a full outage later is no occasion to carry it out again.
    cluster.order(&json!({"generation": 0, "number": 3, "discard": ["db-2"], "startFrom": "db-0"}));
    cluster.kill_all(&ALL);
    cluster.spawn(0);
    cluster.wait_why(0, "waiting for db-1");
    std::thread::sleep(Duration::from_secs(10));
    assert!(cluster.try_root(0).is_err(), "nothing runs");
    cluster.spawn(1);
    cluster.spawn(2);
    cluster.wait_all_ready();
    cluster.assert_same(&ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn names_that_resolve_slowly_and_addresses_that_change() {
    let mut cluster = Cluster::prepare_used();
    // Node 0 asks a DNS server that never answers for the other two.
    cluster.net.write_hosts(0, &[0]);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_why(0, "cannot resolve");
    assert_eq!(cluster.answer(0, "/live"), (200, "ok\n".into()));
    cluster.net.write_hosts(0, &ALL);
    cluster.wait_all_ready();
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(2);
    cluster.net.move_node(2, 77);
    cluster.certify(2, &cluster.authority, UNTIL);
    cluster.spawn(2);
    cluster.wait_all_ready();
    // And after a full outage everybody finds everybody again.
    cluster.kill_all(&ALL);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn a_full_volume_takes_one_node_out_and_no_write() {
    let mut cluster = Cluster::prepare_used();
    let volume = cluster.volume(2);
    let shown = volume.display().to_string();
    let aside = cluster.set_volume_aside(2);
    run("mount", &["-t", "tmpfs", "-o", "size=330m", "tmpfs", &shown]);
    let _unmount = Unmount(shown.clone());
    run("cp", &["-a", &format!("{}/.", aside.display()), &shown]);
    own(&volume);
    for node in ALL {
        cluster.spawn(node);
    }
    cluster.wait_all_ready();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    run(
        "sh",
        &["-c", &format!("cat /dev/zero > {shown}/filler 2>/dev/null || true")],
    );
    // Enough to need more room than there is.
    let mut conn = cluster.root(0);
    conn.query_drop("CREATE TABLE clinic.big (id INT AUTO_INCREMENT PRIMARY KEY, t LONGTEXT)")
        .unwrap();
    wait("the full node drops out", || {
        let _ = conn.query_drop("INSERT INTO clinic.big (t) VALUES (REPEAT('x', 4000000))");
        cluster.is_refusing(2).then_some(())
    });
    cluster.wait_ready(&[0, 1]);
    writer.wait_for_more(&cluster, 50);
    fs::remove_file(volume.join("filler")).unwrap();
    run("mount", &["-o", "remount,size=1200m", &shown]);
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
    for node in ALL {
        cluster.kill(node);
    }
}

struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").args(["-l", &self.0]).status();
    }
}

#[test]
#[ignore = "slow: make test-programs"]
fn a_corrupt_data_directory_is_neither_used_nor_thrown_away() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(1);
    let file = cluster.volume(1).join("data/ibdata1");
    let size = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
    fs::write(&file, vec![0x5a; size]).unwrap();
    cluster.spawn(1);
    cluster.wait_why(1, "db-1 holds can be neither used nor dismissed");
    assert_eq!(cluster.answer(1, "/live"), (200, "ok\n".into()));
    writer.wait_for_more(&cluster, 50);
    assert!(file.exists(), "nothing was thrown away");
    cluster.order(&json!({"generation": 0, "number": 1, "discard": ["db-1"]}));
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn a_renewed_certificate_is_used_without_a_restart() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    writer.wait_for_more(&cluster, 50);
    for node in ALL {
        cluster.certify(node, &cluster.authority, 2055);
    }
    for node in ALL {
        wait("the keeper shows the new one", || {
            cluster.status(node)?["certificateUntil"]
                .as_str()?
                .starts_with("2055")
                .then_some(())
        });
        wait("mariadbd shows the new one", || {
            // The status is that of the session's own connection.
            let row: Option<(String, String)> = cluster.net.among_clients(|| {
                let mut conn = Conn::new(cluster.client_options(node)).ok()?;
                conn.query_first("SHOW STATUS LIKE 'Ssl_server_not_after'").ok()?
            });
            row?.1.contains("2055").then_some(())
        });
    }
    assert_eq!(cluster.log(0).matches("started mariadbd").count(), 1, "no restart");
    // Replication goes on with the new ones too, for whoever comes anew.
    cluster.kill(2);
    cluster.spawn(2);
    cluster.wait_all_ready();
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn an_expired_certificate_keeps_a_node_out_until_it_is_renewed() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    cluster.kill(2);
    cluster.certify(2, &cluster.authority, 2021);
    cluster.spawn(2);
    cluster.wait_why(2, "certificate expired at 2021");
    let status = cluster.status(0).unwrap();
    assert!(status["peers"]["db-2"]["silent"].is_string(), "{status}");
    cluster.certify(2, &cluster.authority, UNTIL);
    cluster.wait_all_ready();
    writer.finish(&cluster, &ALL);
}

#[test]
#[ignore = "slow: make test-programs"]
fn a_node_of_another_cluster_is_refused() {
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &[0, 1]);
    writer.wait_for_more(&cluster, 50);
    // By name, with a certificate that is right.
    cluster.kill(2);
    cluster.lose_volume(2);
    cluster.configure(2, |config| config["cluster"] = json!("other"));
    cluster.spawn(2);
    cluster.wait_why(2, "these are different databases");
    cluster.kill(2);
    // By certificate.
    cluster.lose_volume(2);
    cluster.configure(2, |_| {});
    cluster.certify(2, &Authority::new("somebody else"), UNTIL);
    cluster.spawn(2);
    cluster.wait_why(2, "waiting for db-0");
    assert!(!cluster.volume(2).join("data").exists(), "it was given nothing");
    cluster.kill(2);
    // A volume of another database is not touched either.
    cluster.lose_volume(2);
    cluster.certify(2, &cluster.authority, UNTIL);
    cluster.spawn(2);
    cluster.wait_all_ready();
    cluster.kill(2);
    cluster.configure(2, |config| config["generation"] = json!(1));
    cluster.spawn(2);
    wait("it refuses", || {
        cluster.log(2).contains("the wrong volume is mounted").then_some(())
    });
    wait("it ends", || cluster.has_ended(2).then_some(()));
    cluster.kill(2);
    cluster.configure(2, |_| {});
    cluster.spawn(2);
    cluster.wait_all_ready();
    writer.wait_for_more(&cluster, 50);
    writer.finish(&cluster, &ALL);
}

/// All volumes are gone, and git knows that the generation once had a state: nobody initialises it again.
#[test]
#[ignore = "slow: make test-programs"]
fn a_generation_that_git_knows_is_never_initialised_again() {
    let mut cluster = Cluster::prepare(Options::default());
    let uuid = json!("6f1dd1b1-6d4f-11ef-8a5b-0242ac120002");
    for node in ALL {
        cluster.configure(node, |config| config["stateUuid"] = uuid.clone());
        cluster.spawn(node);
    }
    for node in ALL {
        cluster.wait_why(node, "no member holds anything to start from");
        assert!(!cluster.volume(node).join("data").exists());
    }
}
