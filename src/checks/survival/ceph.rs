//! Ceph: monitors, copies and metadata servers, as Rook's objects state them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Outcome;
use super::group::{Group, list, number};
use super::judge::{majority, standing};
use super::read::Objects;

/// A Ceph cluster.
#[derive(Debug)]
pub(super) struct Ceph {
    monitors: Group,
    /// How many disks each zone has.
    disks: BTreeMap<String, usize>,
    pools: Vec<Pool>,
    /// The metadata servers of each file system, and how many of them must be there.
    metadata: Vec<(Group, usize)>,
    /// Whether Rook keeps nodes from being emptied too fast.
    budgets: bool,
}

#[derive(Debug)]
struct Pool {
    name: String,
    /// How many copies there are, and how many there must be for the pool to be used.
    size: usize,
    least: usize,
    /// Whether two copies are never in one zone, or never on one host.
    by_zone: bool,
}

impl Ceph {
    pub(super) fn has_disks(&self, zone: &str) -> bool {
        self.disks.get(zone).is_some_and(|number| *number > 0)
    }
}

/// Reads the cluster of a region, if there is one.
pub(super) fn read(objects: &Objects<'_>) -> Option<Ceph> {
    let cluster = objects.of_kind("ceph.rook.io", "CephCluster").next()?;
    let spec = &cluster.value()["spec"];
    let mut disks: BTreeMap<String, usize> = BTreeMap::new();
    for set in list(&spec["storage"], "storageClassDeviceSets") {
        let placement = &set["placement"];
        let pod = json!({"affinity": {"nodeAffinity": placement["nodeAffinity"]}});
        let name = set["name"].as_str().unwrap_or_default().to_owned();
        let group = Group::new(
            name,
            number(&set["count"]).unwrap_or(0),
            &pod,
            &Value::Null,
            objects.zones,
        );
        // A set that may be in several zones may be in any one of them: it is sure to be in none.
        if let [only] = group.zones() {
            *disks.entry(only.clone()).or_default() += group.replicas;
        }
    }
    let mut pools = Vec::new();
    for pool in objects.of_kind("ceph.rook.io", "CephBlockPool") {
        pools.push(read_pool(pool.name(), &pool.value()["spec"]));
    }
    let mut metadata = Vec::new();
    for filesystem in objects.of_kind("ceph.rook.io", "CephFilesystem") {
        let spec = &filesystem.value()["spec"];
        pools.push(read_pool(
            &format!("{} (metadata)", filesystem.name()),
            &spec["metadataPool"],
        ));
        for pool in list(spec, "dataPools") {
            let name = format!("{} ({})", filesystem.name(), pool["name"].as_str().unwrap_or("data"));
            pools.push(read_pool(&name, pool));
        }
        let server = &spec["metadataServer"];
        let active = number(&server["activeCount"]).unwrap_or(1);
        let all = if server["activeStandby"] == true {
            2 * active
        } else {
            active
        };
        let placement = &server["placement"];
        let pod = json!({
            "topologySpreadConstraints": placement["topologySpreadConstraints"],
            "affinity": {"podAntiAffinity": placement["podAntiAffinity"], "nodeAffinity": placement["nodeAffinity"]},
        });
        let labels = json!({"app": "rook-ceph-mds", "rook_file_system": filesystem.name()});
        let name = format!("the metadata servers of {}", filesystem.name());
        metadata.push((Group::new(name, all, &pod, &labels, objects.zones), active));
    }
    Some(Ceph {
        monitors: monitors(&spec["mon"], objects.zones),
        disks,
        pools,
        metadata,
        budgets: spec["disruptionManagement"]["managePodBudgets"] == true,
    })
}

/// Monitors are in zones of their own only where these are named (`failureDomainLabel` alone has no effect).
fn monitors(spec: &Value, zones: &[String]) -> Group {
    let count = number(&spec["count"]).unwrap_or(3);
    let named: Vec<String> = list(spec, "zones")
        .chain(list(&spec["stretchCluster"], "zones"))
        .filter_map(|zone| zone["name"].as_str().map(str::to_owned))
        .filter(|zone| zones.contains(zone))
        .collect();
    let apart = spec["allowMultiplePerNode"] != true;
    if named.is_empty() {
        Group::fixed("the monitors".to_owned(), count, zones, false, apart)
    } else {
        Group::fixed("the monitors".to_owned(), count, &named, true, apart)
    }
}

fn read_pool(name: &str, spec: &Value) -> Pool {
    let size = number(&spec["replicated"]["size"]).unwrap_or(1);
    let written = &spec["parameters"]["min_size"];
    let least = written
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or(size - size / 2);
    Pool {
        name: name.to_owned(),
        size,
        least,
        by_zone: spec["failureDomain"] == "zone",
    }
}

/// What is left of the storage when these are lost.
pub(super) fn outcome(
    ceph: &Ceph,
    zones: &BTreeSet<&str>,
    nodes: &BTreeMap<&str, usize>,
    disks: &BTreeMap<&str, usize>,
    drained: bool,
) -> Outcome {
    if drained && !ceph.budgets {
        return Outcome::lost(
            "nothing keeps nodes with copies of the same data from being emptied together (managePodBudgets)",
        );
    }
    let gone = ceph.monitors.lost(zones, nodes).max(usize::from(drained));
    let mut outcome = majority(&ceph.monitors, gone);
    for (group, active) in &ceph.metadata {
        let gone = if drained { 1 } else { group.lost(zones, nodes) };
        outcome = outcome.worse(standing(group, gone.min(group.placed()), *active));
    }
    for pool in &ceph.pools {
        outcome = outcome.worse(pool_outcome(ceph, pool, zones, nodes, disks, drained));
    }
    outcome
}

fn pool_outcome(
    ceph: &Ceph,
    pool: &Pool,
    zones: &BTreeSet<&str>,
    nodes: &BTreeMap<&str, usize>,
    disks: &BTreeMap<&str, usize>,
    drained: bool,
) -> Outcome {
    let name = &pool.name;
    let with_disks = ceph.disks.values().filter(|number| **number > 0).count();
    if pool.by_zone && with_disks < pool.size {
        return Outcome::lost(format!(
            "{name} wants {} copies in as many zones, and disks are in {with_disks}",
            pool.size
        ));
    }
    let has = |zone: &&str| ceph.has_disks(zone);
    let gone = if pool.by_zone {
        let touched: BTreeSet<&str> = zones
            .iter()
            .chain(nodes.keys())
            .chain(disks.keys())
            .copied()
            .filter(|z| has(z))
            .collect();
        touched.len().max(usize::from(drained))
    } else if zones.iter().any(has) {
        // All copies may lie on hosts of one zone.
        pool.size
    } else {
        let on_nodes: usize = nodes
            .iter()
            .filter(|(zone, _)| has(zone))
            .map(|(_, number)| *number)
            .sum();
        let on_disks: usize = disks
            .iter()
            .filter(|(zone, _)| has(zone))
            .map(|(_, number)| *number)
            .sum();
        (on_nodes + on_disks).max(usize::from(drained))
    };
    let left = pool.size.saturating_sub(gone);
    if gone == 0 {
        Outcome::kept("no copy is touched")
    } else if left == 0 {
        Outcome::lost(format!("all {} copies in {name} may be there", pool.size))
    } else if left < pool.least {
        Outcome::lost(format!(
            "{left} of {} copies in {name} are left, and it is used with {} only",
            pool.size, pool.least
        ))
    } else if left == pool.least {
        Outcome::degraded(format!(
            "{left} of {} copies in {name} are left, and no further one may be lost",
            pool.size
        ))
    } else {
        Outcome::kept(format!("{left} of {} copies in {name} are left", pool.size))
    }
}
