//! The route by which Traefik says that it has routes.
//!
//! Traefik's own `/ping` answers as soon as it listens. It has read no route by then, and answers 404 to everybody: after a
//! power cut, when the API server comes later than Traefik, for as long as that takes. This path is answered once the routes
//! of the provider are read, by `ping@internal`, on the port of its probes, which no Service leads to.

use kcr_gateway_networking_k8s_io::v1::httproutes::{
    HttpRoute, HttpRouteRules, HttpRouteRulesBackendRefs, HttpRouteRulesMatchesPathType, HttpRouteSpec,
};
use kcr_traefik_io::v1alpha1::ingressroutes::{
    IngressRoute, IngressRouteRoutes, IngressRouteRoutesServices, IngressRouteRoutesServicesKind, IngressRouteSpec,
};

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, CRD_GROUP, Output, gateway};
use crate::bundle::Reason;
use crate::spec::IngressKind;
use crate::topology::names::{Namespace, objects, ports};
use crate::topology::{Region, Topology};

/// The path of Traefik's readiness probe.
pub(super) const PATH: &str = "/ready";
/// What answers it: a service that Traefik has by itself.
const ANSWER: &str = "ping@internal";
/// The route's name.
const NAME: &str = "ready";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    match topology.ingress.kind {
        IngressKind::Gateway => output.add(region, COMPONENT, &http_route(), reason(), []),
        IngressKind::Traefik => output.add(region, COMPONENT, &ingress_route(), reason(), []),
    }
}

fn reason() -> Reason {
    because("a replica takes requests once it has read its routes, and not before: it would answer 404 to everybody")
}

fn http_route() -> HttpRoute {
    HttpRoute {
        metadata: namespaced(Namespace::Edge, NAME, COMPONENT),
        spec: HttpRouteSpec {
            hostnames: None,
            parent_refs: Some(vec![gateway::parent(objects::LISTENER_STATUS)]),
            rules: Some(vec![HttpRouteRules {
                matches: Some(gateway::path(HttpRouteRulesMatchesPathType::Exact, PATH)),
                backend_refs: Some(vec![HttpRouteRulesBackendRefs {
                    group: Some(CRD_GROUP.to_owned()),
                    kind: Some("TraefikService".to_owned()),
                    name: ANSWER.to_owned(),
                    weight: Some(1),
                    ..HttpRouteRulesBackendRefs::default()
                }]),
                ..HttpRouteRules::default()
            }]),
        },
        status: None,
    }
}

fn ingress_route() -> IngressRoute {
    IngressRoute {
        metadata: namespaced(Namespace::Edge, NAME, COMPONENT),
        spec: IngressRouteSpec {
            entry_points: Some(vec![ports::EDGE_STATUS.name.to_owned()]),
            routes: vec![IngressRouteRoutes {
                r#match: format!("Path(`{PATH}`)"),
                services: Some(vec![IngressRouteRoutesServices {
                    kind: Some(IngressRouteRoutesServicesKind::TraefikService),
                    name: ANSWER.to_owned(),
                    ..IngressRouteRoutesServices::default()
                }]),
                ..IngressRouteRoutes::default()
            }],
            ..IngressRouteSpec::default()
        },
    }
}
