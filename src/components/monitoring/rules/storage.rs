//! How full volumes are, and how Ceph fares.

use super::{Alert, Severity, Topic};
use crate::topology::names::Namespace;
use crate::topology::{Region, StorageKind, Topology};

pub(super) fn topic(topology: &Topology, region: &Region) -> Topic {
    let mut alerts = Vec::new();
    if region.as_data().is_some() {
        alerts.extend(volumes());
        if matches!(topology.storage.kind, StorageKind::Ceph(_)) {
            alerts.extend(ceph());
        }
    }
    Topic {
        name: "storage",
        source: "/storage/backend",
        why: "volumes that fill up, and the health of what holds them",
        alerts,
    }
}

fn volumes() -> [Alert; 3] {
    let of = |figure: &str| {
        format!(
            "kubelet_volume_stats_{figure}{{namespace=\"{}\"}}",
            Namespace::Data.name()
        )
    };
    let free = format!(
        "min by (persistentvolumeclaim) ({} / {})",
        of("available_bytes"),
        of("capacity_bytes")
    );
    [
        Alert {
            name: "VolumeFillsUp",
            severity: Severity::Warning,
            after: "15m",
            expr: format!("{free} < 0.2"),
            summary: "{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left",
            advice: "Raise `database.size`: volumes grow while the database runs. Look whether old binary logs are shipped.",
        },
        Alert {
            name: "VolumeNearlyFull",
            severity: Severity::Critical,
            after: "5m",
            expr: format!("{free} < 0.08"),
            summary: "{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left",
            advice: "A full volume stops its node. Raise `database.size` now.",
        },
        Alert {
            name: "VolumeFullInFourDays",
            severity: Severity::Warning,
            after: "1h",
            expr: format!(
                "min by (persistentvolumeclaim) (predict_linear({}[6h], 345600)) < 0",
                of("available_bytes")
            ),
            summary: "{{ $labels.persistentvolumeclaim }} will be full within four days at today's pace",
            advice: "Raise `database.size`, or find what grows.",
        },
    ]
}

fn ceph() -> [Alert; 6] {
    [
        Alert {
            name: "CephHealthError",
            severity: Severity::Critical,
            after: "1m",
            expr: "max(ceph_health_status) > 1".to_owned(),
            summary: "Ceph says HEALTH_ERR",
            advice: "Data may be unreachable. `ceph status` in the operator's pod says which daemons or placement groups.",
        },
        Alert {
            name: "CephHealthWarning",
            severity: Severity::Warning,
            after: "15m",
            expr: "max(ceph_health_status) == 1".to_owned(),
            summary: "Ceph says HEALTH_WARN",
            advice: "This is also what the loss of a zone looks like: data is served, with fewer copies.",
        },
        Alert {
            name: "CephMonitorMissing",
            severity: Severity::Critical,
            after: "10m",
            expr: "count(ceph_mon_quorum_status == 1) < count(ceph_mon_quorum_status)".to_owned(),
            summary: "A monitor of Ceph is out of the quorum",
            advice: "The loss of one more stops all volumes. Bring its node or zone back.",
        },
        Alert {
            name: "CephDiskDown",
            severity: Severity::Warning,
            after: "10m",
            expr: "count(ceph_osd_up == 0) > 0".to_owned(),
            summary: "{{ $value }} disks of Ceph are down",
            advice: "Copies on other disks serve. Replace a disk that does not come back.",
        },
        Alert {
            name: "CephFillsUp",
            severity: Severity::Warning,
            after: "15m",
            expr: "max(ceph_cluster_total_used_raw_bytes) / max(ceph_cluster_total_bytes) > 0.7".to_owned(),
            summary: "Ceph is {{ $value | humanizePercentage }} full",
            advice: "At 85 % it stops taking writes where a disk is full. Add disks in every zone alike.",
        },
        Alert {
            name: "CephSlowRequests",
            severity: Severity::Warning,
            after: "10m",
            expr: "max(ceph_healthcheck_slow_ops) > 0".to_owned(),
            summary: "{{ $value }} requests to Ceph are slow",
            advice: "Commits of the database wait for them. Look for a disk or a network path that is slower than the others.",
        },
    ]
}
