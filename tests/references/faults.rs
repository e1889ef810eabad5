//! A whole platform: clean as it is; and whatever is taken out of it or renamed is missed by name.

use galeno::bundle::Item;
use galeno::finding::Severity;
use serde_json::Value;

use super::support::{complete, fixtures, item, line, platform};

/// Objects to which no other object refers: without them the rest is consistent. Everything else must be missed.
const LEAVES: [&str; 15] = [
    "BackendTLSPolicy clinic-app/api",
    "CephBlockPool rook-ceph/builtin-mgr",
    "ConfigMap monitoring/dashboard",
    "NetworkPolicy clinic-app/default-deny",
    "NetworkPolicy clinic-app/dns",
    "NetworkPolicy clinic-data/default-deny",
    "NetworkPolicy ingress/default-deny",
    "PodDisruptionBudget clinic-app/api",
    "PodDisruptionBudget clinic-data/mariadb-g0",
    "PodMonitor clinic-app/api",
    "ResourceQuota clinic-app/volumes",
    "Service clinic-data/mariadb",
    "ServiceMonitor clinic-data/mariadb",
    "TLSOption ingress/default",
    "VolumeSnapshotClass cephfs",
];

fn title(item: &Item) -> String {
    item.object.id().to_string()
}

fn lines(items: &[Item]) -> Vec<String> {
    complete(items).iter().map(line).collect()
}

fn is_leaf(item: &Item) -> bool {
    LEAVES.contains(&title(item).as_str())
}

#[test]
fn the_platform_is_clean() {
    let lines = lines(&platform());
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
    assert!(
        platform().len() > 90,
        "a platform of {} objects shows little",
        platform().len()
    );
}

#[test]
fn what_is_taken_away_is_missed() {
    let items = platform();
    for (number, gone) in items.iter().enumerate() {
        let mut rest = items.clone();
        rest.remove(number);
        let lines = lines(&rest);
        if is_leaf(gone) {
            assert!(lines.is_empty(), "{} is no leaf:\n{}", title(gone), lines.join("\n"));
        } else {
            assert!(!lines.is_empty(), "nobody misses {}", title(gone));
        }
    }
}

/// The name by which others know an object: that of what it produces, where it produces something.
fn known_as(item: &Item) -> &str {
    let object = &item.object;
    match object.kind() {
        "Certificate" => object.str_at("/spec/secretName"),
        "ExternalSecret" => match object.str_at("/spec/target/name") {
            "" => object.name(),
            name => name,
        },
        _ => object.name(),
    }
}

/// The kinds that others refer to by name; the rest is referred to by labels, or only refers.
const NAMED: [&str; 28] = [
    "Namespace",
    "ConfigMap",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "PriorityClass",
    "StorageClass",
    "Service",
    "Gateway",
    "Middleware",
    "ServersTransport",
    "Issuer",
    "ClusterIssuer",
    "Certificate",
    "ExternalSecret",
    "ClusterSecretStore",
    "Role",
    "ClusterRole",
    "CephCluster",
    "CephFilesystem",
    "CephBlockPool",
    "Driver",
    "ValidatingAdmissionPolicy",
    "AppProject",
    "Bundle",
    "Deployment",
    "Secret",
    "GatewayClass",
    "IngressClass",
];

#[test]
fn what_is_renamed_is_missed_by_its_old_name() {
    let items = platform();
    let mut renamed = 0;
    for (number, old) in items.iter().enumerate() {
        let unreferenced = ["Service clinic-data/mariadb", "Deployment clinic-app/web"].contains(&title(old).as_str());
        if !NAMED.contains(&old.object.kind()) || is_leaf(old) || unreferenced {
            continue;
        }
        let mut value = old.object.value().clone();
        for pointer in ["/metadata/name", "/spec/secretName", "/spec/target/name"] {
            if let Some(name) = value.pointer_mut(pointer).filter(|name| name.is_string()) {
                *name = Value::String(format!("{}x", name.as_str().unwrap()));
            }
        }
        let mut rest = items.clone();
        rest[number] = item(&old.cluster, &old.file, value);
        let name = format!("`{}`", known_as(old));
        let findings = complete(&rest);
        let missed = findings
            .iter()
            .filter(|f| f.severity == Severity::Error && f.message.contains(&name))
            .count();
        let all: Vec<_> = findings.iter().map(line).collect();
        // A cluster is known by its namespace, and a namespace by its objects.
        let by_other = ["CephCluster"].contains(&old.object.kind());
        assert!(
            missed > 0 || by_other,
            "nobody misses {} by the name {name}:\n{}",
            title(old),
            all.join("\n")
        );
        // Where a single letter was added, the new name is offered.
        let offered = findings
            .iter()
            .any(|f| f.mend.contains(&format!("did you mean `{}x`?", known_as(old))));
        assert!(
            offered || by_other,
            "the new name of {} is not offered:\n{}",
            title(old),
            all.join("\n")
        );
        renamed += 1;
    }
    assert!(renamed > 50, "only {renamed} objects were renamed");
}

/// Sets the value at a pointer of one object; says what is amiss unless a finding of a code says something.
fn fault(what: &str, pointer: &str, value: Value, code: &str, says: &str) -> Option<String> {
    let mut items = platform();
    let at = items
        .iter()
        .position(|item| title(item) == what)
        .unwrap_or_else(|| panic!("there is no {what}"));
    let mut changed = items[at].object.value().clone();
    let part = changed
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{what} has no {pointer}"));
    *part = value;
    items[at] = item(&items[at].cluster.clone(), &items[at].file.clone(), changed);
    let lines = lines(&items);
    let found = lines.iter().any(|line| line.contains(code) && line.contains(says));
    (!found).then(|| {
        format!(
            "{what} {pointer}: no {code} that says {says}:\n  {}",
            lines.join("\n  ")
        )
    })
}

#[test]
fn seeded_faults_are_named() {
    let text = std::fs::read_to_string(fixtures().join("faults.yaml")).expect("the faults");
    let faults: Vec<(String, String, Value, String, String)> = serde_yaml::from_str(&text).expect("a list of faults");
    assert!(faults.len() > 35, "only {} faults", faults.len());
    let found = faults
        .into_iter()
        .filter_map(|(what, at, value, code, says)| fault(&what, &at, value, &code, &says));
    let missed: Vec<_> = found.collect();
    assert!(
        missed.is_empty(),
        "{} faults are not found:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn the_order_of_the_items_changes_no_finding() {
    let mut items = platform();
    items.retain(|item| item.object.kind() != "ConfigMap" && item.object.kind() != "Service");
    let mut forward = lines(&items);
    items.reverse();
    let mut backward = lines(&items);
    forward.sort();
    backward.sort();
    assert_eq!(forward, backward);
    assert!(forward.len() > 10);
}
