//! Services: whom they select, on which ports, and who calls them by name and port.

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{each, entries, text};
use super::placement::nothing;
use super::pods::{PodSet, Port, protocol};
use super::report::{Check, Target, did_you_mean, listed};
use super::selector::Selector;
use super::targets::SERVICE;
use crate::finding::{Finding, Severity};

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for i in ix.objects.of("", "Service") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        if text(&spec["type"]) == "ExternalName" {
            continue;
        }
        if entries(&spec["selector"]).next().is_none() {
            endpoints(c, *i, ns);
            continue;
        }
        let selector = Selector::of_map(&spec["selector"]);
        let chosen: Vec<_> = ix
            .pods
            .select(ns, &selector)
            .into_iter()
            .map(|set| &ix.pods.sets[set])
            .collect();
        if chosen.is_empty() && !ix.is_trusted("Pods", ns) {
            nothing(
                c,
                *i,
                &spec["selector"],
                "pods",
                &selector,
                ns,
                "the Service has no endpoints: it answers nobody",
            );
        }
        for port in each(&spec["ports"]) {
            target_port(c, *i, port, &chosen);
        }
    }
    governing(c);
}

/// A Service without a selector is served by endpoints that somebody writes.
fn endpoints(c: &mut Check<'_>, item: usize, ns: &str) {
    let ix = c.ix;
    let name = ix.objects.heads[item].name;
    let slices = ix.objects.of("discovery.k8s.io", "EndpointSlice").iter();
    let mut slices = slices
        .filter(|i| ix.objects.heads[**i].ns == ns)
        .map(|i| ix.objects.value(*i));
    let has_slice = slices.any(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == name);
    if !has_slice && ix.objects.find("", "Endpoints", ns, name).is_none() && !ix.is_trusted("Service", ns) {
        let finding = Finding::warning(
            codes::NO_ENDPOINTS,
            format!("the Service `{name}` has no selector and no endpoints"),
        )
        .because("it answers nobody until somebody writes an EndpointSlice for it")
        .mend("select the pods that serve it, or add the EndpointSlice");
        c.say(item, &ix.objects.value(item)["spec"], finding);
    }
}

/// The port of its pods to which a Service port leads, where it can be known: by number.
pub(super) fn resolve(port: &Value, set: &PodSet<'_>) -> Option<u16> {
    let target = if port["targetPort"].is_null() {
        &port["port"]
    } else {
        &port["targetPort"]
    };
    match target.as_str() {
        Some(name) => match name.parse() {
            Ok(number) => Some(number),
            Err(_) => set.named_port(name).map(|port| port.number),
        },
        None => target.as_u64().and_then(|number| u16::try_from(number).ok()),
    }
}

fn target_port(c: &mut Check<'_>, item: usize, port: &Value, chosen: &[&PodSet<'_>]) {
    let wanted = protocol(port);
    let written = if port["targetPort"].is_null() {
        &port["port"]
    } else {
        &port["targetPort"]
    };
    let name = written.as_str().filter(|name| name.parse::<u16>().is_err());
    for set in chosen {
        let (listens, what) = match name {
            Some(name) => {
                let known = set.item.is_some() || !set.ports.is_empty();
                let named = set.ports.iter().any(|p| p.name == name && p.protocol == wanted);
                (known.then_some(named), format!("named `{name}` ({wanted})"))
            }
            None => match resolve(port, set) {
                Some(number) => (set.listens(number, wanted), format!("{number}/{wanted}")),
                None => continue,
            },
        };
        if listens == Some(false) {
            let mine: Vec<_> = set.ports.iter().map(show).collect();
            let mine: Vec<_> = mine.iter().map(String::as_str).collect();
            let message = format!("the pods of {} have no port {what}", set.title);
            let finding = Finding::error(codes::TARGET_PORT, message)
                .because("connections to this port of the Service are refused, or it has no endpoints")
                .mend(format!(
                    "the pods' ports are {}: name one of them as targetPort, or declare it",
                    listed(&mine)
                ));
            c.say(item, written, finding);
        }
    }
}

/// `http 8080/TCP`.
pub(super) fn show(port: &Port<'_>) -> String {
    let Port { name, number, protocol } = port;
    if name.is_empty() {
        format!("{number}/{protocol}")
    } else {
        format!("{name} {number}/{protocol}")
    }
}

/// The Service that gives the pods of a `StatefulSet` their names.
fn governing(c: &mut Check<'_>) {
    let ix = c.ix;
    let target = Target {
        effect: "the pods get no DNS names, so that they cannot find each other",
        ..SERVICE
    };
    for i in ix.objects.of("apps", "StatefulSet") {
        let (ns, name) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]["serviceName"]);
        let Some(Found::Object(service)) = c.expect(*i, name, &target, ns) else {
            continue;
        };
        let spec = &ix.objects.value(service)["spec"];
        let Some(set) = ix.pods.of_item(*i).map(|set| &ix.pods.sets[set]) else {
            continue;
        };
        let selects =
            entries(&spec["selector"]).next().is_some() && set.is_selected_by(&Selector::of_map(&spec["selector"]));
        let fault = match (text(&spec["clusterIP"]) == "None", selects) {
            (true, true) => continue,
            (false, _) => format!("the governing Service `{}` is not headless", text(name)),
            (true, false) => format!(
                "the governing Service `{}` does not select the pods of this StatefulSet",
                text(name)
            ),
        };
        let finding = Finding::error(codes::NOT_HEADLESS, fault)
            .because("the pods get no DNS names of their own, so that they cannot find each other")
            .mend("name a Service with `clusterIP: None` whose selector matches the pod template");
        c.say(*i, name, finding);
    }
}

/// A Service that something calls, and the port of it: a number, or a name.
pub(super) fn call<'a>(
    c: &mut Check<'a>,
    item: usize,
    name: &'a Value,
    port: &'a Value,
    target: &Target<'_>,
    ns: &str,
) {
    if let Some(found) = c.expect(item, name, target, ns) {
        expect_port(c, item, port, found, text(name));
    }
}

/// Says so if a Service that was found lacks a port.
pub(super) fn expect_port(c: &mut Check<'_>, item: usize, port: &Value, found: Found, service: &str) {
    let Some(ports) = c.ix.service_ports(found) else { return };
    let (has, wanted) = match (port.as_u64(), port.as_str()) {
        (Some(number), _) => (ports.iter().any(|p| u64::from(p.number) == number), number.to_string()),
        (_, Some(name)) => {
            let by_number = |p: &Port<'_>| name.parse() == Ok(p.number);
            (ports.iter().any(|p| p.name == name || by_number(p)), name.to_owned())
        }
        _ => return,
    };
    if has {
        return;
    }
    let names: Vec<_> = ports.iter().map(|p| p.name).filter(|name| !name.is_empty()).collect();
    let shown: Vec<_> = ports.iter().map(show).collect();
    let shown: Vec<_> = shown.iter().map(String::as_str).collect();
    let mend = format!("{}its ports are {}", did_you_mean(&wanted, &names), listed(&shown));
    let finding = Finding::new(
        Severity::Error,
        codes::SERVICE_PORT,
        format!("the Service `{service}` has no port `{wanted}`"),
    )
    .because("requests are answered with an error: there is nowhere to send them");
    c.say(item, port, finding.mend(mend));
}
