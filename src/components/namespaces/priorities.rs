//! Who is kept and who goes when a cluster is full.

use k8s_openapi::api::scheduling::v1::PriorityClass;

use super::COMPONENT;
use crate::components::Output;
use crate::components::common::clustered;
use crate::components::output::because;
use crate::spec::Role;
use crate::topology::names::priorities;
use crate::topology::{Region, Topology};

struct Class {
    name: &'static str,
    value: i32,
    preempts: bool,
    /// Where something of it runs.
    in_use: fn(&Topology, &Region) -> bool,
    description: &'static str,
    why: &'static str,
}

/// Below `system-cluster-critical` (2000000000), which storage and its CSI drivers use.
const CLASSES: [Class; 4] = [
    Class {
        name: priorities::DATABASE,
        value: 1_000_000,
        preempts: true,
        in_use: |_, region| region.role == Role::Primary,
        description: "the database: the last of the platform to go",
        why: "everything waits for the database, and a node of it that is pushed out costs a state transfer: it comes \
              before every other program of the platform",
    },
    Class {
        name: priorities::EDGE,
        value: 900_000,
        preempts: true,
        in_use: |_, _| true,
        description: "Traefik: without it nobody reaches anything",
        why: "without Traefik nobody reaches anything, not even the page that says so",
    },
    Class {
        name: priorities::APPLICATION,
        value: 800_000,
        preempts: true,
        in_use: |_, region| region.role != Role::Recovery,
        description: "the API and the web application",
        why: "replicas of the API and the web application take room from Jobs that can wait, not from the database",
    },
    Class {
        name: priorities::BATCH,
        value: 1_000,
        preempts: false,
        in_use: batch,
        description: "jobs that can wait: backups, rehearsals, migrations",
        why: "jobs wait for room and never push anybody out; an hour later is early enough",
    },
];

/// Jobs run where the database is, and where its monthly copies are read to see that they can be.
fn batch(topology: &Topology, region: &Region) -> bool {
    let monthly = topology.backup.monthly.as_ref();
    region.role == Role::Primary || monthly.is_some_and(|monthly| monthly.region == region.name)
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for class in &CLASSES {
        if !(class.in_use)(topology, region) {
            continue;
        }
        let policy = if class.preempts {
            "PreemptLowerPriority"
        } else {
            "Never"
        };
        let object = PriorityClass {
            metadata: clustered(class.name, COMPONENT),
            value: class.value,
            global_default: Some(false),
            preemption_policy: Some(policy.to_owned()),
            description: Some(class.description.to_owned()),
        };
        let parts = [
            because("only the order matters: database, Traefik, application, Jobs; all below the system's own classes")
                .on("/value"),
            because("pods that name no class get none of the platform's").on("/globalDefault"),
        ];
        output.add(region, COMPONENT, &object, because(class.why), parts);
    }
}
