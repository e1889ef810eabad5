//! The tree under `generated/`: what is written, what is refused, and what a crash leaves.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use galeno::bundle::{Consent, Manifest, Object, Removal, Tree, TreeError, Written};
use serde_json::json;

fn manifest(component: &'static str, kind: &str, name: &str, data: &str) -> Manifest {
    let value =
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}, "data": {"k": data}});
    Manifest {
        region: Arc::from("eu"),
        component,
        object: Object::new(value).unwrap(),
        reasons: Vec::new(),
    }
}

fn tree(manifests: &[Manifest]) -> Tree {
    Tree::render(
        "galeno 0.0.0",
        "sha256:0",
        manifests,
        [("restores.json".to_owned(), b"[]\n".to_vec())],
    )
    .unwrap()
}

/// Config maps `c0` to `c(count-1)` with this content.
fn maps(count: usize, data: &str) -> Vec<Manifest> {
    (0..count)
        .map(|number| manifest("app", "ConfigMap", &format!("c{number}"), data))
        .collect()
}

/// Every file below a directory with its content and time of change.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path())
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes();
                found.insert(entry.path(), (target, SystemTime::UNIX_EPOCH));
            } else {
                let changed = entry.metadata().unwrap().modified().unwrap();
                found.insert(entry.path(), (std::fs::read(entry.path()).unwrap(), changed));
            }
        }
    }
    found
}

fn refused(result: Result<Written, TreeError>) -> Vec<(&'static str, String)> {
    match result {
        Err(TreeError::Refused(findings)) => {
            assert!(findings.iter().all(|f| !f.mend.is_empty()));
            findings
                .into_iter()
                .map(|f| (f.code, f.place.file.unwrap_or_default()))
                .collect()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn codes(result: Result<Written, TreeError>) -> Vec<&'static str> {
    refused(result).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_tree_is_written_once_and_only_what_changed_again() {
    let root = tempfile::tempdir().unwrap();
    let env = root.path().join("generated/prod");
    let first = tree(&maps(3, "a"));
    assert!(!first.compare(&env).unwrap().is_none());
    let written = first.write(&env, &Consent::default()).unwrap();
    assert_eq!(written.written.len(), 4);
    assert_eq!(written.removed.len() + written.unchanged, 0);
    assert!(first.compare(&env).unwrap().is_none());
    assert!(env.join("eu/app/configmap-c0.yaml").is_file() && env.join("restores.json").is_file());

    let before = snapshot(&env);
    let again = first.write(&env, &Consent::default()).unwrap();
    assert_eq!(
        again,
        Written {
            unchanged: 4,
            ..Written::default()
        }
    );
    assert_eq!(snapshot(&env), before, "a second run touches nothing");

    let mut changed = maps(2, "a");
    changed.push(manifest("app", "ConfigMap", "c2", "b"));
    changed.push(manifest("web", "Deployment", "d", "a"));
    let second = tree(&changed);
    let difference = second.compare(&env).unwrap();
    assert_eq!(difference.missing, ["eu/web/deployment-d.yaml"]);
    assert_eq!(difference.stale, ["eu/app/configmap-c2.yaml"]);
    assert!(difference.index && difference.obsolete.is_empty() && difference.stray.is_empty());
    let written = second.write(&env, &Consent::default()).unwrap();
    assert_eq!(
        written.written,
        ["eu/app/configmap-c2.yaml", "eu/web/deployment-d.yaml"]
    );
    let after = snapshot(&env);
    let untouched = env.join("eu/app/configmap-c0.yaml");
    assert_eq!(after[&untouched], before[&untouched]);

    let written = first.write(&env, &Consent::default()).unwrap();
    assert_eq!(written.removed, ["eu/web/deployment-d.yaml"]);
    assert!(!env.join("eu/web").exists(), "an emptied folder goes too");
    assert!(first.compare(&env).unwrap().is_none());
}

#[test]
fn the_index_names_every_file_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    tree(&maps(2, "a")).write(root.path(), &Consent::default()).unwrap();
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(root.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(index["generator"], "galeno 0.0.0");
    assert_eq!(index["input"], "sha256:0");
    let files = index["files"].as_object().unwrap();
    assert_eq!(files.len(), 3);
    for (path, digest) in files {
        let output = Command::new("sha256sum").arg(root.path().join(path)).output().unwrap();
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .starts_with(digest.as_str().unwrap()),
            "{path}"
        );
    }
}

#[test]
fn what_galeno_did_not_write_is_never_touched() {
    let root = tempfile::tempdir().unwrap();
    let env = root.path();
    let wanted = tree(&maps(3, "a"));
    std::fs::create_dir_all(env.join("eu/app")).unwrap();
    std::fs::write(env.join("eu/app/configmap-c1.yaml"), "mine").unwrap();
    std::fs::write(env.join("eu/notes.txt"), "mine").unwrap();
    std::os::unix::fs::symlink("/etc", env.join("eu/link")).unwrap();
    let before = snapshot(env);
    let found = refused(wanted.write(
        env,
        &Consent {
            overwrite_edited: true,
            removals: Vec::new(),
        },
    ));
    let file = |name: &str| ("tree/stray", format!("{}/{name}", env.display()));
    assert_eq!(
        found,
        [file("eu/app/configmap-c1.yaml"), file("eu/link"), file("eu/notes.txt")]
    );
    assert_eq!(snapshot(env), before, "a refused write changes nothing");
    std::fs::remove_file(env.join("eu/app/configmap-c1.yaml")).unwrap();
    std::fs::remove_file(env.join("eu/link")).unwrap();
    std::fs::remove_file(env.join("eu/notes.txt")).unwrap();
    wanted.write(env, &Consent::default()).unwrap();
}

#[test]
fn a_file_that_is_already_right_is_taken_over() {
    let root = tempfile::tempdir().unwrap();
    let wanted = tree(&maps(2, "a"));
    for (path, bytes) in wanted.files() {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    let written = wanted.write(root.path(), &Consent::default()).unwrap();
    assert_eq!(
        written,
        Written {
            unchanged: 3,
            ..Written::default()
        }
    );
    assert!(wanted.compare(root.path()).unwrap().is_none());
}

#[test]
fn a_file_that_was_edited_is_refused_until_a_person_agrees() {
    let root = tempfile::tempdir().unwrap();
    let env = root.path();
    let first = tree(&maps(30, "a"));
    first.write(env, &Consent::default()).unwrap();
    let edited = env.join("eu/app/configmap-c1.yaml");
    std::fs::write(&edited, "edited").unwrap();
    assert_eq!(first.compare(env).unwrap().edited, ["eu/app/configmap-c1.yaml"]);
    let before = snapshot(env);
    assert_eq!(codes(first.write(env, &Consent::default())), ["tree/edited"]);
    // Also where it would be removed.
    let without: Vec<_> = maps(30, "a").into_iter().filter(|m| m.object.name() != "c1").collect();
    assert_eq!(codes(tree(&without).write(env, &Consent::default())), ["tree/edited"]);
    assert_eq!(snapshot(env), before);
    let agree = Consent {
        overwrite_edited: true,
        removals: Vec::new(),
    };
    assert_eq!(first.write(env, &agree).unwrap().written, ["eu/app/configmap-c1.yaml"]);
    std::fs::write(&edited, "edited").unwrap();
    assert_eq!(
        tree(&without).write(env, &agree).unwrap().removed,
        ["eu/app/configmap-c1.yaml"]
    );
    assert!(!edited.exists());
}

#[test]
fn removing_much_or_what_holds_data_needs_consent() {
    let root = tempfile::tempdir().unwrap();
    let env = root.path();
    let mut all = maps(50, "a");
    all.push(manifest("database", "StatefulSet", "mariadb-g0", "a"));
    all.push(manifest("base", "Namespace", "db", "a"));
    tree(&all).write(env, &Consent::default()).unwrap();
    let before = snapshot(env);

    // Nothing at all.
    let nothing = Tree::render("g", "i", &[], []).unwrap();
    assert_eq!(
        codes(nothing.write(
            env,
            &Consent {
                overwrite_edited: true,
                removals: vec![Removal::Count(53)]
            }
        )),
        ["tree/empty"]
    );

    // Ten of fifty-three go without a word, eleven do not.
    let keep = |count: usize| -> Vec<Manifest> {
        let (state, few): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|m| m.component != "app");
        few.into_iter().take(count).chain(state).collect()
    };
    assert_eq!(
        codes(tree(&keep(39)).write(env, &Consent::default())),
        ["tree/removes-much"]
    );
    let wrong = Consent {
        removals: vec![Removal::Count(10)],
        ..Consent::default()
    };
    assert_eq!(codes(tree(&keep(39)).write(env, &wrong)), ["tree/removes-much"]);

    // What holds data must be named, one by one; a number is not enough.
    let stateless: Vec<_> = all.iter().filter(|m| m.component == "app").cloned().collect();
    let counted = Consent {
        removals: vec!["2".parse().unwrap()],
        ..Consent::default()
    };
    let found = refused(tree(&stateless).write(env, &counted));
    let file = |name: &str| ("tree/removes-state", format!("{}/{name}", env.display()));
    assert_eq!(
        found,
        [
            file("eu/base/namespace-db.yaml"),
            file("eu/database/statefulset-mariadb-g0.yaml")
        ]
    );
    let one = Consent {
        removals: vec!["eu/base/namespace-db.yaml".parse().unwrap()],
        ..Consent::default()
    };
    assert_eq!(
        refused(tree(&stateless).write(env, &one)),
        [file("eu/database/statefulset-mariadb-g0.yaml")]
    );
    assert_eq!(snapshot(env), before, "no refused write changed anything");

    let agreed = Consent {
        removals: vec![Removal::Count(11)],
        ..Consent::default()
    };
    assert_eq!(tree(&keep(39)).write(env, &agreed).unwrap().removed.len(), 11);
    assert_eq!(
        tree(&keep(29)).write(env, &Consent::default()).unwrap().removed.len(),
        10
    );
    let named = [
        "eu/base/namespace-db.yaml",
        "eu/database/statefulset-mariadb-g0.yaml",
        "eu/no/such.yaml",
    ];
    let named = Consent {
        removals: named.iter().map(|path| path.parse().unwrap()).collect(),
        ..Consent::default()
    };
    let few: Vec<_> = stateless.iter().take(29).cloned().collect();
    let written = tree(&few).write(env, &named).unwrap();
    assert_eq!(
        written.removed,
        ["eu/base/namespace-db.yaml", "eu/database/statefulset-mariadb-g0.yaml"]
    );
    assert_eq!(written.needless, ["eu/no/such.yaml"]);
}

#[test]
fn a_damaged_index_is_not_obeyed() {
    let root = tempfile::tempdir().unwrap();
    let env = root.path().join("env");
    let outside = root.path().join("outside.yaml");
    std::fs::write(&outside, "mine").unwrap();
    let wanted = tree(&maps(2, "a"));
    wanted.write(&env, &Consent::default()).unwrap();
    let digest = "0".repeat(64);
    for path in [
        "../outside.yaml",
        "/etc/passwd",
        "a/../../outside.yaml",
        "",
        "a//b",
        "./a",
        "index.json",
        ".writing/x",
    ] {
        let index = json!({"generator": "g", "input": "i", "files": {path: digest}});
        std::fs::write(env.join("index.json"), index.to_string()).unwrap();
        assert!(
            matches!(wanted.write(&env, &Consent::default()), Err(TreeError::Index { .. })),
            "{path}"
        );
    }
    std::fs::write(env.join("index.json"), "{").unwrap();
    assert!(matches!(wanted.compare(&env), Err(TreeError::Index { .. })));
    assert_eq!(std::fs::read(&outside).unwrap(), b"mine");
}

#[test]
fn what_cannot_be_one_tree_is_told() {
    let twice = [
        manifest("a", "ConfigMap", "c", "1"),
        manifest("b", "ConfigMap", "c", "2"),
    ];
    let findings = Tree::render("g", "i", &twice, []).unwrap_err();
    assert_eq!(
        findings.iter().map(|f| f.code).collect::<Vec<_>>(),
        ["tree/object-twice"]
    );
    let file = |path: &str| (path.to_owned(), Vec::new());
    let others = [file("../x"), file("index.json"), file("eu/app/configmap-c0.yaml")];
    let findings = Tree::render("g", "i", &maps(1, "a"), others).unwrap_err();
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["tree/path"; 3]);
}

#[test]
fn two_writers_do_not_meet() {
    let root = tempfile::tempdir().unwrap();
    let held = std::fs::File::open(root.path()).unwrap();
    held.lock().unwrap();
    let wanted = tree(&maps(2, "a"));
    assert!(matches!(
        wanted.write(root.path(), &Consent::default()),
        Err(TreeError::Locked(_))
    ));
    drop(held);
    wanted.write(root.path(), &Consent::default()).unwrap();
}

/// The old and the new tree of the test below: files that change, stay, come and go.
fn versions() -> (Vec<Manifest>, Vec<Manifest>) {
    let old = maps(400, "old")
        .into_iter()
        .chain(maps(500, "same").split_off(450))
        .collect();
    let new = maps(360, "new")
        .into_iter()
        .chain(maps(550, "same").split_off(450))
        .collect();
    (old, new)
}

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "run by a_killed_write_leaves_each_file_old_or_new"]
fn writer_to_be_killed() {
    let directory = std::env::var_os("GALENO_TEST_TREE").expect("only the test below runs this");
    let consent = Consent {
        removals: vec![Removal::Count(40)],
        ..Consent::default()
    };
    tree(&versions().1).write(Path::new(&directory), &consent).unwrap();
}

#[test]
fn a_killed_write_leaves_each_file_old_or_new() {
    let (old, new) = versions();
    let (old, new) = (tree(&old), tree(&new));
    let content = |tree: &Tree| -> BTreeMap<String, Vec<u8>> {
        tree.files()
            .map(|(path, bytes)| (path.to_owned(), bytes.to_owned()))
            .collect()
    };
    let (before, after) = (content(&old), content(&new));
    let root = tempfile::tempdir().unwrap();
    let mut interrupted = 0;
    // From a kill at once to one after the end: the steps between grow with how long an undisturbed write takes here.
    let undisturbed = {
        let directory = root.path().join("undisturbed");
        old.write(&directory, &Consent::default()).unwrap();
        let start = Instant::now();
        let status = writer(&directory).wait().unwrap();
        assert!(status.success());
        start.elapsed()
    };
    let rounds = 10;
    for round in 0..rounds {
        let directory = root.path().join(round.to_string());
        old.write(&directory, &Consent::default()).unwrap();
        let mut child = writer(&directory);
        std::thread::sleep(undisturbed.mul_f64(f64::from(round) / f64::from(rounds - 1)) + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        for (path, (bytes, _)) in snapshot(&directory) {
            let path = path.strip_prefix(&directory).unwrap().to_str().unwrap().to_owned();
            if path == "index.json" || path.starts_with(".writing/") {
                continue;
            }
            let known = [before.get(&path), after.get(&path)];
            assert!(
                known.contains(&Some(&bytes)),
                "{path} is neither old nor new after kill {round}"
            );
        }
        let difference = new.compare(&directory).unwrap();
        assert!(
            difference.edited.is_empty() && difference.stray.is_empty(),
            "{:?}",
            difference.edited
        );
        interrupted += usize::from(difference.interrupted);
        // Whatever comes next completes: the same tree, or the old one again.
        let consent = Consent {
            removals: vec![Removal::Count(difference.obsolete.len())],
            ..Consent::default()
        };
        let wanted = if round % 2 == 0 { &new } else { &old };
        let consent = if round % 2 == 0 {
            consent
        } else {
            let removed = old.compare(&directory).unwrap().obsolete.len();
            Consent {
                removals: vec![Removal::Count(removed)],
                ..Consent::default()
            }
        };
        wanted.write(&directory, &consent).unwrap();
        assert!(wanted.compare(&directory).unwrap().is_none());
        assert!(!directory.join(".writing").exists());
    }
    println!("{interrupted} of {rounds} kills fell into a write");
}

fn writer(directory: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer_to_be_killed", "--ignored"])
        .env("GALENO_TEST_TREE", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
