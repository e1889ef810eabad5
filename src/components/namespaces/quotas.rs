//! How much may run in a namespace, and which volumes it may claim.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::COMPONENT;
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::spec::Role;
use crate::topology::names::{Namespace, objects};
use crate::topology::values::Size;
use crate::topology::{Region, Resources, StorageKind, Topology};

pub(super) fn render(topology: &Topology, region: &Region, namespace: Namespace, output: &mut Output) {
    volumes(topology, region, namespace, output);
    services(region, namespace, output);
    compute(topology, region, namespace, output);
}

fn quota(namespace: Namespace, name: &str, hard: BTreeMap<String, String>) -> ResourceQuota {
    ResourceQuota {
        metadata: namespaced(namespace, name, COMPONENT),
        spec: Some(ResourceQuotaSpec {
            hard: Some(hard.into_iter().map(|(key, amount)| (key, Quantity(amount))).collect()),
            ..ResourceQuotaSpec::default()
        }),
        status: None,
    }
}

/// How many claims of a `StorageClass` a namespace may make, and how large all of them together.
struct Allowance {
    claims: u64,
    storage: Size,
    why: &'static str,
    source: &'static str,
}

/// Every `StorageClass` that the platform knows of in a data region, with what a namespace may have of it.
fn allowances(topology: &Topology, namespace: Namespace) -> Vec<(String, Option<Allowance>)> {
    let mut classes = match &topology.storage.kind {
        StorageKind::Ceph(ceph) => {
            let disks = (namespace == Namespace::RookCeph).then(|| disks(topology));
            vec![
                (objects::STORAGE_CLASS_CEPHFS.to_owned(), None),
                (objects::STORAGE_CLASS_RBD.to_owned(), None),
                (objects::STORAGE_CLASS_REHEARSAL.to_owned(), None),
                (ceph.disk_class.to_string(), disks.flatten()),
            ]
        }
        StorageKind::Longhorn { .. } => vec![
            (objects::STORAGE_CLASS_LONGHORN.to_owned(), None),
            (objects::STORAGE_CLASS_REHEARSAL.to_owned(), None),
        ],
        StorageKind::Class(class) => vec![(class.clone(), None)],
    };
    for (class, allowance) in &mut classes {
        if namespace == Namespace::Data && class == topology.storage.database_class() {
            *allowance = Some(of_database(topology));
        }
        if namespace == Namespace::Rehearsal && class == topology.storage.rehearsal_class() {
            *allowance = Some(of_rehearsals(topology));
        }
    }
    classes
}

fn of_database(topology: &Topology) -> Allowance {
    let claims: usize = topology.database.generations.iter().map(|g| g.members.len()).sum();
    let claims = u64::try_from(claims).unwrap_or(u64::MAX);
    Allowance {
        claims,
        storage: Size::from_mebibytes(topology.database.size.mebibytes().max(1).saturating_mul(claims)),
        why: "one claim for each node of each generation, and not one more",
        source: "/database/size",
    }
}

/// One that runs, and one whose volume is still being deleted.
fn of_rehearsals(topology: &Topology) -> Allowance {
    Allowance {
        claims: 2,
        storage: Size::from_mebibytes(topology.database.size.mebibytes().max(1).saturating_mul(2)),
        why: "a rehearsal restores to one volume as large as a node's; the one before it may still be going",
        source: "/backup/schedule/rehearsal",
    }
}

/// Raw disks and monitors' volumes, with room for those that replace others.
fn disks(topology: &Topology) -> Option<Allowance> {
    let StorageKind::Ceph(ceph) = &topology.storage.kind else {
        return None;
    };
    let zones = topology.primary().zones.len() as u64;
    let disks = zones.saturating_mul(u64::from(ceph.disks_per_zone));
    let spare = zones;
    let monitors = crate::components::storage::monitors(&topology.primary()) * 2;
    let bytes = (disks + spare).saturating_mul(ceph.disk_size.mebibytes().max(1));
    let monitors_size = monitors.saturating_mul(crate::components::storage::MONITOR_MEBIBYTES);
    Some(Allowance {
        claims: disks + spare + monitors,
        storage: Size::from_mebibytes(bytes.saturating_add(monitors_size)),
        why: "the disks of every zone and the monitors' volumes, with one disk a zone and each monitor twice, since what is \
              replaced goes only after what replaces it has come",
        source: "/storage/devices/perZone",
    })
}

fn volumes(topology: &Topology, region: &Region, namespace: Namespace, output: &mut Output) {
    let mut hard = BTreeMap::new();
    let mut reasons = Vec::new();
    if region.as_data().is_some() {
        for (class, allowance) in allowances(topology, namespace) {
            let prefix = format!("{class}.storageclass.storage.k8s.io");
            let (claims, storage) = match &allowance {
                Some(some) => (some.claims.to_string(), some.storage.to_string()),
                None => ("0".to_owned(), "0".to_owned()),
            };
            let path = format!("/spec/hard/{prefix}~1persistentvolumeclaims");
            reasons.push(reason(allowance.as_ref()).on(path));
            hard.insert(format!("{prefix}/persistentvolumeclaims"), claims);
            hard.insert(format!("{prefix}/requests.storage"), storage);
        }
    }
    if without_volumes(namespace) {
        hard.insert("persistentvolumeclaims".to_owned(), "0".to_owned());
        reasons.push(
            because("nothing here has a volume, of whichever class the cluster may offer besides")
                .on("/spec/hard/persistentvolumeclaims"),
        );
    }
    if hard.is_empty() {
        return;
    }
    let whole = because(
        "RBAC has no word for mounting: whoever may make a pod may mount any claim of its namespace. So claims on the \
         platform's storage exist only where they are meant to",
    );
    output.add(region, COMPONENT, &quota(namespace, "volumes", hard), whole, reasons);
}

fn reason(allowance: Option<&Allowance>) -> Reason {
    match allowance {
        Some(some) => because(some.why).from(some.source),
        None => because("no claim of this class may be made here: the platform's storage is the database's")
            .from("/storage/backend"),
    }
}

fn without_volumes(namespace: Namespace) -> bool {
    matches!(
        namespace,
        Namespace::App | Namespace::Edge | Namespace::CertManager | Namespace::ExternalSecrets | Namespace::ArgoCd
    )
}

fn services(region: &Region, namespace: Namespace, output: &mut Output) {
    let edge = namespace == Namespace::Edge;
    let mut hard = BTreeMap::from([(
        "services.loadbalancers".to_owned(),
        if edge { "1" } else { "0" }.to_owned(),
    )]);
    if !edge {
        hard.insert("services.nodeports".to_owned(), "0".to_owned());
    }
    let why = if edge {
        "one load balancer for the whole region, Traefik's: a second one would be a second way in"
    } else {
        "nothing here is reached from outside the cluster but through Traefik: no load balancer, no port on nodes"
    };
    output.add(region, COMPONENT, &quota(namespace, "services", hard), because(why), []);
}

/// Programs with their replicas at most, doubled: a pod on a dead node counts until the node is given up, and its
/// replacement must start all the same.
fn compute(topology: &Topology, region: &Region, namespace: Namespace, output: &mut Output) {
    let mut needs = Needs::default();
    let source = match namespace {
        Namespace::Data if region.as_data().is_some() => {
            for generation in &topology.database.generations {
                needs.add(&topology.database.resources, generation.members.len() as u64);
            }
            // Jobs of backups and of acceptance.
            needs.add_amount(8_000, 16 * 1024, 20);
            "/database/resources"
        }
        Namespace::App => {
            if region.role == Role::Primary {
                needs.add(&topology.api.resources, u64::from(topology.api.replicas.max));
                // The Job that migrates the database.
                needs.add_amount(1_000, 1024, 4);
            }
            let web = if region.role == Role::Access {
                topology.access_web
            } else {
                topology.web.replicas
            };
            needs.add(&topology.web.resources, u64::from(web.max));
            "/web/replicas/max"
        }
        _ => return,
    };
    let hard = BTreeMap::from([
        ("requests.cpu".to_owned(), format!("{}m", needs.millis * 2)),
        (
            "requests.memory".to_owned(),
            Size::from_mebibytes(needs.mebibytes * 2).to_string(),
        ),
        (
            "limits.memory".to_owned(),
            Size::from_mebibytes(needs.mebibytes * 2).to_string(),
        ),
        ("pods".to_owned(), (needs.pods * 2).to_string()),
    ]);
    let whole = because(
        "an upper bound against what runs away: twice what every program takes with all its replicas, since a pod on a dead \
         node counts until the node is given up and its replacement must start all the same",
    )
    .from(source);
    output.add(region, COMPONENT, &quota(namespace, "compute", hard), whole, []);
}

#[derive(Default)]
struct Needs {
    millis: u64,
    mebibytes: u64,
    pods: u64,
}

impl Needs {
    fn add(&mut self, resources: &Resources, pods: u64) {
        let (millis, mebibytes) = (u64::from(resources.cpu.millis()), resources.memory.mebibytes().max(1));
        self.add_amount(millis.saturating_mul(pods), mebibytes.saturating_mul(pods), pods);
    }

    fn add_amount(&mut self, millis: u64, mebibytes: u64, pods: u64) {
        self.millis = self.millis.saturating_add(millis).min(u64::MAX / 4);
        self.mebibytes = self.mebibytes.saturating_add(mebibytes).min(u64::MAX / 4);
        self.pods = self.pods.saturating_add(pods).min(u64::MAX / 4);
    }
}
