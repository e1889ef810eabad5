//! Authorities: the platform's own, the database's own, and the public one.

use kcr_cert_manager_io::v1::certificates::{Certificate, CertificatePrivateKeyRotationPolicy, CertificateSpec};
use kcr_cert_manager_io::v1::clusterissuers::{
    ClusterIssuer, ClusterIssuerAcme, ClusterIssuerAcmePrivateKeySecretRef, ClusterIssuerAcmeSolvers,
    ClusterIssuerAcmeSolversDns01, ClusterIssuerAcmeSolversDns01Rfc2136, ClusterIssuerAcmeSolversDns01Rfc2136Protocol,
    ClusterIssuerAcmeSolversDns01Rfc2136TsigSecretSecretRef, ClusterIssuerAcmeSolversHttp01,
    ClusterIssuerAcmeSolversHttp01GatewayHttpRoute, ClusterIssuerAcmeSolversHttp01GatewayHttpRouteParentRefs,
    ClusterIssuerAcmeSolversHttp01GatewayHttpRoutePodTemplate,
    ClusterIssuerAcmeSolversHttp01GatewayHttpRoutePodTemplateSpec, ClusterIssuerAcmeSolversHttp01Ingress,
    ClusterIssuerAcmeSolversHttp01IngressPodTemplate, ClusterIssuerAcmeSolversHttp01IngressPodTemplateSpec,
    ClusterIssuerCa, ClusterIssuerSelfSigned, ClusterIssuerSpec,
};

use std::net::{IpAddr, SocketAddr};

use super::COMPONENT;
use super::identities::{issuer_ref, private_key};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{clustered, keep, namespaced};
use crate::components::output::because;
use crate::spec::IngressKind;
use crate::spec::Role;
use crate::topology::names::{Namespace, certificates, objects, ports, priorities, secrets};
use crate::topology::{Acme, Region, Topology};

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let spec = ClusterIssuerSpec {
        self_signed: Some(ClusterIssuerSelfSigned::default()),
        ..ClusterIssuerSpec::default()
    };
    let whole = "signs a certificate with its own key: how the platform's authorities begin, and for nothing else";
    issuer(region, certificates::ROOT_ISSUER, spec, because(whole), output);
    let internal = "the platform's own authority: it vouches for programs inside this region's cluster, and its key never leaves it";
    authority(
        region,
        certificates::INTERNAL_ISSUER,
        certificates::INTERNAL_CA,
        internal,
        output,
    );
    if region.role == Role::Primary {
        let database = "the authority of the database's nodes and its clients alone: Galera lets in whoever has a certificate of it, \
                        whatever name is in it";
        authority(
            region,
            certificates::DATABASE_ISSUER,
            certificates::DATABASE_CA,
            database,
            output,
        );
    }
    // Nothing is served to the public in a recovery region before it is promoted.
    let public = topology.ingress.acme.as_ref().filter(|_| region.role != Role::Recovery);
    if let Some(authority) = public {
        acme(topology, region, authority, output);
    }
}

fn issuer(region: &Region, name: &str, spec: ClusterIssuerSpec, whole: Reason, output: &mut Output) {
    let object = ClusterIssuer {
        metadata: clustered(name, COMPONENT),
        spec,
        status: None,
    };
    output.add(region, COMPONENT, &object, whole, []);
}

/// An authority: its certificate, and the issuer that signs with it.
fn authority(region: &Region, name: &str, secret: &str, why: &'static str, output: &mut Output) {
    let object = Certificate {
        metadata: keep(namespaced(Namespace::CertManager, secret, COMPONENT)),
        spec: CertificateSpec {
            secret_name: secret.to_owned(),
            common_name: Some(format!("{name} {}", region.name)),
            is_ca: Some(true),
            duration: Some("87600h0m0s".to_owned()),
            renew_before: Some("26280h0m0s".to_owned()),
            private_key: Some(private_key(CertificatePrivateKeyRotationPolicy::Never, 384)),
            usages: Some(vec!["cert sign".to_owned(), "crl sign".to_owned()]),
            revision_history_limit: Some(3),
            issuer_ref: issuer_ref(certificates::ROOT_ISSUER),
            ..CertificateSpec::default()
        },
        status: None,
    };
    let parts = [
        because("a new key would make every certificate in use worthless at one stroke; an authority's key is changed by a plan, \
                 with both trusted for a while")
            .on("/spec/privateKey/rotationPolicy"),
        because("ten years, renewed with the same key three years before").on("/spec/duration"),
        because("never pruned: with it every certificate in use would lose its authority").on("/metadata/annotations"),
    ];
    output.add(region, COMPONENT, &object, because(why), parts);
    let spec = ClusterIssuerSpec {
        ca: Some(ClusterIssuerCa {
            secret_name: secret.to_owned(),
            ..ClusterIssuerCa::default()
        }),
        ..ClusterIssuerSpec::default()
    };
    issuer(region, name, spec, because(why), output);
}

fn acme(topology: &Topology, region: &Region, authority: &Acme, output: &mut Output) {
    let (solver, proof) = match &authority.dns {
        Some((server, key)) => (by_dns(*server, key), proof_by_dns()),
        None => (by_http(topology), proof_by_http()),
    };
    let object = ClusterIssuer {
        metadata: clustered(certificates::PUBLIC_ISSUER, COMPONENT),
        spec: ClusterIssuerSpec {
            acme: Some(ClusterIssuerAcme {
                server: authority.server.as_str().to_owned(),
                email: Some(authority.email.clone()),
                private_key_secret_ref: ClusterIssuerAcmePrivateKeySecretRef {
                    name: certificates::ACME_ACCOUNT.to_owned(),
                    key: None,
                },
                solvers: Some(vec![solver]),
                ..ClusterIssuerAcme::default()
            }),
            ..ClusterIssuerSpec::default()
        },
        status: None,
    };
    let whole = because("the authority of public certificates, which browsers know").from("/ingress/tls");
    let parts = [
        because("the address of its directory")
            .on("/spec/acme/server")
            .from("/ingress/tls/acmeServer"),
        because("who is written to when a certificate cannot be renewed")
            .on("/spec/acme/email")
            .from("/ingress/tls/acmeEmail"),
        proof,
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}

fn by_dns(server: IpAddr, key: &str) -> ClusterIssuerAcmeSolvers {
    let update = ClusterIssuerAcmeSolversDns01Rfc2136 {
        nameserver: SocketAddr::new(server, ports::DNS_TCP.number).to_string(),
        protocol: Some(ClusterIssuerAcmeSolversDns01Rfc2136Protocol::Tcp),
        tsig_algorithm: Some("HMACSHA256".to_owned()),
        tsig_key_name: Some(key.to_owned()),
        tsig_secret_secret_ref: Some(ClusterIssuerAcmeSolversDns01Rfc2136TsigSecretSecretRef {
            name: secrets::ACME_DNS.to_owned(),
            key: Some(secrets::ACME_DNS_KEY.to_owned()),
        }),
    };
    ClusterIssuerAcmeSolvers {
        dns01: Some(ClusterIssuerAcmeSolversDns01 {
            rfc2136: Some(update),
            ..ClusterIssuerAcmeSolversDns01::default()
        }),
        ..ClusterIssuerAcmeSolvers::default()
    }
}

fn proof_by_dns() -> Reason {
    because("the proof is a record in the domain's DNS, which is the same in whichever region the authority asks")
        .on("/spec/acme/solvers/0/dns01")
        .from("/ingress/tls/dns")
}

fn by_http(topology: &Topology) -> ClusterIssuerAcmeSolvers {
    let http01 = match topology.ingress.kind {
        IngressKind::Gateway => ClusterIssuerAcmeSolversHttp01 {
            gateway_http_route: Some(by_gateway()),
            ingress: None,
        },
        IngressKind::Traefik => ClusterIssuerAcmeSolversHttp01 {
            gateway_http_route: None,
            ingress: Some(by_ingress(topology)),
        },
    };
    ClusterIssuerAcmeSolvers {
        http01: Some(http01),
        ..ClusterIssuerAcmeSolvers::default()
    }
}

fn proof_by_http() -> Reason {
    because("the proof is a file that Traefik serves: no program here holds a right to change DNS")
        .on("/spec/acme/solvers/0/http01")
        .from("/ingress/kind")
}

fn by_gateway() -> ClusterIssuerAcmeSolversHttp01GatewayHttpRoute {
    ClusterIssuerAcmeSolversHttp01GatewayHttpRoute {
        parent_refs: Some(vec![ClusterIssuerAcmeSolversHttp01GatewayHttpRouteParentRefs {
            group: Some("gateway.networking.k8s.io".to_owned()),
            kind: Some("Gateway".to_owned()),
            name: objects::GATEWAY.to_owned(),
            namespace: Some(Namespace::Edge.name().to_owned()),
            section_name: Some(objects::LISTENER_HTTP.to_owned()),
            port: None,
        }]),
        // cert-manager's own choice is NodePort, which opens a port on every node.
        service_type: Some("ClusterIP".to_owned()),
        pod_template: Some(ClusterIssuerAcmeSolversHttp01GatewayHttpRoutePodTemplate {
            metadata: None,
            spec: Some(ClusterIssuerAcmeSolversHttp01GatewayHttpRoutePodTemplateSpec {
                priority_class_name: Some(priorities::EDGE.to_owned()),
                ..ClusterIssuerAcmeSolversHttp01GatewayHttpRoutePodTemplateSpec::default()
            }),
        }),
        labels: None,
    }
}

fn by_ingress(topology: &Topology) -> ClusterIssuerAcmeSolversHttp01Ingress {
    ClusterIssuerAcmeSolversHttp01Ingress {
        ingress_class_name: Some(topology.ingress.class.to_string()),
        service_type: Some("ClusterIP".to_owned()),
        pod_template: Some(ClusterIssuerAcmeSolversHttp01IngressPodTemplate {
            metadata: None,
            spec: Some(ClusterIssuerAcmeSolversHttp01IngressPodTemplateSpec {
                priority_class_name: Some(priorities::EDGE.to_owned()),
                ..ClusterIssuerAcmeSolversHttp01IngressPodTemplateSpec::default()
            }),
        }),
        ..ClusterIssuerAcmeSolversHttp01Ingress::default()
    }
}
