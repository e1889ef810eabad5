//! Rights: the least, kind by kind, and no token where none is used.

use galeno::bundle::Manifest;
use serde_json::Value;

use crate::platform::{ENVIRONMENTS, component, object, rendered, topology};

/// Every text in a role's rules.
fn rules(manifest: &Manifest) -> Vec<&Value> {
    manifest
        .object
        .at("/rules")
        .and_then(Value::as_array)
        .map(|rules| rules.iter().collect())
        .unwrap_or_default()
}

#[test]
fn no_role_of_ours_has_a_wildcard() {
    for name in ENVIRONMENTS {
        let output = rendered(&topology(name));
        let mine = ["rbac", "storage"];
        for manifest in output.manifests.iter().filter(|m| mine.contains(&m.component)) {
            for rule in rules(manifest) {
                assert!(!rule.to_string().contains("\"*\""), "{} {rule}", manifest.object.name());
            }
        }
    }
}

#[test]
fn a_snapshot_lists_everything_but_secrets_and_changes_nothing() {
    let output = rendered(&topology("prod"));
    let role = object(&output, "eu-central", "ClusterRole", "clinic-snapshot");
    for rule in role.at("/rules").and_then(Value::as_array).unwrap() {
        assert_eq!(rule["verbs"], serde_json::json!(["get", "list"]));
        assert!(!rule["resources"].as_array().unwrap().contains(&Value::from("secrets")));
    }
}

#[test]
fn accounts_get_no_token_by_themselves() {
    let output = rendered(&topology("prod"));
    let mut accounts = Vec::new();
    for manifest in component(&output, "eu-central", "rbac") {
        if manifest.object.kind() == "ServiceAccount" {
            assert_eq!(
                manifest.object.at("/automountServiceAccountToken"),
                Some(&Value::Bool(false))
            );
            accounts.push(manifest.object.name());
        }
    }
    accounts.sort_unstable();
    assert_eq!(
        accounts,
        [
            "api",
            "api-migration",
            "backup",
            "mariadb",
            "rehearsal",
            "snapshot",
            "web"
        ]
    );
}

#[test]
fn an_access_region_has_the_web_applications_account_alone() {
    let output = rendered(&topology("prod"));
    let names: Vec<&str> = component(&output, "us-east", "rbac")
        .iter()
        .map(|m| m.object.name())
        .collect();
    assert_eq!(names, ["web"]);
}
