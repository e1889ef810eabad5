//! Changes of Ceph, by Rook's objects, that put data at risk.

use super::DATA_REMOVED;
use super::data::Risks;

pub(super) fn cluster(risks: &mut Risks<'_, '_>) {
    risks.fewer(
        "upgrade/copies-lowered",
        "/spec/mon/count",
        "the number of monitors",
        Some(3),
        "the cluster stops when the majority of its monitors is lost, and that is sooner with fewer",
    );
    for pointer in [
        "/spec/network/connections/encryption/enabled",
        "/spec/network/connections/requireMsgr2",
        "/spec/security/keyRotation/enabled",
    ] {
        risks.unencrypted(pointer);
    }
    let kms = risks.pair.at("/spec/security/kms/connectionDetails");
    if !kms.old.is_null() && kms.differs() {
        risks.add(
            "upgrade/encryption-lowered",
            "/spec/security/kms/connectionDetails",
            "changes where the keys of the disks are kept",
            "a disk whose key cannot be read is lost",
            "move the keys first, and keep the old place until every disk was opened with the new one",
        );
    }
    let confirmation = risks.pair.at("/spec/cleanupPolicy/confirmation");
    if confirmation.new.as_str().is_some_and(|text| !text.is_empty()) && confirmation.differs() {
        risks.add(
            "upgrade/cleanup",
            "/spec/cleanupPolicy/confirmation",
            "agrees that all data are destroyed when the cluster is removed",
            "Rook wipes every disk then",
            "leave it empty",
        );
    }
    for (pointer, name, set) in risks.pair.named("/spec/storage/storageClassDeviceSets", "/name") {
        let Some(set) = set else {
            devices_gone(risks, pointer, &format!("removes the set of disks `{name}`"));
            continue;
        };
        if set.at("/count").is_lowered() {
            let counts = set.at("/count");
            let message = format!(
                "lowers the number of disks in `{name}` from {} to {}",
                counts.old, counts.new
            );
            devices_gone(risks, format!("{pointer}/count"), &message);
        }
        if set.at("/encrypted").is_switched_off() {
            risks.add(
                "upgrade/encryption-lowered",
                format!("{pointer}/encrypted"),
                format!("leaves new disks of `{name}` in the clear"),
                "whoever takes a disk away can read it",
                "leave encryption on",
            );
        }
    }
    for (pointer, name, node) in risks.pair.named("/spec/storage/nodes", "/name") {
        if node.is_none() {
            devices_gone(risks, pointer, &format!("removes the disks of the node `{name}`"));
        }
    }
}

fn devices_gone(risks: &mut Risks<'_, '_>, pointer: impl Into<String>, message: &str) {
    risks.add(
        "upgrade/devices-removed",
        pointer,
        message,
        "the copies that lie on them are lost; two such changes at once may lose the last one",
        "drain the disks first (`ceph osd out`), wait until Ceph is healthy again, and remove one at a time",
    );
}

/// Failure domains by how much one of them holds.
const DOMAINS: [&str; 8] = ["osd", "host", "chassis", "rack", "row", "room", "datacenter", "zone"];

pub(super) fn pool(risks: &mut Risks<'_, '_>, at: &str) {
    risks.fewer(
        "upgrade/copies-lowered",
        &format!("{at}/replicated/size"),
        "the number of copies",
        None,
        "copies are removed at once, and making them again takes as long as the pool is large",
    );
    let safe = format!("{at}/replicated/requireSafeReplicaSize");
    if risks.pair.at(&safe).is_switched_off() {
        risks.add(
            "upgrade/copies-lowered",
            safe,
            "allows a single copy",
            "one lost disk would lose data",
            "leave it on",
        );
    }
    let pointer = format!("{at}/failureDomain");
    let domain = risks.pair.at(&pointer);
    let rank = |value: &serde_json::Value| {
        let name = value.as_str().unwrap_or("host");
        DOMAINS.iter().position(|known| *known == name)
    };
    if let (Some(old), Some(new)) = (rank(domain.old), rank(domain.new))
        && new < old
    {
        risks.add(
            "upgrade/copies-lowered",
            pointer.clone(),
            format!(
                "spreads copies over each {} instead of each {}",
                DOMAINS[new], DOMAINS[old]
            ),
            format!("all copies of an object may come to lie in one {}", DOMAINS[old]),
            "leave the failure domain",
        );
    }
}

pub(super) fn filesystem(risks: &mut Risks<'_, '_>) {
    pool(risks, "/spec/metadataPool");
    for (pointer, name, found) in risks.pair.named("/spec/dataPools", "/name") {
        match found {
            Some(_) => data_pool(risks, &pointer, name),
            None => pool_gone(risks, pointer, name),
        }
    }
    preserved(risks, "/spec/preserveFilesystemOnDelete");
}

/// A data pool by its name: its place in the list may have changed.
fn data_pool(risks: &mut Risks<'_, '_>, pointer: &str, name: &str) {
    let old = risks
        .pair
        .old
        .pointer("/spec/dataPools")
        .and_then(serde_json::Value::as_array)
        .and_then(|pools| {
            pools
                .iter()
                .position(|pool| pool.get("name").and_then(|n| n.as_str()) == Some(name))
        });
    if old.is_some_and(|old| format!("/spec/dataPools/{old}") == pointer) {
        pool(risks, pointer);
    } else {
        risks.add(
            "upgrade/pool-moved",
            pointer,
            format!("moves the pool `{name}` to another place in the list of data pools"),
            "Rook goes by the place: the first pool is where new files lie",
            "leave the order, and add new pools at the end",
        );
    }
}

fn pool_gone(risks: &mut Risks<'_, '_>, pointer: String, name: &str) {
    risks.add(
        DATA_REMOVED,
        pointer,
        format!("removes the pool `{name}`"),
        "every volume in it is lost",
        "leave it until a verified backup says that what it holds is elsewhere",
    );
}

fn preserved(risks: &mut Risks<'_, '_>, pointer: &str) {
    if risks.pair.at(pointer).is_switched_off() {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        risks.add(
            "upgrade/guard-removed",
            pointer,
            format!("switches off `{name}`"),
            "the pools, and all data in them, go with the object",
            "leave it on",
        );
    }
}

pub(super) fn object_store(risks: &mut Risks<'_, '_>) {
    pool(risks, "/spec/metadataPool");
    pool(risks, "/spec/dataPool");
    preserved(risks, "/spec/preservePoolsOnDelete");
}
