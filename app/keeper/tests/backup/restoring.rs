//! Restores that succeed, are interrupted, or find somebody else's data.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use serde_json::json;

use crate::fixture::{Database, World, database, made, s3};
use crate::stand_ins::{Deed, Proxy};

/// Starts a new generation on what `world` has restored.
fn start(world: &World) -> Database {
    Database::start("test-g1", Some(&world.volume()), "")
}

#[test]
fn a_restored_generation_starts_is_accepted_once_and_restoring_again_does_nothing() {
    let bucket = s3().bucket(false);
    let (id, sums, position) = {
        let database = database();
        let id = World::with(&bucket, &database).backup();
        let position: Vec<String> = database.query("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_cluster_state_uuid'");
        (id, database.sums(), position)
    };
    let mut world = World::without_database(&bucket);
    world.restore("latest", None);
    let out = world.must(&["restore"]);
    assert!(out.contains(&id), "{out}");
    let out = world.must(&["restore"]);
    assert!(out.contains("Nothing to do"), "{out}");

    let mut restored = start(&world);
    assert_eq!(restored.sums(), sums);
    let history: Vec<String> = restored.query(
        "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_cluster_state_uuid'",
    );
    assert_eq!(
        history, position,
        "the restored database goes on from the backup's history"
    );

    // Acceptance: what is wrong keeps the gate shut, what is right opens it.
    let mut accepting = World::with(&bucket, &restored);
    accepting.restore("latest", None);
    let invariants = accepting.directory.path().join("invariants");
    fs::create_dir(&invariants).unwrap();
    accepting.config["acceptance"] = json!({"invariants": {"directory": invariants, "database": "clinic"}});
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(refusal.contains("holds no `*.sql`"), "{refusal}");
    fs::write(
        invariants.join("names.sql"),
        "-- since 0\nSELECT id FROM patient WHERE id = 7;\n",
    )
    .unwrap();
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(
        refusal.contains("are broken (each query must return no row): names.sql (1 rows)"),
        "{refusal}"
    );
    accepting.config["acceptance"]["invariants"]["despite"] = json!(["names.sql"]);
    fs::write(
        invariants.join("numbers.sql"),
        "-- since 0\nSELECT id FROM patient WHERE id = 8;\n",
    )
    .unwrap();
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(
        refusal.contains("no row): numbers.sql (1 rows)"),
        "what is not named is not allowed: {refusal}"
    );
    fs::write(
        invariants.join("numbers.sql"),
        "-- since 0\nSELECT id FROM patient WHERE name = ''\n",
    )
    .unwrap();
    fs::write(
        invariants.join("tomorrow.sql"),
        "-- since 1\nSELECT id FROM tomorrow;\n",
    )
    .unwrap();
    fs::write(invariants.join("lost.sql"), "-- since 0\nSELECT id FROM lost;\n").unwrap();
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(
        refusal.contains("the invariant lost.sql cannot be checked"),
        "{refusal}"
    );
    fs::remove_file(invariants.join("lost.sql")).unwrap();
    let mut root = restored.root();
    root.query_drop("UPDATE clinic.patient SET name = 'other' WHERE id = 7")
        .unwrap();
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(
        refusal.contains("clinic.patient has other content") && refusal.contains("on m0"),
        "{refusal}"
    );
    root.query_drop("DELETE FROM clinic.patient WHERE id = 7").unwrap();
    let refusal = accepting.run(&["accept"]).refusal();
    assert!(
        refusal.contains("clinic.patient has") && refusal.contains("rows instead of"),
        "{refusal}"
    );
    let gate: Vec<u32> = restored.query(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'keeper' AND TABLE_NAME = 'generation'",
    );
    assert_eq!(gate, [0], "nothing was accepted");

    // The generation as it was restored.
    drop(root);
    restored.stop();
    fs::remove_dir_all(world.volume()).unwrap();
    fs::create_dir(world.volume()).unwrap();
    world.must(&["restore"]);
    let restored = start(&world);
    accepting.config["database"]["members"][0]["port"] = json!(restored.port);
    let out = accepting.must(&["accept"]);
    assert!(
        out.contains(&format!("Generation 1 is accepted, restored from {id}")),
        "{out}"
    );
    let asked = "1 invariants of the application hold; broken, as whoever asked for the restore allows: names.sql (1 rows); \
                 newer than this database, and not asked: tomorrow.sql";
    assert!(out.contains(asked), "{out}");
    let row: Vec<(u32, String)> = restored.query("SELECT number, restored_from FROM keeper.generation");
    assert_eq!(row, [(1, id)]);
    let out = accepting.must(&["accept"]);
    assert!(out.contains("Nothing to do"), "{out}");
}

#[test]
fn a_restore_killed_at_any_moment_is_repeated_and_comes_out_right() {
    let (bucket, id) = made();
    let mut world = World::without_database(bucket);
    world.restore(id, None);
    // How long an undisturbed one takes decides when the others are killed.
    let started = Instant::now();
    world.must(&["restore"]);
    let mut whole = started.elapsed();
    let (mut killed, mut finished) = (0, 0);
    while killed < 20 {
        let data = world.volume().join("data");
        if world.volume().join("keeper/restored.json").exists() {
            finished += 1;
            fs::remove_dir_all(world.volume()).unwrap();
            fs::create_dir(world.volume()).unwrap();
        }
        let mut child = world
            .command(&["restore"])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let fraction = f64::from(rand::random::<u32>()) / f64::from(u32::MAX);
        std::thread::sleep(whole.mul_f64(fraction * 1.05));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        } else {
            // The machine had more to do when the first one was measured.
            whole = whole.mul_f64(0.9);
        }
        let group = rustix::process::Pid::from_child(&child);
        child.kill().unwrap();
        child.wait().unwrap();
        // In a pod, what it had started dies with it.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let complete = data.join("galeno-restored.json").exists();
        assert!(!data.exists() || complete, "a data directory that is not complete");
    }
    println!("killed {killed}, finished before it {finished}");
    world.must(&["restore"]);
    let restored = start(&world);
    let rows: Vec<u64> = restored.query("SELECT COUNT(*) FROM clinic.patient");
    assert!(rows[0] >= 20_000);
    let mut accepting = World::with(bucket, &restored);
    accepting.restore(id, None);
    accepting.must(&["accept"]);
}

#[test]
fn a_volume_that_holds_anything_else_is_left_alone() {
    let (bucket, id) = made();
    let mut world = World::without_database(bucket);
    world.restore(id, None);
    let data = world.volume().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("ibdata1"), "somebody's").unwrap();
    let refusal = world.run(&["restore"]).refusal();
    assert!(
        refusal.contains("is not empty and does not carry the mark of a restore"),
        "{refusal}"
    );
    assert_eq!(fs::read_to_string(data.join("ibdata1")).unwrap(), "somebody's");
    assert_eq!(
        fs::read_dir(world.volume()).unwrap().count(),
        1,
        "nothing else appeared"
    );

    fs::remove_dir_all(&data).unwrap();
    world.must(&["restore"]);
    let mark = fs::read_to_string(data.join("galeno-restored.json")).unwrap();
    world.config["cluster"]["generation"] = json!(2);
    let refusal = world.run(&["restore"]).refusal();
    assert!(
        refusal.contains("belongs to generation 1") && refusal.contains("generation 2"),
        "{refusal}"
    );
    assert_eq!(fs::read_to_string(data.join("galeno-restored.json")).unwrap(), mark);
}

#[test]
fn only_the_named_pod_restores() {
    let (bucket, id) = made();
    let mut world = World::without_database(bucket);
    world.restore(id, None);
    let out = world
        .command(&["restore", "--only-on", "m-0"])
        .env("KEEPER_NODE", "m-1")
        .output()
        .unwrap();
    assert!(out.status.success());
    assert!(String::from_utf8(out.stdout).unwrap().contains("Nothing to do on m-1"));
    assert!(!world.volume().join("keeper").exists());
}

#[test]
fn a_rehearsal_slower_than_promised_fails_and_cleans_up() {
    let (bucket, _) = made();
    let bucket = s3().copy_of(bucket);
    let mut world = World::without_database(&bucket);
    world.config["rehearsal"]["objective"] = json!("1ms");
    let refusal = world.run(&["rehearse"]).refusal();
    assert!(
        refusal.contains("the restore took") && refusal.contains("is promised"),
        "{refusal}"
    );
    assert!(!world.directory.path().join("rehearsal/data").exists());
    assert_eq!(
        world.catalog()["backups"][0]["verified"],
        "restored",
        "it can be restored, only not in time"
    );
}

#[test]
fn a_restore_that_is_told_to_stop_cleans_nothing_up_that_matters_and_can_be_repeated() {
    let (bucket, id) = made();
    let mut world = World::without_database(bucket);
    world.restore(id, None);
    let direct = world.config["storage"]["endpoint"].clone();
    // The data comes later than the whole run may take: it ends in the middle of reading, on any machine.
    let proxy = Proxy::start(s3().port, |line, _| {
        if line.starts_with("GET") && line.contains("/data/") {
            Deed::Delay(Duration::from_secs(12))
        } else {
            Deed::Pass
        }
    });
    world.config["storage"]["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port));
    world.config["deadlines"]["run"] = json!("10s");
    let refusal = world.run(&["restore"]).refusal();
    assert!(refusal.contains("not done after 10s"), "{refusal}");
    assert!(
        proxy.seen.lock().unwrap().iter().any(|line| line.contains("/data/")),
        "it had begun to read"
    );
    world.config["storage"]["endpoint"] = direct;
    world.config["deadlines"]["run"] = json!("10m");
    world.must(&["restore"]);
}
