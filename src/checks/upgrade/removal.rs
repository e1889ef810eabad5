//! What goes with an object that is removed.

use super::{BACKUP_REMOVED, Class, DATA_REMOVED, Effect};
use crate::bundle::Object;

/// Kinds that hold data, or that take data with them, and what goes. Longer than what Galeno renders: the objects of
/// others may stand in the same repository.
const HOLDS_DATA: &[(&str, &str, &str)] = &[
    ("", "Namespace", "everything in it goes with it, volumes too"),
    (
        "",
        "PersistentVolumeClaim",
        "its volume is released, and removed where its class says `Delete`",
    ),
    (
        "",
        "PersistentVolume",
        "what it names is lost from sight, and may be removed",
    ),
    ("apps", "StatefulSet", "its pods stop, and its claims may go with it"),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "every object of the kind goes with it, whatever it stands for",
    ),
    ("ceph.rook.io", "CephCluster", "all data of the storage hang on it"),
    (
        "ceph.rook.io",
        "CephBlockPool",
        "every volume in the pool is removed with it",
    ),
    (
        "ceph.rook.io",
        "CephFilesystem",
        "every volume in the file system may be removed with it",
    ),
    (
        "ceph.rook.io",
        "CephFilesystemSubVolumeGroup",
        "every volume below it may be removed with it",
    ),
    (
        "ceph.rook.io",
        "CephObjectStore",
        "every bucket in it may be removed with it",
    ),
    ("ceph.rook.io", "CephObjectStoreUser", "its buckets lose their owner"),
    (
        "snapshot.storage.k8s.io",
        "VolumeSnapshot",
        "the snapshot is removed where its class says `Delete`",
    ),
    (
        "snapshot.storage.k8s.io",
        "VolumeSnapshotContent",
        "the snapshot is lost from sight, and may be removed",
    ),
    ("longhorn.io", "Volume", "the volume is removed with it"),
    ("k8s.mariadb.com", "MariaDB", "the database and its claims go with it"),
    (
        "postgresql.cnpg.io",
        "Cluster",
        "the database and its claims go with it",
    ),
];

/// Kinds whose pods stop.
const RUNS: &[(&str, &str)] = &[
    ("apps", "Deployment"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "CronJob"),
    ("", "Pod"),
];

/// What it does that an object is not wanted any more.
pub(super) fn effect(object: &Object) -> Effect {
    let (group, kind) = (object.group(), object.kind());
    let known = HOLDS_DATA.iter().find(|(g, k, _)| *g == group && *k == kind);
    if let Some((_, _, what)) = known {
        return Effect {
            class: Class::DataAtRisk,
            code: DATA_REMOVED,
            pointer: String::new(),
            message: "is removed".to_owned(),
            reason: (*what).into(),
            mend:
                "leave it, or first make sure by a verified backup that what it holds is elsewhere; Argo CD keeps what \
                   carries `Prune=false`, and then a person removes it by hand"
                    .into(),
        };
    }
    if (group, kind) == ("argoproj.io", "Application") && cascades(object) {
        return Effect {
            class: Class::DataAtRisk,
            code: "upgrade/application-removed",
            pointer: "/metadata/finalizers".to_owned(),
            message: "is removed, and Argo CD deletes with it all that it brought".to_owned(),
            reason: "it carries a finalizer `resources-finalizer.argocd.argoproj.io`".into(),
            mend: "remove the finalizer in a commit before, so that what it brought stays".into(),
        };
    }
    if (group, kind) == ("batch", "CronJob")
        && object.str_at("/metadata/labels/app.kubernetes.io~1component") == "backup"
    {
        return Effect {
            class: Class::DataAtRisk,
            code: BACKUP_REMOVED,
            pointer: String::new(),
            message: "is removed".to_owned(),
            reason: "it makes, moves or rehearses backups, which end with it".into(),
            mend: "leave it; to rest it, use `suspend` and say until when".into(),
        };
    }
    let stops = RUNS.contains(&(group, kind));
    Effect {
        class: if stops { Class::Restart } else { Class::None },
        code: "upgrade/removed",
        pointer: String::new(),
        message: "is removed".to_owned(),
        reason: if stops {
            "what it runs stops"
        } else {
            "Argo CD prunes it"
        }
        .into(),
        mend: "".into(),
    }
}

fn cascades(application: &Object) -> bool {
    application
        .at("/metadata/finalizers")
        .and_then(serde_json::Value::as_array)
        .is_some_and(|all| {
            all.iter()
                .filter_map(serde_json::Value::as_str)
                .any(|name| name.starts_with("resources-finalizer.argocd.argoproj.io"))
        })
}
