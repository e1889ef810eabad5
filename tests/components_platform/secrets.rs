//! Secrets: references alone, only where something uses them, and one value in one place.

use std::collections::BTreeSet;

use galeno::components::Output;
use serde_json::Value;

use crate::platform::{ENVIRONMENTS, component, rendered, topology};

fn made(output: &Output, region: &str) -> BTreeSet<String> {
    let all = component(output, region, "secrets");
    let named = all.iter().filter(|m| m.object.kind() == "ExternalSecret");
    named
        .map(|m| format!("{}/{}", m.object.namespace(), m.object.name()))
        .collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_region_has_what_its_programs_use() {
    let output = rendered(&topology("prod"));
    let primary = made(&output, "eu-central");
    for expected in [
        "clinic-app/api-migration-secrets",
        "clinic-app/api-secrets",
        "clinic-data/backup-alerts",
        "clinic-data/backup-database",
        "clinic-data/backup-monthly-storage",
        "clinic-data/backup-openpgp-public",
        "clinic-data/backup-openpgp-signing",
        "clinic-data/backup-storage",
        "clinic-data/mariadb-accounts",
        "clinic-rehearsal/backup-openpgp-decryption",
    ] {
        assert!(primary.contains(expected), "{expected}");
    }
    // Nothing is restored beside the live database, so that nothing there can decrypt a backup.
    assert!(!primary.contains("clinic-data/backup-openpgp-decryption"));
    assert!(!primary.contains("clinic-data/acceptance-database"));
}

#[test]
fn an_access_region_holds_no_key_of_data() {
    let output = rendered(&topology("prod"));
    for region in ["us-east", "ap-northeast"] {
        let allowed = names(&["cert-manager/acme-dns", "monitoring/grafana-admin"]);
        let made = made(&output, region);
        assert!(made.is_subset(&allowed), "{region}: {made:?}");
    }
}

#[test]
fn no_value_is_ever_written_down() {
    for name in ENVIRONMENTS {
        let output = rendered(&topology(name));
        let secrets = output
            .manifests
            .iter()
            .filter(|m| m.object.kind() == "Secret" && m.object.group().is_empty());
        assert_eq!(secrets.count(), 0, "{name}");
    }
}

#[test]
fn a_password_stands_once_in_the_store() {
    let output = rendered(&topology("prod"));
    let reference = |namespace: &str, name: &str, key: &str| -> (String, String) {
        let all = component(&output, "eu-central", "secrets");
        let found = all
            .iter()
            .find(|m| m.object.namespace() == namespace && m.object.name() == name)
            .unwrap();
        let data = found.object.at("/spec/data").and_then(Value::as_array).unwrap();
        let entry = data.iter().find(|entry| entry["secretKey"] == key).unwrap();
        let text = |field: &str| entry["remoteRef"][field].as_str().unwrap().to_owned();
        (text("key"), text("property"))
    };
    let of_the_database = reference("clinic-data", "mariadb-accounts", "api");
    assert_eq!(of_the_database, ("prod/mariadb-accounts".to_owned(), "api".to_owned()));
    assert_eq!(
        reference("clinic-app", "api-secrets", "database-password"),
        of_the_database
    );
    let backup = reference("clinic-data", "mariadb-accounts", "backup");
    assert_eq!(reference("clinic-data", "backup-database", "password"), backup);
}

#[test]
fn an_outage_of_the_store_takes_nothing_away() {
    let output = rendered(&topology("prod"));
    for manifest in component(&output, "eu-central", "secrets") {
        assert_eq!(
            manifest.object.str_at("/spec/target/deletionPolicy"),
            "Retain",
            "{}",
            manifest.object.name()
        );
        assert_eq!(
            manifest.object.str_at("/spec/secretStoreRef/kind"),
            "ClusterSecretStore"
        );
    }
}
