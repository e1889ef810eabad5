//! `StorageClass` and `VolumeSnapshotClass`: how volumes are made, and how they are copied.

use std::collections::BTreeMap;

use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::COMPONENT;
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{clustered, keep, used_by};
use crate::components::output::because;
use crate::spec::Role;
use crate::topology::Region;
use crate::topology::names::objects;

/// Mount options that the kernel itself keeps, whatever the filesystem. They stand on the class, since Rook drops every
/// option without a value (such as `nosuid`) from a cluster's or driver's own list without a word.
const MOUNT_OPTIONS: [&str; 4] = ["noatime", "nodev", "noexec", "nosuid"];

/// What makes a class.
#[derive(Clone)]
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) provisioner: &'static str,
    pub(super) parameters: BTreeMap<String, String>,
    /// The Secret's name for each step of a volume's life.
    pub(super) secrets: Vec<(&'static str, &'static str)>,
    pub(super) secret_namespace: &'static str,
    /// Whether the database's volumes are of this class; then rehearsals get one like it.
    pub(super) database: bool,
    /// Why its parameters are as they are.
    pub(super) reasons: Vec<Reason>,
}

/// Adds a `StorageClass`; and for the database's, a second one whose volumes go when they are no longer claimed.
pub(super) fn add_class(region: &Region, class: Class, output: &mut Output) {
    let whole = because(if class.database {
        "the class of the database's volumes; a class knows no access mode: that one node alone mounts a volume \
         (ReadWriteOnce) is held on the claims"
    } else {
        "a second class, for volumes that fit it better than the database's; the database does not use it"
    });
    let retain = because("a volume outlives its claim: a deleted claim leaves the data, and a person decides");
    let rehearsal = class.database.then(|| class.clone());
    let mut object = storage_class(class.name, &class, "Retain");
    object.metadata = keep(object.metadata);
    if !class.database {
        object.metadata = used_by(object.metadata, "whoever sets storage.backend to it");
    } else if region.role != Role::Primary {
        object.metadata = used_by(object.metadata, "the database, once this region is primary");
    }
    output.add(
        region,
        COMPONENT,
        &object,
        whole.from("/storage/backend"),
        reasons(class.reasons, retain),
    );
    if let Some(class) = rehearsal {
        let object = storage_class(objects::STORAGE_CLASS_REHEARSAL, &class, "Delete");
        let whole =
            because("the class of rehearsals' throw-away volumes: as the database's, so that what is measured is true")
                .from("/storage/backend");
        let delete = because("restored records do not outlive their rehearsal");
        output.add(region, COMPONENT, &object, whole, reasons(class.reasons, delete));
    }
}

fn storage_class(name: &str, class: &Class, reclaim: &str) -> StorageClass {
    let mut parameters = class.parameters.clone();
    for (step, secret) in &class.secrets {
        parameters.insert(format!("csi.storage.k8s.io/{step}-secret-name"), (*secret).to_owned());
        let namespace = class.secret_namespace.to_owned();
        parameters.insert(format!("csi.storage.k8s.io/{step}-secret-namespace"), namespace);
    }
    StorageClass {
        metadata: not_default(name),
        provisioner: class.provisioner.to_owned(),
        parameters: Some(parameters),
        allow_volume_expansion: Some(true),
        reclaim_policy: Some(reclaim.to_owned()),
        volume_binding_mode: Some("Immediate".to_owned()),
        mount_options: Some(MOUNT_OPTIONS.iter().map(|option| (*option).to_owned()).collect()),
        allowed_topologies: None,
    }
}

fn reasons(parameters: Vec<Reason>, reclaim: Reason) -> Vec<Reason> {
    let mut reasons = vec![
        reclaim.on("/reclaimPolicy"),
        because(
            "the volume can be reached from every zone, so that it need not wait for a pod; and a claim that waits for its \
             first consumer would hold up an Argo CD sync that waits for the claim",
        )
        .on("/volumeBindingMode"),
        because("volumes grow without a restart when the size in the environment file grows").on("/allowVolumeExpansion"),
        because(
            "no devices, no programs, no set-user-id on a volume of data, and no write for each read; they stand here, \
             where the kernel gets them: Rook drops options without a value from a cluster's own list",
        )
        .on("/mountOptions"),
        because("a claim that names no class waits, instead of landing on the database's storage")
            .on("/metadata/annotations/storageclass.kubernetes.io~1is-default-class"),
    ];
    reasons.extend(parameters);
    reasons
}

fn not_default(name: &str) -> ObjectMeta {
    ObjectMeta {
        annotations: Some(
            [(
                "storageclass.kubernetes.io/is-default-class".to_owned(),
                "false".to_owned(),
            )]
            .into(),
        ),
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
    let whole = because("how a volume is frozen at a moment, inside the storage: a quick way back, and no backup")
        .from("/storage/backend");
    let parts = [
        because("a snapshot outlives its object: a deleted object leaves the data, and a person decides")
            .on("/deletionPolicy"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}
