//! What must never be restored: each with the reason told, and nothing touched.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::{World, folder, keys, made, s3};

/// A world whose bucket holds a copy of the one backup, about to be restored.
fn world() -> (World, String, String) {
    let (bucket, id) = made();
    let copy = s3().copy_of(bucket);
    let mut world = World::without_database(&copy);
    world.restore(id, None);
    (world, copy, id.clone())
}

/// The restore must fail, say `words`, and leave no data directory.
fn refused(world: &World, words: &[&str]) {
    let refusal = world.run(&["restore"]).refusal();
    for word in words {
        assert!(refusal.contains(word), "{word:?} is not in: {refusal}");
    }
    assert!(
        !world.volume().join("data").exists(),
        "something became a data directory"
    );
    assert!(
        !world.volume().join("keeper/restored.json").exists(),
        "something was marked as restored"
    );
}

fn edit(bucket: &str, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = s3().get(bucket, key);
    change(&mut bytes);
    s3().put(bucket, key, &bytes);
}

/// Changes the manifest and signs it again, as `user`.
fn forge(bucket: &str, id: &str, user: &str, change: impl FnOnce(&mut Value)) {
    let key = format!("{}manifest.json", folder(id));
    let mut manifest: Value = serde_json::from_slice(&s3().get(bucket, &key)).unwrap();
    change(&mut manifest);
    let text = serde_json::to_vec_pretty(&manifest).unwrap();
    s3().put(bucket, &key, &text);
    s3().put(bucket, &format!("{key}.asc"), &keys().sign(user, &text));
}

#[test]
fn a_wrong_key_is_refused_and_named() {
    let (mut world, _, _) = world();
    world.config["openpgp"]["decryptionKeyFile"] = json!(keys().path("stranger.key"));
    let stranger = keys().fingerprint("stranger@test");
    refused(
        &world,
        &["cannot be decrypted with the key", &stranger, "it is encrypted to"],
    );
}

#[test]
fn the_escrow_key_opens_it_too() {
    let (mut world, _, _) = world();
    world.config["openpgp"]["decryptionKeyFile"] = json!(keys().path("escrow.key"));
    world.must(&["verify", world.config["restore"]["source"]["backup"].as_str().unwrap()]);
}

#[test]
fn a_missing_signature_is_refused() {
    let (world, bucket, id) = world();
    s3().delete(&bucket, &format!("{}manifest.json.asc", folder(&id)));
    refused(&world, &["manifest.json` has no signature"]);
}

#[test]
fn a_good_signature_by_a_stranger_is_refused() {
    let (world, bucket, id) = world();
    forge(&bucket, &id, "stranger@test", |_| {});
    refused(&world, &["none of the trusted signers"]);
}

#[test]
fn a_segment_signed_by_a_stranger_is_refused_although_the_manifest_is_right() {
    let (world, bucket, id) = world();
    let key = format!("{}data/000001.pgp", folder(&id));
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("sealed"), s3().get(&bucket, &key)).unwrap();
    fs::write(file("plain"), keys().gpg(&["--decrypt", &file("sealed")]).stdout).unwrap();
    for (signer, words) in [
        (Some("stranger@test"), "none of the trusted signers"),
        (None, "has no signature"),
    ] {
        let _ = fs::remove_file(file("again"));
        let mut arguments = vec!["--compress-algo", "none", "--recipient", "operations@test", "--output"];
        let (again, plain) = (file("again"), file("plain"));
        arguments.push(&again);
        if let Some(signer) = signer {
            arguments.extend(["--local-user", signer, "--sign"]);
        }
        arguments.extend(["--encrypt", &plain]);
        keys().gpg(&arguments);
        let sealed = fs::read(&again).unwrap();
        s3().put(&bucket, &key, &sealed);
        forge(&bucket, &id, "signer@test", |manifest| {
            manifest["data"]["segments"][1]["size"] = json!(sealed.len());
            manifest["data"]["segments"][1]["sha256"] = json!(sha256(&again));
        });
        refused(&world, &[words]);
    }
}

fn sha256(path: &str) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let (world, bucket, id) = world();
    let folder = folder(&id);
    let mut keys: Vec<String> = ["manifest.json", "manifest.json.asc"]
        .map(|name| format!("{folder}{name}"))
        .into();
    keys.extend(
        s3().list(&bucket)
            .into_iter()
            .filter(|key| key.ends_with(".pgp"))
            .take(2),
    );
    for key in keys {
        let whole = s3().get(&bucket, &key);
        // At the beginning, in the middle, at the end, and somewhere.
        let somewhere = rand::random::<usize>() % whole.len();
        // Of an armored signature, the part that is the signature: its frame and its hints may be anything.
        let places = match key.ends_with(".asc") {
            true => vec![whole.len() - 75],
            false => vec![0, whole.len() / 2, whole.len() - 30, somewhere],
        };
        for at in places {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            s3().put(&bucket, &key, &changed);
            refused(&world, &["keeper: "]);
        }
        s3().put(&bucket, &key, &whole);
    }
}

#[test]
fn a_stream_that_is_cut_off_or_spliced_is_refused() {
    let (world, bucket, id) = world();
    let folder = folder(&id);
    let key = |index: usize| format!("{folder}data/{index:06}.pgp");
    edit(&bucket, &key(1), |bytes| bytes.truncate(bytes.len() / 2));
    refused(&world, &["data/000001.pgp` is cut off"]);
    edit(&bucket, &key(1), |bytes| bytes.resize(bytes.len() * 4, 0));
    refused(&world, &["data/000001.pgp` is longer than"]);
    s3().delete(&bucket, &key(1));
    refused(&world, &["there is no object", "data/000001.pgp"]);
}

#[test]
fn segments_that_change_places_are_refused_even_under_a_manifest_that_agrees() {
    let (world, bucket, id) = world();
    let folder = folder(&id);
    let key = |index: usize| format!("{folder}data/{index:06}.pgp");
    let (first, second) = (s3().get(&bucket, &key(1)), s3().get(&bucket, &key(2)));
    s3().put(&bucket, &key(1), &second);
    s3().put(&bucket, &key(2), &first);
    refused(&world, &["data/00000"]);
    // As one would who holds the signing key but not the data: only the place inside the signature tells.
    forge(&bucket, &id, "signer@test", |manifest| {
        let segments = manifest["data"]["segments"].as_array_mut().unwrap();
        segments.swap(1, 2);
        let names = ["data/000001.pgp", "data/000002.pgp"];
        for (segment, name) in segments[1..=2].iter_mut().zip(names) {
            segment["name"] = json!(name);
        }
    });
    refused(&world, &["it was moved from there"]);
}

#[test]
fn a_manifest_of_another_cluster_or_another_backup_is_refused() {
    let (mut world, bucket, id) = world();
    for key in s3().list(&bucket) {
        s3().put(
            &bucket,
            &key.replace("galeno/test/", "galeno/other/"),
            &s3().get(&bucket, &key),
        );
    }
    world.config["cluster"]["name"] = json!("other");
    refused(&world, &["is of cluster `test`"]);
    world.config["cluster"]["name"] = json!("test");
    let moved = "20200101T000000Z-daily-00abcd";
    for key in s3().list(&bucket) {
        s3().put(&bucket, &key.replace(&id, moved), &s3().get(&bucket, &key));
    }
    world.config["restore"]["source"]["backup"] = json!(moved);
    refused(&world, &["it was moved"]);
}

#[test]
fn a_newer_mariadb_is_refused() {
    let (world, bucket, id) = world();
    forge(&bucket, &id, "signer@test", |manifest| {
        manifest["versions"]["server"] = json!("11.8.2-MariaDB")
    });
    refused(&world, &["11.8.2-MariaDB, which is newer than"]);
}

#[test]
fn a_disk_that_is_too_small_is_refused_before_anything_is_written() {
    let (world, bucket, id) = world();
    forge(&bucket, &id, "signer@test", |manifest| {
        manifest["databaseBytes"] = json!(1u64 << 50)
    });
    refused(&world, &["this backup needs", "nothing was written"]);
    assert!(!world.volume().join("keeper").exists());
}

#[test]
fn what_is_not_there_or_not_an_id_is_said() {
    let (mut world, _, _) = world();
    world.config["restore"]["source"]["backup"] = json!("20200101T000000Z-daily-00abcd");
    refused(
        &world,
        &["20200101T000000Z-daily-00abcd cannot be restored", "there is no object"],
    );
    world.config["restore"]["source"]["backup"] = json!("yesterday");
    refused(&world, &["`yesterday` is not a backup's id"]);
}

#[test]
fn a_signature_from_the_future_is_refused() {
    let (world, bucket, id) = world();
    let key = format!("{}manifest.json", folder(&id));
    let text = s3().get(&bucket, &key);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("manifest");
    fs::write(&path, &text).unwrap();
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5))
        .strftime("%Y%m%dT%H%M%S")
        .to_string();
    let signed = keys().gpg(&[
        "--faked-system-time",
        &later,
        "--passphrase",
        "correct horse",
        "--local-user",
        "signer@test",
        "--armor",
        "--detach-sign",
        "--output",
        "-",
        path.to_str().unwrap(),
    ]);
    s3().put(&bucket, &format!("{key}.asc"), &signed.stdout);
    refused(&world, &["is in the future", "clock"]);
}

#[test]
fn a_signer_whose_key_had_expired_is_refused() {
    let (mut world, bucket, id) = world();
    // A key of last year, trusted, that signs today.
    keys().gpg(&[
        "--passphrase",
        "",
        "--faked-system-time",
        "20240101T000000",
        "--quick-generate-key",
        "old@test",
        "ed25519",
        "sign",
        "30d",
    ]);
    fs::write(
        keys().path("old.asc"),
        keys().gpg(&["--armor", "--export", "old@test"]).stdout,
    )
    .unwrap();
    world.config["openpgp"]["trustedSignerFiles"] = json!([keys().path("signer.asc"), keys().path("old.asc")]);
    let key = format!("{}manifest.json", folder(&id));
    let path = keys().path("expired-manifest");
    fs::write(&path, s3().get(&bucket, &key)).unwrap();
    let signed = keys().gpg(&[
        "--faked-system-time",
        "20240110T000000",
        "--local-user",
        "old@test",
        "--armor",
        "--detach-sign",
        "--output",
        "-",
        path.to_str().unwrap(),
    ]);
    // Signed while it was valid: believed, as far as the signature goes.
    s3().put(&bucket, &format!("{key}.asc"), &signed.stdout);
    world.must(&["catalog"]);
    let catalog = world.catalog();
    assert_eq!(catalog["backups"][0]["state"], "complete", "{catalog}");
    // Nobody can make it sign after its end but with a wrong clock, or other software: gpg is told to ignore the time.
    let signed = keys().try_gpg(&[
        "--faked-system-time",
        "20240101T000001",
        "--ignore-time-conflict",
        "--local-user",
        "old@test",
        "--armor",
        "--detach-sign",
        "--output",
        "-",
        path.to_str().unwrap(),
    ]);
    assert!(signed.status.success());
}
