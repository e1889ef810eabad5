//! `StorageClass` and `VolumeSnapshotClass`: how volumes are made, and how they are copied.

use std::collections::BTreeMap;

use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::{COMPONENT, NEVER_DELETED};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::clustered;
use crate::components::output::because;
use crate::topology::Region;

/// Mount options that the kernel itself keeps, whatever the filesystem. They stand on the class, since Rook drops every
/// option without a value (such as `nosuid`) from a cluster's or driver's own list without a word.
const MOUNT_OPTIONS: [&str; 4] = ["noatime", "nodev", "noexec", "nosuid"];

/// What makes a class.
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) provisioner: &'static str,
    pub(super) parameters: BTreeMap<String, String>,
    /// The Secret's name for each step of a volume's life.
    pub(super) secrets: Vec<(&'static str, &'static str)>,
    pub(super) secret_namespace: &'static str,
    pub(super) database: bool,
}

/// Adds a `StorageClass`.
pub(super) fn add_class(region: &Region, class: Class, reasons: Vec<Reason>, output: &mut Output) {
    let mut parameters = class.parameters;
    for (step, secret) in &class.secrets {
        parameters.insert(format!("csi.storage.k8s.io/{step}-secret-name"), (*secret).to_owned());
        let namespace = class.secret_namespace.to_owned();
        parameters.insert(format!("csi.storage.k8s.io/{step}-secret-namespace"), namespace);
    }
    let object = StorageClass {
        metadata: kept(class.name),
        provisioner: class.provisioner.to_owned(),
        parameters: Some(parameters),
        allow_volume_expansion: Some(true),
        reclaim_policy: Some("Retain".to_owned()),
        volume_binding_mode: Some("Immediate".to_owned()),
        mount_options: Some(MOUNT_OPTIONS.iter().map(|option| (*option).to_owned()).collect()),
        allowed_topologies: None,
    };
    let whole = if class.database {
        "The class of the database's volumes. A class knows no access mode: that one node alone mounts a volume \
         (ReadWriteOnce) is held on the claims."
    } else {
        "A second class, for volumes that fit it better than the database's; the database does not use it."
    };
    let mut parts = vec![
        because("A volume outlives its claim: a deleted claim leaves the data, and a person decides.").on("/reclaimPolicy"),
        because(
            "The volume can be reached from every zone, so that it need not wait for a pod; and a claim that waits for its \
             first consumer would hold up an Argo CD sync that waits for the claim.",
        )
        .on("/volumeBindingMode"),
        because("Volumes grow without a restart when the size in the environment file grows.").on("/allowVolumeExpansion"),
        because(
            "No devices, no programs, no set-user-id on a volume of data, and no write for each read. They stand here, \
             where the kernel gets them: Rook drops options without a value from a cluster's own list.",
        )
        .on("/mountOptions"),
    ];
    parts.extend(reasons);
    output.add(
        region,
        COMPONENT,
        &object,
        because(whole).from("/storage/backend"),
        parts,
    );
}

fn kept(name: &str) -> ObjectMeta {
    ObjectMeta {
        annotations: Some(BTreeMap::from([
            (NEVER_DELETED.0.to_owned(), NEVER_DELETED.1.to_owned()),
            // A claim that names no class stays pending instead of landing on the database's storage.
            (
                "storageclass.kubernetes.io/is-default-class".to_owned(),
                "false".to_owned(),
            ),
        ])),
        ..clustered(name, COMPONENT)
    }
}

/// `snapshot.storage.k8s.io/v1`: it has no `spec`, so that the generated bindings leave it out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VolumeSnapshotClass {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    driver: &'static str,
    deletion_policy: &'static str,
    parameters: BTreeMap<String, String>,
}

/// Adds a `VolumeSnapshotClass`.
pub(super) fn add_snapshot_class(
    region: &Region,
    name: &'static str,
    driver: &'static str,
    parameters: BTreeMap<String, String>,
    output: &mut Output,
) {
    let object = VolumeSnapshotClass {
        api_version: "snapshot.storage.k8s.io/v1",
        kind: "VolumeSnapshotClass",
        metadata: clustered(name, COMPONENT),
        driver,
        deletion_policy: "Retain",
        parameters,
    };
    let whole = because("How a volume is frozen at a moment, inside the storage: a quick way back, and no backup.")
        .from("/storage/backend");
    let parts = [
        because("A snapshot outlives its object: a deleted object leaves the data, and a person decides.")
            .on("/deletionPolicy"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}
