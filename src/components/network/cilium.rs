//! Cilium: nodes and the API server are identities there, not addresses.
//! <https://docs.cilium.io/en/stable/security/policy/language/#entities-based>

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::{COMPONENT, Rule, Rules};
use crate::components::Output;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::topology::names::{Port, ports};
use crate::topology::{Peer, PodGroup, Region};

/// `cilium.io/v2`, the part that is used here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CiliumNetworkPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    endpoint_selector: Selector,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ingress: Vec<Ingress>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    egress: Vec<Egress>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    match_labels: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ingress {
    from_entities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_ports: Vec<ToPorts>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Egress {
    to_entities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_ports: Vec<ToPorts>,
}

#[derive(Serialize)]
struct ToPorts {
    ports: Vec<PortRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PortRule {
    port: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_port: Option<u16>,
    protocol: &'static str,
}

fn to_ports(list: &[Port]) -> Vec<ToPorts> {
    if list.is_empty() {
        return Vec::new();
    }
    let rule = |port: &Port| PortRule {
        port: port.number.to_string(),
        end_port: port.end,
        protocol: port.protocol.name(),
    };
    vec![ToPorts {
        ports: list.iter().map(rule).collect(),
    }]
}

/// The entities and ports of a rule whose peer is no pod and no address.
fn entities(region: &Region, rule: &Rule) -> Option<(Vec<&'static str>, Vec<ToPorts>)> {
    match rule.peer {
        Peer::ApiServer => {
            let itself = Port {
                number: region.network.api_server.port(),
                ..ports::HTTPS
            };
            Some((vec!["kube-apiserver"], to_ports(&[itself])))
        }
        Peer::ControlPlane => Some((vec!["kube-apiserver"], to_ports(&rule.ports))),
        Peer::Nodes => Some((vec!["host", "remote-node"], to_ports(&rule.ports))),
        _ => None,
    }
}

/// What plain policies have no words for.
pub(super) fn policy(region: &Region, group: &PodGroup, rules: &Rules, output: &mut Output) {
    let (mut ingress, mut egress, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &rules.ingress {
        if let Some((from_entities, to_ports)) = entities(region, rule) {
            reasons.push(rule.reason(format!("/spec/ingress/{}", ingress.len())));
            ingress.push(Ingress {
                from_entities,
                to_ports,
            });
        }
    }
    for rule in &rules.egress {
        if let Some((to_entities, to_ports)) = entities(region, rule) {
            reasons.push(rule.reason(format!("/spec/egress/{}", egress.len())));
            egress.push(Egress { to_entities, to_ports });
        }
    }
    if ingress.is_empty() && egress.is_empty() {
        return;
    }
    let object = CiliumNetworkPolicy {
        api_version: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: namespaced(group.namespace, &group.name, COMPONENT),
        spec: Spec {
            endpoint_selector: Selector {
                match_labels: group.labels.clone(),
            },
            ingress,
            egress,
        },
    };
    let whole = because(
        "Cilium knows its nodes and the API server as identities: a plain policy's addresses never match them (cilium#20550). \
         This one adds them to the plain policy of the same name",
    )
    .from("/kubernetes/cni");
    output.add(region, COMPONENT, &object, whole, reasons);
}
