//! What the keeper reads and is called with where a generation was restored: the environments that ship have none, and
//! the keeper's own tests read what is written here (`app/keeper/tests/rendered/restored.json`).

use std::path::Path;

use galeno::spec::{BackupSite, Environment, RestoreRequest, RestoreSource};
use galeno::topology::{Ledger, LedgerEntry, resolve};
use serde_json::Value;

use crate::platform::rendered;

/// Production with one restore in its ledger, which is not active yet.
fn restored() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("environments/prod.yaml")).unwrap();
    let environment: Environment = serde_saphyr::from_str(&text).unwrap();
    let request = RestoreRequest {
        api_version: environment.api_version,
        generation: 1,
        source: RestoreSource {
            backup: "latest".to_owned(),
            to: Some("2026-11-24T09:30:00Z".to_owned()),
            from: BackupSite::Primary,
            environment: None,
            despite: vec!["appointments-apart.sql".to_owned()],
        },
        reason: "a mistake".to_owned(),
        requested_by: "operations".to_owned(),
        expires: "2099-01-01T00:00:00Z".to_owned(),
    };
    let entry = LedgerEntry {
        file: "environments/prod/restores/0001.yaml".to_owned(),
        request,
        digest: "0123456789abcdef".repeat(4),
    };
    let (topology, findings) = resolve(&environment, &Ledger { entries: vec![entry] }, &|_| false);
    let topology = topology.unwrap_or_else(|| panic!("{findings:#?}"));
    let mine = |name: &str| name.contains("g1");
    rendered(&topology)
        .manifests
        .iter()
        .filter(|m| matches!(m.component, "restore" | "database") && mine(m.object.name()))
        .map(|m| m.object.at("").cloned().unwrap())
        .collect()
}

#[test]
fn what_the_keepers_tests_read_of_a_restored_generation_is_what_is_rendered() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("app/keeper/tests/rendered/restored.json");
    let text = serde_json::to_string_pretty(&restored()).unwrap() + "\n";
    if std::env::var_os("GALENO_UPDATE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "{} is stale: run this test with GALENO_UPDATE=1 and look at the difference",
        file.display()
    );
}
