//! The filesystem's metadata servers: how many, how large, and how far apart.

use std::collections::BTreeMap;

use kcr_ceph_rook_io::v1::cephfilesystems::{
    CephFilesystemMetadataServer, CephFilesystemMetadataServerPlacement as Placement,
    CephFilesystemMetadataServerPlacementPodAntiAffinity as AntiAffinity,
    CephFilesystemMetadataServerPlacementPodAntiAffinityRequiredDuringSchedulingIgnoredDuringExecution as Required,
    CephFilesystemMetadataServerPlacementPodAntiAffinityRequiredDuringSchedulingIgnoredDuringExecutionLabelSelector as RequiredLabels,
    CephFilesystemMetadataServerPlacementTopologySpreadConstraints as Spread,
    CephFilesystemMetadataServerPlacementTopologySpreadConstraintsLabelSelector as SpreadLabels,
    CephFilesystemMetadataServerResources,
};

use super::amounts;
use crate::bundle::Reason;
use crate::components::common::{HOSTNAME, ZONE, when_unsatisfiable};
use crate::components::output::because;
use crate::spec::Promise;
use crate::topology::names::objects;

/// One that serves and one that follows it.
pub(super) fn server(promise: Promise) -> CephFilesystemMetadataServer {
    CephFilesystemMetadataServer {
        active_count: 1,
        active_standby: Some(true),
        priority_class_name: Some("system-cluster-critical".to_owned()),
        resources: Some(CephFilesystemMetadataServerResources {
            requests: Some(amounts(&[("cpu", "1"), ("memory", "4Gi")])),
            limits: Some(amounts(&[("memory", "4Gi")])),
            claims: None,
        }),
        placement: Some(placement(promise)),
        ..CephFilesystemMetadataServer::default()
    }
}

/// Why they are where they are.
pub(super) fn apart(promise: Promise) -> Reason {
    because(match promise {
        Promise::Zone => "the two metadata servers are in different zones",
        Promise::Node => "the two metadata servers are never on one node",
        Promise::None => "the scheduler tries to put the two metadata servers into different zones",
    })
}

fn placement(promise: Promise) -> Placement {
    if promise == Promise::Node {
        // A skew between nodes would let both onto the only node that has room; this rule never does.
        return Placement {
            pod_anti_affinity: Some(AntiAffinity {
                required_during_scheduling_ignored_during_execution: Some(vec![Required {
                    topology_key: HOSTNAME.to_owned(),
                    label_selector: Some(RequiredLabels {
                        match_labels: Some(labels()),
                        match_expressions: None,
                    }),
                    ..Required::default()
                }]),
                preferred_during_scheduling_ignored_during_execution: None,
            }),
            ..Placement::default()
        };
    }
    let hard = promise == Promise::Zone;
    Placement {
        topology_spread_constraints: Some(vec![Spread {
            max_skew: 1,
            topology_key: ZONE.to_owned(),
            when_unsatisfiable: when_unsatisfiable(hard),
            label_selector: Some(SpreadLabels {
                match_labels: Some(labels()),
                match_expressions: None,
            }),
            ..Spread::default()
        }]),
        ..Placement::default()
    }
}

/// What Rook labels the servers' pods with.
fn labels() -> BTreeMap<String, String> {
    let labels = [("app", "rook-ceph-mds"), ("rook_file_system", objects::CEPH_FILESYSTEM)];
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}
