//! `networking.k8s.io/v1`, which every network plugin that enforces policies understands.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{COMPONENT, Rule, Rules};
use crate::components::Output;
use crate::components::common::{namespaced, selecting};
use crate::components::output::because;
use crate::spec::Cni;
use crate::topology::names::{Namespace, Port, ports};
use crate::topology::values::Cidr;
use crate::topology::{Peer, PodGroup, Region, Topology};

/// Where `NodeLocal DNSCache` listens on every node (its default, a link-local address).
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// Nothing comes in, and nothing goes out but questions to the cluster's DNS.
pub(super) fn default_deny(region: &Region, namespace: Namespace, output: &mut Output) {
    let to = vec![
        in_namespace("kube-system", &[("k8s-app", "kube-dns")]),
        block(NODE_LOCAL_DNS, &[]),
    ];
    let object = NetworkPolicy {
        metadata: namespaced(namespace, "default-deny", COMPONENT),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            egress: Some(vec![NetworkPolicyEgressRule {
                to: Some(to),
                ports: Some(vec![port(ports::DNS), port(ports::DNS_TCP)]),
            }]),
            ingress: None,
        }),
    };
    let whole = because("whatever no other policy allows is denied, both ways, for every pod of the namespace");
    let parts = [
        because("every pod asks the cluster's DNS, or the node's own copy of it").on("/spec/egress/0"),
        because(
            "the address where NodeLocal DNSCache listens, which is on the node's network and has no pod to select",
        )
        .on("/spec/egress/0/to/1"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}

/// What a group of pods may receive and send, as far as this dialect has words for it.
pub(super) fn policy(topology: &Topology, region: &Region, group: &PodGroup, rules: &Rules, output: &mut Output) {
    let (mut ingress, mut egress, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &rules.ingress {
        for (from, ports) in peers(topology.cni, region, group, rule) {
            reasons.push(rule.reason(format!("/spec/ingress/{}", ingress.len())));
            ingress.push(NetworkPolicyIngressRule {
                from: Some(from),
                ports,
            });
        }
    }
    for rule in &rules.egress {
        for (to, ports) in peers(topology.cni, region, group, rule) {
            reasons.push(rule.reason(format!("/spec/egress/{}", egress.len())));
            egress.push(NetworkPolicyEgressRule { to: Some(to), ports });
        }
    }
    let mut types = Vec::new();
    if !ingress.is_empty() {
        types.push("Ingress".to_owned());
    }
    if !egress.is_empty() {
        types.push("Egress".to_owned());
    }
    if types.is_empty() {
        return;
    }
    let object = NetworkPolicy {
        metadata: namespaced(group.namespace, &group.name, COMPONENT),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(selecting_pods(&group.labels)),
            policy_types: Some(types),
            ingress: (!ingress.is_empty()).then_some(ingress),
            egress: (!egress.is_empty()).then_some(egress),
        }),
    };
    let whole = because(
        "who may reach these pods, and whom they may reach. Each rule stands at both ends of its edge: where one is missing \
         nothing passes",
    );
    output.add(region, COMPONENT, &object, whole, reasons);
}

type Opened = (Vec<NetworkPolicyPeer>, Option<Vec<NetworkPolicyPort>>);

/// The peers and ports of a rule; none where another dialect has to say it, or where nobody is meant.
fn peers(cni: Cni, region: &Region, group: &PodGroup, rule: &Rule) -> Vec<Opened> {
    let ports = (!rule.ports.is_empty()).then(|| rule.ports.iter().map(|p| port(*p)).collect::<Vec<_>>());
    let network = &region.network;
    let blocks = |ranges: &[Cidr], except: &[Cidr]| -> Vec<NetworkPolicyPeer> {
        let inside = |range: &Cidr| {
            except
                .iter()
                .filter(|e| e.is_ipv6() == range.is_ipv6())
                .copied()
                .collect::<Vec<_>>()
        };
        ranges
            .iter()
            .map(|range| block(&range.to_string(), &inside(range)))
            .collect()
    };
    let opened = match &rule.peer {
        Peer::Pods(other) => vec![(vec![pods(group, other)], ports)],
        Peer::Namespace(name) => vec![(vec![in_namespace(name, &[])], ports)],
        Peer::Dns => vec![(vec![in_namespace("kube-system", &[("k8s-app", "kube-dns")])], ports)],
        Peer::Addresses { ranges, except } => vec![(blocks(ranges, except), ports)],
        // Cilium never matches its own nodes, nor the API server, by their addresses (cilium#20550).
        Peer::Nodes | Peer::ControlPlane | Peer::ApiServer if cni == Cni::Cilium => Vec::new(),
        Peer::Nodes => vec![(blocks(&[network.nodes], &[]), ports)],
        Peer::ControlPlane => vec![(blocks(&network.control_plane, &[]), ports)],
        // Calico has a word for it.
        Peer::ApiServer if cni == Cni::Calico => Vec::new(),
        Peer::ApiServer => api_server(region),
    };
    // A rule without peers would let everybody through.
    opened.into_iter().filter(|(peers, _)| !peers.is_empty()).collect()
}

/// The API server by its addresses: those of the control plane, the written one, and the address of the Service
/// `kubernetes`, since plugins differ in whether they look before or after the Service's translation.
fn api_server(region: &Region) -> Vec<Opened> {
    let network = &region.network;
    let mut ranges = network.control_plane.clone();
    let written = network.api_server.address();
    if let Some(address) = written.filter(|address| !ranges.iter().any(|range| range.holds(*address))) {
        ranges.push(Cidr::single(address));
    }
    let itself = Port {
        number: network.api_server.port(),
        ..ports::HTTPS
    };
    let service = Cidr::single(network.services.first_host());
    vec![
        (
            ranges.iter().map(|range| block(&range.to_string(), &[])).collect(),
            Some(vec![port(itself)]),
        ),
        (vec![block(&service.to_string(), &[])], Some(vec![port(ports::HTTPS)])),
    ]
}

fn selecting_pods(labels: &BTreeMap<String, String>) -> LabelSelector {
    if labels.is_empty() {
        LabelSelector::default()
    } else {
        selecting(labels.clone())
    }
}

fn pods(group: &PodGroup, other: &PodGroup) -> NetworkPolicyPeer {
    let selector = selecting_pods(&other.labels);
    if group.namespace == other.namespace {
        return NetworkPolicyPeer {
            pod_selector: Some(selector),
            ..NetworkPolicyPeer::default()
        };
    }
    NetworkPolicyPeer {
        namespace_selector: Some(namespace(other.namespace.name())),
        pod_selector: (!other.labels.is_empty()).then_some(selector),
        ip_block: None,
    }
}

fn namespace(name: &str) -> LabelSelector {
    selecting([("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into())
}

fn in_namespace(name: &str, labels: &[(&str, &str)]) -> NetworkPolicyPeer {
    let labels: BTreeMap<_, _> = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    NetworkPolicyPeer {
        namespace_selector: Some(namespace(name)),
        pod_selector: (!labels.is_empty()).then(|| selecting(labels)),
        ip_block: None,
    }
}

fn block(cidr: &str, except: &[Cidr]) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: (!except.is_empty()).then(|| except.iter().map(ToString::to_string).collect()),
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn port(port: Port) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(port.protocol.name().to_owned()),
        port: Some(IntOrString::Int(i32::from(port.number))),
        end_port: port.end.map(i32::from),
    }
}
