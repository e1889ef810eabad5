//! Traefik itself, from its chart.
//!
//! The names of values are those of the chart's release 41 (`accessLog`, `ports.*.http`: its schema refuses others). Its
//! rights are not the chart's, which may read every Secret of the cluster: see `rights`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceRequirements, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Value, json};

use super::super::charts::Chart;
use super::super::common::{container_security, node_spread, pod_security, stateless_zone_spread};
use super::super::output::because;
use super::super::stateless::NOBODY;
use super::{COMPONENT, Output, ready};
use crate::bundle::Reason;
use crate::spec::{Cni, IngressKind, Role};
use crate::topology::names::{Namespace, Program, ports, priorities};
use crate::topology::versions::TRAEFIK_CHART;
use crate::topology::{Region, Topology};

/// The namespaces that Traefik reads routes, certificates and endpoints in.
pub(super) const WATCHED: [Namespace; 2] = [Namespace::App, Namespace::Edge];

/// Seconds that a replica goes on accepting after it was told to stop: load balancers must notice first.
const FAREWELL: u32 = 15;

const NAMESPACED: &[(&str, &str)] = &[
    ("", "Service"),
    ("apps", "Deployment"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("policy", "PodDisruptionBudget"),
];

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let (mut values, mut parts) = (values(topology, region), reasons());
    // A region in recovery has no route to read.
    if region.role != Role::Recovery {
        values["deployment"]["readinessPath"] = json!(ready::PATH);
        let rule = "ready is a replica that has read its routes; alive is one that answers at all";
        parts.push(because(rule).on("/deployment/readinessPath"));
    }
    let chart = Chart {
        name: "traefik",
        repository: "https://traefik.github.io/charts",
        chart: "traefik",
        version: TRAEFIK_CHART.to_string(),
        namespace: Namespace::Edge,
        values,
        namespaced: NAMESPACED,
        clustered: &[],
        elsewhere: &[],
    };
    let whole = because("Traefik is the only program that takes connections from outside").from("/ingress");
    output.install(region, chart, whole, parts);
}

fn values(topology: &Topology, region: &Region) -> Value {
    let gateway = topology.ingress.kind == IngressKind::Gateway;
    let watched: Vec<&str> = WATCHED.iter().map(|namespace| namespace.name()).collect();
    let mut values = json!({
        "image": {"tag": format!("v{}", topology.versions.traefik)},
        "global": {"checkNewVersion": false, "sendAnonymousUsage": false},
        "log": {"level": "INFO", "format": "json"},
        "accessLog": {"enabled": false},
        "api": {"dashboard": false},
        "deployment": {
            "podLabels": Program::Traefik.labels(COMPONENT).into_iter()
                .filter(|(key, _)| key != "app.kubernetes.io/name" && key != "app.kubernetes.io/managed-by")
                .collect::<BTreeMap<_, _>>(),
            "minReadySeconds": 5,
            "terminationGracePeriodSeconds": 60,
            "lifecycle": {"preStop": {"sleep": {"seconds": FAREWELL}}},
        },
        "podDisruptionBudget": {"enabled": true, "maxUnavailable": 1},
        "topologySpreadConstraints": spread(topology, region),
        "priorityClassName": priorities::EDGE,
        "resources": resources(),
        "podSecurityContext": pod_security(NOBODY),
        "securityContext": container_security(),
        "serviceAccount": {"name": Program::Traefik.name()},
        "rbac": {"enabled": false},
        "ingressClass": {"enabled": false},
        "gateway": {"enabled": false},
        "gatewayClass": {"enabled": false},
        "ingressRoute": {"dashboard": {"enabled": false}},
        "metrics": {"prometheus": {"entryPoint": ports::EDGE_METRICS.name, "addRoutersLabels": true}},
        "providers": {
            "kubernetesCRD": {"enabled": true, "namespaces": watched, "allowEmptyServices": true},
            "kubernetesGateway": {"enabled": gateway, "namespaces": watched, "experimentalChannel": false},
            "kubernetesIngress": {
                "enabled": !gateway, "namespaces": watched, "allowEmptyServices": true,
                "ingressClass": topology.ingress.class.as_str(),
            },
        },
        "ports": port_values(topology),
        "service": service(topology, region),
    });
    scale(topology, region, &mut values);
    values
}

fn port_values(topology: &Topology) -> Value {
    let mut plain = json!({"port": ports::EDGE_PLAIN.number, "exposedPort": 80});
    let mut secure = json!({"port": ports::EDGE.number, "exposedPort": ports::HTTPS.number});
    if topology.ingress.kind == IngressKind::Traefik {
        // Of the lowest priority: answers to ACME's challenges must go before it. With Gateway API an HTTPRoute does it.
        plain["http"] = json!({"redirections": {"entryPoint": {
            "to": ports::EDGE.name, "scheme": "https", "permanent": true, "priority": 1,
        }}});
    }
    if topology.ingress.trusted_proxies > 0 {
        // Proxies in front are the only clients then, so that the clients that may connect are those to be believed.
        let believed: Vec<String> = topology
            .ingress
            .allowed_clients
            .iter()
            .map(ToString::to_string)
            .collect();
        for entry in [&mut plain, &mut secure] {
            entry["forwardedHeaders"] = json!({"trustedIPs": believed});
        }
    }
    json!({
        ports::EDGE_PLAIN.name: plain,
        ports::EDGE.name: secure,
        ports::EDGE_METRICS.name: {"port": ports::EDGE_METRICS.number},
        ports::EDGE_STATUS.name: {"port": ports::EDGE_STATUS.number},
    })
}

fn service(topology: &Topology, region: &Region) -> Value {
    let mut spec = json!({"externalTrafficPolicy": "Local", "allocateLoadBalancerNodePorts": false});
    let mut annotations = BTreeMap::new();
    if let Some(class) = &topology.ingress.load_balancer_class {
        spec["loadBalancerClass"] = json!(class);
    }
    match region.addresses.as_slice() {
        [] => {}
        [only] => spec["loadBalancerIP"] = json!(only.to_string()),
        several => {
            let list = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let key = if topology.cni == Cni::Cilium {
                "lbipam.cilium.io/ips"
            } else {
                "metallb.io/loadBalancerIPs"
            };
            annotations.insert(key, list);
        }
    }
    let ranges: Vec<String> = topology
        .ingress
        .allowed_clients
        .iter()
        .map(ToString::to_string)
        .collect();
    json!({"type": "LoadBalancer", "spec": spec, "annotations": annotations, "loadBalancerSourceRanges": ranges})
}

fn scale(topology: &Topology, region: &Region, values: &mut Value) {
    let replicas = topology.ingress.replicas;
    // A region that answers nobody needs no more than what stands ready.
    if !replicas.scales() || region.role == Role::Recovery {
        values["deployment"]["replicas"] = json!(replicas.min);
        return;
    }
    values["autoscaling"] = json!({
        "enabled": true,
        "minReplicas": replicas.min,
        "maxReplicas": replicas.max,
        "metrics": [{
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": replicas.cpu_percent}},
        }],
    });
}

fn spread(topology: &Topology, region: &Region) -> [TopologySpreadConstraint; 2] {
    let labels = Program::Traefik.selector();
    [stateless_zone_spread(topology, region, &labels), node_spread(&labels)]
}

fn resources() -> ResourceRequirements {
    let quantity = |text: &str| Quantity(text.to_owned());
    ResourceRequirements {
        requests: Some(
            [
                ("cpu".to_owned(), quantity("250m")),
                ("memory".to_owned(), quantity("256Mi")),
            ]
            .into(),
        ),
        limits: Some([("memory".to_owned(), quantity("256Mi"))].into()),
        claims: None,
    }
}

fn reasons() -> Vec<Reason> {
    vec![
        because("a chart of one release runs each patch of the Traefik it is for")
            .on("/image/tag")
            .from("/versions/traefik"),
        because("no request is written down here: addresses of people are data about people").on("/accessLog"),
        because("nothing in the cluster asks the internet whether it is up to date").on("/global"),
        because("clients keep their own address, and a node without a replica is not asked").on("/service/spec"),
        because("clients that may connect at all")
            .on("/service/loadBalancerSourceRanges")
            .from("/ingress/allowedClients"),
        because("replicas in every zone, so that the loss of one leaves the others")
            .on("/topologySpreadConstraints")
            .from("/promise"),
        because("load balancers notice that a replica goes before it stops accepting").on("/deployment/lifecycle"),
        because(
            "its rights stand beside it and name two namespaces; the chart's would read every Secret of the cluster",
        )
        .on("/rbac"),
        because(
            "routes are read only where the platform has some; Gateway API's stable channel is all that is installed",
        )
        .on("/providers")
        .from("/ingress/kind"),
        because("nobody needs a dashboard on the way in").on("/api"),
        because("maintenance of nodes takes one replica at a time").on("/podDisruptionBudget"),
    ]
}
