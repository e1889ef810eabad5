//! `galeno restore`: requests that only ever grow, and the two fields that follow them.

use serde_json::Value;

use crate::support::{World, shipped};

const FUTURE: &str = "2099-01-01T00:00:00Z";

#[test]
fn a_restore_goes_through_its_three_changes() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    let before = repo.read("environments/prod.yaml");
    let output = repo.galeno(&[
        "restore",
        "request",
        "-e",
        "prod",
        "--reason",
        "say \"why\"",
        "--expires",
        FUTURE,
    ]);
    let said = crate::support::text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("galeno compile --environment prod") && said.contains("galeno commit"),
        "{said}"
    );
    insta::assert_snapshot!("restore_request", repo.read("environments/prod/restores/0001.yaml"));
    assert_eq!(repo.read("environments/prod.yaml"), before);
    repo.ok(&["compile"]);
    repo.commit_all("Prepare");

    repo.ok(&["restore", "switch", "-e", "prod"]);
    let switched = repo.read("environments/prod.yaml");
    let acknowledged = "\nacknowledge:\n  - {code: upgrade/generation-switched, about: ConfigMap clinic-data/database-intent, \
                        reason: \"asked for by a restore\"}\n";
    assert_eq!(switched.replace("  active: 1\n", "").replace(acknowledged, ""), before);
    repo.ok(&["compile"]);
    repo.ok(&["restore", "switch", "-e", "prod"]);
    assert_eq!(
        repo.read("environments/prod.yaml"),
        switched,
        "the second time changes nothing"
    );

    repo.commit_all("Switch");
    repo.ok(&["restore", "retire", "-e", "prod", "0"]);
    let list = repo.ok(&["restore", "list", "-e", "prod"]);
    insta::assert_snapshot!("restore_list", list.replace("Ada Example <ada@example.org>", "ADA"));
    let list: Value = serde_json::from_str(&repo.ok(&["restore", "list", "-e", "prod", "--format", "json"])).unwrap();
    assert_eq!(list[0]["state"], "retired");
    assert_eq!(list[1]["state"], "active");
    assert_eq!(list[1]["request"]["reason"], "say \"why\"");
    let show: Value =
        serde_json::from_str(&repo.ok(&["restore", "show", "-e", "prod", "1", "--format", "json"])).unwrap();
    assert_eq!(show, list[1]);
    assert!(
        repo.ok(&["restore", "show", "-e", "prod", "1"])
            .contains("environments/prod/restores/0001.yaml")
    );
    // What holds the old generation's data goes only when a person names each file; the newer one's stay as they are.
    let said = repo.refused(&["compile", "--environment", "prod"], "tree/removes-state");
    let named: Vec<&str> = said
        .split("--allow-removal ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    assert!(
        named.iter().any(|file| file.ends_with("statefulset-mariadb-g0.yaml")),
        "{said}"
    );
    let mut args = vec!["compile", "--environment", "prod"];
    args.extend(named.iter().flat_map(|file| ["--allow-removal", file]));
    repo.ok(&args);
    let gone = repo.git(&["diff", "--name-only", "--diff-filter=D"]);
    assert!(gone.lines().all(|file| file.contains("-g0")), "{gone}");
    repo.commit_all("Retire");
    repo.ok(&["compile", "--check"]);
}

#[test]
fn in_an_emergency_both_in_one() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    repo.ok(&[
        "restore",
        "request",
        "-e",
        "prod",
        "--to",
        "2026-11-24T09:30:00Z",
        "--reason",
        "r",
        "--expires",
        FUTURE,
        "--now",
        "--despite",
        "appointments-apart.sql",
    ]);
    assert!(repo.read("environments/prod.yaml").contains("\n  active: 1\n"));
    let written = "despite: [\"appointments-apart.sql\"]";
    assert!(repo.read("environments/prod/restores/0001.yaml").contains(written));
    let shown = repo.ok(&["restore", "show", "-e", "prod", "1"]);
    assert!(shown.contains("appointments-apart.sql"), "{shown}");
    assert!(
        repo.read("environments/prod/restores/0001.yaml")
            .contains("to: \"2026-11-24T09:30:00Z\"")
    );
    repo.ok(&["compile"]);
    let plan: Value = serde_json::from_str(&repo.ok(&["plan", "HEAD", "--format", "json"])).unwrap();
    assert_eq!(plan["restores"][0]["now"], true);
    assert!(
        repo.ok(&["plan", "HEAD"])
            .contains("may contradict itself: appointments-apart.sql")
    );
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    let refuse = |args: &[&str], code: &str| {
        repo.refused(&[&["restore"], args].concat(), code);
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{args:?}");
    };
    refuse(
        &["request", "-e", "prod", "--reason", "r", "--backup", "../x"],
        "ledger/backup",
    );
    refuse(
        &[
            "request",
            "-e",
            "prod",
            "--reason",
            "r",
            "--despite",
            "appointment-apart",
        ],
        "did you mean `appointments-apart.sql`",
    );
    refuse(&["request", "-e", "prod", "--reason", ""], "spec/");
    refuse(
        &[
            "request",
            "-e",
            "prod",
            "--reason",
            "r",
            "--expires",
            "2020-01-01T00:00:00Z",
        ],
        "restore/expires",
    );
    refuse(&["request", "-e", "prdo", "--reason", "r"], "did you mean `prod`");
    refuse(&["switch", "-e", "prod", "--to", "7"], "spec/generation");
    refuse(&["retire", "-e", "prod", "0"], "spec/generation");
    refuse(&["show", "-e", "prod", "4"], "restore/unknown");
}

#[test]
fn two_who_ask_at_once_get_two_requests_or_one_is_told() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let ask = |reason: &str| {
        repo.spawn(&[
            "restore",
            "request",
            "-e",
            "local",
            "--reason",
            reason,
            "--expires",
            FUTURE,
        ])
    };
    let ends: Vec<bool> = [ask("first"), ask("second")]
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().status.success())
        .collect();
    let made = repo
        .git(&["status", "--porcelain", "--untracked-files=all", "environments/local"])
        .lines()
        .count();
    assert_eq!(made, ends.iter().filter(|ended| **ended).count(), "{ends:?}");
    assert!(made >= 1);
}

#[test]
fn a_number_is_never_used_again_after_a_revert() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    let before = repo.read("environments/local.yaml");
    let request = |arguments: &[&str]| {
        let output = repo.galeno(
            &[
                &[
                    "restore",
                    "request",
                    "-e",
                    "local",
                    "--reason",
                    "r",
                    "--expires",
                    FUTURE,
                ],
                arguments,
            ]
            .concat(),
        );
        let said = crate::support::text(&output.stderr);
        assert!(output.status.success(), "{said}");
        repo.ok(&["compile"]);
        repo.commit_all("Restore");
        said
    };
    request(&["--backup", "20261124T020003Z-daily-1a2b3c", "--now"]);
    let first = repo.read("environments/local/restores/0001.yaml");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    repo.ok(&["compile", "--check"]);
    assert_eq!(repo.read("environments/local.yaml"), before, "the revert is whole");

    let said = request(&[]);
    assert!(said.contains("0001.yaml was merged once and reverted"), "{said}");
    assert_eq!(repo.read("environments/local/restores/0001.yaml"), first);
    let list: Value = serde_json::from_str(&repo.ok(&["restore", "list", "-e", "local", "--format", "json"])).unwrap();
    let states: Vec<&Value> = list.as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["active", "standing-by", "standing-by"]);
    assert_eq!(list[2]["request"]["source"]["backup"], "latest");
    // And not a second time.
    let said = request(&[]);
    assert!(!said.contains("reverted"), "{said}");
    repo.ok(&["compile", "--check"]);
    // What was asked for and is not needed goes as what served before: it takes room that the one that serves could need.
    repo.ok(&["restore", "retire", "-e", "local", "1"]);
    repo.refused(&["compile", "--environment", "local"], "tree/removes-state");
    let list: Value = serde_json::from_str(&repo.ok(&["restore", "list", "-e", "local", "--format", "json"])).unwrap();
    assert_eq!(list[1]["state"], "retired");
}

#[test]
fn a_lost_region_is_left_by_one_change_and_its_copies_serve() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    let roles = |text: &str| {
        text.replacen("role: primary", "role: PRIMARY", 1)
            .replacen("role: recovery", "role: primary", 1)
            .replacen("role: PRIMARY", "role: recovery", 1)
    };
    repo.write("environments/prod.yaml", &roles(&shipped("prod")));
    // Without a restore it would begin empty there.
    let said = repo.refused(&["compile"], "upgrade/primary-without-data");
    assert!(
        said.contains("is to serve without what `prod/eu-central` wrote"),
        "{said}"
    );
    let request = [
        "restore",
        "request",
        "-e",
        "prod",
        "--reason",
        "eu-central is lost",
        "--expires",
        FUTURE,
        "--now",
    ];
    repo.ok(&request);
    // One thing is at risk, and one thing is accepted.
    let said = repo.refused(&["compile"], "upgrade/primary-moved");
    assert_eq!(said.matches("error[").count(), 1, "{said}");
    assert!(said.contains("the database is served from `prod/eu-west`"), "{said}");
    let accepted = "\nacknowledge:\n  - {code: upgrade/primary-moved, about: StatefulSet clinic-data/mariadb-g0, reason: it is lost}\n";
    let text = repo
        .read("environments/prod.yaml")
        .replace("\nacknowledge:\n", accepted);
    repo.write("environments/prod.yaml", &text);
    repo.refused(&["compile"], "tree/removes-state");
    let folders = ["--allow-removal", "eu-central/", "--allow-removal", "argocd/eu-central"];
    repo.refused(&[&["compile"], &folders[2..]].concat(), "tree/removes-state");
    repo.ok(&[&["compile"], &folders[..]].concat());
    repo.commit_all("Promote");
    repo.ok(&["compile", "--check"]);
    // What was the monthly copies' bucket is the one that is restored from and written to, with the keys that open it.
    let config = repo.read("generated/prod/eu-west/restore/configmap-mariadb-g1-restore.yaml");
    let storage = config.split("\"storage\"").nth(1).unwrap().split('}').next().unwrap();
    assert!(storage.contains("clinic-prod-monthly"), "{storage}");
    let keys = repo.read("generated/prod/eu-west/secrets/externalsecret-backup-storage@clinic-data.yaml");
    assert!(keys.contains("key: prod/backup-monthly-storage"), "{keys}");
    assert!(
        repo.read("generated/prod/eu-west/backup/cronjob-backup-monthly.yaml")
            .contains("backup-monthly-storage")
    );
    assert!(!repo.path.join("generated/prod/eu-central/database").exists());
}

#[test]
fn backups_do_not_go_elsewhere_unseen() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    // One word, and the buckets would change places.
    let text = shipped("prod").replace("    region: eu-west\n    bucket", "    region: eu-central\n    bucket");
    repo.write("environments/prod.yaml", &text);
    let said = repo.refused(&["compile"], "upgrade/bucket-moved");
    assert!(
        said.contains("`clinic-prod-monthly` instead of `clinic-prod-backups`") && said.matches("error[").count() == 1,
        "{said}"
    );
}
