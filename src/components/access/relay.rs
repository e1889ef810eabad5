//! The primary region as a Service of this one: a Service without a selector, and the addresses behind it.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::topology::names::{Namespace, Port, Protocol, objects, ports};
use crate::topology::{Region, Topology};

/// ACME's challenges for the API's name may arrive here too; they are asked for by plain HTTP.
pub(super) const CHALLENGES: Port = Port {
    name: "http",
    number: 80,
    ..ports::EDGE_PLAIN
};

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let ports: Vec<Port> = if topology.ingress.proves_by_http() {
        vec![ports::HTTPS, CHALLENGES]
    } else {
        vec![ports::HTTPS]
    };
    let primary = topology.primary().region();
    let service = Service {
        metadata: namespaced(Namespace::Edge, objects::API_RELAY, COMPONENT),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            ports: Some(ports.iter().map(|port| service_port(*port)).collect()),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    let whole = because(format!(
        "the primary region, {}, as this region sees it: a Service without pods",
        primary.name
    ))
    .from(format!("/regions/{}", primary.index));
    output.add(region, COMPONENT, &service, whole, []);
    for family in ["IPv4", "IPv6"] {
        let of_family = |address: &&IpAddr| address.is_ipv6() == (family == "IPv6");
        let addresses: Vec<String> = primary
            .addresses
            .iter()
            .filter(of_family)
            .map(ToString::to_string)
            .collect();
        if !addresses.is_empty() {
            slice(region, primary, family, addresses, &ports, output);
        }
    }
}

fn service_port(port: Port) -> ServicePort {
    ServicePort {
        name: Some(port.name.to_owned()),
        port: i32::from(port.number),
        target_port: Some(IntOrString::Int(i32::from(port.number))),
        protocol: Some(Protocol::Tcp.name().to_owned()),
        ..ServicePort::default()
    }
}

fn slice(region: &Region, primary: &Region, family: &str, addresses: Vec<String>, ports: &[Port], output: &mut Output) {
    let name = format!("{}-{}", objects::API_RELAY, family.to_ascii_lowercase());
    let mut metadata = namespaced(Namespace::Edge, name, COMPONENT);
    let labels = metadata.labels.get_or_insert_default();
    labels.insert("kubernetes.io/service-name".to_owned(), objects::API_RELAY.to_owned());
    labels.insert(
        "endpointslice.kubernetes.io/managed-by".to_owned(),
        "galeno.dev".to_owned(),
    );
    let slice = EndpointSlice {
        metadata,
        address_type: family.to_owned(),
        endpoints: vec![Endpoint {
            addresses,
            conditions: Some(EndpointConditions {
                ready: Some(true),
                ..EndpointConditions::default()
            }),
            ..Endpoint::default()
        }],
        ports: Some(
            ports
                .iter()
                .map(|port| EndpointPort {
                    name: Some(port.name.to_owned()),
                    port: Some(i32::from(port.number)),
                    protocol: Some(Protocol::Tcp.name().to_owned()),
                    app_protocol: None,
                })
                .collect(),
        ),
    };
    let whole = because("the addresses of the primary region's load balancer, behind the Service of the same name");
    let parts = [because("the fixed addresses that are written for the primary region")
        .on("/endpoints/0/addresses")
        .from(format!("/regions/{}/addresses", primary.index))];
    output.add(region, COMPONENT, &slice, whole, parts);
}
