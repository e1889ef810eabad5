//! Ingresses and the Gateway API: classes, listeners, Services and their ports, certificates, crossings of namespaces.

use std::collections::HashSet;

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{annotation, each, is_true, text};
use super::report::{Check, Target, did_you_mean, in_namespace, listed};
use super::selector::Selector;
use super::services::{call, expect_port};
use super::targets::{
    CLUSTER_ISSUER, GATEWAY, GATEWAY_CLASS, INGRESS_CLASS, ISSUER, SERVICE, TRAEFIK_SERVICE, USED_CONFIG_MAP,
    USED_SECRET,
};
use super::traefik;
use crate::finding::Finding;

const GATEWAY_API: &str = "gateway.networking.k8s.io";
const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
const CERTIFICATE_EFFECT: &str = "clients are shown another certificate, or no connection at all";

/// A certificate's Secret, wherever a listener or an Ingress names one.
const CERTIFICATE_SECRET: Target<'static> = Target {
    effect: CERTIFICATE_EFFECT,
    ..USED_SECRET
};

pub(super) fn check(c: &mut Check<'_>) {
    ingresses(c);
    let grants = grants(c);
    gateways(c, &grants);
    for kind in ROUTES {
        for i in c.ix.objects.of(GATEWAY_API, kind) {
            route(c, *i, kind, &grants);
        }
    }
    backend_tls(c);
}

fn ingresses(c: &mut Check<'_>) {
    let ix = c.ix;
    for i in ix.objects.of("networking.k8s.io", "Ingress") {
        let (ns, value) = (ix.objects.heads[*i].ns, ix.objects.value(*i));
        let spec = &value["spec"];
        c.expect(*i, &spec["ingressClassName"], &INGRESS_CLASS, "");
        let rules = each(&spec["rules"])
            .flat_map(|rule| each(&rule["http"]["paths"]))
            .map(|path| &path["backend"]);
        for backend in rules.chain([&spec["defaultBackend"]]) {
            let service = &backend["service"];
            let port = if service["port"]["name"].is_null() {
                &service["port"]["number"]
            } else {
                &service["port"]["name"]
            };
            call(c, *i, &service["name"], port, &SERVICE, ns);
        }
        for tls in each(&spec["tls"]) {
            certificate(c, *i, ns, &tls["secretName"]);
        }
        issuer_annotations(c, *i, ns, value);
        traefik::annotations(c, *i, value);
    }
}

fn certificate<'a>(c: &mut Check<'a>, item: usize, ns: &str, name: &'a Value) {
    let Some(found) = c.expect(item, name, &CERTIFICATE_SECRET, ns) else {
        return;
    };
    if let Some(keys) = c.ix.keys(found) {
        for key in ["tls.crt", "tls.key"].into_iter().filter(|key| !keys.contains(key)) {
            let message = format!("the Secret `{}` has no key `{key}`", text(name));
            let finding = Finding::error(codes::KEY, message).because(CERTIFICATE_EFFECT);
            c.say(item, name, finding.mend(format!("the keys are {}", listed(&keys))));
        }
    }
}

fn issuer_annotations<'a>(c: &mut Check<'a>, item: usize, ns: &str, value: &'a Value) {
    c.expect(item, annotation(value, "cert-manager.io/issuer"), &ISSUER, ns);
    c.expect(
        item,
        annotation(value, "cert-manager.io/cluster-issuer"),
        &CLUSTER_ISSUER,
        "",
    );
}

/// The crossings that a `ReferenceGrant` allows: (from group, kind, namespace) to (namespace, group, kind, name or "").
type Crossing<'a> = ([&'a str; 3], [&'a str; 4]);

struct Grants<'a> {
    allowed: HashSet<Crossing<'a>>,
}

fn grants<'a>(c: &Check<'a>) -> Grants<'a> {
    let ix = c.ix;
    let mut allowed = HashSet::new();
    for i in ix.objects.of(GATEWAY_API, "ReferenceGrant") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        for from in each(&spec["from"]) {
            for to in each(&spec["to"]) {
                let from = [text(&from["group"]), text(&from["kind"]), text(&from["namespace"])];
                allowed.insert((from, [ns, text(&to["group"]), text(&to["kind"]), text(&to["name"])]));
            }
        }
    }
    Grants { allowed }
}

impl<'a> Grants<'a> {
    /// Says so if a reference crosses namespaces and no grant in the other one allows it.
    fn require(&self, c: &mut Check<'a>, item: usize, at: &Value, to: [&'a str; 3], name: &'a str) {
        let head = c.ix.objects.heads[item];
        let [ns, group, kind] = to;
        let from = [head.group, head.kind, head.ns];
        if ns == head.ns
            || ["", name]
                .iter()
                .any(|name| self.allowed.contains(&(from, [ns, group, kind, *name])))
        {
            return;
        }
        let message = format!(
            "no ReferenceGrant in namespace `{ns}` lets a {} of `{}` name its {kind} `{name}`",
            head.kind, head.ns
        );
        let finding = Finding::new(c.missing(), codes::REFERENCE_GRANT, message)
            .because("the Gateway API refuses references across namespaces that the other namespace does not grant")
            .mend(format!(
                "add a ReferenceGrant in `{ns}` from {} to {kind}, or keep both in one namespace",
                head.kind
            ));
        c.say(item, at, finding);
    }
}

/// The namespace that a reference names, or its own.
fn namespace_or<'a>(reference: &'a Value, own: &'a str) -> &'a str {
    reference["namespace"].as_str().unwrap_or(own)
}

fn gateways<'a>(c: &mut Check<'a>, grants: &Grants<'a>) {
    let ix = c.ix;
    for i in ix.objects.of(GATEWAY_API, "Gateway") {
        let (ns, value) = (ix.objects.heads[*i].ns, ix.objects.value(*i));
        c.expect(*i, &value["spec"]["gatewayClassName"], &GATEWAY_CLASS, "");
        issuer_annotations(c, *i, ns, value);
        for listener in each(&value["spec"]["listeners"]) {
            for reference in each(&listener["tls"]["certificateRefs"]) {
                if matches!(reference["kind"].as_str(), None | Some("Secret")) {
                    let there = namespace_or(reference, ns);
                    certificate(c, *i, there, &reference["name"]);
                    grants.require(
                        c,
                        *i,
                        &reference["name"],
                        [there, "", "Secret"],
                        text(&reference["name"]),
                    );
                }
            }
        }
    }
}

fn route<'a>(c: &mut Check<'a>, item: usize, kind: &str, grants: &Grants<'a>) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    for parent in each(&spec["parentRefs"]) {
        if matches!(parent["kind"].as_str(), None | Some("Gateway")) {
            attach(c, item, kind, ns, parent);
        }
    }
    for rule in each(&spec["rules"]) {
        let filters = each(&rule["filters"]);
        for reference in each(&rule["backendRefs"]) {
            backend(c, item, ns, reference, grants);
            each(&reference["filters"]).for_each(|f| filter(c, item, ns, f, grants));
        }
        filters.for_each(|f| filter(c, item, ns, f, grants));
    }
}

fn backend<'a>(c: &mut Check<'a>, item: usize, own: &'a str, reference: &'a Value, grants: &Grants<'a>) {
    let ns = namespace_or(reference, own);
    let name = text(&reference["name"]);
    match (
        reference["group"].as_str().unwrap_or_default(),
        reference["kind"].as_str().unwrap_or("Service"),
    ) {
        ("", "Service") => {
            call(c, item, &reference["name"], &reference["port"], &SERVICE, ns);
            grants.require(c, item, &reference["name"], [ns, "", "Service"], name);
        }
        // Traefik's own dashboard and API are TraefikServices that no object declares.
        ("traefik.io", "TraefikService") if !name.ends_with("@internal") => {
            c.require(item, &reference["name"], &TRAEFIK_SERVICE, ns);
        }
        _ => {}
    }
}

fn filter<'a>(c: &mut Check<'a>, item: usize, ns: &'a str, filter: &'a Value, grants: &Grants<'a>) {
    let reference = &filter["extensionRef"];
    if reference.is_object() {
        let effect = "the rule is not served: requests are answered 500";
        let (group, kind) = (text(&reference["group"]), text(&reference["kind"]));
        c.expect(
            item,
            &reference["name"],
            &Target {
                group,
                kind,
                code: codes::EXTENSION,
                effect,
            },
            ns,
        );
    }
    if filter["requestMirror"].is_object() {
        backend(c, item, ns, &filter["requestMirror"]["backendRef"], grants);
    }
}

/// A route attaches to a Gateway if one of its listeners takes the route's namespace, kind and host names.
fn attach<'a>(c: &mut Check<'a>, item: usize, kind: &str, own: &'a str, parent: &'a Value) {
    let ix = c.ix;
    let ns = namespace_or(parent, own);
    let Some(Found::Object(gateway)) = c.expect(item, &parent["name"], &GATEWAY, ns) else {
        return;
    };
    let listeners = &ix.objects.value(gateway)["spec"]["listeners"];
    let section = &parent["sectionName"];
    let names: Vec<_> = each(listeners).map(|listener| text(&listener["name"])).collect();
    let port = parent["port"].as_u64();
    let wanted = each(listeners)
        .filter(|l| section.as_str().is_none_or(|name| l["name"] == name))
        .filter(|l| port.is_none_or(|port| l["port"].as_u64() == Some(port)));
    let wanted: Vec<_> = wanted.collect();
    let title = format!("the Gateway `{}`", text(&parent["name"]));
    let (message, mend) = if wanted.is_empty() {
        let asked = section
            .as_str()
            .map_or_else(|| port.unwrap_or_default().to_string(), str::to_owned);
        let mend = format!("{}its listeners are {}", did_you_mean(&asked, &names), listed(&names));
        (format!("{title} has no listener `{asked}`"), mend)
    } else {
        let reasons: Vec<_> = wanted.iter().map(|l| refusal(c, item, kind, own, ns, l)).collect();
        if reasons.iter().any(Option::is_none) {
            return;
        }
        let why = reasons.into_iter().flatten().next().unwrap_or_default();
        (
            format!("no listener of {title}{} takes this {kind}: {why}", in_namespace(ns)),
            "let the listener take it, or name another".to_owned(),
        )
    };
    let finding = Finding::error(codes::LISTENER, message).because("the route is not accepted, and nothing serves it");
    c.say(
        item,
        if section.is_null() { &parent["name"] } else { section },
        finding.mend(mend),
    );
}

/// Why a listener does not take a route; `None` if it does.
fn refusal(c: &Check<'_>, item: usize, kind: &str, own: &str, ns: &str, listener: &Value) -> Option<String> {
    let protocol = text(&listener["protocol"]);
    let fits = match kind {
        "HTTPRoute" | "GRPCRoute" => protocol == "HTTP" || protocol == "HTTPS",
        "TLSRoute" => protocol == "TLS",
        "TCPRoute" => protocol == "TCP" || protocol == "TLS",
        _ => protocol == "UDP",
    };
    if !fits && ["HTTP", "HTTPS", "TLS", "TCP", "UDP"].contains(&protocol) {
        return Some(format!("the listener's protocol is {protocol}"));
    }
    let allowed = &listener["allowedRoutes"];
    let mut kinds = each(&allowed["kinds"]).map(|kind| text(&kind["kind"])).peekable();
    if kinds.peek().is_some() && !kinds.any(|allowed| allowed == kind) {
        return Some("the listener's allowedRoutes.kinds do not name it".to_owned());
    }
    let from = allowed["namespaces"]["from"].as_str().unwrap_or("Same");
    let selected = || {
        let selector = Selector::of(&allowed["namespaces"]["selector"]);
        c.ix.namespace(own).is_some_and(|namespace| {
            c.ix.select_namespaces(&selector)
                .iter()
                .any(|other| other.name == namespace.name)
        })
    };
    match from {
        "All" => {}
        "Selector" if selected() || (!c.complete && c.ix.namespace(own).is_none()) => {}
        "Same" if own == ns => {}
        _ => {
            return Some(format!(
                "the listener takes no routes of namespace `{own}` (from: {from})"
            ));
        }
    }
    let host = text(&listener["hostname"]);
    let mut hosts = each(&c.ix.objects.value(item)["spec"]["hostnames"])
        .map(text)
        .peekable();
    let meets = host.is_empty() || hosts.peek().is_none() || hosts.any(|name| hosts_meet(host, name));
    (!meets).then(|| format!("the listener serves only `{host}`"))
}

/// Whether two host names, either of them perhaps with a leading `*.`, have one in common.
fn hosts_meet(one: &str, other: &str) -> bool {
    let below = |wild: &str, name: &str| {
        wild.strip_prefix('*')
            .is_some_and(|suffix| name.strip_prefix('*').unwrap_or(name).ends_with(suffix))
    };
    one == other || below(one, other) || below(other, one)
}

fn backend_tls(c: &mut Check<'_>) {
    let ix = c.ix;
    let authority = Target {
        effect: "the backend's certificate cannot be checked: its requests fail",
        ..USED_CONFIG_MAP
    };
    for i in ix.objects.of(GATEWAY_API, "BackendTLSPolicy") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        for target in each(&spec["targetRefs"]).filter(|target| target["kind"] == "Service") {
            let Some(found) = c.expect(*i, &target["name"], &SERVICE, ns) else {
                continue;
            };
            expect_port(c, *i, &target["sectionName"], found, text(&target["name"]));
        }
        for reference in each(&spec["validation"]["caCertificateRefs"]) {
            let (target, title) = match reference["kind"].as_str() {
                Some("Secret") => (USED_SECRET, "the Secret"),
                _ => (authority, "the ConfigMap"),
            };
            let Some(found) = c.expect(*i, &reference["name"], &target, ns) else {
                continue;
            };
            if let Some(keys) = c.ix.keys(found).filter(|keys| !keys.contains(&"ca.crt")) {
                let message = format!("{title} `{}` has no key `ca.crt`", text(&reference["name"]));
                let finding = Finding::error(codes::KEY, message).because(authority.effect);
                c.say(
                    *i,
                    &reference["name"],
                    finding.mend(format!("the keys are {}", listed(&keys))),
                );
            }
        }
    }
}

/// Whether a class is the default of its kind.
pub(super) fn is_default(value: &Value, name: &str) -> bool {
    let flag = annotation(value, name);
    flag == "true" || is_true(flag)
}

#[cfg(test)]
mod tests {
    use super::hosts_meet;

    #[test]
    fn host_names_meet_by_wildcard() {
        for (one, other, meet) in [
            ("app.example.org", "app.example.org", true),
            ("*.example.org", "app.example.org", true),
            ("app.example.org", "*.example.org", true),
            ("*.example.org", "*.app.example.org", true),
            ("app.example.org", "www.example.org", false),
            ("*.example.org", "example.org", false),
        ] {
            assert_eq!(hosts_meet(one, other), meet, "{one} {other}");
        }
    }
}
