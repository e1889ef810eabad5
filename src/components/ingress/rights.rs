//! What Traefik may see of the cluster: routes, certificates and endpoints of two namespaces, and the few cluster-wide
//! kinds that it watches whatever it is told. No Secret elsewhere: a program that faces the internet must not be able to
//! read the database's.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::super::common::{clustered, namespaced, of_program};
use super::super::output::because;
use super::traefik::WATCHED;
use super::{COMPONENT, Output};
use crate::spec::IngressKind;
use crate::topology::names::{Namespace, Program};
use crate::topology::{Region, Topology};

const NAME: &str = "traefik-routes";
const READ: [&str; 3] = ["get", "list", "watch"];

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut metadata = of_program(
        namespaced(Namespace::Edge, Program::Traefik.name(), COMPONENT),
        Program::Traefik,
    );
    metadata.annotations = Some([("galeno.dev/used-by".to_owned(), "chart traefik".to_owned())].into());
    let account = ServiceAccount {
        metadata,
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let whole = because("what Traefik is to the cluster; its pods ask for the token themselves");
    output.add(region, COMPONENT, &account, whole, []);
    for namespace in WATCHED {
        let role = Role {
            metadata: namespaced(namespace, NAME, COMPONENT),
            rules: Some(rules(topology.ingress.kind)),
        };
        let whole = because("Traefik reads routes, certificates and endpoints here, and says how they fare");
        output.add(
            region,
            COMPONENT,
            &role,
            whole,
            [because("the kinds that routes are written in")
                .on("/rules")
                .from("/ingress/kind")],
        );
        let binding = RoleBinding {
            metadata: namespaced(namespace, NAME, COMPONENT),
            role_ref: role_ref("Role"),
            subjects: Some(subjects()),
        };
        output.add(
            region,
            COMPONENT,
            &binding,
            because("gives Traefik its rights in this namespace"),
            [],
        );
    }
    let role = ClusterRole {
        metadata: clustered(NAME, COMPONENT),
        rules: Some(cluster_rules(topology.ingress.kind)),
        aggregation_rule: None,
    };
    let whole = because("Traefik watches these cluster-wide kinds whatever namespaces it is told; none holds a secret");
    output.add(region, COMPONENT, &role, whole, []);
    let binding = ClusterRoleBinding {
        metadata: clustered(NAME, COMPONENT),
        role_ref: role_ref("ClusterRole"),
        subjects: Some(subjects()),
    };
    output.add(
        region,
        COMPONENT,
        &binding,
        because("gives Traefik its cluster-wide rights"),
        [],
    );
}

fn role_ref(kind: &str) -> RoleRef {
    RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: NAME.to_owned(),
    }
}

fn subjects() -> Vec<Subject> {
    vec![Subject {
        kind: "ServiceAccount".to_owned(),
        name: Program::Traefik.name().to_owned(),
        namespace: Some(Namespace::Edge.name().to_owned()),
        api_group: None,
    }]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn rules(kind: IngressKind) -> Vec<PolicyRule> {
    let mut rules = vec![
        rule("", &["configmaps", "secrets", "services"], &READ),
        rule("discovery.k8s.io", &["endpointslices"], &READ),
        rule(
            "traefik.io",
            &[
                "ingressroutes",
                "ingressroutetcps",
                "ingressrouteudps",
                "middlewares",
                "middlewaretcps",
                "serverstransports",
                "serverstransporttcps",
                "tlsoptions",
                "tlsstores",
                "traefikservices",
            ],
            &READ,
        ),
    ];
    match kind {
        IngressKind::Gateway => {
            let kinds = [
                "backendtlspolicies",
                "gateways",
                "grpcroutes",
                "httproutes",
                "listenersets",
                "referencegrants",
                "tcproutes",
                "tlsroutes",
            ];
            let statuses: Vec<String> = kinds.iter().map(|kind| format!("{kind}/status")).collect();
            let statuses: Vec<&str> = statuses.iter().map(String::as_str).collect();
            rules.push(rule("gateway.networking.k8s.io", &kinds, &READ));
            rules.push(rule("gateway.networking.k8s.io", &statuses, &["update"]));
        }
        IngressKind::Traefik => {
            rules.push(rule("networking.k8s.io", &["ingresses"], &READ));
            rules.push(rule("networking.k8s.io", &["ingresses/status"], &["update"]));
        }
    }
    rules
}

fn cluster_rules(kind: IngressKind) -> Vec<PolicyRule> {
    let mut rules = vec![rule("", &["namespaces", "nodes"], &READ)];
    match kind {
        IngressKind::Gateway => {
            rules.push(rule("gateway.networking.k8s.io", &["gatewayclasses"], &READ));
            rules.push(rule(
                "gateway.networking.k8s.io",
                &["gatewayclasses/status"],
                &["update"],
            ));
        }
        IngressKind::Traefik => rules.push(rule("networking.k8s.io", &["ingressclasses"], &READ)),
    }
    rules
}
