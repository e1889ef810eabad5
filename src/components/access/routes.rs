//! Which connections are relayed: those for the API's name.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_gateway_networking_k8s_io::v1::httproutes::{
    HttpRoute, HttpRouteRules, HttpRouteRulesBackendRefs, HttpRouteRulesMatchesPathType, HttpRouteSpec,
};
use kcr_gateway_networking_k8s_io::v1::tlsroutes::{
    TlsRoute, TlsRouteParentRefs, TlsRouteRules, TlsRouteRulesBackendRefs, TlsRouteSpec,
};
use kcr_traefik_io::v1alpha1::ingressroutes::{
    IngressRoute, IngressRouteRoutes, IngressRouteRoutesServices, IngressRouteSpec,
};
use kcr_traefik_io::v1alpha1::ingressroutetcps::{
    IngressRouteTcp, IngressRouteTcpRoutes, IngressRouteTcpRoutesServices, IngressRouteTcpSpec, IngressRouteTcpTls,
};

use super::super::common::namespaced;
use super::super::ingress::{parent, path};
use super::super::output::because;
use super::relay::CHALLENGES;
use super::{COMPONENT, Output};
use crate::bundle::Reason;
use crate::spec::IngressKind;
use crate::topology::names::{Namespace, objects, ports};
use crate::topology::{Region, Topology};

/// The name of both routes.
const NAME: &str = "api-relay";
/// The name of the routes of ACME's challenges.
const CHALLENGE: &str = "api-challenges";
/// Where ACME asks for its proof.
const PROOF: &str = "/.well-known/acme-challenge/";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let challenged = topology.ingress.proves_by_http();
    match topology.ingress.kind {
        IngressKind::Gateway => {
            tls_route(topology, region, output);
            if challenged {
                challenges(topology, region, output);
            }
        }
        IngressKind::Traefik => {
            tcp_route(topology, region, output);
            if challenged {
                challenges_of_traefik(topology, region, output);
            }
        }
    }
}

fn relayed() -> Reason {
    because(
        "connections for the API's name are carried to the primary region as they are: they are chosen by the name in \
         TLS's first message, and nothing here could decrypt them",
    )
    .from("/regions")
}

fn proof() -> Reason {
    because(
        "the API's certificate is proven in the primary region, but ACME may ask for the proof here, where the name \
         leads nearby clients; this one path, which says nothing of anybody, is passed on",
    )
    .from("/ingress/tls")
}

fn tls_route(topology: &Topology, region: &Region, output: &mut Output) {
    let gateway = parent(objects::LISTENER_API);
    let route = TlsRoute {
        metadata: namespaced(Namespace::Edge, NAME, COMPONENT),
        spec: TlsRouteSpec {
            hostnames: vec![topology.api_host()],
            parent_refs: Some(vec![TlsRouteParentRefs {
                group: gateway.group,
                kind: gateway.kind,
                name: gateway.name,
                namespace: gateway.namespace,
                section_name: gateway.section_name,
                port: gateway.port,
            }]),
            rules: vec![TlsRouteRules {
                backend_refs: vec![TlsRouteRulesBackendRefs {
                    group: Some(String::new()),
                    kind: Some("Service".to_owned()),
                    name: objects::API_RELAY.to_owned(),
                    port: Some(i32::from(ports::HTTPS.number)),
                    weight: Some(1),
                    namespace: None,
                }],
                name: None,
            }],
        },
        status: None,
    };
    let parts = [because("the API's name below the domain")
        .on("/spec/hostnames")
        .from("/domain")];
    output.add(region, COMPONENT, &route, relayed(), parts);
}

fn tcp_route(topology: &Topology, region: &Region, output: &mut Output) {
    let route = IngressRouteTcp {
        metadata: namespaced(Namespace::Edge, NAME, COMPONENT),
        spec: IngressRouteTcpSpec {
            entry_points: Some(vec![ports::EDGE.name.to_owned()]),
            routes: vec![IngressRouteTcpRoutes {
                r#match: format!("HostSNI(`{}`)", topology.api_host()),
                services: Some(vec![IngressRouteTcpRoutesServices {
                    name: objects::API_RELAY.to_owned(),
                    port: IntOrString::Int(i32::from(ports::HTTPS.number)),
                    ..IngressRouteTcpRoutesServices::default()
                }]),
                ..IngressRouteTcpRoutes::default()
            }],
            tls: Some(IngressRouteTcpTls {
                passthrough: Some(true),
                ..IngressRouteTcpTls::default()
            }),
            ..IngressRouteTcpSpec::default()
        },
    };
    let parts = [because("the API's name below the domain")
        .on("/spec/routes/0/match")
        .from("/domain")];
    output.add(region, COMPONENT, &route, relayed(), parts);
}

fn challenges(topology: &Topology, region: &Region, output: &mut Output) {
    let route = HttpRoute {
        metadata: namespaced(Namespace::Edge, CHALLENGE, COMPONENT),
        spec: HttpRouteSpec {
            hostnames: Some(vec![topology.api_host()]),
            parent_refs: Some(vec![parent(objects::LISTENER_HTTP)]),
            rules: Some(vec![HttpRouteRules {
                matches: Some(path(HttpRouteRulesMatchesPathType::PathPrefix, PROOF)),
                backend_refs: Some(vec![HttpRouteRulesBackendRefs {
                    group: Some(String::new()),
                    kind: Some("Service".to_owned()),
                    name: objects::API_RELAY.to_owned(),
                    port: Some(i32::from(CHALLENGES.number)),
                    weight: Some(1),
                    ..HttpRouteRulesBackendRefs::default()
                }]),
                ..HttpRouteRules::default()
            }]),
        },
        status: None,
    };
    output.add(region, COMPONENT, &route, proof(), []);
}

fn challenges_of_traefik(topology: &Topology, region: &Region, output: &mut Output) {
    let route = IngressRoute {
        metadata: namespaced(Namespace::Edge, CHALLENGE, COMPONENT),
        spec: IngressRouteSpec {
            entry_points: Some(vec![ports::EDGE_PLAIN.name.to_owned()]),
            routes: vec![IngressRouteRoutes {
                r#match: format!("Host(`{}`) && PathPrefix(`{PROOF}`)", topology.api_host()),
                services: Some(vec![IngressRouteRoutesServices {
                    name: objects::API_RELAY.to_owned(),
                    port: Some(IntOrString::Int(i32::from(CHALLENGES.number))),
                    ..IngressRouteRoutesServices::default()
                }]),
                ..IngressRouteRoutes::default()
            }],
            ..IngressRouteSpec::default()
        },
    };
    output.add(region, COMPONENT, &route, proof(), []);
}
