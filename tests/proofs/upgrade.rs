//! Each change of an object is classified, and each that is refused says why and what to do instead.

use std::fmt::Write as _;
use std::sync::Arc;

use galeno::bundle::{Item, Object};
use galeno::checks::upgrade::{Change, Class, classify, findings};
use serde_json::{Value, json};

fn item(value: Value) -> Item {
    Item {
        cluster: Arc::from("prod/eu"),
        file: Arc::from("generated/prod/eu/x.yaml"),
        positions: None,
        object: Object::new(value).unwrap(),
    }
}

/// An object with another value at a pointer; the value null removes what is there.
fn with(base: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = base.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match changed
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("nothing at {parent}"))
    {
        Value::Object(map) if value.is_null() => {
            map.remove(&key).unwrap_or_else(|| panic!("nothing at {pointer}"));
        }
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(list) if value.is_null() => {
            list.remove(key.parse::<usize>().unwrap());
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other} at {parent}"),
    }
    assert_ne!(&changed, base, "{pointer} changes nothing");
    changed
}

const KEEP: &str = "Prune=false,Delete=false";

fn stateful_set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "data", "annotations": {"argocd.argoproj.io/sync-options": KEEP}},
        "spec": {
            "replicas": 3, "serviceName": "db", "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"app": "db"}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "200Gi"}}}}],
        },
    })
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "app"},
        "spec": {
            "replicas": 3, "strategy": {"type": "RollingUpdate"}, "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{
                "name": "api", "image": "api:1", "envFrom": [{"configMapRef": {"name": "settings"}}]}]}},
        },
    })
}

fn simple(api_version: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "it", "namespace": "ns"}});
    object
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    object
}

fn ceph() -> Value {
    simple(
        "ceph.rook.io/v1",
        "CephCluster",
        json!({"spec": {
            "mon": {"count": 3}, "dataDirHostPath": "/var/lib/rook",
            "cephVersion": {"image": "ceph:v20"},
            "cleanupPolicy": {"confirmation": ""},
            "network": {"connections": {"encryption": {"enabled": true}, "requireMsgr2": true}},
            "security": {"keyRotation": {"enabled": true}, "kms": {"connectionDetails": {"VAULT_ADDR": "a"}}},
            "storage": {"storageClassDeviceSets": [
                {"name": "a", "count": 2, "encrypted": true}, {"name": "b", "count": 2, "encrypted": true}]},
        }}),
    )
}

fn filesystem() -> Value {
    let pool = json!({"name": "replicated", "failureDomain": "zone", "replicated": {"size": 3, "requireSafeReplicaSize": true}});
    simple(
        "ceph.rook.io/v1",
        "CephFilesystem",
        json!({"spec": {"metadataPool": pool, "dataPools": [pool], "preserveFilesystemOnDelete": true}}),
    )
}

fn keeper(settings: &Value) -> Value {
    simple(
        "v1",
        "ConfigMap",
        json!({"data": {"backup.json": settings.to_string()}}),
    )
}

/// Object, pointer, new value, and the codes of what is refused.
fn refused() -> Vec<(Value, &'static str, Value, Vec<&'static str>)> {
    let claim = simple(
        "v1",
        "PersistentVolumeClaim",
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "a", "volumeMode": "Filesystem", "resources": {"requests": {"storage": "10Gi"}}}}),
    );
    let class = simple(
        "storage.k8s.io/v1",
        "StorageClass",
        json!({"provisioner": "p", "parameters": {"pool": "a", "encrypted": "true"}, "reclaimPolicy": "Retain", "volumeBindingMode": "Immediate"}),
    );
    let volume = simple(
        "v1",
        "PersistentVolume",
        json!({"spec": {"capacity": {"storage": "10Gi"}, "csi": {"driver": "d", "volumeHandle": "h"}, "persistentVolumeReclaimPolicy": "Retain"}}),
    );
    let job = simple(
        "batch/v1",
        "Job",
        json!({"spec": {"backoffLimit": 3, "completions": 1, "template": {"spec": {"containers": [{"name": "j", "image": "j:1"}]}}}}),
    );
    let service = simple(
        "v1",
        "Service",
        json!({"spec": {"clusterIP": "None", "selector": {"app": "db"}}}),
    );
    let crd = simple(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        json!({"spec": {"group": "g", "scope": "Namespaced", "names": {"kind": "K"}, "versions": [{"name": "v1"}, {"name": "v2"}]}}),
    );
    let binding = simple(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        json!({"roleRef": {"name": "a"}}),
    );
    let priority = simple("scheduling.k8s.io/v1", "PriorityClass", json!({"value": 100}));
    let secret = simple(
        "v1",
        "Secret",
        json!({"type": "Opaque", "immutable": true, "data": {"a": "Yg=="}}),
    );
    let frozen = simple("v1", "ConfigMap", json!({"immutable": true, "data": {"a": "b"}}));
    let snapshots = simple(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotClass",
        json!({"driver": "d", "deletionPolicy": "Retain"}),
    );
    let external = simple(
        "external-secrets.io/v1",
        "ExternalSecret",
        json!({"spec": {"target": {"deletionPolicy": "Retain"}}}),
    );
    let block = simple(
        "ceph.rook.io/v1",
        "CephBlockPool",
        json!({"spec": {"name": ".mgr", "failureDomain": "zone", "replicated": {"size": 3}}}),
    );
    let store = simple(
        "ceph.rook.io/v1",
        "CephObjectStore",
        json!({"spec": {"preservePoolsOnDelete": true, "dataPool": {"replicated": {"size": 3}}}}),
    );
    let ingress_class = simple(
        "networking.k8s.io/v1",
        "IngressClass",
        json!({"spec": {"controller": "a"}}),
    );
    let settings = json!({"retention": {"daily": 7, "weekly": 4, "monthly": 3}, "storage": {"objectLock": {"mode": "COMPLIANCE", "days": 8}}});
    let keeps = |pointer: &str, value: Value| json!(with(&settings, pointer, value).to_string());
    let intent = simple("v1", "ConfigMap", json!({"data": {"intent.yaml": "{\"active\": 0}"}}));
    let guard = "/metadata/annotations/argocd.argoproj.io~1sync-options";
    vec![
        (
            stateful_set(),
            "/spec/volumeClaimTemplates/0/spec/storageClassName",
            json!("slow"),
            vec!["upgrade/claim-template"],
        ),
        (
            stateful_set(),
            "/spec/volumeClaimTemplates/0/spec/resources/requests/storage",
            json!("300Gi"),
            vec!["upgrade/claim-template"],
        ),
        (
            stateful_set(),
            "/spec/volumeClaimTemplates/0/spec/resources/requests/storage",
            json!("100Gi"),
            vec!["upgrade/volume-shrunk", "upgrade/claim-template"],
        ),
        (
            stateful_set(),
            "/spec/selector/matchLabels/app",
            json!("db2"),
            vec!["upgrade/selector"],
        ),
        (
            stateful_set(),
            "/spec/serviceName",
            json!("other"),
            vec!["upgrade/stateful-set"],
        ),
        (
            stateful_set(),
            "/spec/podManagementPolicy",
            json!("OrderedReady"),
            vec!["upgrade/stateful-set"],
        ),
        (
            stateful_set(),
            "/spec/replicas",
            json!(1),
            vec!["upgrade/replicas-lowered"],
        ),
        (
            stateful_set(),
            "/spec/replicas",
            Value::Null,
            vec!["upgrade/replicas-lowered"],
        ),
        (
            stateful_set(),
            "/spec/persistentVolumeClaimRetentionPolicy/whenScaled",
            json!("Delete"),
            vec!["upgrade/reclaim-deletes"],
        ),
        (
            stateful_set(),
            guard,
            json!("Prune=false"),
            vec!["upgrade/guard-removed"],
        ),
        (
            stateful_set(),
            guard,
            Value::Null,
            vec!["upgrade/guard-removed", "upgrade/guard-removed"],
        ),
        (
            deployment(),
            "/spec/selector/matchLabels/app",
            json!("b"),
            vec!["upgrade/selector"],
        ),
        (
            service.clone(),
            "/spec/clusterIP",
            Value::Null,
            vec!["upgrade/cluster-ip"],
        ),
        (
            service,
            "/spec/clusterIP",
            json!("10.0.0.1"),
            vec!["upgrade/cluster-ip"],
        ),
        (
            job.clone(),
            "/spec/template/spec/containers/0/image",
            json!("j:2"),
            vec!["upgrade/job-template"],
        ),
        (job, "/spec/completions", json!(2), vec!["upgrade/job-template"]),
        (
            claim.clone(),
            "/spec/storageClassName",
            json!("b"),
            vec!["upgrade/claim"],
        ),
        (claim.clone(), "/spec/volumeMode", json!("Block"), vec!["upgrade/claim"]),
        (
            claim,
            "/spec/resources/requests/storage",
            json!("9Gi"),
            vec!["upgrade/volume-shrunk"],
        ),
        (
            volume.clone(),
            "/spec/csi/volumeHandle",
            json!("i"),
            vec!["upgrade/volume-source"],
        ),
        (
            volume.clone(),
            "/spec/capacity/storage",
            json!("5Gi"),
            vec!["upgrade/volume-shrunk"],
        ),
        (
            volume,
            "/spec/persistentVolumeReclaimPolicy",
            json!("Delete"),
            vec!["upgrade/reclaim-deletes"],
        ),
        (
            class.clone(),
            "/parameters/pool",
            json!("b"),
            vec!["upgrade/storage-class"],
        ),
        (
            class.clone(),
            "/parameters/encrypted",
            json!("false"),
            vec!["upgrade/encryption-lowered", "upgrade/storage-class"],
        ),
        (
            class.clone(),
            "/reclaimPolicy",
            json!("Delete"),
            vec!["upgrade/reclaim-deletes", "upgrade/storage-class"],
        ),
        (class.clone(), "/provisioner", json!("q"), vec!["upgrade/storage-class"]),
        (
            class,
            "/volumeBindingMode",
            json!("WaitForFirstConsumer"),
            vec!["upgrade/storage-class"],
        ),
        (
            snapshots,
            "/deletionPolicy",
            json!("Delete"),
            vec!["upgrade/reclaim-deletes", "upgrade/snapshot-class"],
        ),
        (
            external,
            "/spec/target/deletionPolicy",
            json!("Delete"),
            vec!["upgrade/reclaim-deletes"],
        ),
        (crd.clone(), "/spec/scope", json!("Cluster"), vec!["upgrade/definition"]),
        (crd, "/spec/versions/0", Value::Null, vec!["upgrade/version-removed"]),
        (binding, "/roleRef/name", json!("b"), vec!["upgrade/role-ref"]),
        (priority, "/value", json!(7), vec!["upgrade/priority"]),
        (
            secret.clone(),
            "/data/a",
            json!("Yw=="),
            vec!["upgrade/immutable-content"],
        ),
        (secret, "/type", json!("kubernetes.io/tls"), vec!["upgrade/secret-type"]),
        (frozen, "/data/a", json!("c"), vec!["upgrade/immutable-content"]),
        (
            ingress_class,
            "/spec/controller",
            json!("b"),
            vec!["upgrade/controller"],
        ),
        (ceph(), "/spec/mon/count", json!(1), vec!["upgrade/copies-lowered"]),
        (
            ceph(),
            "/spec/network/connections/encryption/enabled",
            json!(false),
            vec!["upgrade/encryption-lowered"],
        ),
        (
            ceph(),
            "/spec/network/connections/requireMsgr2",
            Value::Null,
            vec!["upgrade/encryption-lowered"],
        ),
        (
            ceph(),
            "/spec/security/kms/connectionDetails/VAULT_ADDR",
            json!("b"),
            vec!["upgrade/encryption-lowered"],
        ),
        (
            ceph(),
            "/spec/cleanupPolicy/confirmation",
            json!("yes-really-destroy-data"),
            vec!["upgrade/cleanup"],
        ),
        (
            ceph(),
            "/spec/storage/storageClassDeviceSets/0",
            Value::Null,
            vec!["upgrade/devices-removed"],
        ),
        (
            ceph(),
            "/spec/storage/storageClassDeviceSets/1/count",
            json!(1),
            vec!["upgrade/devices-removed"],
        ),
        (
            ceph(),
            "/spec/storage/storageClassDeviceSets/0/encrypted",
            json!(false),
            vec!["upgrade/encryption-lowered"],
        ),
        (ceph(), "/spec/dataDirHostPath", json!("/other"), vec!["upgrade/ceph"]),
        (
            block.clone(),
            "/spec/replicated/size",
            json!(2),
            vec!["upgrade/copies-lowered"],
        ),
        (
            block.clone(),
            "/spec/failureDomain",
            json!("host"),
            vec!["upgrade/copies-lowered"],
        ),
        (block, "/spec/name", json!("other"), vec!["upgrade/pool"]),
        (
            filesystem(),
            "/spec/metadataPool/replicated/size",
            json!(1),
            vec!["upgrade/copies-lowered"],
        ),
        (
            filesystem(),
            "/spec/dataPools/0/replicated/requireSafeReplicaSize",
            json!(false),
            vec!["upgrade/copies-lowered"],
        ),
        (
            filesystem(),
            "/spec/dataPools/0/name",
            json!("other"),
            vec!["upgrade/data-removed"],
        ),
        (
            filesystem(),
            "/spec/preserveFilesystemOnDelete",
            Value::Null,
            vec!["upgrade/guard-removed"],
        ),
        (
            store.clone(),
            "/spec/preservePoolsOnDelete",
            json!(false),
            vec!["upgrade/guard-removed"],
        ),
        (
            store,
            "/spec/dataPool/replicated/size",
            json!(2),
            vec!["upgrade/copies-lowered"],
        ),
        (
            keeper(&settings),
            "/data/backup.json",
            keeps("/retention/weekly", json!(2)),
            vec!["upgrade/retention-lowered"],
        ),
        (
            keeper(&settings),
            "/data/backup.json",
            keeps("/storage/objectLock/days", json!(2)),
            vec!["upgrade/retention-lowered"],
        ),
        (
            keeper(&settings),
            "/data/backup.json",
            keeps("/storage/objectLock", Value::Null),
            vec!["upgrade/retention-lowered"],
        ),
        (
            keeper(&settings),
            "/data/backup.json",
            keeps("/storage/objectLock/mode", json!("GOVERNANCE")),
            vec!["upgrade/retention-lowered"],
        ),
        (
            intent,
            "/data/intent.yaml",
            json!("{\"active\": 1}"),
            vec!["upgrade/generation-switched"],
        ),
    ]
}

fn codes(changes: &[Change<'_>], class: impl Fn(Class) -> bool) -> Vec<&'static str> {
    let effects = changes.iter().flat_map(|change| &change.effects);
    effects
        .filter(|effect| class(effect.class))
        .map(|effect| effect.code)
        .collect()
}

#[test]
fn what_is_refused_is_refused_and_says_why() {
    let mut told = String::new();
    for (base, pointer, value, expected) in refused() {
        let head = with(&base, pointer, value);
        let (base, head) = ([item(base)], [item(head)]);
        let changes = classify(&base, &head);
        assert_eq!(
            codes(&changes, Class::is_refused),
            expected,
            "{} {pointer}",
            base[0].object.id()
        );
        for finding in findings(&changes) {
            assert!(!finding.reason.is_empty() && !finding.mend.is_empty(), "{finding:?}");
            let pointer = finding.place.pointer.as_deref().unwrap();
            writeln!(
                told,
                "{} {pointer}\n  {}\n  why: {}\n  {}\n",
                finding.code, finding.message, finding.reason, finding.mend
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_holds_data_is_not_removed() {
    let mut told = String::new();
    for (api_version, kind) in [
        ("v1", "Namespace"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "PersistentVolume"),
        ("apps/v1", "StatefulSet"),
        ("ceph.rook.io/v1", "CephCluster"),
        ("ceph.rook.io/v1", "CephBlockPool"),
        ("ceph.rook.io/v1", "CephFilesystem"),
        ("ceph.rook.io/v1", "CephFilesystemSubVolumeGroup"),
        ("ceph.rook.io/v1", "CephObjectStore"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
    ] {
        let base = [item(simple(api_version, kind, json!({})))];
        let changes = classify(&base, &[]);
        assert_eq!(codes(&changes, Class::is_refused), ["upgrade/data-removed"], "{kind}");
        writeln!(told, "{}", findings(&changes)[0].message).unwrap();
    }
    let mut job = simple("batch/v1", "CronJob", json!({}));
    job["metadata"]["labels"] = json!({"app.kubernetes.io/component": "backup"});
    let mut application = simple("argoproj.io/v1alpha1", "Application", json!({}));
    application["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io/background"]);
    for (object, code) in [
        (job, "upgrade/backup-removed"),
        (application, "upgrade/application-removed"),
    ] {
        let base = [item(object)];
        assert_eq!(codes(&classify(&base, &[]), Class::is_refused), [code]);
    }
    let harmless = [item(simple("v1", "ConfigMap", json!({}))), item(deployment())];
    assert!(
        findings(&classify(&harmless, &[]))
            .iter()
            .all(|f| f.severity == galeno::finding::Severity::Note)
    );
    insta::assert_snapshot!(told);
}

/// Object, pointer, new value, class and code of what is allowed.
#[test]
fn what_is_allowed_says_what_it_does() {
    let config = simple("v1", "ConfigMap", json!({"data": {"a": "b"}}));
    for (base, pointer, value, class, code) in [
        (
            deployment(),
            "/spec/template/spec/containers/0/image",
            json!("api:2"),
            Class::Rolling,
            "upgrade/rolling",
        ),
        (
            deployment(),
            "/spec/replicas",
            json!(1),
            Class::None,
            "upgrade/in-place",
        ),
        (deployment(), "/metadata/namespace", json!("app"), Class::None, ""),
        (
            stateful_set(),
            "/spec/template/spec/containers/0/image",
            json!("db:2"),
            Class::Rolling,
            "upgrade/rolling",
        ),
        (
            stateful_set(),
            "/spec/replicas",
            json!(5),
            Class::None,
            "upgrade/in-place",
        ),
        (
            with(&stateful_set(), "/spec/replicas", json!(1)),
            "/spec/template/spec/containers/0/image",
            json!("db:2"),
            Class::Restart,
            "upgrade/restart",
        ),
        (
            with(&deployment(), "/spec/strategy/type", json!("Recreate")),
            "/spec/template/spec/containers/0/image",
            json!("api:2"),
            Class::Restart,
            "upgrade/restart",
        ),
        (config.clone(), "/data/a", json!("c"), Class::None, "upgrade/in-place"),
        (
            ceph(),
            "/spec/cephVersion/image",
            json!("ceph:v21"),
            Class::Rolling,
            "upgrade/operator",
        ),
        (ceph(), "/spec/mon/count", json!(5), Class::Rolling, "upgrade/operator"),
    ] {
        if code.is_empty() {
            let same = [item(base)];
            assert!(classify(&same, &same).is_empty());
            continue;
        }
        let head = with(&base, pointer, value);
        let (base, head) = ([item(base)], [item(head)]);
        let changes = classify(&base, &head);
        assert_eq!(changes.len(), 1);
        assert_eq!(
            (changes[0].class(), changes[0].effects[0].code),
            (class, code),
            "{pointer}"
        );
    }
}

#[test]
fn pods_that_do_not_see_a_new_configuration_are_named() {
    let settings = |value: &str| {
        let mut map = simple("v1", "ConfigMap", json!({"data": {"a": value}}));
        map["metadata"] = json!({"name": "settings", "namespace": "app"});
        item(map)
    };
    let base = [settings("old"), item(deployment())];
    let head = [settings("new"), item(deployment())];
    let changes = classify(&base, &head);
    assert_eq!((changes.len(), changes[0].class()), (1, Class::Restart));
    insta::assert_snapshot!(findings(&changes)[0].message, @"restart: ConfigMap app/settings changes what Deployment app/api read when they started");
    // With a digest in its template the workload is replaced by itself.
    let mut digest = deployment();
    digest["spec"]["template"]["metadata"]["annotations"] = json!({"config": "0".repeat(64)});
    let changes = classify(
        &[settings("old"), item(digest.clone())],
        &[settings("new"), item(digest)],
    )
    .iter()
    .map(Change::class)
    .collect::<Vec<_>>();
    assert_eq!(changes, [Class::None]);
}

#[test]
fn objects_are_the_same_whatever_file_and_version_they_have() {
    let old = item(simple("example.org/v1beta1", "Thing", json!({"spec": 1})));
    let mut new = item(simple("example.org/v1", "Thing", json!({"spec": 1})));
    new.file = Arc::from("elsewhere.yaml");
    let (base, head) = ([old], [new]);
    let changes = classify(&base, &head);
    assert_eq!(changes.len(), 1);
    assert!(changes[0].base.is_some() && changes[0].head.is_some());
    // Another cluster is another object.
    let mut far = base[0].clone();
    far.cluster = Arc::from("prod/us");
    assert_eq!(classify(&base, &[far]).len(), 2);
}

#[test]
fn the_most_dangerous_comes_first() {
    let base = [
        item(deployment()),
        item(stateful_set()),
        item(simple("v1", "Namespace", json!({}))),
    ];
    let head = [
        item(with(
            &deployment(),
            "/spec/template/spec/containers/0/image",
            json!("api:2"),
        )),
        item(with(&stateful_set(), "/spec/serviceName", json!("b"))),
        item(simple("v1", "ConfigMap", json!({}))),
    ];
    let classes: Vec<Class> = classify(&base, &head).iter().map(Change::class).collect();
    assert_eq!(
        classes,
        [Class::DataAtRisk, Class::Recreate, Class::Rolling, Class::None]
    );
}
