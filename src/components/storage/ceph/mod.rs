//! Rook-Ceph: the operator, the cluster, its pools, its filesystem, its CSI drivers and its classes.

mod cluster;
mod devices;
mod drivers;
mod metadata;
mod pools;
mod roles;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use super::classes::{Class, add_class, add_snapshot_class};
use crate::components::Output;
use crate::components::charts::{self, Chart};
use crate::components::output::because;
use crate::spec::Promise;
use crate::topology::names::{Namespace, objects};
use crate::topology::{Ceph, DataRegion, Region, Topology};

/// Size of a monitor's volume, in MiB: 20 GiB.
pub(in crate::components) const MONITOR_MEBIBYTES: u64 = 20 * 1024;

/// How many monitors a region has: a majority outlives a zone (or a node), and more would only vote slower.
pub(in crate::components) fn monitors(region: &Region) -> u64 {
    if region.zones.len() >= 5 { 5 } else { 3 }
}

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, ceph: &Ceph, output: &mut Output) {
    let region = region.region();
    operator(topology, region, output);
    cluster::render(topology, region, ceph, output);
    pools::render(topology, region, ceph, output);
    drivers::render(topology, region, output);
    roles::render(region, output);
    classes(region, ceph, output);
}

/// Where copies of a block must differ, by the promise.
fn failure_domain(promise: Promise) -> &'static str {
    match promise {
        Promise::Zone => "zone",
        Promise::Node => "host",
        Promise::None => "osd",
    }
}

/// Quantities as Rook's definitions take them.
fn amounts(list: &[(&str, &str)]) -> BTreeMap<String, IntOrString> {
    let amount = |(name, amount): &(&str, &str)| ((*name).to_owned(), IntOrString::String((*amount).to_owned()));
    list.iter().map(amount).collect()
}

fn operator(topology: &Topology, region: &Region, output: &mut Output) {
    let values = json!({
        "crds": { "enabled": true },
        "currentNamespaceOnly": true,
        "enableDiscoveryDaemon": false,
        "allowLoopDevices": false,
        "rbacAggregate": { "enableOBCs": false },
        "priorityClassName": "system-cluster-critical",
        "unreachableNodeTolerationSeconds": 5,
        "monitoring": { "enabled": topology.monitoring.is_some() },
        "resources": charts::resources("200m", "512Mi"),
    });
    let reasons = [
        because("the custom resource definitions go with the operator that reads them, and stay when it goes")
            .on("/crds/enabled"),
        because("one cluster in one namespace: the operator need not see any other").on("/currentNamespaceOnly"),
        because("when the operator's node dies, another takes over in seconds, not in five minutes")
            .on("/unreachableNodeTolerationSeconds"),
    ];
    let chart = Chart {
        name: "rook-ceph",
        repository: "https://charts.rook.io/release",
        chart: "rook-ceph",
        version: format!("v{}", topology.versions.rook),
        namespace: Namespace::RookCeph,
        values,
        namespaced: &[
            ("", "ConfigMap"),
            ("", "Service"),
            ("", "ServiceAccount"),
            ("apps", "Deployment"),
            ("monitoring.coreos.com", "ServiceMonitor"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ],
        clustered: &[
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ],
        elsewhere: &[],
    };
    let whole = because("Rook's operator, which runs Ceph, and with it the operator of Ceph's CSI drivers")
        .from("/storage/backend");
    output.install(region, chart, whole, reasons);
}

fn classes(region: &Region, ceph: &Ceph, output: &mut Output) {
    let namespace = Namespace::RookCeph.name();
    let secrets = |provisioner, node| {
        vec![
            ("provisioner", provisioner),
            ("controller-expand", provisioner),
            ("controller-publish", provisioner),
            ("node-stage", node),
        ]
    };
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let pool = format!("{}-{}", objects::CEPH_FILESYSTEM, objects::CEPH_DATA_POOL);
    let cluster =
        because("the cluster that volumes are made in, by the name of its namespace").on("/parameters/clusterID");
    let cephfs = Class {
        name: objects::STORAGE_CLASS_CEPHFS,
        provisioner: objects::CEPHFS_DRIVER,
        parameters: text(&[
            ("clusterID", namespace),
            ("fsName", objects::CEPH_FILESYSTEM),
            ("pool", &pool),
        ]),
        secrets: secrets("rook-csi-cephfs-provisioner", "rook-csi-cephfs-node"),
        secret_namespace: namespace,
        database: !ceph.block,
        reasons: vec![
            cluster.clone(),
            because("Ceph names a filesystem's pool after both").on("/parameters/pool"),
        ],
    };
    add_class(region, cephfs, output);
    let rbd = Class {
        name: objects::STORAGE_CLASS_RBD,
        provisioner: objects::RBD_DRIVER,
        parameters: text(&[
            ("clusterID", namespace),
            ("pool", objects::CEPH_BLOCK_POOL),
            ("imageFormat", "2"),
            (
                "imageFeatures",
                "layering,fast-diff,object-map,deep-flatten,exclusive-lock",
            ),
            ("csi.storage.k8s.io/fstype", "ext4"),
        ]),
        secrets: secrets("rook-csi-rbd-provisioner", "rook-csi-rbd-node"),
        secret_namespace: namespace,
        database: ceph.block,
        reasons: vec![
            cluster,
            because("the exclusive lock keeps a second writer out, even one on a node that was believed dead")
                .on("/parameters/imageFeatures"),
            because("Rook warns of deadlocks of XFS on a node that also runs the disks' daemons")
                .on("/parameters/csi.storage.k8s.io~1fstype"),
        ],
    };
    add_class(region, rbd, output);
    for (name, driver, secret) in [
        (
            objects::STORAGE_CLASS_CEPHFS,
            objects::CEPHFS_DRIVER,
            "rook-csi-cephfs-provisioner",
        ),
        (
            objects::STORAGE_CLASS_RBD,
            objects::RBD_DRIVER,
            "rook-csi-rbd-provisioner",
        ),
    ] {
        let parameters = text(&[
            ("clusterID", namespace),
            ("csi.storage.k8s.io/snapshotter-secret-name", secret),
            ("csi.storage.k8s.io/snapshotter-secret-namespace", namespace),
        ]);
        add_snapshot_class(region, name, driver, parameters, output);
    }
}
