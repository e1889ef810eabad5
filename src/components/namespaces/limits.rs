//! What a container gets that does not say what it needs, and how large a claim may be.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::COMPONENT;
use crate::components::Output;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

fn amounts(list: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    list.iter()
        .map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())))
        .collect()
}

pub(super) fn render(topology: &Topology, region: &Region, namespace: Namespace, output: &mut Output) {
    // Upstream's own daemons are measured by their operators: a limit that Galeno invents would kill them in an outage,
    // when they need most (`prepareosd`, recovery, a large CRD cache).
    let ours = matches!(
        namespace,
        Namespace::Data | Namespace::App | Namespace::Edge | Namespace::Rehearsal
    );
    let mut reasons = vec![
        because("a container that asks for nothing would be scheduled where there is no room")
            .on("/spec/limits/0/defaultRequest"),
    ];
    if ours {
        reasons.push(
            because("a container without a memory limit could take its neighbours' memory, the database's among them")
                .on("/spec/limits/0/default"),
        );
    }
    let mut limits = vec![LimitRangeItem {
        type_: "Container".to_owned(),
        default_request: Some(amounts(&[("cpu", "20m"), ("memory", "64Mi")])),
        default: ours.then(|| amounts(&[("memory", "256Mi")])),
        ..LimitRangeItem::default()
    }];
    if namespace == Namespace::Data {
        limits.push(LimitRangeItem {
            type_: "PersistentVolumeClaim".to_owned(),
            max: Some(amounts(&[("storage", &topology.database.size.to_string())])),
            ..LimitRangeItem::default()
        });
        reasons.push(
            because("no claim is larger than the size that was reviewed. A larger size in the environment file expands volumes")
                .on("/spec/limits/1/max/storage")
                .from("/database/size"),
        );
    }
    let object = LimitRange {
        metadata: namespaced(namespace, "defaults", COMPONENT),
        spec: Some(LimitRangeSpec { limits }),
    };
    let whole = because("what a container gets that does not say what it needs");
    output.add(region, COMPONENT, &object, whole, reasons);
}
