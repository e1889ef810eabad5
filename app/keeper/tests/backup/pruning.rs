//! Pruning a real bucket, the monthly copy, and the system snapshot. (The rules themselves: `src/retention/plan.rs`.)

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{World, database, s3};

#[test]
fn prune_deletes_what_a_newer_verified_backup_covers_and_nothing_else() {
    let bucket = s3().bucket(false);
    // Remains of an interrupted backup, somebody else's file, and an upload that nobody finished.
    s3().put(
        &bucket,
        "galeno/test/backups/20200101T000000Z-daily-0000aa/data/000000.pgp",
        b"remains",
    );
    s3().put(&bucket, "galeno/test/backups/notes.txt", b"somebody's");
    let mut world = {
        let database = database();
        let world = World::with(&bucket, &database);
        for _ in 0..3 {
            world.backup();
        }
        world
    };
    let ids: Vec<String> = world.catalog()["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["id"].as_str().unwrap().to_owned())
        .filter(|id| !id.starts_with("2020"))
        .collect();
    world.config["retention"] = json!({"daily": 1, "maxDeletions": 1, "incompleteAfter": "0s"});

    let out = world.must(&["prune"]);
    assert!(
        out.contains("0 backups deleted") && out.contains("none of ours: test/backups/notes.txt"),
        "{out}"
    );
    assert_eq!(
        world.catalog()["backups"].as_array().unwrap().len(),
        4,
        "nothing is verified, so nothing goes"
    );

    world.must(&["verify", &ids[2]]);
    let dry = world.must(&["prune", "--dry-run"]);
    assert!(
        dry.contains("would be deleted: 20200101T000000Z-daily-0000aa (remains"),
        "{dry}"
    );
    assert_eq!(world.catalog()["backups"].as_array().unwrap().len(), 4);
    let out = world.must(&["prune"]);
    assert!(
        out.contains("deleted: 20200101T000000Z-daily-0000aa") && out.contains("left for the next run"),
        "{out}"
    );
    // Two at once, with a limit that lets everything go.
    world.config["retention"]["maxDeletions"] = json!(9);
    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = world.command(&["prune"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in both {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let left = world.catalog();
    let left_ids: Vec<&str> = left["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["id"].as_str().unwrap())
        .collect();
    assert_eq!(left_ids, [ids[2].as_str()], "the newest verified one stays");
    assert!(s3().list(&bucket).contains(&"galeno/test/backups/notes.txt".to_owned()));
    world.must(&["verify", &ids[2]]);
}

#[test]
fn silence_is_told() {
    let bucket = s3().bucket(false);
    let world = World::without_database(&bucket);
    let refusal = world.run(&["prune"]).refusal();
    assert!(
        refusal.contains("backups are overdue: there is no backup at all"),
        "{refusal}"
    );
}

#[test]
fn the_monthly_backup_lies_in_the_other_bucket_and_is_rehearsed_there() {
    let (bucket, second) = (s3().bucket(false), s3().bucket(false));
    let database = database();
    let mut world = World::with(&bucket, &database);
    let refusal = world.run(&["backup", "--kind", "monthly"]).refusal();
    assert!(refusal.contains("names no `secondary` bucket"), "{refusal}");
    let mut secondary = world.config["storage"].clone();
    secondary["bucket"] = json!(second);
    world.config["secondary"] = secondary;
    world.must(&["backup", "--kind", "monthly"]);
    drop(database);
    assert!(s3().list(&bucket).is_empty());
    let out = world.must(&["rehearse", "--from", "secondary"]);
    assert!(out.contains("-monthly-"), "{out}");
    let listing: Value =
        serde_json::from_str(&world.must(&["catalog", "--from", "secondary", "--format", "json"])).unwrap();
    assert_eq!(listing["backups"][0]["verified"], "restored");
}

fn git(directory: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@test",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_snapshot_holds_the_manifests_of_the_revision_that_runs_and_the_clusters_objects() {
    let repository = tempfile::tempdir().unwrap();
    let at = repository.path();
    std::fs::create_dir_all(at.join("generated/prod")).unwrap();
    std::fs::write(at.join("generated/prod/service.yaml"), "kind: Service\n").unwrap();
    git(at, &["init", "-q"]);
    git(at, &["add", "."]);
    git(at, &["commit", "-qm", "one"]);
    let running = git(at, &["rev-parse", "HEAD"]);
    std::fs::write(
        at.join("generated/prod/service.yaml"),
        "kind: Service # newer than what runs\n",
    )
    .unwrap();
    git(at, &["commit", "-qam", "two"]);
    git(at, &["config", "uploadpack.allowAnySHA1InWant", "true"]);

    let api = crate::stand_ins::KubernetesApi::start(&running);
    let bucket = s3().bucket(false);
    let database = database();
    let mut world = World::with(&bucket, &database);
    let refusal = world.run(&["snapshot"]).refusal();
    assert!(refusal.contains("a system snapshot needs `snapshot`"), "{refusal}");
    let file = |name: &str, text: &str| {
        let path = world.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    world.config["snapshot"] = json!({
        "repository": {
            "url": at, "path": "generated/prod", "application": {"namespace": "argocd", "name": "prod"},
        },
        "kubernetes": {
            "apiServer": format!("http://127.0.0.1:{}", api.port), "tokenFile": file("token", "the-token"),
            "caFile": file("ca", include_str!("ca.pem")),
        },
        "files": {"at-rest.key": file("at-rest", "1;0123\n")},
    });
    world.must(&["snapshot"]);
    drop(database);
    let catalog = world.catalog();
    let manifest = &catalog["backups"][0]["manifest"];
    assert_eq!(manifest["kind"], "weekly");
    assert_eq!(manifest["gitRevision"], running.as_str());

    // As a person would read it: gpg, zstd, tar.
    let id = manifest["id"].as_str().unwrap();
    let sealed = world.directory.path().join("sealed");
    std::fs::write(
        &sealed,
        s3().get(
            &bucket,
            &format!("{}configuration/000000.pgp", crate::fixture::folder(id)),
        ),
    )
    .unwrap();
    let opened = crate::fixture::keys()
        .gpg(&["--decrypt", sealed.to_str().unwrap()])
        .stdout;
    std::fs::write(world.directory.path().join("c.tar.zst"), opened).unwrap();
    let unpacked = world.directory.path().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let script = format!(
        "zstd -qdc {}/c.tar.zst | tar -xC {}",
        world.directory.path().display(),
        unpacked.display()
    );
    assert!(
        Command::new("bash")
            .args(["-o", "pipefail", "-c", &script])
            .status()
            .unwrap()
            .success()
    );
    let read = |name: &str| std::fs::read_to_string(unpacked.join(name)).unwrap_or_else(|_| panic!("no {name}"));
    assert_eq!(read("manifests/generated/prod/service.yaml"), "kind: Service\n");
    assert!(read("cluster/apps/v1/statefulsets.json").contains("mariadb-g0"));
    assert_eq!(read("files/at-rest.key"), "1;0123\n");
    let left_out = read("left-out.txt");
    assert!(left_out.contains("core/v1/secrets: by configuration"), "{left_out}");
    assert!(
        left_out.contains("core/v1/nodes: this account may not list it"),
        "{left_out}"
    );
    assert!(
        api.authorized.load(std::sync::atomic::Ordering::SeqCst),
        "the token was shown"
    );
    world.must(&["verify", id]);
}
