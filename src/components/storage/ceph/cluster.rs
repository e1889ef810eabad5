//! The `CephCluster`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_ceph_rook_io::v1::cephclusters as rook;
use serde::Serialize;

use rook::{
    CephClusterCephVersion, CephClusterCleanupPolicy, CephClusterCsi, CephClusterCsiCephfs, CephClusterCsiReadAffinity,
    CephClusterDashboard, CephClusterDisruptionManagement, CephClusterHealthCheckDaemonHealth,
    CephClusterHealthCheckDaemonHealthMon, CephClusterHealthCheckDaemonHealthOsd,
    CephClusterHealthCheckDaemonHealthStatus, CephClusterMgr, CephClusterMonitoring, CephClusterNetwork,
    CephClusterNetworkConnections, CephClusterNetworkConnectionsCompression, CephClusterNetworkConnectionsEncryption,
    CephClusterPlacement, CephClusterPlacementTopologySpreadConstraints,
    CephClusterPlacementTopologySpreadConstraintsLabelSelector, CephClusterResources, CephClusterSecurityKeyRotation,
    CephClusterSecurityKms, CephClusterSpec,
};

use super::{amounts, devices};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{ZONE, keep, namespaced, when_unsatisfiable};
use crate::components::output::because;
use crate::components::storage::COMPONENT;
use crate::spec::{Kms, Promise};
use crate::topology::names::{Namespace, objects, secrets};
use crate::topology::versions::ceph_image;
use crate::topology::{Ceph, Region, Topology};

/// Ceph's options for the kernel's clients: the second messenger protocol, encrypted.
pub(super) const SECURE: (&str, &str) = ("ms_mode", "secure");

/// The warnings that Ceph gives as long as clients use keys of type `aes`.
const AES_WARNINGS: [&str; 4] = [
    "AUTH_INSECURE_CLIENT_KEY_TYPE",
    "AUTH_INSECURE_KEYS_ALLOWED",
    "AUTH_INSECURE_KEYS_CREATABLE",
    "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE",
];

/// The cluster with the two settings that the generated bindings are too old for: `security.cephx.csi.keyType` and
/// `healthCheck.muteHealthWarning` (Rook 1.20).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(flatten)]
    known: CephClusterSpec,
    security: Security,
    health_check: HealthCheck,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Security {
    cephx: Cephx,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_rotation: Option<CephClusterSecurityKeyRotation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms: Option<CephClusterSecurityKms>,
}

#[derive(Serialize)]
struct Cephx {
    csi: CsiKeys,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CsiKeys {
    key_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HealthCheck {
    daemon_health: CephClusterHealthCheckDaemonHealth,
    mute_health_warning: BTreeMap<&'static str, Mute>,
}

#[derive(Serialize)]
struct Mute {
    policy: &'static str,
}

pub(super) fn render(topology: &Topology, region: &Region, ceph: &Ceph, output: &mut Output) {
    let metadata = keep(namespaced(Namespace::RookCeph, objects::CEPH_CLUSTER, COMPONENT));
    let object = Cluster {
        api_version: "ceph.rook.io/v1",
        kind: "CephCluster",
        metadata,
        spec: Spec {
            known: known(topology, region, ceph),
            security: security(topology, ceph),
            health_check: health_check(),
        },
    };
    let whole = because("one Ceph cluster in each region with data, spread over its zones").from("/storage/backend");
    output.add(region, COMPONENT, &object, whole, reasons(topology, region, ceph));
}

fn known(topology: &Topology, region: &Region, ceph: &Ceph) -> CephClusterSpec {
    CephClusterSpec {
        ceph_version: Some(CephClusterCephVersion {
            image: Some(ceph_image(topology.versions.ceph)),
            allow_unsupported: Some(false),
            image_pull_policy: None,
        }),
        data_dir_host_path: Some("/var/lib/rook".to_owned()),
        skip_upgrade_checks: Some(false),
        continue_upgrade_after_checks_even_if_not_healthy: Some(false),
        upgrade_osd_requires_healthy_p_gs: Some(true),
        mon: Some(devices::monitor_settings(topology, region, ceph)),
        mgr: Some(CephClusterMgr {
            count: Some(if topology.promise == Promise::None { 1 } else { 2 }),
            allow_multiple_per_node: Some(false),
            ..CephClusterMgr::default()
        }),
        dashboard: Some(CephClusterDashboard {
            enabled: Some(false),
            ..CephClusterDashboard::default()
        }),
        monitoring: Some(CephClusterMonitoring {
            enabled: Some(topology.monitoring.is_some()),
            ..CephClusterMonitoring::default()
        }),
        network: Some(network()),
        placement: Some([("mgr".to_owned(), manager_placement(topology))].into()),
        storage: Some(devices::storage(topology, region, ceph)),
        resources: Some(resources()),
        priority_class_names: Some(
            [
                ("mon", "system-node-critical"),
                ("osd", "system-node-critical"),
                ("mgr", "system-cluster-critical"),
            ]
            .map(|(daemon, class)| (daemon.to_owned(), class.to_owned()))
            .into(),
        ),
        disruption_management: Some(CephClusterDisruptionManagement {
            manage_pod_budgets: Some(true),
            osd_maintenance_timeout: Some(30),
            ..CephClusterDisruptionManagement::default()
        }),
        remove_os_ds_if_out_and_safe_to_remove: Some(false),
        cleanup_policy: Some(CephClusterCleanupPolicy {
            confirmation: Some(String::new()),
            allow_uninstall_with_volumes: Some(false),
            ..CephClusterCleanupPolicy::default()
        }),
        csi: Some(CephClusterCsi {
            read_affinity: Some(CephClusterCsiReadAffinity {
                enabled: Some(true),
                crush_location_labels: None,
            }),
            cephfs: Some(CephClusterCsiCephfs {
                kernel_mount_options: Some(format!("{}={}", SECURE.0, SECURE.1)),
                fuse_mount_options: None,
            }),
            skip_user_creation: None,
        }),
        ..CephClusterSpec::default()
    }
}

fn network() -> CephClusterNetwork {
    CephClusterNetwork {
        connections: Some(CephClusterNetworkConnections {
            require_msgr2: Some(true),
            encryption: Some(CephClusterNetworkConnectionsEncryption { enabled: Some(true) }),
            compression: Some(CephClusterNetworkConnectionsCompression { enabled: Some(false) }),
        }),
        ..CephClusterNetwork::default()
    }
}

fn manager_placement(topology: &Topology) -> CephClusterPlacement {
    let hard = topology.promise == Promise::Zone;
    CephClusterPlacement {
        topology_spread_constraints: Some(vec![CephClusterPlacementTopologySpreadConstraints {
            max_skew: 1,
            topology_key: ZONE.to_owned(),
            when_unsatisfiable: when_unsatisfiable(hard),
            label_selector: Some(CephClusterPlacementTopologySpreadConstraintsLabelSelector {
                match_labels: Some([("app".to_owned(), "rook-ceph-mgr".to_owned())].into()),
                match_expressions: None,
            }),
            ..CephClusterPlacementTopologySpreadConstraints::default()
        }]),
        ..CephClusterPlacement::default()
    }
}

fn resources() -> BTreeMap<String, CephClusterResources> {
    // `prepareosd` has no limit: Rook warns that a disk whose preparation is killed half-way must be wiped by hand.
    [
        ("mon", "500m", "2Gi"),
        ("mgr", "500m", "2Gi"),
        ("crashcollector", "20m", "64Mi"),
        ("exporter", "50m", "128Mi"),
    ]
    .map(|(daemon, cpu, memory)| {
        let resources = CephClusterResources {
            requests: Some(amounts(&[("cpu", cpu), ("memory", memory)])),
            limits: Some(amounts(&[("memory", memory)])),
            claims: None,
        };
        (daemon.to_owned(), resources)
    })
    .into()
}

fn security(topology: &Topology, ceph: &Ceph) -> Security {
    Security {
        cephx: Cephx {
            csi: CsiKeys { key_type: "aes" },
        },
        key_rotation: topology.storage.encrypted.then(|| CephClusterSecurityKeyRotation {
            enabled: Some(true),
            schedule: Some("@monthly".to_owned()),
        }),
        kms: ceph.kms.as_ref().filter(|_| topology.storage.encrypted).map(vault),
    }
}

fn vault(kms: &Kms) -> CephClusterSecurityKms {
    let details = [
        ("KMS_PROVIDER", "vault"),
        ("VAULT_ADDR", &kms.address),
        ("VAULT_AUTH_METHOD", "kubernetes"),
        ("VAULT_AUTH_KUBERNETES_ROLE", &kms.role),
        ("VAULT_BACKEND_PATH", &kms.path),
        ("VAULT_CACERT", secrets::VAULT_CA),
    ];
    CephClusterSecurityKms {
        connection_details: Some(details.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
        token_secret_name: None,
    }
}

fn health_check() -> HealthCheck {
    HealthCheck {
        daemon_health: CephClusterHealthCheckDaemonHealth {
            mon: Some(CephClusterHealthCheckDaemonHealthMon {
                disabled: Some(false),
                interval: Some("45s".to_owned()),
                timeout: Some("600s".to_owned()),
            }),
            osd: Some(CephClusterHealthCheckDaemonHealthOsd {
                disabled: Some(false),
                interval: Some("60s".to_owned()),
                timeout: None,
            }),
            status: Some(CephClusterHealthCheckDaemonHealthStatus {
                disabled: Some(false),
                interval: Some("60s".to_owned()),
                timeout: None,
            }),
        },
        mute_health_warning: AES_WARNINGS
            .iter()
            .map(|code| (*code, Mute { policy: "mute" }))
            .collect(),
    }
}

fn reasons(topology: &Topology, region: &Region, ceph: &Ceph) -> Vec<Reason> {
    let mut reasons = vec![
        because("the Ceph that this Rook supports and that has no known hole in CephX (CVE-2025-30156)")
            .on("/spec/cephVersion/image")
            .from("/versions/ceph"),
        because("an upgrade stops where Ceph is not healthy").on("/spec/upgradeOSDRequiresHealthyPGs"),
        because("daemons and clients speak the second messenger protocol only, encrypted: nobody in between reads blocks")
            .on("/spec/network/connections"),
        because(
            "the kernel mounts CephFS encrypted. Rook sets this by itself only while the field is empty, so that any other \
             option would have dropped it: it is always written",
        )
        .on("/spec/csi/cephfs/kernelMountOptions"),
        because("clients read the copy in their own zone where they can").on("/spec/csi/readAffinity"),
        because(
            "kernels before 7.0 know only keys of type aes: newer ones would make every mount fail. To change when every \
             node runs 7.0",
        )
        .on("/spec/security/cephx/csi/keyType"),
        because(
            "Ceph would stay in HEALTH_WARN for as long as keys of type aes are in use, and a warning that is always there \
             hides the next one",
        )
        .on("/spec/healthCheck/muteHealthWarning"),
        because("a monitor that is silent for ten minutes is replaced; a restart of its node is shorter")
            .on("/spec/healthCheck/daemonHealth/mon/timeout"),
        because("Rook holds the disruption budgets of its daemons: it knows which disks share a failure domain")
            .on("/spec/disruptionManagement/managePodBudgets"),
        because("no disk is ever taken by itself: the sets below name them all").on("/spec/storage/useAllDevices"),
        because("a disk that is out is never removed without a person").on("/spec/removeOSDsIfOutAndSafeToRemove"),
        because("deleting this object never wipes a disk").on("/spec/cleanupPolicy/confirmation"),
        because("two managers, in different zones: one serves, the other stands by").on("/spec/mgr/count"),
        because("storage is kept before everything that stands on it").on("/spec/priorityClassNames"),
    ];
    if devices::zones_of_monitors(topology, region).is_some() {
        let zones = "one monitor in each zone: a majority outlives the loss of any zone. Without this list Rook would not \
                     look at the zones' label at all";
        reasons.push(
            because(zones)
                .on("/spec/mon/zones")
                .from(format!("/regions/{}/zones", region.index)),
        );
    }
    for at in 0..region.zones.len() {
        let set = format!("/spec/storage/storageClassDeviceSets/{at}");
        let placement = "the disks of this zone, by a set of its own: for disks on claims Rook ignores the cluster's \
                         placement, and one set for all zones would only be spread by chance";
        reasons.push(
            because(placement)
                .on(set.clone())
                .from(format!("/regions/{}/zones/{at}", region.index)),
        );
        reasons.push(
            because("disks in each zone")
                .on(format!("{set}/count"))
                .from("/storage/devices/perZone"),
        );
        let encrypted = "LUKS under each disk: what leaves the building on a disk cannot be read";
        reasons.push(
            because(encrypted)
                .on(format!("{set}/encrypted"))
                .from("/storage/encryption"),
        );
        let portable = "a local disk stays with its node";
        reasons.push(because(portable).on(format!("{set}/portable")));
    }
    if topology.storage.encrypted && ceph.kms.is_some() {
        let kms = "the keys of encrypted disks are in Vault, not in a Secret of the cluster that the disks are in";
        reasons.push(because(kms).on("/spec/security/kms").from("/storage/kms"));
    }
    reasons
}
