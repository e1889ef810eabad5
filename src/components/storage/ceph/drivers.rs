//! Ceph's CSI drivers. Since Rook 1.20 they are not Rook's any more: the administrator writes them down as objects of
//! `csi.ceph.io/v1`, and the ceph-csi operator, which comes with Rook's chart, runs them. Upstream's chart for these
//! objects (`ceph-csi-drivers`) ties them to cluster-wide rights on Secrets; here both are written out and checked.

use kcr_csi_ceph_io::v1::drivers::{
    Driver, DriverCephFsClientType, DriverControllerPlugin, DriverImageSet, DriverNodePlugin,
    DriverNodePluginTolerations, DriverSnapshotPolicy, DriverSpec,
};
use kcr_csi_ceph_io::v1::operatorconfigs::{
    OperatorConfig, OperatorConfigDriverSpecDefaults, OperatorConfigDriverSpecDefaultsImageSet, OperatorConfigSpec,
};

use super::cluster::SECURE;
use super::roles::{controller_account, node_account};
use crate::components::Output;
use crate::components::charts::replicas;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::components::storage::COMPONENT;
use crate::topology::names::{Namespace, objects};
use crate::topology::{Region, Topology};

/// The `ConfigMap` with the images of the CSI drivers that go with this Rook; its operator keeps it.
const IMAGE_SET: &str = "rook-csi-operator-image-set-configmap";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    operator_config(topology, region, output);
    driver(topology, region, objects::CEPHFS_DRIVER, true, output);
    driver(topology, region, objects::RBD_DRIVER, false, output);
}

fn operator_config(topology: &Topology, region: &Region, output: &mut Output) {
    let object = OperatorConfig {
        metadata: namespaced(Namespace::RookCeph, "ceph-csi-operator-config", COMPONENT),
        spec: OperatorConfigSpec {
            driver_spec_defaults: Some(OperatorConfigDriverSpecDefaults {
                image_set: Some(OperatorConfigDriverSpecDefaultsImageSet {
                    name: Some(IMAGE_SET.to_owned()),
                }),
                cluster_name: Some(topology.name.to_string()),
                ..OperatorConfigDriverSpecDefaults::default()
            }),
            log: None,
        },
    };
    let whole = because("what all CSI drivers of Ceph have in common; Rook does not write it any more since 1.20");
    let parts = [
        because("the images that go with this Rook: one version to choose, not two")
            .on("/spec/driverSpecDefaults/imageSet"),
        because("volumes carry the environment's name inside Ceph")
            .on("/spec/driverSpecDefaults/clusterName")
            .from("/name"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}

fn driver(topology: &Topology, region: &Region, name: &str, cephfs: bool, output: &mut Output) {
    let object = Driver {
        metadata: namespaced(Namespace::RookCeph, name, COMPONENT),
        spec: DriverSpec {
            attach_required: Some(true),
            fs_group_policy: Some("File".to_owned()),
            snapshot_policy: Some(DriverSnapshotPolicy::VolumeSnapshot),
            image_set: Some(DriverImageSet {
                name: Some(IMAGE_SET.to_owned()),
            }),
            ceph_fs_client_type: cephfs.then_some(DriverCephFsClientType::Kernel),
            kernel_mount_options: cephfs.then(|| [(SECURE.0.to_owned(), SECURE.1.to_owned())].into()),
            deploy_csi_addons: Some(false),
            enable_fencing: Some(false),
            generate_o_map_info: Some(false),
            grpc_timeout: Some(150),
            controller_plugin: Some(DriverControllerPlugin {
                replicas: Some(i32::from(replicas(topology))),
                service_account_name: Some(controller_account(name)),
                priority_class_name: Some("system-cluster-critical".to_owned()),
                host_network: Some(false),
                privileged: Some(false),
                ..DriverControllerPlugin::default()
            }),
            node_plugin: Some(DriverNodePlugin {
                service_account_name: Some(node_account(name)),
                priority_class_name: Some("system-node-critical".to_owned()),
                tolerations: Some(vec![DriverNodePluginTolerations {
                    operator: Some("Exists".to_owned()),
                    ..DriverNodePluginTolerations::default()
                }]),
                ..DriverNodePlugin::default()
            }),
            ..DriverSpec::default()
        },
    };
    let whole = because(
        "the CSI driver that makes volumes and mounts them. Since Rook 1.20 without it every claim waits for ever",
    )
    .from("/storage/backend");
    let mut parts = vec![
        because("one node at a time attaches a volume: without this, nothing would keep a second node from mounting it")
            .on("/spec/attachRequired"),
        because("without it there is no sidecar that makes snapshots").on("/spec/snapshotPolicy"),
        because(
            "no automatic fencing: it is unproven for CephFS, it has fenced the wrong address (rook#14832), and Galera serves on \
             with the nodes that are left. A person who knows that a node is powered off taints it",
        )
        .on("/spec/enableFencing"),
        because("another replica takes over when a zone with the first one is lost")
            .on("/spec/controllerPlugin/replicas")
            .from("/promise"),
        because("volumes can be mounted on every node, tainted ones too").on("/spec/nodePlugin/tolerations"),
    ];
    if cephfs {
        let client = "the kernel's client: the other one would cut off every mounted volume when its pod is updated";
        parts.push(because(client).on("/spec/cephFsClientType"));
        let secure = "the kernel speaks the encrypted messenger protocol only, as the cluster does";
        parts.push(because(secure).on("/spec/kernelMountOptions"));
    }
    output.add(region, COMPONENT, &object, whole, parts);
}
