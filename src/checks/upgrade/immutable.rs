//! Fields that the API server, or the operator of a kind, does not let anybody change.

use serde_json::Value;

use super::fields::{Pair, shown};
use super::{Class, Effect};

/// What cannot be changed in a kind.
enum Fixed {
    /// This field, and all below it.
    Field(&'static str),
    /// This field, once it is set.
    OnceSet(&'static str),
    /// Everything below this field but these children of it.
    AllBut(&'static str, &'static [&'static str]),
}
use Fixed::{AllBut, Field, OnceSet};

/// One rule: a code, what is fixed, why, and the safe way.
struct Rule {
    code: &'static str,
    fixed: Fixed,
    why: &'static str,
    mend: &'static str,
}

const fn rule(code: &'static str, fixed: Fixed, why: &'static str, mend: &'static str) -> Rule {
    Rule { code, fixed, why, mend }
}

const SELECTOR: &str = "which pods belong to a workload is decided when it is made";
const NEW_NAME: &str = "make a new object with another name beside it, move what uses it, then remove the old one";
const PARALLEL: &str = "make the new generation beside it and switch to it: `galeno restore request`";

/// The rules of Kubernetes' own kinds (`k8s.io/kubernetes/pkg/apis/*/validation`, 1.33 to 1.37) and of the operators
/// that Galeno installs.
static STATEFUL_SET: [Rule; 3] = [
    rule(
        "upgrade/claim-template",
        Field("/spec/volumeClaimTemplates"),
        "a StatefulSet makes its claims once: a change would not reach the volumes that are there",
        "grow the claims themselves and remove the StatefulSet with `--cascade=orphan` so that it is made again around \
         its pods; for another class or mode make a new generation",
    ),
    rule("upgrade/selector", Field("/spec/selector"), SELECTOR, PARALLEL),
    rule(
        "upgrade/stateful-set",
        AllBut(
            "/spec",
            &[
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
                "volumeClaimTemplates",
                "selector",
            ],
        ),
        "the identity of the pods hangs on it",
        PARALLEL,
    ),
];
static SELECTED: [Rule; 1] = [rule("upgrade/selector", Field("/spec/selector"), SELECTOR, NEW_NAME)];
static JOB: [Rule; 1] = [rule(
    "upgrade/job-template",
    AllBut(
        "/spec",
        &[
            "parallelism",
            "suspend",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
        ],
    ),
    "a Job runs once, as it was made",
    "give it a name that carries a digest of what it does, so that another work is another Job",
)];
static SERVICE: [Rule; 4] = [
    rule(
        "upgrade/cluster-ip",
        OnceSet("/spec/clusterIP"),
        "the address of a Service, or that it has none, is decided when it is made",
        NEW_NAME,
    ),
    rule(
        "upgrade/cluster-ip",
        OnceSet("/spec/clusterIPs"),
        "the addresses of a Service are decided when it is made",
        NEW_NAME,
    ),
    rule(
        "upgrade/cluster-ip",
        OnceSet("/spec/ipFamilies/0"),
        "the first family of addresses is decided when a Service is made",
        NEW_NAME,
    ),
    rule(
        "upgrade/load-balancer-class",
        OnceSet("/spec/loadBalancerClass"),
        "who provides the load balancer is decided when a Service is made",
        NEW_NAME,
    ),
];
static CLAIM: [Rule; 1] = [rule(
    "upgrade/claim",
    AllBut("/spec", &["resources", "volumeAttributesClassName", "volumeName"]),
    "a claim is bound to its volume as it was made",
    "make a new claim with another name and copy the data over",
)];
static VOLUME: [Rule; 1] = [rule(
    "upgrade/volume-source",
    AllBut(
        "/spec",
        &[
            "capacity",
            "accessModes",
            "persistentVolumeReclaimPolicy",
            "mountOptions",
            "claimRef",
            "storageClassName",
            "volumeAttributesClassName",
        ],
    ),
    "a volume names its data once",
    "make a new volume with another name and copy the data over",
)];
static STORAGE_CLASS: [Rule; 4] = [
    rule("upgrade/storage-class", Field("/parameters"), IN_CLASS, OTHER_CLASS),
    rule("upgrade/storage-class", Field("/provisioner"), IN_CLASS, OTHER_CLASS),
    rule("upgrade/storage-class", Field("/reclaimPolicy"), IN_CLASS, OTHER_CLASS),
    rule(
        "upgrade/storage-class",
        Field("/volumeBindingMode"),
        IN_CLASS,
        OTHER_CLASS,
    ),
];
const IN_CLASS: &str = "a class stays what volumes were made with";
const OTHER_CLASS: &str = "make a class with another name; volumes that exist keep the old one";
static SNAPSHOT_CLASS: [Rule; 3] = [
    rule("upgrade/snapshot-class", Field("/driver"), IN_CLASS, OTHER_CLASS),
    rule("upgrade/snapshot-class", Field("/parameters"), IN_CLASS, OTHER_CLASS),
    rule(
        "upgrade/snapshot-class",
        Field("/deletionPolicy"),
        IN_CLASS,
        OTHER_CLASS,
    ),
];
static SNAPSHOT: [Rule; 1] = [rule(
    "upgrade/snapshot-source",
    Field("/spec/source"),
    "a snapshot is of what it was made of",
    NEW_NAME,
)];
static DEFINITION: [Rule; 3] = [
    rule(
        "upgrade/definition",
        Field("/spec/scope"),
        STORED,
        "remove every object of the kind first",
    ),
    rule(
        "upgrade/definition",
        Field("/spec/names/kind"),
        STORED,
        "remove every object of the kind first",
    ),
    rule(
        "upgrade/definition",
        Field("/spec/group"),
        STORED,
        "remove every object of the kind first",
    ),
];
const STORED: &str = "the objects of the kind are stored under it";
static ROLE_REF: [Rule; 1] = [rule(
    "upgrade/role-ref",
    Field("/roleRef"),
    "what a binding grants is decided when it is made",
    NEW_NAME,
)];
static PRIORITY: [Rule; 2] = [
    rule(
        "upgrade/priority",
        Field("/value"),
        "the scheduler has already decided by it",
        NEW_NAME,
    ),
    rule(
        "upgrade/priority",
        Field("/preemptionPolicy"),
        "the scheduler has already decided by it",
        NEW_NAME,
    ),
];
static CONTROLLER: [Rule; 1] = [rule(
    "upgrade/controller",
    Field("/spec/controller"),
    "which controller a class belongs to is decided when it is made",
    NEW_NAME,
)];
static GATEWAY_CLASS: [Rule; 1] = [rule(
    "upgrade/controller",
    Field("/spec/controllerName"),
    "which controller a class belongs to is decided when it is made",
    NEW_NAME,
)];
static RUNTIME_CLASS: [Rule; 1] = [rule(
    "upgrade/runtime",
    Field("/handler"),
    "pods already run under it",
    NEW_NAME,
)];
static DRIVER: [Rule; 2] = [
    rule(
        "upgrade/driver",
        Field("/spec/attachRequired"),
        "volumes are already attached, or not",
        "drain every node that has such a volume first",
    ),
    rule(
        "upgrade/driver",
        Field("/spec/volumeLifecycleModes"),
        "volumes already live so",
        "drain every node that has such a volume first",
    ),
];
static SLICE: [Rule; 1] = [rule(
    "upgrade/addresses",
    Field("/addressType"),
    "a slice holds one family of addresses",
    NEW_NAME,
)];
static SECRET_TYPE: [Rule; 1] = [rule(
    "upgrade/secret-type",
    Field("/type"),
    "what reads a Secret goes by its type",
    NEW_NAME,
)];
static POOL: [Rule; 2] = [
    rule(
        "upgrade/pool",
        OnceSet("/spec/name"),
        "a pool cannot be given another name",
        OTHER_POOL,
    ),
    rule(
        "upgrade/pool",
        Field("/spec/erasureCoded"),
        "a pool is replicated or erasure-coded for ever",
        OTHER_POOL,
    ),
];
const OTHER_POOL: &str = "make a pool with another name and copy the data over";
static CLUSTER: [Rule; 2] = [
    rule(
        "upgrade/ceph",
        OnceSet("/spec/dataDirHostPath"),
        "the monitors' data lie there on every host: Rook would start with empty ones",
        "leave it as it is",
    ),
    rule(
        "upgrade/ceph",
        OnceSet("/spec/network/provider"),
        "Rook refuses to move a running cluster to another network",
        "make a new cluster and copy the data over",
    ),
];
static SUBVOLUME_GROUP: [Rule; 2] = [
    rule(
        "upgrade/pool",
        OnceSet("/spec/name"),
        "the volumes lie below it",
        OTHER_POOL,
    ),
    rule(
        "upgrade/pool",
        OnceSet("/spec/filesystemName"),
        "the volumes lie in it",
        OTHER_POOL,
    ),
];

fn rules((group, kind): (&str, &str)) -> &'static [Rule] {
    match (group, kind) {
        ("apps", "StatefulSet") => &STATEFUL_SET,
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => &SELECTED,
        ("batch", "Job") => &JOB,
        ("", "Service") => &SERVICE,
        ("", "PersistentVolumeClaim") => &CLAIM,
        ("", "PersistentVolume") => &VOLUME,
        ("", "Secret") => &SECRET_TYPE,
        ("storage.k8s.io", "StorageClass") => &STORAGE_CLASS,
        ("storage.k8s.io", "CSIDriver") => &DRIVER,
        ("snapshot.storage.k8s.io", "VolumeSnapshotClass") => &SNAPSHOT_CLASS,
        ("snapshot.storage.k8s.io", "VolumeSnapshot" | "VolumeSnapshotContent") => &SNAPSHOT,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => &DEFINITION,
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &ROLE_REF,
        ("scheduling.k8s.io", "PriorityClass") => &PRIORITY,
        ("networking.k8s.io", "IngressClass") => &CONTROLLER,
        ("gateway.networking.k8s.io", "GatewayClass") => &GATEWAY_CLASS,
        ("node.k8s.io", "RuntimeClass") => &RUNTIME_CLASS,
        ("discovery.k8s.io", "EndpointSlice") => &SLICE,
        ("ceph.rook.io", "CephBlockPool") => &POOL,
        ("ceph.rook.io", "CephCluster") => &CLUSTER,
        ("ceph.rook.io", "CephFilesystemSubVolumeGroup") => &SUBVOLUME_GROUP,
        _ => &[],
    }
}

/// What the change does to fields that cannot be changed.
pub(super) fn effects(group_kind: (&str, &str), pair: Pair<'_>, effects: &mut Vec<Effect>) {
    for rule in rules(group_kind) {
        for pointer in broken(&rule.fixed, pair) {
            let field = pair.at(&pointer);
            effects.push(Effect {
                class: Class::Recreate,
                code: rule.code,
                message: format!(
                    "changes `{}` from {} to {}, which cannot be changed",
                    pointer.trim_start_matches('/').replace('/', "."),
                    shown(field.old),
                    shown(field.new)
                ),
                pointer,
                reason: rule.why.into(),
                mend: rule.mend.into(),
            });
        }
    }
    if matches!(group_kind, ("", "Secret" | "ConfigMap")) && pair.old.get("immutable") == Some(&Value::Bool(true)) {
        for pointer in ["/data", "/binaryData", "/stringData", "/immutable"] {
            if pair.at(pointer).differs() {
                effects.push(Effect {
                    class: Class::Recreate,
                    code: "upgrade/immutable-content",
                    pointer: pointer.to_owned(),
                    message: format!("changes `{}` of an object that is `immutable: true`", &pointer[1..]),
                    reason: "the API server refuses any change of its content".into(),
                    mend: "give it a name that carries a digest of its content, so that another content is another \
                           object"
                        .into(),
                });
            }
        }
    }
}

/// The pointers of the fields that change and must not.
fn broken(fixed: &Fixed, pair: Pair<'_>) -> Vec<String> {
    match fixed {
        Field(pointer) => pair
            .at(pointer)
            .differs()
            .then(|| (*pointer).to_owned())
            .into_iter()
            .collect(),
        OnceSet(pointer) => {
            let field = pair.at(pointer);
            let set = !field.old.is_null() && field.old != &Value::String(String::new());
            (set && field.differs())
                .then(|| (*pointer).to_owned())
                .into_iter()
                .collect()
        }
        AllBut(pointer, free) => {
            let both = pair.at(pointer);
            let keys = |value: &Value| -> Vec<String> {
                value
                    .as_object()
                    .map(|map| map.keys().cloned().collect())
                    .unwrap_or_default()
            };
            let mut names = keys(both.old);
            names.extend(keys(both.new));
            names.sort_unstable();
            names.dedup();
            names
                .into_iter()
                .filter(|name| !free.contains(&name.as_str()))
                // Names of fields have no signs that a pointer would have to escape.
                .map(|name| format!("{pointer}/{name}"))
                .filter(|pointer| pair.at(pointer).differs())
                .collect()
        }
    }
}
