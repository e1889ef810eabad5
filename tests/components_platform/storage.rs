//! Storage: what the promise asks for, and the details that silently have no effect when they are missing.

use galeno::bundle::Object;
use galeno::components::Output;
use galeno::spec::{Kms, Promise, StorageBackend};
use serde_json::{Value, json};

use crate::platform::{changed, component, object, rendered, topology};

const REGION: &str = "eu-central";

fn at<'a>(object: &'a Object, pointer: &str) -> &'a Value {
    object
        .at(pointer)
        .unwrap_or_else(|| panic!("nothing at {pointer} of {}", object.name()))
}

fn cluster(output: &Output) -> &Object {
    object(output, REGION, "CephCluster", "rook-ceph")
}

#[test]
fn one_monitor_and_one_set_of_encrypted_disks_in_each_zone() {
    let output = rendered(&topology("prod"));
    let cluster = cluster(&output);
    assert_eq!(at(cluster, "/spec/mon/count"), 3);
    assert_eq!(
        at(cluster, "/spec/mon/failureDomainLabel"),
        "topology.kubernetes.io/zone"
    );
    let zones: Vec<&str> = at(cluster, "/spec/mon/zones")
        .as_array()
        .unwrap()
        .iter()
        .map(|z| z["name"].as_str().unwrap())
        .collect();
    assert_eq!(zones, ["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
    let sets = at(cluster, "/spec/storage/storageClassDeviceSets").as_array().unwrap();
    assert_eq!(sets.len(), 3);
    for (set, zone) in sets.iter().zip(zones) {
        assert_eq!(set["name"], zone);
        assert_eq!(set["count"], 2);
        assert_eq!(set["encrypted"], true);
        assert_eq!(set["portable"], false);
        let required = "/placement/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0";
        let expected = json!({"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]});
        assert_eq!(set.pointer(required), Some(&expected));
        // The Jobs that prepare disks have another name than what runs on them.
        let apps = set.pointer("/placement/topologySpreadConstraints/0/labelSelector/matchExpressions/0/values");
        assert_eq!(apps, Some(&json!(["rook-ceph-osd", "rook-ceph-osd-prepare"])));
        assert_eq!(
            set.pointer("/volumeClaimTemplates/0/spec/volumeMode"),
            Some(&json!("Block"))
        );
        assert_eq!(
            set.pointer("/volumeClaimTemplates/0/spec/resources/requests/storage"),
            Some(&json!("2Ti"))
        );
        let kind = set.pointer("/volumeClaimTemplates/0/metadata/annotations/crushDeviceClass");
        assert_eq!(kind, Some(&json!("nvme")), "pools ask for this class of disk");
    }
}

#[test]
fn nothing_on_the_wire_is_in_the_clear() {
    let output = rendered(&topology("prod"));
    let cluster = cluster(&output);
    assert_eq!(at(cluster, "/spec/network/connections/requireMsgr2"), true);
    assert_eq!(at(cluster, "/spec/network/connections/encryption/enabled"), true);
    assert_eq!(at(cluster, "/spec/csi/cephfs/kernelMountOptions"), "ms_mode=secure");
    let driver = object(&output, REGION, "Driver", "rook-ceph.cephfs.csi.ceph.com");
    assert_eq!(at(driver, "/spec/kernelMountOptions/ms_mode"), "secure");
    assert_eq!(at(driver, "/spec/cephFsClientType"), "kernel");
}

#[test]
fn ceph_is_not_left_in_a_warning_that_hides_others() {
    let output = rendered(&topology("prod"));
    let cluster = cluster(&output);
    assert_eq!(at(cluster, "/spec/security/cephx/csi/keyType"), "aes");
    let muted = at(cluster, "/spec/healthCheck/muteHealthWarning").as_object().unwrap();
    let codes: Vec<&str> = muted.keys().map(String::as_str).collect();
    let expected = [
        "AUTH_INSECURE_CLIENT_KEY_TYPE",
        "AUTH_INSECURE_KEYS_ALLOWED",
        "AUTH_INSECURE_KEYS_CREATABLE",
        "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE",
    ];
    assert_eq!(codes, expected);
    assert!(
        at(cluster, "/spec/cephVersion/image")
            .as_str()
            .unwrap()
            .contains("@sha256:")
    );
}

#[test]
fn every_pool_keeps_the_promise() {
    for (promise, domain) in [(Promise::Zone, "zone"), (Promise::Node, "host")] {
        let output = rendered(&changed("prod", |environment| environment.promise = promise));
        for (kind, name, path) in [
            ("CephBlockPool", "builtin-mgr", "/spec"),
            ("CephBlockPool", "clinic-rbd", "/spec"),
            ("CephFilesystem", "clinic", "/spec/metadataPool"),
            ("CephFilesystem", "clinic", "/spec/dataPools/0"),
        ] {
            let pool = object(&output, REGION, kind, name);
            assert_eq!(at(pool, &format!("{path}/failureDomain")), domain, "{name} {path}");
            assert_eq!(at(pool, &format!("{path}/replicated/size")), 3, "{name} {path}");
            assert_eq!(
                at(pool, &format!("{path}/replicated/requireSafeReplicaSize")),
                true,
                "{name} {path}"
            );
            assert_eq!(
                at(pool, &format!("{path}/deviceClass")),
                "nvme",
                "{name} {path}: on every pool or on none"
            );
        }
    }
}

#[test]
fn monitors_are_on_nodes_where_zones_do_not_count() {
    let output = rendered(&changed("prod", |environment| environment.promise = Promise::Node));
    let cluster = cluster(&output);
    assert_eq!(cluster.at("/spec/mon/zones"), None);
    assert_eq!(
        cluster.at("/spec/mon/failureDomainLabel"),
        None,
        "without zones it has no effect"
    );
    assert_eq!(at(cluster, "/spec/mon/allowMultiplePerNode"), false);
}

#[test]
fn the_metadata_server_has_a_standby_in_another_zone() {
    let output = rendered(&topology("prod"));
    let filesystem = object(&output, REGION, "CephFilesystem", "clinic");
    assert_eq!(at(filesystem, "/spec/metadataServer/activeStandby"), true);
    assert_eq!(at(filesystem, "/spec/preserveFilesystemOnDelete"), true);
    let spread = at(filesystem, "/spec/metadataServer/placement/topologySpreadConstraints/0");
    assert_eq!(spread["whenUnsatisfiable"], "DoNotSchedule");
    assert_eq!(spread["labelSelector"]["matchLabels"]["rook_file_system"], "clinic");
    let group = object(&output, REGION, "CephFilesystemSubVolumeGroup", "clinic-csi");
    assert_eq!(at(group, "/spec/name"), "csi");
    assert_eq!(at(group, "/spec/filesystemName"), "clinic");
}

#[test]
fn classes_keep_data_grow_and_mount_safely() {
    let output = rendered(&topology("prod"));
    for name in ["clinic-cephfs", "clinic-rbd", "clinic-rehearsal"] {
        let class = object(&output, REGION, "StorageClass", name);
        let expected = if name == "clinic-rehearsal" { "Delete" } else { "Retain" };
        assert_eq!(class.str_at("/reclaimPolicy"), expected, "{name}");
        assert_eq!(class.str_at("/volumeBindingMode"), "Immediate", "{name}");
        assert_eq!(at(class, "/allowVolumeExpansion"), true, "{name}");
        assert_eq!(
            at(class, "/mountOptions"),
            &json!(["noatime", "nodev", "noexec", "nosuid"]),
            "{name}"
        );
        assert_eq!(
            class.str_at("/metadata/annotations/storageclass.kubernetes.io~1is-default-class"),
            "false"
        );
    }
    let cephfs = object(&output, REGION, "StorageClass", "clinic-cephfs");
    assert_eq!(cephfs.str_at("/provisioner"), "rook-ceph.cephfs.csi.ceph.com");
    assert_eq!(cephfs.str_at("/parameters/pool"), "clinic-replicated");
    let rehearsal = object(&output, REGION, "StorageClass", "clinic-rehearsal");
    assert_eq!(
        rehearsal.at("/parameters"),
        cephfs.at("/parameters"),
        "a rehearsal measures the database's own storage"
    );
    let snapshots = object(&output, REGION, "VolumeSnapshotClass", "clinic-cephfs");
    assert_eq!(snapshots.str_at("/deletionPolicy"), "Retain");
}

#[test]
fn drivers_are_written_out_with_the_least_they_need() {
    let output = rendered(&topology("prod"));
    for driver in ["rook-ceph.cephfs.csi.ceph.com", "rook-ceph.rbd.csi.ceph.com"] {
        let object_of = object(&output, REGION, "Driver", driver);
        assert_eq!(at(object_of, "/spec/attachRequired"), true);
        assert_eq!(at(object_of, "/spec/snapshotPolicy"), "volumeSnapshot");
        for part in ["controllerPlugin", "nodePlugin"] {
            let account = object_of.str_at(&format!("/spec/{part}/serviceAccountName"));
            object(&output, REGION, "ServiceAccount", account);
        }
    }
    for manifest in component(&output, REGION, "storage") {
        if manifest.object.kind() != "ClusterRole" {
            continue;
        }
        let text = manifest.object.value().to_string();
        assert!(
            !text.contains("\"secrets\""),
            "{}: Secrets of the whole cluster",
            manifest.object.name()
        );
        assert!(!text.contains('*'), "{}", manifest.object.name());
    }
}

#[test]
fn what_holds_data_is_never_pruned() {
    let output = rendered(&topology("prod"));
    for manifest in component(&output, REGION, "storage") {
        if manifest.object.group() == "ceph.rook.io" {
            let kept = manifest
                .object
                .str_at("/metadata/annotations/argocd.argoproj.io~1sync-options");
            assert_eq!(kept, "Prune=false,Delete=false", "{}", manifest.object.name());
        }
    }
}

#[test]
fn vault_keeps_the_keys_of_disks_where_it_is_named() {
    let topology = changed("prod", |environment| {
        environment.storage.kms = Some(Kms {
            address: "https://vault.vault.svc:8200".to_owned(),
            role: "rook-ceph".to_owned(),
            path: "rook".to_owned(),
        });
    });
    let output = rendered(&topology);
    let details = at(cluster(&output), "/spec/security/kms/connectionDetails");
    assert_eq!(details["KMS_PROVIDER"], "vault");
    assert_eq!(details["VAULT_ADDR"], "https://vault.vault.svc:8200");
    let ca = details["VAULT_CACERT"].as_str().unwrap();
    object(&output, REGION, "ExternalSecret", ca);
}

#[test]
fn longhorn_spreads_and_encrypts_too() {
    let topology = changed("staging", |environment| {
        environment.storage.backend = StorageBackend::Longhorn;
    });
    let output = rendered(&topology);
    let class = object(&output, REGION, "StorageClass", "clinic-longhorn");
    assert_eq!(class.str_at("/parameters/numberOfReplicas"), "3");
    assert_eq!(class.str_at("/parameters/encrypted"), "true");
    assert_eq!(class.str_at("/parameters/replicaZoneSoftAntiAffinity"), "disabled");
    assert_eq!(
        class.str_at("/parameters/csi.storage.k8s.io~1node-expand-secret-name"),
        "longhorn-crypto"
    );
    let secret = object(&output, REGION, "ExternalSecret", "longhorn-crypto");
    assert_eq!(secret.namespace(), "longhorn-system");
    let chart = object(&output, REGION, "Application", "staging-longhorn");
    let settings = at(chart, "/spec/source/helm/valuesObject/defaultSettings");
    assert_eq!(settings["replicaZoneSoftAntiAffinity"], false);
    assert_eq!(settings["replicaSoftAntiAffinity"], false);
}

#[test]
fn a_class_of_the_clusters_own_needs_nothing() {
    let output = rendered(&topology("local"));
    assert_eq!(component(&output, "here", "storage").len(), 0);
}

#[test]
fn every_region_with_data_has_its_own_cluster() {
    let output = rendered(&topology("prod"));
    object(&output, "eu-west", "CephCluster", "rook-ceph");
    for region in ["us-east", "ap-northeast"] {
        assert_eq!(component(&output, region, "storage").len(), 0, "{region}");
    }
}
