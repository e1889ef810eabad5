//! Backups that succeed: what is in the bucket, and that plain `gpg` reads it.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::{World, database, folder, keys, made, s3, wait_for};

#[test]
fn gpg_alone_verifies_and_restores_a_backup() {
    let (bucket, id) = made();
    let folder = folder(id);
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["manifest.json", "manifest.json.asc"] {
        fs::write(at(name), s3().get(bucket, &format!("{folder}{name}"))).unwrap();
    }
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let verified = keys().gpg(&["--verify", &text(&at("manifest.json.asc")), &text(&at("manifest.json"))]);
    assert!(String::from_utf8_lossy(&verified.stderr).contains("Good signature from \"signer@test\""));

    let manifest: Value = serde_json::from_slice(&fs::read(at("manifest.json")).unwrap()).unwrap();
    let segments = manifest["data"]["segments"].as_array().unwrap();
    assert!(
        segments.len() > 3,
        "the stream is cut into segments: {}",
        segments.len()
    );
    let mut stream = Vec::new();
    for segment in segments {
        fs::write(
            at("segment"),
            s3().get(bucket, &format!("{folder}{}", segment["name"].as_str().unwrap())),
        )
        .unwrap();
        let opened = keys().gpg(&["--decrypt", &text(&at("segment"))]);
        assert!(
            String::from_utf8_lossy(&opened.stderr).contains("Good signature"),
            "{:?}",
            opened.stderr
        );
        stream.extend(opened.stdout);
    }
    fs::write(at("stream.zst"), stream).unwrap();
    fs::create_dir(at("data")).unwrap();
    let script = format!(
        "zstd -qdc {} | mbstream -x -C {}",
        at("stream.zst").display(),
        at("data").display()
    );
    assert!(
        Command::new("bash")
            .args(["-o", "pipefail", "-c", &script])
            .status()
            .unwrap()
            .success()
    );
    let position = fs::read_to_string(at("data").join("xtrabackup_galera_info")).unwrap();
    let expected = format!(
        "{}:{}",
        manifest["position"]["stateUuid"].as_str().unwrap(),
        manifest["position"]["seqno"].as_i64().unwrap()
    );
    assert!(position.starts_with(&expected), "{position} {expected}");
    let prepared = Command::new("mariadb-backup")
        .args(["--no-defaults", "--prepare"])
        .arg(format!("--target-dir={}", at("data").display()))
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(prepared.unwrap().success());
}

#[test]
fn the_manifest_says_what_the_tables_were_at_the_backups_position_while_writes_go_on() {
    let bucket = s3().bucket(false);
    let database = database();
    let world = World::with(&bucket, &database);
    // A writer that never pauses: rows are added before, during and after the copy.
    let stop = std::sync::atomic::AtomicBool::new(false);
    let id = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut root = database.root();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                mysql::prelude::Queryable::query_drop(&mut root, "INSERT INTO clinic.patient (name) VALUES (UUID())")
                    .unwrap();
            }
        });
        let ran = world.run(&["backup", "--kind", "daily"]);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(ran.ok, "{}", ran.log);
        ran.out
            .strip_prefix("Backup ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    });
    let manifest: Value = serde_json::from_slice(&s3().get(&bucket, &format!("{}manifest.json", folder(&id)))).unwrap();
    let tables = manifest["tables"].as_array().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["appointment", "patient"]);
    // A rehearsal restores it and compares every row: it fails if the sums are of any other moment.
    let out = world.must(&["rehearse"]);
    assert!(
        out.contains("2 tables have the rows and checksums of the manifest"),
        "{out}"
    );
    assert_eq!(world.catalog()["backups"][0]["verified"], "restored");
    assert!(
        !world.directory.path().join("rehearsal/data").exists(),
        "the rehearsal cleans up"
    );
    let metrics = fs::read_to_string(world.directory.path().join("metrics.prom")).unwrap();
    assert!(metrics.contains("keeper_rehearsal_recovery_seconds"), "{metrics}");
}

#[test]
fn verify_reads_everything_and_records_it_signed() {
    let (bucket, id) = made();
    let bucket = s3().copy_of(bucket);
    let world = World::without_database(&bucket);
    assert_eq!(world.catalog()["backups"][0]["verified"], Value::Null);
    let out = world.must(&["verify", id]);
    assert!(out.contains("is readable"), "{out}");
    let catalog = world.catalog();
    assert_eq!(catalog["backups"][0]["verified"], "readable");
    // A record by somebody else counts for nothing.
    let record = s3()
        .list(&bucket)
        .into_iter()
        .find(|key| key.contains("verifications/") && key.ends_with(".json"))
        .unwrap();
    let forged = keys().sign("stranger@test", &s3().get(&bucket, &record));
    s3().put(&bucket, &format!("{record}.asc"), &forged);
    assert_eq!(world.catalog()["backups"][0]["verified"], Value::Null);
}

#[test]
fn a_member_left_desynced_by_a_backup_that_died_is_put_back_by_the_next() {
    let bucket = s3().bucket(false);
    let database = database();
    let world = World::with(&bucket, &database);
    let mut child = world
        .command(&["backup", "--kind", "daily"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the backup to begin", || database.is_copied().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the server to notice", || (!database.is_copied()).then_some(()));
    // A cluster of one stays in flow control: what a larger one would be left with is set by hand.
    mysql::prelude::Queryable::query_drop(&mut database.root(), "SET GLOBAL wsrep_desync = ON").unwrap();
    let id = world.backup();
    assert!(!database.is_desynced());
    let catalog = world.catalog();
    let states: Vec<_> = catalog["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(states.contains(&id));
}

#[test]
fn two_backups_of_one_member_do_not_run_at_once() {
    let bucket = s3().bucket(false);
    let database = database();
    let mut holder = database.root();
    mysql::prelude::Queryable::query_drop(&mut holder, "SELECT GET_LOCK('keeper.backup', 0)").unwrap();
    let refusal = World::with(&bucket, &database)
        .run(&["backup", "--kind", "daily"])
        .refusal();
    assert!(
        refusal.contains("m0 is being copied by another backup already"),
        "{refusal}"
    );
    assert!(s3().list(&bucket).is_empty());
}

#[test]
fn of_several_scheduled_jobs_one_runs() {
    let bucket = s3().bucket(false);
    let database = database();
    let mut world = World::with(&bucket, &database);
    // Somewhere it is near noon: both Jobs are of one day. (`Etc/GMT-3` is three hours ahead of Greenwich.)
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    world.config["timeZone"] = format!("Etc/GMT{:+}", hour - 12).into();
    world.must(&["backup", "--kind", "daily", "--scheduled"]);
    world.config["database"]["members"][0]["name"] = "m1".into();
    let out = world.must(&["backup", "--kind", "daily", "--scheduled"]);
    assert!(out.contains("m0 is copied by another Job"), "{out}");
    assert_eq!(world.catalog()["backups"].as_array().unwrap().len(), 1);
}

#[test]
fn objects_are_locked_and_a_store_that_ignores_the_lock_is_refused() {
    let database = database();
    let bucket = s3().bucket(true);
    let mut world = World::with(&bucket, &database);
    world.config["storage"]["objectLock"] = serde_json::json!({"mode": "COMPLIANCE", "days": 1});
    world.backup();
    let bucket = s3().bucket(false);
    world.config["storage"]["bucket"] = bucket.as_str().into();
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(refusal.contains("lock"), "{refusal}");
    assert!(!s3().list(&bucket).iter().any(|key| key.ends_with("manifest.json")));
}
