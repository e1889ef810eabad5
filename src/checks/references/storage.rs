//! Claims, classes, snapshots, quotas, and the Rook objects behind them.

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{each, entries, text};
use super::report::{Check, Target};
use super::routes::is_default;
use super::targets::{
    CEPH_BLOCK_POOL, CEPH_CLUSTER, CEPH_CONNECTION, CEPH_FILESYSTEM, CEPH_OBJECT_STORE, CSI_DRIVER, PERSISTENT_VOLUME,
    PRIORITY_CLASS, SNAPSHOT, SNAPSHOT_CLASS, SNAPSHOT_CONTENT, SOURCE_CLAIM, STORAGE_CLASS, USED_CONFIG_MAP,
    USED_SECRET,
};
use crate::finding::Finding;

const CEPH: &str = "ceph.rook.io";

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    let has_default = has_default_class(c);
    for i in ix.objects.of("", "PersistentVolumeClaim") {
        claim(c, *i, &ix.objects.value(*i)["spec"], has_default);
    }
    for i in ix.objects.of("apps", "StatefulSet") {
        for template in each(&ix.objects.value(*i)["spec"]["volumeClaimTemplates"]) {
            claim(c, *i, &template["spec"], has_default);
        }
    }
    for i in ix.objects.of("storage.k8s.io", "StorageClass") {
        class(c, *i);
    }
    snapshots(c);
    ceph(c);
    quotas(c);
}

/// Whether a claim without a class gets one; a class that is only named somewhere may be the default.
fn has_default_class(c: &Check<'_>) -> bool {
    let ix = c.ix;
    let names = [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];
    let classes = ix
        .objects
        .of("storage.k8s.io", "StorageClass")
        .iter()
        .map(|i| ix.objects.value(*i));
    let given = classes
        .into_iter()
        .any(|class| names.iter().any(|name| is_default(class, name)));
    given || ix.provisions.iter().any(|provision| provision.kind == "StorageClass")
}

fn claim<'a>(c: &mut Check<'a>, item: usize, spec: &'a Value, has_default: bool) {
    let ns = c.ix.objects.heads[item].ns;
    let name = &spec["storageClassName"];
    c.expect(item, &spec["volumeName"], &PERSISTENT_VOLUME, "");
    for field in ["dataSource", "dataSourceRef"] {
        let source = &spec[field];
        let there = source["namespace"].as_str().unwrap_or(ns);
        match text(&source["kind"]) {
            "VolumeSnapshot" => c.require(item, &source["name"], &SNAPSHOT, there),
            "PersistentVolumeClaim" => c.require(item, &source["name"], &SOURCE_CLAIM, there),
            _ => {}
        }
    }
    if name.is_null() && spec["volumeName"].is_null() && !has_default {
        let message = format!("the claim names no StorageClass, and the default one {}", c.nowhere());
        let finding = Finding::new(c.missing(), codes::STORAGE_CLASS, message).because(STORAGE_CLASS.effect);
        c.say(item, spec, finding.mend("name a class in `storageClassName`"));
    }
    if !is_static(c, text(name)) {
        c.expect(item, name, &STORAGE_CLASS, "");
    }
}

/// Volumes made by hand may carry a class name for which there is no class.
fn is_static(c: &Check<'_>, class: &str) -> bool {
    let volumes = c.ix.objects.of("", "PersistentVolume").iter();
    volumes
        .into_iter()
        .any(|i| c.ix.objects.value(*i)["spec"]["storageClassName"] == class)
}

fn class(c: &mut Check<'_>, item: usize) {
    let value = c.ix.objects.value(item);
    let (driver, parameters) = (&value["provisioner"], &value["parameters"]);
    csi_driver(c, item, driver);
    secrets(c, item, parameters);
    if !is_ceph(text(driver)) {
        return;
    }
    let ns = cluster_namespace(c, item, parameters);
    if text(driver).ends_with(".cephfs.csi.ceph.com") {
        filesystem(c, item, parameters, ns);
    } else {
        block_pool(c, item, &parameters["pool"], ns);
        block_pool(c, item, &parameters["dataPool"], ns);
    }
}

fn is_ceph(driver: &str) -> bool {
    driver.ends_with(".csi.ceph.com")
}

/// The driver of Rook must be declared by a `Driver`; that of Longhorn comes with its chart. Others cannot be known.
fn csi_driver<'a>(c: &mut Check<'a>, item: usize, at: &'a Value) {
    let driver = text(at);
    let ns = driver.split('.').next().unwrap_or_default();
    if is_ceph(driver) && c.ix.is_trusted("Driver", ns) {
        return;
    }
    if is_ceph(driver) || driver == "driver.longhorn.io" {
        c.expect(item, at, &CSI_DRIVER, "");
    }
}

/// `csi.storage.k8s.io/NAME-secret-name` and `-namespace`; names with `${…}` are filled in for each volume.
fn secrets<'a>(c: &mut Check<'a>, item: usize, parameters: &'a Value) {
    let effect = "the driver cannot make, mount or grow the volumes";
    for (key, at) in entries(parameters) {
        let Some(stem) = key
            .strip_suffix("secret-name")
            .filter(|stem| stem.starts_with("csi.storage.k8s.io/"))
        else {
            continue;
        };
        let ns = text(&parameters[format!("{stem}secret-namespace").as_str()]);
        if !text(at).contains("${") && !ns.contains("${") {
            c.expect(item, at, &Target { effect, ..USED_SECRET }, ns);
        }
    }
}

/// Rook's `clusterID` is the namespace of a `CephCluster`, or the name of a `ClientProfile`.
fn cluster_namespace<'a>(c: &mut Check<'a>, item: usize, parameters: &'a Value) -> &'a str {
    let (ix, at) = (c.ix, &parameters["clusterID"]);
    let ns = text(at);
    let clusters = ix.objects.of(CEPH, "CephCluster").iter();
    let namespaces: Vec<_> = clusters.map(|i| ix.objects.heads[*i].ns).collect();
    let profiles = ix.objects.of("csi.ceph.io", "ClientProfile").iter();
    let profile = profiles.into_iter().any(|i| ix.objects.heads[*i].name == ns);
    if !ns.is_empty() && !namespaces.contains(&ns) && !profile && !ix.is_trusted("CephCluster", ns) {
        let message = format!("there is no CephCluster in the namespace `{ns}` that clusterID names");
        let finding = Finding::new(c.missing(), codes::CEPH, message).because(CEPH_CLUSTER.effect);
        let mend = format!(
            "Rook's clusterID is the namespace of the CephCluster: {}",
            super::report::listed(&namespaces)
        );
        c.say(item, at, finding.mend(mend));
    }
    ns
}

fn filesystem<'a>(c: &mut Check<'a>, item: usize, parameters: &'a Value, ns: &'a str) {
    let ix = c.ix;
    let at = &parameters["fsName"];
    let Some(Found::Object(filesystem)) = c.expect(item, at, &CEPH_FILESYSTEM, ns) else {
        return;
    };
    let name = text(at);
    let pools = each(&ix.objects.value(filesystem)["spec"]["dataPools"]).enumerate();
    let pools: Vec<_> = pools
        .map(|(number, pool)| match text(&pool["name"]) {
            "" => format!("{name}-data{number}"),
            own => format!("{name}-{own}"),
        })
        .collect();
    let pool = text(&parameters["pool"]);
    if !pool.is_empty() && !pools.iter().any(|known| known == pool) {
        let names: Vec<_> = pools.iter().map(String::as_str).collect();
        let message = format!("the CephFilesystem `{name}` has no data pool `{pool}`");
        let finding = Finding::error(codes::CEPH, message).because(CEPH_FILESYSTEM.effect);
        let mend = format!("a pool is named FILESYSTEM-POOL: {}", super::report::listed(&names));
        c.say(item, &parameters["pool"], finding.mend(mend));
    }
    subvolume_group(c, item, at, ns);
}

/// CSI puts its volumes into the subvolume group `csi`, unless a profile says otherwise.
fn subvolume_group(c: &mut Check<'_>, item: usize, at: &Value, ns: &str) {
    let ix = c.ix;
    let groups = ix.objects.of(CEPH, "CephFilesystemSubVolumeGroup").iter();
    let mut groups = groups.map(|i| (ix.objects.heads[*i], &ix.objects.value(*i)["spec"]));
    let own = groups.any(|(head, spec)| head.ns == ns && spec["filesystemName"] == *at);
    if !own {
        let message = format!("the CephFilesystem `{}` has no CephFilesystemSubVolumeGroup", text(at));
        let finding = Finding::new(c.missing(), codes::CEPH, message)
            .because("the CSI driver makes its volumes in a subvolume group: without it claims stay Pending")
            .mend("declare a CephFilesystemSubVolumeGroup with `spec.name: csi` for this filesystem");
        c.say(item, at, finding);
    }
}

/// A pool is named by its object, or by `spec.name` where Ceph's own name is no Kubernetes name (`.mgr`).
fn block_pool<'a>(c: &mut Check<'a>, item: usize, at: &'a Value, ns: &str) {
    let ix = c.ix;
    let pools = ix.objects.of(CEPH, "CephBlockPool").iter();
    let named = pools
        .into_iter()
        .find(|i| ix.objects.heads[**i].ns == ns && ix.objects.value(**i)["spec"]["name"] == *at);
    match named.filter(|_| at.is_string()) {
        Some(pool) => c.mark(Found::Object(*pool)),
        None => c.require(item, at, &CEPH_BLOCK_POOL, ns),
    }
}

fn snapshots(c: &mut Check<'_>) {
    let ix = c.ix;
    let group = "snapshot.storage.k8s.io";
    for i in ix.objects.of(group, "VolumeSnapshotClass") {
        let value = ix.objects.value(*i);
        csi_driver(c, *i, &value["driver"]);
        secrets(c, *i, &value["parameters"]);
        if is_ceph(text(&value["driver"])) {
            cluster_namespace(c, *i, &value["parameters"]);
        }
    }
    for i in ix.objects.of(group, "VolumeSnapshot") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        c.expect(*i, &spec["volumeSnapshotClassName"], &SNAPSHOT_CLASS, "");
        let target = Target {
            effect: "there is nothing to take a snapshot of",
            ..SOURCE_CLAIM
        };
        c.expect(*i, &spec["source"]["persistentVolumeClaimName"], &target, ns);
        c.expect(*i, &spec["source"]["volumeSnapshotContentName"], &SNAPSHOT_CONTENT, "");
    }
}

fn ceph(c: &mut Check<'_>) {
    let ix = c.ix;
    for i in ix.objects.of(CEPH, "CephCluster") {
        cluster(c, *i);
    }
    for (kind, field, target) in [
        ("CephFilesystem", "", CEPH_CLUSTER),
        ("CephBlockPool", "", CEPH_CLUSTER),
        ("CephObjectStore", "", CEPH_CLUSTER),
        ("CephNFS", "", CEPH_CLUSTER),
        ("CephClient", "", CEPH_CLUSTER),
        ("CephFilesystemSubVolumeGroup", "filesystemName", CEPH_FILESYSTEM),
        ("CephBlockPoolRadosNamespace", "blockPoolName", CEPH_BLOCK_POOL),
        ("CephObjectStoreUser", "store", CEPH_OBJECT_STORE),
    ] {
        for i in ix.objects.of(CEPH, kind) {
            let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
            if field.is_empty() {
                in_cluster(c, *i, ns, spec);
            } else {
                c.expect(*i, &spec[field], &target, ns);
            }
            let gateway = &spec["gateway"];
            c.expect(*i, &gateway["sslCertificateRef"], &USED_SECRET, ns);
            c.expect(*i, &gateway["caBundleRef"], &USED_SECRET, ns);
            c.expect(*i, &gateway["priorityClassName"], &PRIORITY_CLASS, "");
            c.expect(*i, &spec["metadataServer"]["priorityClassName"], &PRIORITY_CLASS, "");
        }
    }
    for i in ix.objects.of("csi.ceph.io", "Driver") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        // Rook and the CSI operator make this ConfigMap themselves where it has its usual name.
        let name = &spec["encryption"]["configMapName"]["name"];
        if name != "rook-ceph-csi-kms-config" {
            c.expect(*i, name, &USED_CONFIG_MAP, ns);
        }
    }
    for i in ix.objects.of("csi.ceph.io", "ClientProfile") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        c.expect(*i, &spec["cephConnectionRef"]["name"], &CEPH_CONNECTION, ns);
    }
}

fn in_cluster(c: &mut Check<'_>, item: usize, ns: &str, spec: &Value) {
    let ix = c.ix;
    let clusters = ix.objects.of(CEPH, "CephCluster").iter();
    if !clusters.into_iter().any(|i| ix.objects.heads[*i].ns == ns) && !ix.is_trusted("CephCluster", ns) {
        let message = format!("a CephCluster in namespace `{ns}` {}", c.nowhere());
        let finding = Finding::new(c.missing(), codes::CEPH, message).because(CEPH_CLUSTER.effect);
        c.say(item, spec, finding.mend("put it into the namespace of its CephCluster"));
    }
}

fn cluster(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let target = Target {
        effect: "Ceph's own claims stay Pending: no monitor or OSD starts",
        ..STORAGE_CLASS
    };
    let zones = each(&spec["mon"]["zones"]).map(|zone| &zone["volumeClaimTemplate"]);
    let stretched = each(&spec["mon"]["stretchCluster"]["zones"]).map(|zone| &zone["volumeClaimTemplate"]);
    let sets = each(&spec["storage"]["storageClassDeviceSets"]);
    let devices = sets.clone().flat_map(|set| each(&set["volumeClaimTemplates"]));
    for template in zones
        .chain(stretched)
        .chain(devices)
        .chain([&spec["mon"]["volumeClaimTemplate"]])
    {
        c.expect(item, &template["spec"]["storageClassName"], &target, "");
    }
    for (_, name) in entries(&spec["priorityClassNames"]) {
        c.expect(item, name, &PRIORITY_CLASS, "");
    }
    let effect = "the OSDs cannot fetch their encryption keys and do not start";
    let secret = Target { effect, ..USED_SECRET };
    let kms = &spec["security"]["kms"];
    for name in [
        &kms["tokenSecretName"],
        &kms["connectionDetails"]["VAULT_CACERT"],
        &kms["connectionDetails"]["VAULT_CLIENT_CERT"],
        &kms["connectionDetails"]["VAULT_CLIENT_KEY"],
    ] {
        c.expect(item, name, &secret, ns);
    }
}

/// A quota on what does not exist limits nothing.
fn quotas(c: &mut Check<'_>) {
    let ix = c.ix;
    let class = Target {
        code: codes::QUOTA,
        effect: "the quota limits nothing",
        ..STORAGE_CLASS
    };
    for i in ix.objects.of("", "ResourceQuota") {
        let spec = &ix.objects.value(*i)["spec"];
        for (key, at) in entries(&spec["hard"]) {
            if let Some((name, _)) = key.split_once(".storageclass.storage.k8s.io/") {
                // A quota alone does not use a class.
                if ix.find(class.group, class.kind, "", name).is_none() {
                    c.expect_name(*i, at, &class, "", name);
                }
            } else if let Some(counted) = key.strip_prefix("count/") {
                counted_resource(c, *i, at, counted);
            }
        }
        for expression in each(&spec["scopeSelector"]["matchExpressions"]) {
            if expression["scopeName"] == "PriorityClass" {
                let target = Target {
                    code: codes::QUOTA,
                    effect: "the quota limits nothing",
                    ..PRIORITY_CLASS
                };
                each(&expression["values"]).for_each(|name| c.require(*i, name, &target, ""));
            }
        }
    }
}

fn counted_resource(c: &mut Check<'_>, item: usize, at: &Value, counted: &str) {
    let (plural, group) = counted.split_once('.').unwrap_or((counted, ""));
    let Some(known) = super::apis::group(group) else { return };
    if !known.resources.contains_key(plural) {
        let names: Vec<_> = known.resources.keys().copied().collect();
        let message = format!("there is no resource `{counted}` to count");
        let finding = Finding::error(codes::QUOTA, message).because("the quota limits nothing");
        c.say(
            item,
            at,
            finding.mend(format!(
                "{}write count/PLURAL.GROUP",
                super::report::did_you_mean(plural, &names)
            )),
        );
    }
}
