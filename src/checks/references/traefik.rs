//! Traefik's own objects, and the annotations by which Ingresses and Services name them.

use serde_json::Value;

use super::codes;
use super::json::{annotation, each, or, text};
use super::report::{Check, Target};
use super::services::call;
use super::targets::{
    MIDDLEWARE, MIDDLEWARE_TCP, SERVERS_TRANSPORT, SERVERS_TRANSPORT_TCP, SERVICE, TLS_OPTION, TLS_STORE,
    TRAEFIK_SERVICE, USED_CONFIG_MAP, USED_SECRET,
};
use crate::finding::Finding;

const GROUP: &str = "traefik.io";

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for (kind, middleware) in [
        ("IngressRoute", MIDDLEWARE),
        ("IngressRouteTCP", MIDDLEWARE_TCP),
        ("IngressRouteUDP", MIDDLEWARE_TCP),
    ] {
        for i in ix.objects.of(GROUP, kind) {
            ingress_route(c, *i, &middleware, kind != "IngressRoute");
        }
    }
    for i in ix.objects.of(GROUP, "Middleware") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        each(&spec["chain"]["middlewares"]).for_each(|other| named(c, *i, other, &MIDDLEWARE, ns));
        service(c, *i, &spec["errors"]["service"], ns, false);
        let forward = &spec["forwardAuth"]["tls"];
        let redis = &spec["rateLimit"]["redis"];
        for secret in [
            &spec["basicAuth"]["secret"],
            &spec["digestAuth"]["secret"],
            &forward["caSecret"],
            &forward["certSecret"],
            &redis["secret"],
            &redis["tls"]["caSecret"],
            &redis["tls"]["certSecret"],
        ] {
            c.expect(*i, secret, &USED_SECRET, ns);
        }
    }
    for kind in ["ServersTransport", "ServersTransportTCP"] {
        for i in ix.objects.of(GROUP, kind) {
            transport(c, *i);
        }
    }
    for i in ix.objects.of(GROUP, "TLSOption") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        each(&spec["clientAuth"]["secretNames"]).for_each(|name| c.require(*i, name, &USED_SECRET, ns));
    }
    for i in ix.objects.of(GROUP, "TLSStore") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        for certificate in each(&spec["certificates"]).chain([&spec["defaultCertificate"]]) {
            c.expect(*i, &certificate["secretName"], &USED_SECRET, ns);
        }
    }
    for i in ix.objects.of(GROUP, "TraefikService") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        let weighted = each(&spec["weighted"]["services"]).chain(each(&spec["highestRandomWeight"]["services"]));
        let mirrored = each(&spec["mirroring"]["mirrors"]).chain([&spec["mirroring"]]);
        let failing = [&spec["failover"]["service"], &spec["failover"]["fallback"]];
        weighted
            .chain(mirrored)
            .chain(failing)
            .for_each(|s| service(c, *i, s, ns, false));
    }
    for i in ix.objects.of("", "Service") {
        annotations(c, *i, ix.objects.value(*i));
    }
}

fn ingress_route(c: &mut Check<'_>, item: usize, middleware: &Target<'_>, tcp: bool) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    for route in each(&spec["routes"]) {
        each(&route["middlewares"]).for_each(|m| named(c, item, m, middleware, ns));
        each(&route["services"]).for_each(|s| service(c, item, s, ns, tcp));
    }
    let tls = &spec["tls"];
    c.expect(item, &tls["secretName"], &USED_SECRET, ns);
    named(c, item, &tls["options"], &TLS_OPTION, ns);
    named(c, item, &tls["store"], &TLS_STORE, ns);
}

/// A reference `{name, namespace}`; the name may instead be `NAMESPACE-NAME@kubernetescrd`, or of another provider.
fn named<'a>(c: &mut Check<'a>, item: usize, reference: &'a Value, target: &Target<'_>, own: &str) {
    let name = &reference["name"];
    match text(name).split_once('@') {
        Some(_) => qualified(c, item, name, text(name), target),
        None => {
            c.expect(item, name, target, reference["namespace"].as_str().unwrap_or(own));
        }
    }
}

fn service<'a>(c: &mut Check<'a>, item: usize, service: &'a Value, own: &'a str, tcp: bool) {
    let ns = service["namespace"].as_str().unwrap_or(own);
    let internal = text(&service["name"]).contains('@');
    match service["kind"].as_str() {
        Some("TraefikService") if !internal => c.require(item, &service["name"], &TRAEFIK_SERVICE, ns),
        Some("TraefikService") => {}
        _ => call(c, item, &service["name"], &service["port"], &SERVICE, ns),
    }
    let transport = &service["serversTransport"];
    let target = if tcp { SERVERS_TRANSPORT_TCP } else { SERVERS_TRANSPORT };
    if text(transport).contains('@') {
        qualified(c, item, transport, text(transport), &target);
    } else {
        c.expect(item, transport, &target, ns);
    }
    each(&service["middlewares"]).for_each(|m| named(c, item, m, &MIDDLEWARE, own));
}

fn transport(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let spec = or(&spec["tls"], spec);
    for authority in each(&spec["rootCAs"]) {
        c.expect(item, &authority["configMap"], &USED_CONFIG_MAP, ns);
        c.expect(item, &authority["secret"], &USED_SECRET, ns);
    }
    for secret in each(&spec["rootCAsSecrets"]).chain(each(&spec["certificatesSecrets"])) {
        c.expect(item, secret, &USED_SECRET, ns);
    }
}

/// The annotations of Ingresses and Services; each names objects as `NAMESPACE-NAME@kubernetescrd`, by commas.
pub(super) fn annotations(c: &mut Check<'_>, item: usize, value: &Value) {
    if value["metadata"]["annotations"].is_null() {
        return;
    }
    for (name, target) in [
        ("traefik.ingress.kubernetes.io/router.middlewares", MIDDLEWARE),
        ("traefik.ingress.kubernetes.io/router.tls.options", TLS_OPTION),
        (
            "traefik.ingress.kubernetes.io/service.serverstransport",
            SERVERS_TRANSPORT,
        ),
    ] {
        let at = annotation(value, name);
        for one in text(at).split(',').map(str::trim).filter(|one| !one.is_empty()) {
            qualified(c, item, at, one, &target);
        }
    }
}

/// `NAMESPACE-NAME@kubernetescrd`: since both parts may hold hyphens, every way of cutting it is tried.
fn qualified(c: &mut Check<'_>, item: usize, at: &Value, name: &str, target: &Target<'_>) {
    let Some(joined) = name.strip_suffix("@kubernetescrd") else {
        return;
    };
    let cuts: Vec<_> = joined
        .match_indices('-')
        .map(|(at, _)| (&joined[..at], &joined[at + 1..]))
        .collect();
    if cuts.iter().any(|(ns, name)| c.look(target, ns, name).is_some()) {
        return;
    }
    let known = cuts
        .iter()
        .find(|(ns, _)| c.ix.namespace(ns).is_some())
        .or(cuts.first());
    if let Some((ns, name)) = known {
        c.expect_name(item, at, target, ns, name);
        return;
    }
    let finding = Finding::error(codes::TRAEFIK, format!("`{name}` is not NAMESPACE-NAME@kubernetescrd"))
        .because(target.effect)
        .mend("put the namespace and a hyphen before the name");
    c.say(item, at, finding);
}
