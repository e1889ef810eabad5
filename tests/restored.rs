//! What one restore request adds to production, and what it leaves alone: the new generation stands beside the one that
//! serves, neither can reach the other, and only a commit switches.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use galeno::bundle::{Manifest, Object};
use galeno::{components, pipeline};
use serde_json::{Value, json};

const REQUEST: &str = include_str!("fixtures/fuzz/restore_request.yaml");
const REGION: &str = "eu-central";

/// Production with so many restores, of which one is active.
fn rendered(restores: u32, active: u32, retired: &[u32]) -> Vec<Manifest> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("environments/prod/restores");
    fs::create_dir_all(&folder).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(repository.join("environments/prod.yaml")).unwrap();
    let written = format!("  size: 200Gi\n  active: {active}\n  retired: {retired:?}\n");
    fs::write(
        root.path().join("environments/prod.yaml"),
        text.replacen("  size: 200Gi\n", &written, 1),
    )
    .unwrap();
    for number in 1..=restores {
        let request = REQUEST.replace("generation: 1", &format!("generation: {number}"));
        fs::write(folder.join(format!("{number:04}.yaml")), request).unwrap();
    }
    let (loaded, findings) = pipeline::load(root.path(), "prod", jiff::Timestamp::UNIX_EPOCH);
    let loaded = loaded.unwrap_or_else(|| panic!("{findings:#?}"));
    components::render(&loaded.topology).manifests
}

fn names(manifests: &[Manifest]) -> BTreeSet<String> {
    manifests
        .iter()
        .map(|manifest| format!("{} {}", manifest.region, manifest.object.id()))
        .collect()
}

fn object<'a>(manifests: &'a [Manifest], kind: &str, name: &str) -> &'a Object {
    let found = manifests.iter().find(|manifest| {
        *manifest.region == *REGION && manifest.object.kind() == kind && manifest.object.name() == name
    });
    &found.unwrap_or_else(|| panic!("no {kind} {name}")).object
}

/// The objects, but for those of Argo CD and of its deployers, which follow from the others.
fn own(manifests: &[Manifest]) -> Vec<Manifest> {
    let mut list = manifests.to_vec();
    list.retain(|manifest| !["argocd", "deployers"].contains(&manifest.component));
    list
}

#[test]
fn a_request_adds_a_generation_and_changes_nothing_of_the_one_that_serves() {
    let (before, after) = (own(&rendered(0, 0, &[])), own(&rendered(1, 0, &[])));
    let (had, has) = (names(&before), names(&after));
    assert!(had.is_subset(&has), "a request took away {:?}", had.difference(&has));
    insta::assert_debug_snapshot!("restore_adds", has.difference(&had).collect::<Vec<_>>());
    for (kind, name) in [
        ("StatefulSet", "mariadb-g0"),
        ("Service", "mariadb"),
        ("ConfigMap", "database-intent"),
    ] {
        assert_eq!(object(&before, kind, name), object(&after, kind, name), "{kind} {name}");
    }
}

#[test]
fn generations_cannot_reach_each_other() {
    let manifests = rendered(2, 0, &[]);
    for generation in 0..3 {
        let policy = object(&manifests, "NetworkPolicy", &format!("mariadb-g{generation}"));
        let selected = policy.at("/spec/podSelector/matchLabels/galeno.dev~1generation");
        assert_eq!(selected, Some(&json!(generation.to_string())));
        let peers = |direction: &str, peers: &str| -> Vec<Value> {
            let rules = policy
                .at(&format!("/spec/{direction}"))
                .and_then(Value::as_array)
                .unwrap();
            let galera = |rule: &&Value| {
                rule["ports"]
                    .as_array()
                    .is_some_and(|ports| ports.iter().any(|p| p["port"] == 4567))
            };
            rules
                .iter()
                .filter(galera)
                .flat_map(|rule| rule[peers].as_array().cloned().unwrap())
                .collect()
        };
        let itself = json!({"podSelector": {"matchLabels": {
            "app.kubernetes.io/name": "mariadb", "galeno.dev/generation": generation.to_string()}}});
        let itself = std::slice::from_ref(&itself);
        assert_eq!(peers("ingress", "from"), itself, "generation {generation}");
        assert_eq!(peers("egress", "to"), itself, "generation {generation}");
    }
}

#[test]
fn only_the_active_generation_is_served_and_only_a_commit_switches() {
    for active in 0..2 {
        let manifests = rendered(1, active, &[]);
        let service = object(&manifests, "Service", "mariadb");
        let selected = service.at("/spec/selector/galeno.dev~1generation");
        assert_eq!(selected, Some(&json!(active.to_string())));
        let intent = object(&manifests, "ConfigMap", "database-intent").str_at("/data/intent.yaml");
        assert_eq!(
            serde_json::from_str::<Value>(intent).unwrap(),
            json!({"active": active})
        );
    }
}

#[test]
fn what_is_prepared_for_a_restore_is_never_pruned_or_hooked() {
    for manifest in rendered(1, 0, &[]) {
        let object = &manifest.object;
        let annotations = object
            .at("/metadata/annotations")
            .map(Value::to_string)
            .unwrap_or_default();
        assert!(!annotations.contains("argocd.argoproj.io/hook"), "{}", object.id());
        if object.kind() == "StatefulSet" && object.name().starts_with("mariadb") {
            assert!(
                annotations.contains("Prune=false") && annotations.contains("Delete=false"),
                "{}",
                object.id()
            );
        }
    }
}

#[test]
fn the_key_that_decrypts_is_only_where_something_is_restored() {
    let secret = "clinic-data/backup-openpgp-decryption";
    let holders = |manifests: &[Manifest]| -> BTreeSet<String> {
        let speaks = |manifest: &&Manifest| {
            *manifest.region == *REGION
                && manifest.object.namespace() == "clinic-data"
                && manifest.object.value()["spec"]
                    .to_string()
                    .contains("\"secretName\":\"backup-openpgp-decryption\"")
        };
        manifests
            .iter()
            .filter(speaks)
            .map(|manifest| manifest.object.name().to_owned())
            .collect()
    };
    assert_eq!(holders(&rendered(0, 0, &[])), BTreeSet::new(), "{secret}");
    let restored = holders(&rendered(1, 0, &[]));
    assert!(restored.contains("mariadb-g1"), "{restored:?}");
    assert!(!restored.contains("mariadb-g0"), "{restored:?}");
}

#[test]
fn a_retired_generation_is_gone_and_the_others_stay() {
    let manifests = rendered(1, 1, &[0]);
    let sets: BTreeSet<&str> = manifests
        .iter()
        .filter(|manifest| manifest.object.kind() == "StatefulSet" && manifest.component == "database")
        .map(|manifest| manifest.object.name())
        .collect();
    assert_eq!(sets, BTreeSet::from(["mariadb-g1"]));
}

#[test]
fn a_restore_that_fails_may_tell_somebody() {
    let manifests = rendered(1, 0, &[]);
    let policy = |name: &str| {
        object(&manifests, "NetworkPolicy", name)
            .at("/spec/egress")
            .unwrap()
            .to_string()
    };
    // The restore runs in the member's own pod.
    assert!(policy("mariadb-g1").contains("443"), "{}", policy("mariadb-g1"));
    assert!(
        !policy("mariadb-g0").contains("443"),
        "who restores nothing needs nobody outside"
    );
}
