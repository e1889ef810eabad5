//! `galeno plan`, as a reviewer sees it.

use serde_json::Value;

use crate::support::{Repo, World, text};

/// Commit ids change with the clock.
fn settled(plan: &str, repo: &Repo) -> String {
    let id = repo.git(&["rev-parse", "HEAD"]);
    plan.replace(&id, "COMMIT").replace(&id[..12], "COMMIT")
}

fn json(repo: &Repo, args: &[&str]) -> Value {
    let output = repo.galeno(&[&["plan", "--format", "json"], args].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

#[test]
fn nothing_differs_where_only_the_writing_does() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    // The same object with its keys in another order and other quotes.
    let file = "generated/local/here/namespaces/namespace-clinic-app.yaml";
    let path = repo.git(&["ls-files", "generated/local/*/namespaces/namespace-clinic-app.yaml"]);
    let path = if path.is_empty() { file.to_owned() } else { path };
    let object: Value = serde_yaml::from_str(&repo.read(&path)).unwrap();
    repo.write(&path, &serde_json::to_string_pretty(&object).unwrap());
    let plan = json(&repo, &["HEAD"]);
    assert_eq!(plan["changed"], Value::Array(Vec::new()));
    assert_eq!(plan["byGaleno"], Value::Array(Vec::new()));
}

#[test]
fn a_change_is_told_by_object_and_field_and_once() {
    let world = World::new();
    let repo = world.compiled(&["prod", "staging"]);
    for name in ["prod", "staging"] {
        let file = format!("environments/{name}.yaml");
        let image = "14c2529eb4498c5d1ffd6915d05bf58a91bdda796af59f41d480d11c099d0479";
        repo.edit(&file, image, &image.replace("14c2", "99aa"));
    }
    repo.edit(
        "environments/prod.yaml",
        "replicas: {min: 3, max: 12}",
        "replicas: {min: 4, max: 12}",
    );
    repo.edit(
        "environments/prod.yaml",
        "owner: clinical-platform",
        "owner: hospital-it",
    );
    repo.ok(&["compile"]);
    for format in ["terminal", "markdown", "html"] {
        let plan = repo.ok(&["plan", "HEAD", "--format", format]);
        // The page's style is no matter of this test.
        let body = plan.find("<main>").unwrap_or_default();
        insta::assert_snapshot!(format!("plan_{format}"), settled(&plan[body..], &repo));
    }
    let plan = json(&repo, &["HEAD"]);
    let changed = plan["changed"].as_array().unwrap();
    // The image of the API, in both environments, is one entry; the label on every namespace of prod another.
    let image = changed
        .iter()
        .find(|e| e["changes"].to_string().contains("99aa529e"))
        .unwrap();
    let environments: std::collections::BTreeSet<&str> = image["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["environment"].as_str().unwrap())
        .collect();
    assert_eq!(environments.into_iter().collect::<Vec<_>>(), ["prod", "staging"]);
    let owner: Vec<&Value> = changed
        .iter()
        .filter(|e| e["changes"].to_string().contains("hospital-it"))
        .collect();
    assert!(
        owner
            .iter()
            .any(|entry| entry["targets"].as_array().unwrap().len() > 20),
        "{owner:?}"
    );
}

#[test]
fn between_two_commits_and_from_where_the_branch_began() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    repo.git(&["checkout", "--quiet", "-b", "more"]);
    repo.edit("environments/local.yaml", "owner: ", "owner: x-");
    repo.ok(&["compile"]);
    repo.commit_all("Another owner");
    let two = json(&repo, &["main", "more"]);
    let one = json(&repo, &[]);
    assert!(!two["changed"].as_array().unwrap().is_empty());
    assert_eq!(two["changed"], one["changed"]);
    assert_eq!(one["base"]["name"], "merge base with main");
    assert_eq!(one["head"]["name"], "working tree");
    repo.refused(&["plan", "no-such-branch"], "git/revision");
}

#[test]
fn what_galeno_changed_is_told_apart() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    // As an older Galeno would have compiled it: another label on every Namespace, and one object more.
    let namespaces = repo.git(&["ls-files", "generated/local/*/namespaces/namespace-*.yaml"]);
    for file in namespaces.lines() {
        repo.edit(file, "  labels:\n", "  labels:\n    older: \"yes\"\n");
    }
    let first = namespaces.lines().next().unwrap();
    let gone = first.replace("namespace-", "configmap-old-");
    repo.write(
        &gone,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old, namespace: clinic-app}\n",
    );
    repo.commit_all("As an older Galeno wrote it");
    repo.edit("environments/local.yaml", "owner: ", "owner: x-");
    repo.git(&["rm", "--quiet", &gone]);
    repo.git(&["reset", "--quiet"]);
    repo.ok(&["compile", "--overwrite-edited"]);
    let plan = json(&repo, &["HEAD"]);
    let paths = |part: &str| -> Vec<String> {
        let entries = plan[part].as_array().unwrap();
        let changes = entries.iter().flat_map(|e| e["changes"].as_array().unwrap());
        changes.map(|c| c["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths("byGaleno"), ["metadata.labels.older"]);
    assert!(
        paths("changed").iter().all(|path| !path.contains("older")),
        "{:?}",
        paths("changed")
    );
    assert!(!paths("changed").is_empty());
    let removed = plan["byGaleno"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["verb"] == "removed")
        .unwrap();
    assert_eq!(removed["targets"][0]["object"]["name"], "old");
}

#[test]
fn a_stale_tree_and_a_broken_file_are_errors() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    repo.edit("environments/local.yaml", "owner: ", "owner: x-");
    let output = repo.galeno(&["plan", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("is not what its environment file says now"),
        "{}",
        text(&output.stdout)
    );
    repo.git(&["checkout", "--quiet", "."]);
    let file = repo.git(&["ls-files", "generated/local/*/namespaces/namespace-clinic-app.yaml"]);
    repo.write(&file, "{[}: not yaml");
    let output = repo.galeno(&["plan", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(&file), "{}", text(&output.stdout));
}

#[test]
fn a_restore_that_is_asked_for_is_told_first() {
    let world = World::new();
    let repo = world.compiled(&["prod"]);
    repo.ok(&[
        "restore",
        "request",
        "-e",
        "prod",
        "--reason",
        "table dropped",
        "--expires",
        "2099-01-01T00:00:00Z",
    ]);
    repo.ok(&["compile"]);
    let plan = repo.ok(&["plan", "HEAD", "--format", "markdown"]);
    insta::assert_snapshot!("plan_restore", settled(&plan, &repo));
}

#[test]
fn an_environment_that_comes_or_goes_is_told_in_short() {
    let world = World::new();
    let repo = world.compiled(&["local"]);
    repo.write(
        "environments/more.yaml",
        &crate::support::shipped("local").replace("name: local", "name: more"),
    );
    repo.ok(&["compile"]);
    let plan = json(&repo, &["HEAD"]);
    assert_eq!(plan["environments"][0]["name"], "more");
    assert_eq!(plan["environments"][0]["state"], "added");
    assert!(plan["changed"].as_array().unwrap().iter().all(|e| e["verb"] == "added"));
    let lines = repo.ok(&["plan", "HEAD"]).lines().count();
    assert!(lines < 250, "{lines} lines");
    repo.commit_all("More");
    repo.git(&["rm", "-r", "--quiet", "generated/more", "environments/more.yaml"]);
    let plan = json(&repo, &["HEAD"]);
    assert_eq!(plan["environments"][0]["state"], "removed");
    let worst = &plan["changed"][0];
    assert_eq!(worst["class"], "data-at-risk", "{worst}");
}
