//! Disks and monitors: one set of disks a zone, one monitor a zone.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_ceph_rook_io::v1::cephclusters as rook;

use rook::{
    CephClusterMon as Monitors, CephClusterMonVolumeClaimTemplate as MonitorClaim,
    CephClusterMonVolumeClaimTemplateSpec as MonitorClaimSpec,
    CephClusterMonVolumeClaimTemplateSpecResources as MonitorClaimResources, CephClusterMonZones as MonitorZone,
    CephClusterStorage as Storage, CephClusterStorageStorageClassDeviceSets as Set,
    CephClusterStorageStorageClassDeviceSetsPlacement as Placement,
    CephClusterStorageStorageClassDeviceSetsPlacementNodeAffinity as Affinity,
    CephClusterStorageStorageClassDeviceSetsPlacementNodeAffinityRequiredDuringSchedulingIgnoredDuringExecution as Required,
    CephClusterStorageStorageClassDeviceSetsPlacementNodeAffinityRequiredDuringSchedulingIgnoredDuringExecutionNodeSelectorTerms as Term,
    CephClusterStorageStorageClassDeviceSetsPlacementNodeAffinityRequiredDuringSchedulingIgnoredDuringExecutionNodeSelectorTermsMatchExpressions as Expression,
    CephClusterStorageStorageClassDeviceSetsPlacementTopologySpreadConstraints as Spread,
    CephClusterStorageStorageClassDeviceSetsPlacementTopologySpreadConstraintsLabelSelector as Selector,
    CephClusterStorageStorageClassDeviceSetsPlacementTopologySpreadConstraintsLabelSelectorMatchExpressions as LabelExpression,
    CephClusterStorageStorageClassDeviceSetsResources as SetResources,
    CephClusterStorageStorageClassDeviceSetsVolumeClaimTemplates as DiskClaim,
    CephClusterStorageStorageClassDeviceSetsVolumeClaimTemplatesMetadata as DiskClaimMetadata,
    CephClusterStorageStorageClassDeviceSetsVolumeClaimTemplatesSpec as DiskClaimSpec,
    CephClusterStorageStorageClassDeviceSetsVolumeClaimTemplatesSpecResources as DiskClaimResources,
};

use super::{MONITOR_MEBIBYTES, amounts, monitors};
use crate::components::common::{HOSTNAME, ZONE, when_unsatisfiable};
use crate::spec::Promise;
use crate::topology::values::{DnsLabel, Size};
use crate::topology::{Ceph, Region, Topology};

/// Monitors: one in each of the first zones where a zone may be lost, else on different nodes.
pub(super) fn monitor_settings(topology: &Topology, region: &Region, ceph: &Ceph) -> Monitors {
    let count = monitors(region);
    let zones = zones_of_monitors(topology, region);
    let size = Size::from_mebibytes(MONITOR_MEBIBYTES).to_string();
    let claim = MonitorClaim {
        metadata: None,
        spec: Some(MonitorClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: Some(ceph.disk_class.to_string()),
            resources: Some(MonitorClaimResources {
                requests: Some(amounts(&[("storage", &size)])),
                limits: None,
            }),
            ..MonitorClaimSpec::default()
        }),
    };
    let zone = |zone: &DnsLabel| MonitorZone {
        name: Some(zone.to_string()),
        ..MonitorZone::default()
    };
    Monitors {
        count: i64::try_from(if topology.promise == Promise::None { 1 } else { count }).ok(),
        allow_multiple_per_node: Some(false),
        // Without `zones` Rook does not look at this label at all.
        failure_domain_label: zones.is_some().then(|| ZONE.to_owned()),
        zones: zones.map(|zones| zones.iter().map(zone).collect()),
        volume_claim_template: Some(claim),
        ..Monitors::default()
    }
}

/// The zones that have a monitor each; `None` where zones do not count.
pub(super) fn zones_of_monitors<'a>(topology: &Topology, region: &'a Region) -> Option<&'a [DnsLabel]> {
    let count = usize::try_from(monitors(region)).unwrap_or(3);
    (topology.promise == Promise::Zone)
        .then(|| region.zones.get(..count))
        .flatten()
}

pub(super) fn storage(topology: &Topology, region: &Region, ceph: &Ceph) -> Storage {
    Storage {
        use_all_nodes: Some(false),
        use_all_devices: Some(false),
        only_apply_osd_placement: Some(false),
        allow_device_class_update: Some(false),
        allow_osd_crush_weight_update: Some(true),
        storage_class_device_sets: Some(region.zones.iter().map(|zone| set(topology, zone, ceph)).collect()),
        ..Storage::default()
    }
}

fn set(topology: &Topology, zone: &DnsLabel, ceph: &Ceph) -> Set {
    Set {
        name: zone.to_string(),
        count: i64::from(ceph.disks_per_zone),
        encrypted: Some(topology.storage.encrypted),
        portable: Some(false),
        tune_device_class: Some(false),
        placement: Some(placement(topology, zone)),
        resources: Some(SetResources {
            requests: Some(amounts(&[("cpu", "1"), ("memory", "5Gi")])),
            limits: Some(amounts(&[("memory", "5Gi")])),
            claims: None,
        }),
        volume_claim_templates: vec![disk(ceph)],
        config: None,
        prepare_placement: None,
        scheduler_name: None,
        tune_fast_device_class: None,
    }
}

fn disk(ceph: &Ceph) -> DiskClaim {
    DiskClaim {
        metadata: Some(DiskClaimMetadata {
            name: Some("data".to_owned()),
            annotations: Some([("crushDeviceClass".to_owned(), ceph.device_class.to_string())].into()),
            ..DiskClaimMetadata::default()
        }),
        spec: Some(DiskClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            volume_mode: Some("Block".to_owned()),
            storage_class_name: Some(ceph.disk_class.to_string()),
            resources: Some(DiskClaimResources {
                requests: Some([("storage".to_owned(), IntOrString::String(ceph.disk_size.to_string()))].into()),
                limits: None,
            }),
            ..DiskClaimSpec::default()
        }),
    }
}

fn placement(topology: &Topology, zone: &DnsLabel) -> Placement {
    let in_zone = Expression {
        key: ZONE.to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![zone.to_string()]),
    };
    // Disks are prepared by Jobs of another name: a spread that saw only the one would not see the other's choice.
    let apps = LabelExpression {
        key: "app".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec!["rook-ceph-osd".to_owned(), "rook-ceph-osd-prepare".to_owned()]),
    };
    let when = when_unsatisfiable(topology.promise != Promise::None);
    Placement {
        node_affinity: Some(Affinity {
            required_during_scheduling_ignored_during_execution: Some(Required {
                node_selector_terms: vec![Term {
                    match_expressions: Some(vec![in_zone]),
                    match_fields: None,
                }],
            }),
            preferred_during_scheduling_ignored_during_execution: None,
        }),
        topology_spread_constraints: Some(vec![Spread {
            max_skew: 1,
            topology_key: HOSTNAME.to_owned(),
            when_unsatisfiable: when,
            label_selector: Some(Selector {
                match_expressions: Some(vec![apps]),
                match_labels: None,
            }),
            ..Spread::default()
        }]),
        ..Placement::default()
    }
}
