//! Shipped binary logs: a restore stops just before the mistake.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use serde_json::json;

use crate::fixture::{Database, World, purge_logs, s3, wait_for};

/// The database's clock, to the second; waits until that second is over, so that what follows is later.
fn moment(database: &Database) -> String {
    let now: Vec<u64> = database.query("SELECT UNIX_TIMESTAMP() + 1");
    wait_for("the next second", || {
        (database.query::<u64>("SELECT UNIX_TIMESTAMP()")[0] >= now[0]).then_some(())
    });
    jiff::Timestamp::from_second(now[0].try_into().unwrap())
        .unwrap()
        .to_string()
}

#[test]
fn a_restore_stops_just_before_the_mistake_and_a_gap_is_told() {
    // A database of its own: binary logs are its history, from the beginning.
    let database = Database::start("pitr-g0", None, "");
    let bucket = s3().bucket(false);
    let mut world = World::with(&bucket, &database);
    let refusal = world.run(&["ship"]).refusal();
    assert!(refusal.contains("the configuration has no `pointInTime`"), "{refusal}");
    world.config["pointInTime"] = json!({"every": "1s"});
    // Something of a generation before.
    let mut root = database.root();
    for statement in [
        "SET SESSION wsrep_on = OFF, gtid_domain_id = 9",
        "CREATE TABLE clinic.before_it (id INT PRIMARY KEY)",
    ] {
        root.query_drop(statement).unwrap();
    }
    let mut root = database.root();
    let state: Option<String> = root.query_first("SELECT @@GLOBAL.gtid_binlog_state").unwrap();
    assert!(state.as_ref().is_some_and(|state| state.contains("9-")), "{state:?}");
    world.must(&["ship"]);
    let id = world.backup();

    database.fill(100);
    // The next logs do not know that generation any more, as those of a member that took the state of another one.
    world.must(&["ship"]);
    purge_logs(&mut root);
    root.query_drop("FLUSH LOCAL BINARY LOGS DELETE_DOMAIN_ID=(9)").unwrap();
    root.query_drop("CREATE TABLE clinic.prescription (id INT PRIMARY KEY, text VARCHAR(100) CHARACTER SET utf8mb4)")
        .unwrap();
    root.query_drop("INSERT INTO clinic.prescription VALUES (1, 'añadido después de la copia'), (2, 0x5c27220a00)")
        .unwrap();
    root.query_drop("CREATE USER later@localhost IDENTIFIED BY 'x'")
        .unwrap();
    let out = world.must(&["ship"]);
    assert!(out.contains("Shipped 1 binary logs of m0"), "{out}");
    let out = world.must(&["ship"]);
    assert!(out.contains("Shipped 0 binary logs"), "nothing new: {out}");
    root.query_drop("INSERT INTO clinic.prescription VALUES (3, 'the last one before the mistake')")
        .unwrap();
    let sums = database.sums();
    let before = moment(&database);
    root.query_drop("DROP TABLE clinic.appointment").unwrap();
    root.query_drop("DELETE FROM clinic.prescription").unwrap();
    let after = moment(&database);
    world.must(&["ship"]);

    let mut restoring = World::without_database(&bucket);
    restoring.restore("latest", Some(before.clone()));
    let out = restoring.must(&["restore"]);
    assert!(out.contains("replayed"), "{out}");
    let mut restored = Database::start("pitr-g1", Some(&restoring.volume()), "");
    assert_eq!(restored.sums(), sums);
    let texts: Vec<(i32, String)> = restored.query("SELECT id, text FROM clinic.prescription ORDER BY id");
    assert_eq!(texts.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(texts[0].1, "añadido después de la copia");
    assert_eq!(texts[1].1, "\\'\"\n\0");
    let users: Vec<u32> = restored.query("SELECT COUNT(*) FROM mysql.global_priv WHERE user = 'later'");
    assert_eq!(users, [1], "accounts are replayed too");

    // What is accepted is what the restore left, on every member.
    let mut accepting = World::with(&bucket, &restored);
    accepting.restore("latest", Some(before.clone()));
    let out = accepting.must(&["accept"]);
    assert!(out.contains("after the replay"), "{out}");
    restored.stop();

    // Later than what was shipped, earlier than any backup, and across a gap.
    let refused = |backup: &str, to: &str, words: &str| {
        let mut world = World::without_database(&bucket);
        world.restore(backup, Some(to.to_owned()));
        let refusal = world.run(&["restore"]).refusal();
        assert!(refusal.contains(words), "{words:?} is not in {refusal}");
        assert!(!world.volume().join("data").exists());
    };
    refused("latest", "2090-01-01T00:00:00Z", "reach only to");
    refused(
        "latest",
        "2001-01-01T00:00:00Z",
        "there is no complete backup that ended before",
    );
    refused(&id, "2001-01-01T00:00:00Z", "after the moment");
    refused(&id, "soon", "is not a time");
    let records: Vec<String> = s3()
        .list(&bucket)
        .into_iter()
        .filter(|key| key.ends_with("record.json"))
        .collect();
    assert!(records.len() >= 4, "{records:?}");
    // The shipment that the first one after the backup is in.
    for key in s3().list(&bucket) {
        if key.starts_with(records[1].trim_end_matches("record.json")) {
            s3().delete(&bucket, &key);
        }
    }
    refused(&id, &after, "cannot restore to");
}

#[test]
fn shipping_goes_on_by_itself() {
    let database = Database::start("watch-g0", None, "");
    let bucket = s3().bucket(false);
    let mut world = World::with(&bucket, &database);
    world.config["pointInTime"] = json!({"every": "200ms"});
    let mut watch = world
        .command(&["ship", "--watch"])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let shipped = || {
        s3().list(&bucket)
            .iter()
            .filter(|key| key.ends_with("binlog/000000.pgp"))
            .count()
    };
    wait_for("the first shipment", || (shipped() > 0).then_some(()));
    let before = shipped();
    database.fill(10);
    wait_for("another shipment", || (shipped() > before).then_some(()));
    rustix::process::kill_process(rustix::process::Pid::from_child(&watch), rustix::process::Signal::TERM).unwrap();
    wait_for("it to end", || {
        watch.try_wait().unwrap().map(|status| assert!(status.success()))
    });
    std::thread::sleep(Duration::from_millis(1));
}

/// What only a lost member had was shipped, and a forced recovery gave it up: the same GTIDs stand for something else then.
#[test]
fn what_was_given_up_is_never_replayed_into_the_history_that_lives() {
    let mut database = Database::start("forked", None, "");
    let bucket = s3().bucket(false);
    let mut world = World::with(&bucket, &database);
    world.config["pointInTime"] = json!({"every": "1s"});
    world.must(&["ship"]);
    let before = world.backup();
    database.fill(10);
    world.must(&["ship"]);
    database.stop();
    let behind = world.directory.path().join("behind");
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").args(["-a", "--"]).args([from, to]).status().unwrap();
        assert!(status.success());
    };
    copy(&database.data(), &behind);
    database.start_again(false);
    for _ in 0..5 {
        database.fill(1);
    }
    world.must(&["ship"]);
    let given_up: Vec<String> = database.query("SELECT @@GLOBAL.gtid_binlog_pos");
    database.stop();
    fs::remove_dir_all(database.data()).unwrap();
    copy(&behind, &database.data());
    database.start_again(true);

    // By GTID all of this has been shipped.
    database.fill(1);
    let kept: Vec<String> = database.query("SELECT @@GLOBAL.gtid_binlog_pos");
    let number = |gtid: &[String]| gtid[0].rsplit('-').next().unwrap().parse::<u64>().unwrap();
    assert!(number(&kept) < number(&given_up), "{kept:?} {given_up:?}");
    let out = world.must(&["ship"]);
    assert!(!out.contains("Shipped 0 binary logs"), "{out}");
    let after = moment(&database);
    world.must(&["ship"]);
    let refusal = {
        let mut world = World::without_database(&bucket);
        world.restore(&before, Some(after));
        world.run(&["restore"]).refusal()
    };
    assert!(
        refusal.contains("another history, which a forced recovery began"),
        "{refusal}"
    );

    // A backup of the history that lives goes on.
    let second = world.backup();
    database.fill(20);
    let sums = database.sums();
    let to = moment(&database);
    database.fill(1);
    moment(&database);
    world.must(&["ship"]);
    let mut restoring = World::without_database(&bucket);
    restoring.restore(&second, Some(to));
    let out = restoring.must(&["restore"]);
    assert!(out.contains("replayed"), "{out}");
    let restored = Database::start("forked-g1", Some(&restoring.volume()), "");
    assert_eq!(restored.sums(), sums);
}
