//! The object store fails: what passes, what is refused, and that a failed backup leaves nothing behind.

use std::time::Duration;

use serde_json::json;

use crate::fixture::{World, database, free_port, made, s3, wait_for};
use crate::stand_ins::{Deed, Proxy};

fn through(world: &mut World, port: u16) {
    world.config["storage"]["endpoint"] = json!(format!("http://127.0.0.1:{port}"));
}

/// The backup must fail with `words`, leave no manifest and no work files, and leave the member free for the next one.
fn backup_refused(deed: Deed, words: &[&str]) {
    backup_refused_when(move |_, _| deed.clone(), words);
}

fn backup_refused_when(decide: impl Fn(&str, usize) -> Deed + Send + Sync + 'static, words: &[&str]) {
    let database = database();
    let bucket = s3().bucket(false);
    let proxy = Proxy::start(s3().port, decide);
    let mut world = World::with(&bucket, &database);
    through(&mut world, proxy.port);
    // Long enough for whatever is to succeed, also on a busy machine.
    world.config["deadlines"]["request"] = json!("10s");
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    for word in words {
        assert!(refusal.contains(word), "{word:?} is not in: {refusal}");
    }
    assert!(
        !s3().list(&bucket).iter().any(|key| key.ends_with("manifest.json")),
        "there is a manifest"
    );
    wait_for("the lock to be free", || (!database.is_copied()).then_some(()));
    assert!(
        world.directory.path().join("work").read_dir().unwrap().next().is_none(),
        "work files are left"
    );
}

#[test]
fn errors_that_pass_are_waited_out() {
    let database = database();
    let bucket = s3().bucket(false);
    // Every third request fails at first, one is slow, one is never answered although it was carried out.
    let proxy = Proxy::start(s3().port, |_, number| match number % 12 {
        3 | 6 => Deed::Answer(503, "SlowDown"),
        9 => Deed::Answer(500, "InternalError"),
        10 => Deed::Delay(Duration::from_millis(300)),
        7 | 11 => Deed::LoseAnswer,
        _ => Deed::Pass,
    });
    let mut world = World::with(&bucket, &database);
    through(&mut world, proxy.port);
    let id = world.backup();
    assert!(proxy.seen.lock().unwrap().len() > 24, "the proxy was used");
    drop(database);
    // Uploads whose beginning was lost on the way are nobody's: prune ends them.
    world.config["retention"] = json!({"incompleteAfter": "0s"});
    world.must(&["prune"]);
    assert_eq!(s3().open_uploads(&bucket), 0);
    // Reading has the same troubles.
    world.must(&["verify", &id]);
}

#[test]
fn a_lost_answer_to_the_manifests_write_is_no_failure_and_writes_nothing_twice() {
    let database = database();
    let bucket = s3().bucket(false);
    let lost = std::sync::atomic::AtomicBool::new(false);
    let proxy = Proxy::start(s3().port, move |line, _| {
        if line.starts_with("PUT")
            && line.contains("manifest.json?")
            && !lost.swap(true, std::sync::atomic::Ordering::SeqCst)
        {
            Deed::LoseAnswer
        } else {
            Deed::Pass
        }
    });
    let mut world = World::with(&bucket, &database);
    through(&mut world, proxy.port);
    let id = world.backup();
    let writes = proxy
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter(|line| line.starts_with("PUT") && line.contains("manifest.json?"))
        .count();
    assert_eq!(writes, 2, "it was tried again");
    assert_eq!(world.catalog()["backups"][0]["id"], id.as_str());
}

#[test]
fn a_store_that_is_down_is_told_after_the_deadline() {
    let database = database();
    let bucket = s3().bucket(false);
    let mut world = World::with(&bucket, &database);
    through(&mut world, free_port());
    world.config["deadlines"]["request"] = json!("2s");
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(
        refusal.contains("gave up to list the bucket") && refusal.contains("attempts"),
        "{refusal}"
    );
}

#[test]
fn a_store_that_stays_ill_is_told_after_the_deadline() {
    backup_refused(
        Deed::Answer(503, "ServiceUnavailable"),
        &["gave up", "503 ServiceUnavailable"],
    );
}

#[test]
fn a_store_that_falls_ill_in_the_middle_fails_the_backup() {
    backup_refused_when(
        |line, _| {
            if line.contains("partNumber=1") && line.contains("000001") {
                Deed::Answer(500, "InternalError")
            } else {
                Deed::Pass
            }
        },
        &["gave up to write part 1", "500 InternalError"],
    );
}

#[test]
fn a_store_that_is_too_slow_fails_the_backup() {
    backup_refused_when(
        |line, _| {
            if line.contains("partNumber") {
                Deed::Delay(Duration::from_secs(15))
            } else {
                Deed::Pass
            }
        },
        &["gave up to write part"],
    );
}

#[test]
fn denied_access_is_told_with_what_to_check() {
    backup_refused(
        Deed::Answer(403, "AccessDenied"),
        &["access denied (AccessDenied)", "check the access key"],
    );
}

#[test]
fn expired_credentials_are_told() {
    backup_refused(
        Deed::Answer(400, "ExpiredToken"),
        &["the credentials have expired (ExpiredToken)"],
    );
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    backup_refused(Deed::Clock(3600), &["clock and the store's differ", "NTP"]);
    backup_refused(
        Deed::Answer(403, "RequestTimeTooSkewed"),
        &["clock and the store's differ"],
    );
}

#[test]
fn a_bucket_that_is_missing_is_told_and_never_made() {
    let database = database();
    let world = World::with("no-such-bucket", &database);
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(refusal.contains("the bucket does not exist; create it"), "{refusal}");
    let again = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(
        again.contains("the bucket does not exist"),
        "it was not made meanwhile: {again}"
    );
}

#[test]
fn a_wrong_secret_key_is_told() {
    let database = database();
    let bucket = s3().bucket(false);
    let world = World::with(&bucket, &database);
    std::fs::write(world.directory.path().join("secret"), "wrong").unwrap();
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(refusal.contains("access denied (SignatureDoesNotMatch)"), "{refusal}");
}

#[test]
fn a_restore_from_an_ill_store_leaves_the_volume_empty() {
    let (bucket, id) = made();
    for (deed, word) in [
        (Deed::Answer(503, "SlowDown"), "gave up"),
        (Deed::Answer(403, "AccessDenied"), "access denied"),
        (Deed::Answer(404, "NoSuchBucket"), "the bucket does not exist"),
    ] {
        let proxy = Proxy::start(s3().port, move |line, _| {
            if line.contains("000002.pgp") {
                deed.clone()
            } else {
                Deed::Pass
            }
        });
        let mut world = World::without_database(bucket);
        through(&mut world, proxy.port);
        world.config["deadlines"]["request"] = json!("10s");
        world.restore(id, None);
        let refusal = world.run(&["restore"]).refusal();
        assert!(refusal.contains(word), "{refusal}");
        assert!(!world.volume().join("data").exists());
        through(&mut world, s3().port);
        world.config["deadlines"]["request"] = json!("60s");
        world.must(&["restore"]);
    }
}

#[test]
fn a_database_that_cannot_be_reached_or_copied_fails_the_backup() {
    let bucket = s3().bucket(false);
    let world = World::without_database(&bucket);
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(
        refusal.contains("no member can be copied: m0 does not answer"),
        "{refusal}"
    );

    let database = database();
    let mut world = World::with(&bucket, &database);
    world.config["database"]["members"][0]["dataDirectory"] = json!(world.directory.path().join("work"));
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    assert!(
        refusal.contains("m0 keeps its data in") && refusal.contains("mount it at the same path"),
        "{refusal}"
    );
    // A file that mariadb-backup cannot read, in the middle of its work: it exits with 1 after it has written megabytes.
    let world = World::with(&bucket, &database);
    let unreadable = database.data().join("clinic/broken.ibd");
    std::fs::write(&unreadable, vec![1; 200_000]).unwrap();
    let refusal = world.run(&["backup", "--kind", "daily"]).refusal();
    std::fs::remove_file(&unreadable).unwrap();
    assert!(refusal.contains("mariadb-backup failed (exit status: 1)"), "{refusal}");
    assert!(
        s3().list(&bucket).is_empty(),
        "what it had written before it failed is gone"
    );
}

#[test]
fn plain_http_is_refused_but_for_loopback() {
    let mut world = World::without_database("any");
    world.config["storage"]["endpoint"] = json!("http://192.0.2.1:80");
    let refusal = world.run(&["catalog"]).refusal();
    assert!(refusal.contains("is in the clear; use https://"), "{refusal}");
}
