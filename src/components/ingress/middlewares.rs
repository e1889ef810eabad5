//! What is done to every request: headers, limits, and the answer when a program is away.

use std::collections::BTreeMap;

use galeno_contract::web::Maintenance;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_traefik_io::v1alpha1::middlewares::{
    Middleware, MiddlewareErrors, MiddlewareErrorsService, MiddlewareHeaders, MiddlewareInFlightReq,
    MiddlewareInFlightReqSourceCriterion, MiddlewareInFlightReqSourceCriterionIpStrategy, MiddlewareRateLimit,
    MiddlewareRateLimitSourceCriterion, MiddlewareRateLimitSourceCriterionIpStrategy, MiddlewareSpec,
};
use kcr_traefik_io::v1alpha1::serverstransports::{
    ServersTransport, ServersTransportForwardingTimeouts, ServersTransportRootCAs, ServersTransportSpec,
};

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::bundle::Reason;
use crate::spec::{IngressKind, Role};
use crate::topology::names::{Namespace, Program, certificates, ports};
use crate::topology::{Region, Topology};

/// Names of the middlewares, in the order in which a request meets them.
pub(super) mod names {
    pub(in crate::components) const HEADERS: &str = "security-headers";
    pub(in crate::components) const RATE_LIMIT: &str = "rate-limit";
    pub(in crate::components) const IN_FLIGHT: &str = "in-flight-limit";
    pub(in crate::components) const MAINTENANCE: &str = "maintenance";
}

/// The middlewares of a program's route. The web application answers for the API when that is away; nobody answers for it.
pub(super) fn of(program: Program) -> Vec<&'static str> {
    let mut list = vec![names::HEADERS, names::RATE_LIMIT, names::IN_FLIGHT];
    if program == Program::Api {
        list.push(names::MAINTENANCE);
    }
    list
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut add = |name: &str, spec: MiddlewareSpec, whole: Reason, parts: Vec<Reason>| {
        let middleware = Middleware {
            metadata: namespaced(Namespace::App, name, COMPONENT),
            spec,
        };
        output.add(region, COMPONENT, &middleware, whole, parts);
    };
    let (spec, parts) = headers();
    add(
        names::HEADERS,
        spec,
        because("what every answer tells a browser to do and not to do"),
        parts,
    );
    let (spec, parts) = rate_limit(topology);
    let whole = because("one client address cannot take what others need").from("/ingress/rateLimit");
    add(names::RATE_LIMIT, spec, whole, parts);
    let (spec, parts) = in_flight(topology);
    let whole = because("nor hold more requests open than it may send at once").from("/ingress/rateLimit/burst");
    add(names::IN_FLIGHT, spec, whole, parts);
    if region.role == Role::Primary {
        let (spec, parts) = maintenance();
        let whole =
            because("while the API is away, clients are told so and when to come back; nobody meets an empty page");
        add(names::MAINTENANCE, spec, whole, parts);
    }
    transports(topology, region, output);
}

fn headers() -> (MiddlewareSpec, Vec<Reason>) {
    let text = |text: &str| Some(text.to_owned());
    let custom = [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-site"),
        ("Server", ""),
        ("X-Powered-By", ""),
    ];
    let headers = MiddlewareHeaders {
        sts_seconds: Some(63_072_000),
        sts_include_subdomains: Some(true),
        force_sts_header: Some(true),
        content_type_nosniff: Some(true),
        frame_deny: Some(true),
        referrer_policy: text("no-referrer"),
        permissions_policy: text(
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), \
             publickey-credentials-create=(self)",
        ),
        custom_response_headers: Some(
            custom
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        ),
        ..MiddlewareHeaders::default()
    };
    let parts = vec![
        because("for two years browsers speak HTTPS only, before the first byte").on("/spec/headers/stsSeconds"),
        because("addresses within the application say whose record is read: they leave it for nobody")
            .on("/spec/headers/referrerPolicy"),
        because("no other site may show these pages inside its own").on("/spec/headers/frameDeny"),
    ];
    (
        MiddlewareSpec {
            headers: Some(headers),
            ..MiddlewareSpec::default()
        },
        parts,
    )
}

/// Which address a request counts for: the client's, an IPv6 network counting as one; behind trusted proxies, the one
/// that the outermost of them saw.
fn depth(topology: &Topology) -> Option<i64> {
    (topology.ingress.trusted_proxies > 0).then(|| i64::from(topology.ingress.trusted_proxies))
}

fn rate_limit(topology: &Topology) -> (MiddlewareSpec, Vec<Reason>) {
    let limit = MiddlewareRateLimit {
        average: Some(i64::from(topology.ingress.rate_average)),
        burst: Some(i64::from(topology.ingress.rate_burst)),
        period: Some(IntOrString::String("1s".to_owned())),
        source_criterion: Some(MiddlewareRateLimitSourceCriterion {
            ip_strategy: Some(MiddlewareRateLimitSourceCriterionIpStrategy {
                depth: depth(topology),
                ipv6_subnet: Some(64),
                ..MiddlewareRateLimitSourceCriterionIpStrategy::default()
            }),
            ..MiddlewareRateLimitSourceCriterion::default()
        }),
        ..MiddlewareRateLimit::default()
    };
    let parts = vec![
        because("requests a second in the long run, counted by each replica of Traefik for itself")
            .on("/spec/rateLimit/average")
            .from("/ingress/rateLimit/average"),
        because("requests at once")
            .on("/spec/rateLimit/burst")
            .from("/ingress/rateLimit/burst"),
        because("a deeper header than there are proxies could be made up by the client")
            .on("/spec/rateLimit/sourceCriterion")
            .from("/ingress/trustedProxies"),
    ];
    (
        MiddlewareSpec {
            rate_limit: Some(limit),
            ..MiddlewareSpec::default()
        },
        parts,
    )
}

fn in_flight(topology: &Topology) -> (MiddlewareSpec, Vec<Reason>) {
    let limit = MiddlewareInFlightReq {
        amount: Some(i64::from(topology.ingress.rate_burst)),
        source_criterion: Some(MiddlewareInFlightReqSourceCriterion {
            ip_strategy: Some(MiddlewareInFlightReqSourceCriterionIpStrategy {
                depth: depth(topology),
                ipv6_subnet: Some(64),
                ..MiddlewareInFlightReqSourceCriterionIpStrategy::default()
            }),
            ..MiddlewareInFlightReqSourceCriterion::default()
        }),
    };
    let parts = vec![
        because("as many as it may send at once")
            .on("/spec/inFlightReq/amount")
            .from("/ingress/rateLimit/burst"),
    ];
    (
        MiddlewareSpec {
            in_flight_req: Some(limit),
            ..MiddlewareSpec::default()
        },
        parts,
    )
}

fn maintenance() -> (MiddlewareSpec, Vec<Reason>) {
    let errors = MiddlewareErrors {
        status: Some(vec!["502-504".to_owned()]),
        query: Some(Maintenance::default().path),
        service: Some(MiddlewareErrorsService {
            name: Program::Web.name().to_owned(),
            port: Some(IntOrString::String(ports::WEB.name.to_owned())),
            scheme: Some("https".to_owned()),
            servers_transport: Some(Program::Web.name().to_owned()),
            ..MiddlewareErrorsService::default()
        }),
        status_rewrites: Some([("502-504".to_owned(), 503)].into()),
    };
    let parts = vec![
        because("no replica is ready (its database is away, or a restored one is not accepted yet), or none answers")
            .on("/spec/errors/status"),
        because("the web application answers with a page or `problem+json`, and with `Retry-After`")
            .on("/spec/errors/service"),
        because("the same where the web application looks for it").on("/spec/errors/query"),
    ];
    (
        MiddlewareSpec {
            errors: Some(errors),
            ..MiddlewareSpec::default()
        },
        parts,
    )
}

/// How Traefik speaks TLS with the programs behind it where Gateway API has no say.
fn transports(topology: &Topology, region: &Region, output: &mut Output) {
    let mut programs = Vec::new();
    if region.role == Role::Primary || topology.ingress.kind == IngressKind::Traefik {
        programs.push(Program::Web);
    }
    if region.role == Role::Primary && topology.ingress.kind == IngressKind::Traefik {
        programs.push(Program::Api);
    }
    for program in programs {
        let transport = ServersTransport {
            metadata: namespaced(Namespace::App, program.name(), COMPONENT),
            spec: ServersTransportSpec {
                server_name: Some(program.service_host()),
                root_c_as: Some(vec![ServersTransportRootCAs {
                    config_map: Some(certificates::TRUST_BUNDLE.to_owned()),
                    secret: None,
                }]),
                // Both, and apart: Traefik (3.7.12) takes a least that is not below the most for a mistake, and forgets the
                // whole transport. Both ends speak 1.3, and so agree on it.
                min_version: Some("VersionTLS12".to_owned()),
                max_version: Some("VersionTLS13".to_owned()),
                forwarding_timeouts: Some(ServersTransportForwardingTimeouts {
                    dial_timeout: Some(IntOrString::String("3s".to_owned())),
                    ..ServersTransportForwardingTimeouts::default()
                }),
                ..ServersTransportSpec::default()
            },
        };
        let whole =
            because("TLS goes on behind Traefik: the program must show a certificate of the platform's authority");
        let parts = [because("the name that its certificate must carry").on("/spec/serverName")];
        output.add(region, COMPONENT, &transport, whole, parts);
    }
}
