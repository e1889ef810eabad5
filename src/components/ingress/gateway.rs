//! Routes by Gateway API, served by Traefik.
//!
//! The listeners' ports are those that Traefik's pods listen on, as Traefik demands; the Service leads 80 and 443 there.

use std::collections::BTreeMap;

use kcr_gateway_networking_k8s_io::v1::backendtlspolicies::{
    BackendTlsPolicy, BackendTlsPolicySpec, BackendTlsPolicyTargetRefs, BackendTlsPolicyValidation,
    BackendTlsPolicyValidationCaCertificateRefs,
};
use kcr_gateway_networking_k8s_io::v1::gatewayclasses::{GatewayClass, GatewayClassSpec};
use kcr_gateway_networking_k8s_io::v1::gateways::{
    Gateway, GatewayListeners, GatewayListenersAllowedRoutes, GatewayListenersAllowedRoutesKinds,
    GatewayListenersAllowedRoutesNamespaces, GatewayListenersAllowedRoutesNamespacesFrom,
    GatewayListenersAllowedRoutesNamespacesSelector, GatewayListenersTls, GatewayListenersTlsCertificateRefs,
    GatewayListenersTlsMode, GatewaySpec,
};
use kcr_gateway_networking_k8s_io::v1::httproutes::{
    HttpRoute, HttpRouteParentRefs, HttpRouteRules, HttpRouteRulesBackendRefs, HttpRouteRulesFilters,
    HttpRouteRulesFiltersExtensionRef, HttpRouteRulesFiltersRequestRedirect,
    HttpRouteRulesFiltersRequestRedirectScheme, HttpRouteRulesFiltersType, HttpRouteRulesMatches,
    HttpRouteRulesMatchesPath, HttpRouteRulesMatchesPathType, HttpRouteSpec,
};

use super::super::common::{clustered, namespaced, of_program};
use super::super::output::because;
use super::{COMPONENT, CRD_GROUP, Output, middlewares};
use crate::spec::Role;
use crate::topology::names::{Namespace, Port, Program, certificates, objects, ports};
use crate::topology::{Region, Topology};

pub(super) fn class(topology: &Topology, region: &Region, output: &mut Output) {
    let class = GatewayClass {
        metadata: clustered(topology.ingress.class.as_str(), COMPONENT),
        spec: GatewayClassSpec {
            controller_name: "traefik.io/gateway-controller".to_owned(),
            ..GatewayClassSpec::default()
        },
        status: None,
    };
    let whole = because("gateways of this class are Traefik's").from("/ingress/class");
    output.add(region, COMPONENT, &class, whole, []);
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    gateway(topology, region, output);
    redirect(topology, region, output);
    program(
        region,
        Program::Web,
        &topology.web_host(),
        objects::LISTENER_APP,
        output,
    );
    if region.role == Role::Primary {
        program(
            region,
            Program::Api,
            &topology.api_host(),
            objects::LISTENER_API,
            output,
        );
    }
}

fn gateway(topology: &Topology, region: &Region, output: &mut Output) {
    let plain = GatewayListeners {
        name: objects::LISTENER_HTTP.to_owned(),
        port: i32::from(ports::EDGE_PLAIN.number),
        protocol: "HTTP".to_owned(),
        hostname: None,
        // Routes of this namespace only: the redirection, and cert-manager's answers to ACME.
        allowed_routes: Some(routes("HTTPRoute", None)),
        tls: None,
    };
    let status = GatewayListeners {
        name: objects::LISTENER_STATUS.to_owned(),
        port: i32::from(ports::EDGE_STATUS.number),
        ..plain.clone()
    };
    let app = terminated(objects::LISTENER_APP, &topology.web_host(), certificates::PUBLIC_APP);
    let api = match region.role {
        Role::Access => passed_through(&topology.api_host()),
        Role::Primary | Role::Recovery => {
            terminated(objects::LISTENER_API, &topology.api_host(), certificates::PUBLIC_API)
        }
    };
    let gateway = Gateway {
        metadata: namespaced(Namespace::Edge, objects::GATEWAY, COMPONENT),
        spec: GatewaySpec {
            gateway_class_name: topology.ingress.class.to_string(),
            listeners: vec![plain, app, api, status],
            ..GatewaySpec::default()
        },
        status: None,
    };
    let whole =
        because("what is listened for: plain HTTP to send it away, and the two public names; and the port of probes")
            .from("/ingress");
    let mut parts = vec![
        because("the class that Traefik serves")
            .on("/spec/gatewayClassName")
            .from("/ingress/class"),
        because("plain HTTP is answered with the way to HTTPS, and ACME's challenges with their proof")
            .on("/spec/listeners/0"),
        because("the web application's name; TLS ends here and begins again towards it")
            .on("/spec/listeners/1/hostname")
            .from("/domain"),
        because("the API's name")
            .on("/spec/listeners/2/hostname")
            .from("/domain"),
        because("where the kubelet asks whether the routes are read; no Service leads here").on("/spec/listeners/3"),
    ];
    if region.role == Role::Access {
        let rule =
            "TLS is passed through: no key for the API's name exists in this region, so nothing can be decrypted";
        parts.push(
            because(rule)
                .on("/spec/listeners/2/tls")
                .from(format!("/regions/{}/role", region.index)),
        );
    }
    output.add(region, COMPONENT, &gateway, whole, parts);
}

/// A listener whose TLS ends at Traefik, with routes from the application's namespace.
fn terminated(name: &str, host: &str, secret: &str) -> GatewayListeners {
    GatewayListeners {
        name: name.to_owned(),
        port: i32::from(ports::EDGE.number),
        protocol: "HTTPS".to_owned(),
        hostname: Some(host.to_owned()),
        allowed_routes: Some(routes("HTTPRoute", Some(Namespace::App))),
        tls: Some(GatewayListenersTls {
            mode: Some(GatewayListenersTlsMode::Terminate),
            certificate_refs: Some(vec![GatewayListenersTlsCertificateRefs {
                group: Some(String::new()),
                kind: Some("Secret".to_owned()),
                name: secret.to_owned(),
                namespace: None,
            }]),
            options: None,
        }),
    }
}

/// A listener whose TLS is left alone, with routes from Traefik's own namespace.
fn passed_through(host: &str) -> GatewayListeners {
    GatewayListeners {
        name: objects::LISTENER_API.to_owned(),
        port: i32::from(ports::EDGE.number),
        protocol: "TLS".to_owned(),
        hostname: Some(host.to_owned()),
        allowed_routes: Some(routes("TLSRoute", None)),
        tls: Some(GatewayListenersTls {
            mode: Some(GatewayListenersTlsMode::Passthrough),
            certificate_refs: None,
            options: None,
        }),
    }
}

/// Routes of one kind, of another namespace or of the gateway's own.
fn routes(kind: &str, namespace: Option<Namespace>) -> GatewayListenersAllowedRoutes {
    let from = match namespace {
        Some(_) => GatewayListenersAllowedRoutesNamespacesFrom::Selector,
        None => GatewayListenersAllowedRoutesNamespacesFrom::Same,
    };
    let selector = namespace.map(|namespace| GatewayListenersAllowedRoutesNamespacesSelector {
        match_labels: Some(BTreeMap::from([(
            "kubernetes.io/metadata.name".to_owned(),
            namespace.name().to_owned(),
        )])),
        match_expressions: None,
    });
    GatewayListenersAllowedRoutes {
        kinds: Some(vec![GatewayListenersAllowedRoutesKinds {
            group: Some("gateway.networking.k8s.io".to_owned()),
            kind: kind.to_owned(),
        }]),
        namespaces: Some(GatewayListenersAllowedRoutesNamespaces {
            from: Some(from),
            selector,
        }),
    }
}

/// A route's parent: a listener of the Gateway.
pub(in crate::components) fn parent(listener: &str) -> HttpRouteParentRefs {
    HttpRouteParentRefs {
        group: Some("gateway.networking.k8s.io".to_owned()),
        kind: Some("Gateway".to_owned()),
        name: objects::GATEWAY.to_owned(),
        namespace: Some(Namespace::Edge.name().to_owned()),
        section_name: Some(listener.to_owned()),
        port: None,
    }
}

/// What a rule of a route is for: one path, or all below it.
pub(in crate::components) fn path(r#type: HttpRouteRulesMatchesPathType, value: &str) -> Vec<HttpRouteRulesMatches> {
    vec![HttpRouteRulesMatches {
        path: Some(HttpRouteRulesMatchesPath {
            r#type: Some(r#type),
            value: Some(value.to_owned()),
        }),
        ..HttpRouteRulesMatches::default()
    }]
}

fn everything() -> Vec<HttpRouteRulesMatches> {
    path(HttpRouteRulesMatchesPathType::PathPrefix, "/")
}

fn filter(r#type: HttpRouteRulesFiltersType) -> HttpRouteRulesFilters {
    HttpRouteRulesFilters {
        r#type,
        cors: None,
        extension_ref: None,
        request_header_modifier: None,
        request_mirror: None,
        request_redirect: None,
        response_header_modifier: None,
        url_rewrite: None,
    }
}

fn redirect(topology: &Topology, region: &Region, output: &mut Output) {
    let redirect = HttpRouteRulesFiltersRequestRedirect {
        scheme: Some(HttpRouteRulesFiltersRequestRedirectScheme::Https),
        port: Some(i32::from(ports::HTTPS.number)),
        status_code: Some(301),
        ..HttpRouteRulesFiltersRequestRedirect::default()
    };
    let route = HttpRoute {
        metadata: namespaced(Namespace::Edge, "redirect-to-https", COMPONENT),
        spec: HttpRouteSpec {
            hostnames: Some(vec![topology.web_host(), topology.api_host()]),
            parent_refs: Some(vec![parent(objects::LISTENER_HTTP)]),
            rules: Some(vec![HttpRouteRules {
                matches: Some(everything()),
                filters: Some(vec![HttpRouteRulesFilters {
                    request_redirect: Some(redirect),
                    ..filter(HttpRouteRulesFiltersType::RequestRedirect)
                }]),
                ..HttpRouteRules::default()
            }]),
        },
        status: None,
    };
    let whole = because(
        "plain HTTP is answered with the way to HTTPS; a route and not a setting of Traefik, so that the more exact \
         routes of ACME's challenges go before it",
    );
    let parts = [
        because("the public names below the domain")
            .on("/spec/hostnames")
            .from("/domain"),
        because("the port that clients see, which is not the one that Traefik's pods listen on")
            .on("/spec/rules/0/filters/0/requestRedirect/port"),
    ];
    output.add(region, COMPONENT, &route, whole, parts);
}

/// The route of a program and the TLS that it is reached by.
fn program(region: &Region, program: Program, host: &str, listener: &str, output: &mut Output) {
    let port = service_port(program);
    let filters = middlewares::of(program).into_iter().map(|name| HttpRouteRulesFilters {
        extension_ref: Some(HttpRouteRulesFiltersExtensionRef {
            group: CRD_GROUP.to_owned(),
            kind: "Middleware".to_owned(),
            name: name.to_owned(),
        }),
        ..filter(HttpRouteRulesFiltersType::ExtensionRef)
    });
    let route = HttpRoute {
        metadata: of_program(namespaced(Namespace::App, program.name(), COMPONENT), program),
        spec: HttpRouteSpec {
            hostnames: Some(vec![host.to_owned()]),
            parent_refs: Some(vec![parent(listener)]),
            rules: Some(vec![HttpRouteRules {
                matches: Some(everything()),
                filters: Some(filters.collect()),
                backend_refs: Some(vec![HttpRouteRulesBackendRefs {
                    group: Some(String::new()),
                    kind: Some("Service".to_owned()),
                    name: program.name().to_owned(),
                    port: Some(i32::from(port.number)),
                    weight: Some(1),
                    ..HttpRouteRulesBackendRefs::default()
                }]),
                ..HttpRouteRules::default()
            }]),
        },
        status: None,
    };
    let whole = because(format!(
        "requests for {host} go to the replicas of `{}` that are ready",
        program.name()
    ));
    let parts = [
        because("the public name below the domain")
            .on("/spec/hostnames")
            .from("/domain"),
        because("headers first, so that refusals carry them too; then limits; then the program")
            .on("/spec/rules/0/filters")
            .from("/ingress/rateLimit"),
    ];
    output.add(region, COMPONENT, &route, whole, parts);
    backend_tls(region, program, port, output);
}

/// The port of a program's Service.
pub(super) fn service_port(program: Program) -> Port {
    if program == Program::Api {
        ports::API
    } else {
        ports::WEB
    }
}

fn backend_tls(region: &Region, program: Program, port: Port, output: &mut Output) {
    let policy = BackendTlsPolicy {
        metadata: of_program(namespaced(Namespace::App, program.name(), COMPONENT), program),
        spec: BackendTlsPolicySpec {
            target_refs: vec![BackendTlsPolicyTargetRefs {
                group: String::new(),
                kind: "Service".to_owned(),
                name: program.name().to_owned(),
                section_name: Some(port.name.to_owned()),
            }],
            validation: BackendTlsPolicyValidation {
                hostname: program.service_host(),
                ca_certificate_refs: Some(vec![BackendTlsPolicyValidationCaCertificateRefs {
                    group: String::new(),
                    kind: "ConfigMap".to_owned(),
                    name: certificates::TRUST_BUNDLE.to_owned(),
                }]),
                ..BackendTlsPolicyValidation::default()
            },
            options: None,
        },
        status: None,
    };
    let whole = because("TLS goes on behind Traefik: the program must show a certificate of the platform's authority");
    let parts = [
        because("the name that its certificate must carry").on("/spec/validation/hostname"),
        because("the authority's certificate, which trust-manager lays into every namespace")
            .on("/spec/validation/caCertificateRefs"),
    ];
    output.add(region, COMPONENT, &policy, whole, parts);
}
