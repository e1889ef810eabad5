//! Routes by `Ingress` objects, where somebody wants those instead of Gateway API.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use kcr_traefik_io::v1alpha1::tlsstores::{TlsStore, TlsStoreCertificates, TlsStoreSpec};

use super::super::common::{clustered, namespaced, of_program};
use super::super::output::because;
use super::gateway::service_port;
use super::{COMPONENT, Output, middlewares};
use crate::spec::Role;
use crate::topology::names::{Namespace, Program, certificates, ports};
use crate::topology::{Region, Topology};

/// Prefix of Traefik's annotations.
const PREFIX: &str = "traefik.ingress.kubernetes.io";

pub(super) fn class(topology: &Topology, region: &Region, output: &mut Output) {
    let class = IngressClass {
        metadata: clustered(topology.ingress.class.as_str(), COMPONENT),
        spec: Some(IngressClassSpec {
            controller: Some("traefik.io/ingress-controller".to_owned()),
            parameters: None,
        }),
    };
    let whole = because("`Ingress` objects of this class are Traefik's").from("/ingress/class");
    output.add(region, COMPONENT, &class, whole, []);
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut secrets = vec![certificates::PUBLIC_APP];
    route(topology, region, Program::Web, &topology.web_host(), output);
    if region.role == Role::Primary {
        secrets.push(certificates::PUBLIC_API);
        route(topology, region, Program::Api, &topology.api_host(), output);
    }
    store(region, &secrets, output);
}

/// The annotations of a program's Service: how Traefik speaks with it.
pub(in crate::components) fn service_annotations(program: Program) -> BTreeMap<String, String> {
    let transport = format!("{}-{}@kubernetescrd", Namespace::App.name(), program.name());
    BTreeMap::from([
        (format!("{PREFIX}/service.serversscheme"), "https".to_owned()),
        (format!("{PREFIX}/service.serverstransport"), transport),
    ])
}

fn route(topology: &Topology, region: &Region, program: Program, host: &str, output: &mut Output) {
    let chain = middlewares::of(program)
        .into_iter()
        .map(|name| format!("{}-{name}@kubernetescrd", Namespace::App.name()))
        .collect::<Vec<_>>()
        .join(",");
    let mut metadata = of_program(namespaced(Namespace::App, program.name(), COMPONENT), program);
    metadata.annotations = Some(BTreeMap::from([
        (format!("{PREFIX}/router.entrypoints"), ports::EDGE.name.to_owned()),
        (format!("{PREFIX}/router.tls"), "true".to_owned()),
        (format!("{PREFIX}/router.middlewares"), chain),
    ]));
    let ingress = Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: Some(topology.ingress.class.to_string()),
            tls: Some(vec![IngressTLS {
                hosts: Some(vec![host.to_owned()]),
                secret_name: None,
            }]),
            rules: Some(vec![IngressRule {
                host: Some(host.to_owned()),
                http: Some(HTTPIngressRuleValue {
                    paths: vec![HTTPIngressPath {
                        path: Some("/".to_owned()),
                        path_type: "Prefix".to_owned(),
                        backend: IngressBackend {
                            service: Some(IngressServiceBackend {
                                name: program.name().to_owned(),
                                port: Some(ServiceBackendPort {
                                    name: Some(service_port(program).name.to_owned()),
                                    number: None,
                                }),
                            }),
                            resource: None,
                        },
                    }],
                }),
            }]),
            default_backend: None,
        }),
        status: None,
    };
    let whole = because(format!(
        "requests for {host} go to the replicas of `{}` that are ready",
        program.name()
    ));
    let parts = [
        because("the public name below the domain")
            .on("/spec/rules/0/host")
            .from("/domain"),
        because("served by TLS only, after the headers and limits of every request; the certificate lies with Traefik")
            .on("/metadata/annotations")
            .from("/ingress/kind"),
    ];
    output.add(region, COMPONENT, &ingress, whole, parts);
}

/// Public certificates stay in Traefik's namespace, where the application cannot read their keys.
fn store(region: &Region, secrets: &[&str], output: &mut Output) {
    let store = TlsStore {
        metadata: namespaced(Namespace::Edge, "default", COMPONENT),
        spec: TlsStoreSpec {
            certificates: Some(
                secrets
                    .iter()
                    .map(|secret| TlsStoreCertificates {
                        secret_name: (*secret).to_owned(),
                    })
                    .collect(),
            ),
            default_certificate: None,
            default_generated_cert: None,
        },
    };
    let whole =
        because("the public certificates; their keys stay in Traefik's namespace, which the application cannot read");
    output.add(region, COMPONENT, &store, whole, []);
}
