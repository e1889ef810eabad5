//! The headless Service of each generation, and the client Service that selects the active one.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::{COMPONENT, generation_meta};
use crate::components::Output;
use crate::components::common::{namespaced, service_port};
use crate::components::output::because;
use crate::topology::names::{Namespace, Port, objects, ports};
use crate::topology::{DataRegion, Generation, PodGroup, Topology};

fn service(selector: BTreeMap<String, String>, ports: &[Port]) -> ServiceSpec {
    ServiceSpec {
        selector: Some(selector),
        ports: Some(ports.iter().map(|port| service_port(*port)).collect()),
        type_: Some("ClusterIP".to_owned()),
        ..ServiceSpec::default()
    }
}

pub(super) fn client(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    let active = topology.database.active_generation();
    let service = Service {
        metadata: namespaced(Namespace::Data, objects::DATABASE_SERVICE, COMPONENT),
        spec: Some(service(PodGroup::generation(active).labels, &[ports::MYSQL])),
        status: None,
    };
    let whole = because("clients that do not choose a node reach the active generation's ready nodes here");
    let parts =
        [
            because("exactly one generation is selected; changing it ends no open connection, which the keeper does")
                .on("/spec/selector")
                .from("/database/active"),
        ];
    output.add(&region, COMPONENT, &service, whole, parts);
}

pub(super) fn headless(topology: &Topology, generation: &Generation, region: DataRegion<'_>, output: &mut Output) {
    let mut all = vec![
        ports::MYSQL,
        ports::GALERA,
        ports::GALERA_UDP,
        ports::IST,
        ports::SST,
        ports::KEEPER,
    ];
    // Nobody else asks for figures; the kubelet's probes need no Service.
    if topology.monitoring.is_some() {
        all.push(ports::KEEPER_STATUS);
    }
    let spec = ServiceSpec {
        cluster_ip: Some("None".to_owned()),
        publish_not_ready_addresses: Some(true),
        ..service(PodGroup::generation(generation).labels, &all)
    };
    let service = Service {
        metadata: generation_meta(generation, generation.name()),
        spec: Some(spec),
        status: None,
    };
    let whole = because("gives each node of the generation a DNS name of its own");
    let parts = [
        because("nodes must find each other before any of them is ready").on("/spec/publishNotReadyAddresses"),
        because("no virtual address: a name leads to one node").on("/spec/clusterIP"),
    ];
    output.add(&region, COMPONENT, &service, whole, parts);
}
