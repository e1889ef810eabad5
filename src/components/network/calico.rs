//! Calico: the API server by its Service, whose endpoints Calico follows.
//! <https://docs.tigera.io/calico/latest/network-policy/policy-rules/service-policy>

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::{COMPONENT, Rules};
use crate::components::Output;
use crate::components::common::namespaced;
use crate::components::output::because;
use crate::topology::{Peer, PodGroup, Region};

/// `projectcalico.org/v3`, the part that is used here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
struct Spec {
    selector: String,
    types: [&'static str; 1],
    egress: [Rule; 1],
}

#[derive(Serialize)]
struct Rule {
    action: &'static str,
    protocol: &'static str,
    destination: Destination,
}

#[derive(Serialize)]
struct Destination {
    services: Service,
}

#[derive(Serialize)]
struct Service {
    name: &'static str,
    namespace: &'static str,
}

/// A label selector in Calico's own language.
fn selector(group: &PodGroup) -> String {
    if group.labels.is_empty() {
        return "all()".to_owned();
    }
    let equal = |(key, value): (&String, &String)| format!("{key} == '{value}'");
    group.labels.iter().map(equal).collect::<Vec<_>>().join(" && ")
}

/// What plain policies have no words for.
pub(super) fn policy(region: &Region, group: &PodGroup, rules: &Rules, output: &mut Output) {
    let Some(rule) = rules.egress.iter().find(|rule| rule.peer == Peer::ApiServer) else {
        return;
    };
    let object = NetworkPolicy {
        api_version: "projectcalico.org/v3",
        kind: "NetworkPolicy",
        metadata: namespaced(group.namespace, format!("{}-api-server", group.name), COMPONENT),
        spec: Spec {
            selector: selector(group),
            types: ["Egress"],
            egress: [Rule {
                action: "Allow",
                protocol: "TCP",
                destination: Destination {
                    services: Service {
                        name: "kubernetes",
                        namespace: "default",
                    },
                },
            }],
        },
    };
    let whole = because("Calico follows the API server's Service, so that no address has to be written down for it")
        .from("/kubernetes/cni");
    output.add(
        region,
        COMPONENT,
        &object,
        whole,
        [rule.reason("/spec/egress/0".to_owned())],
    );
}
