//! The Prometheus operator's objects: what they scrape, what they read, and who picks them.

use serde_json::Value;

use super::codes;
use super::index::Index;
use super::json::{each, members, text};
use super::placement::nothing;
use super::report::{Check, Target, did_you_mean, listed};
use super::selector::{Labels, Selector};
use super::services::{call, show};
use super::targets::{SERVICE, SERVICE_ACCOUNT, STORAGE_CLASS, USED_CONFIG_MAP, USED_SECRET};
use super::values::Values;
use super::world::{Delivery, World};
use crate::finding::Finding;

const GROUP: &str = "monitoring.coreos.com";
const KINDS: [&str; 7] = [
    "ServiceMonitor",
    "PodMonitor",
    "Probe",
    "ScrapeConfig",
    "Prometheus",
    "Alertmanager",
    "AlertmanagerConfig",
];

pub(super) fn check<'a>(c: &mut Check<'a>, world: &'a World<'a>, cluster: &str) {
    let ix = c.ix;
    for i in ix.objects.of(GROUP, "ServiceMonitor") {
        service_monitor(c, *i);
    }
    for i in ix.objects.of(GROUP, "PodMonitor") {
        pod_monitor(c, *i);
    }
    for kind in KINDS {
        for i in ix.objects.of(GROUP, kind) {
            keyed(c, *i);
        }
    }
    for i in ix.objects.of(GROUP, "Prometheus") {
        prometheus(c, *i);
    }
    for i in ix.objects.of(GROUP, "Alertmanager") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        c.expect(*i, &spec["serviceAccountName"], &SERVICE_ACCOUNT, ns);
        c.expect(*i, &spec["configSecret"], &USED_SECRET, ns);
        let target = Target {
            group: GROUP,
            kind: "AlertmanagerConfig",
            code: codes::RECEIVER,
            effect: "no alert is routed",
        };
        c.expect(*i, &spec["alertmanagerConfiguration"]["name"], &target, ns);
    }
    for i in ix.objects.of(GROUP, "AlertmanagerConfig") {
        receivers(c, *i);
    }
    picked(c, world, cluster);
}

/// The namespaces in which a monitor looks.
fn namespaces<'a>(ix: &Index<'a>, own: &'a str, selector: &'a Value) -> Vec<&'a str> {
    let named: Vec<_> = each(&selector["matchNames"]).map(text).collect();
    match (selector["any"] == true, named.is_empty()) {
        (true, _) => ix.namespaces.iter().map(|namespace| namespace.name).collect(),
        (false, false) => named,
        (false, true) => vec![own],
    }
}

fn service_monitor(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (own, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let selector = Selector::of(&spec["selector"]);
    let looked = namespaces(ix, own, &spec["namespaceSelector"]);
    let found: Vec<_> = looked.iter().flat_map(|ns| ix.select_services(ns, &selector)).collect();
    if found.is_empty() && !looked.iter().any(|ns| ix.is_trusted("Service", ns)) {
        let ns = if looked.len() == 1 { looked[0] } else { "" };
        nothing(
            c,
            item,
            &spec["selector"],
            "Services",
            &selector,
            ns,
            "nothing is scraped, and no alert on it can fire",
        );
        return;
    }
    let ports: Vec<_> = found
        .iter()
        .filter_map(|found| ix.service_ports(*found))
        .flatten()
        .collect();
    if ports.is_empty() {
        return;
    }
    let names: Vec<_> = ports.iter().map(|port| port.name).collect();
    for endpoint in each(&spec["endpoints"]) {
        let wanted = &endpoint["port"];
        if wanted.as_str().is_some_and(|name| !names.contains(&name)) {
            let shown: Vec<_> = ports.iter().map(show).collect();
            no_port(c, item, wanted, "the Services it selects have", &names, &shown);
        }
    }
}

fn pod_monitor(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (own, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let selector = Selector::of(&spec["selector"]);
    let looked = namespaces(ix, own, &spec["namespaceSelector"]);
    let found: Vec<_> = looked.iter().flat_map(|ns| ix.pods.select(ns, &selector)).collect();
    if found.is_empty() && !looked.iter().any(|ns| ix.is_trusted("Pods", ns)) {
        let ns = if looked.len() == 1 { looked[0] } else { "" };
        nothing(
            c,
            item,
            &spec["selector"],
            "pods",
            &selector,
            ns,
            "nothing is scraped, and no alert on it can fire",
        );
        return;
    }
    let sets: Vec<_> = found.iter().map(|set| &ix.pods.sets[*set]).collect();
    if sets.iter().any(|set| set.item.is_none() && set.ports.is_empty()) {
        return;
    }
    let ports: Vec<_> = sets.iter().flat_map(|set| &set.ports).collect();
    let names: Vec<_> = ports
        .iter()
        .map(|port| port.name)
        .filter(|name| !name.is_empty())
        .collect();
    for endpoint in each(&spec["podMetricsEndpoints"]) {
        let wanted = &endpoint["port"];
        let number = endpoint["portNumber"].as_u64();
        if wanted.as_str().is_some_and(|name| !names.contains(&name)) {
            let shown: Vec<_> = ports.iter().map(|port| show(port)).collect();
            no_port(c, item, wanted, "the pods it selects have", &names, &shown);
        } else if number.is_some_and(|n| !ports.is_empty() && !ports.iter().any(|p| u64::from(p.number) == n)) {
            let shown: Vec<_> = ports.iter().map(|port| show(port)).collect();
            no_port(
                c,
                item,
                &endpoint["portNumber"],
                "the pods it selects have",
                &names,
                &shown,
            );
        }
    }
}

fn no_port(c: &mut Check<'_>, item: usize, at: &Value, whose: &str, names: &[&str], shown: &[String]) {
    let wanted = at.as_str().map_or_else(|| at.to_string(), str::to_owned);
    let shown: Vec<_> = shown.iter().map(String::as_str).collect();
    let finding = Finding::error(codes::MONITOR_PORT, format!("{whose} no port `{wanted}`"))
        .because("the target is never scraped, and says nothing about it")
        .mend(format!(
            "{}the ports are {}",
            did_you_mean(&wanted, names),
            listed(&shown)
        ));
    c.say(item, at, finding);
}

/// References `{name, key}` at whatever depth: to a ConfigMap below `configMap`, else to a Secret.
fn keyed(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let ns = ix.objects.heads[item].ns;
    let mut references = Vec::new();
    members(&ix.objects.value(item)["spec"], |field, value| {
        let is_reference = value.as_object().is_some_and(|map| {
            let known = |key: &String| ["name", "key", "optional"].contains(&key.as_str());
            map.contains_key("name") && map.contains_key("key") && map.keys().all(known)
        });
        if is_reference {
            references.push((field, value));
        }
    });
    let effect = "the operator refuses the object, or the scrape or alert fails";
    for (field, reference) in references {
        let target = if field == "configMap" {
            USED_CONFIG_MAP
        } else {
            USED_SECRET
        };
        let optional = reference["optional"] == true;
        let found = c.expect_unless(optional, item, &reference["name"], &Target { effect, ..target }, ns);
        if let Some(found) = found.filter(|_| !optional) {
            let title = format!("the {} `{}`", target.kind, text(&reference["name"]));
            c.expect_key(item, &reference["key"], found, &title, effect);
        }
    }
}

fn prometheus(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    c.expect(item, &spec["serviceAccountName"], &SERVICE_ACCOUNT, ns);
    c.expect(
        item,
        &spec["storage"]["volumeClaimTemplate"]["spec"]["storageClassName"],
        &STORAGE_CLASS,
        "",
    );
    let target = Target {
        effect: "no alert reaches anybody",
        ..SERVICE
    };
    for alertmanager in each(&spec["alerting"]["alertmanagers"]) {
        let there = alertmanager["namespace"].as_str().unwrap_or(ns);
        call(c, item, &alertmanager["name"], &alertmanager["port"], &target, there);
    }
    each(&spec["secrets"]).for_each(|name| c.require(item, name, &USED_SECRET, ns));
    each(&spec["configMaps"]).for_each(|name| c.require(item, name, &USED_CONFIG_MAP, ns));
}

fn receivers(c: &mut Check<'_>, item: usize) {
    let spec = &c.ix.objects.value(item)["spec"];
    let names: Vec<_> = each(&spec["receivers"])
        .map(|receiver| text(&receiver["name"]))
        .collect();
    let mut open = vec![&spec["route"]];
    while let Some(route) = open.pop() {
        open.extend(each(&route["routes"]));
        let at = &route["receiver"];
        if at.as_str().is_some_and(|name| !names.contains(&name)) {
            let message = format!("there is no receiver `{}`", text(at));
            let finding = Finding::error(codes::RECEIVER, message)
                .because("the operator refuses the configuration: no alert is routed");
            c.say(
                item,
                at,
                finding.mend(format!(
                    "{}the receivers are {}",
                    did_you_mean(text(at), &names),
                    listed(&names)
                )),
            );
        }
    }
}

/// What one Prometheus picks of a kind: labels, and namespaces (`None`: only its own, which is given).
struct Picker<'a> {
    labels: Option<Selector<'a>>,
    release: Option<&'a str>,
    namespaces: Option<Selector<'a>>,
    home: &'a str,
}

/// Monitors and rules that no Prometheus picks. Only where one is declared, or its chart is installed, can that be known.
fn picked<'a>(c: &mut Check<'a>, world: &'a World<'a>, cluster: &str) {
    let ix = c.ix;
    for (kind, stem) in [
        ("ServiceMonitor", "serviceMonitor"),
        ("PodMonitor", "podMonitor"),
        ("Probe", "probe"),
        ("PrometheusRule", "rule"),
    ] {
        let monitors = ix.objects.of(GROUP, kind);
        if monitors.is_empty() {
            continue;
        }
        let mut pickers: Vec<_> = ix
            .objects
            .of(GROUP, "Prometheus")
            .iter()
            .map(|i| of_server(ix, *i, stem))
            .collect();
        pickers.extend(charts(world, cluster).map(|(release, ns, values)| of_chart(release, ns, values, stem)));
        if pickers.is_empty() {
            continue;
        }
        for i in monitors {
            if pickers.iter().any(|picker| picker.picks(ix, *i)) {
                continue;
            }
            let release = pickers.iter().find_map(|picker| picker.release);
            let mend = release.map_or_else(
                || format!("give it the labels that a Prometheus' {stem}Selector and {stem}NamespaceSelector ask for"),
                |release| {
                    format!("label it `release: {release}`, or set {stem}SelectorNilUsesHelmValues: false in the chart")
                },
            );
            let finding = Finding::warning(codes::MONITOR_UNSELECTED, format!("no Prometheus selects this {kind}"))
                .because("its targets are not scraped, or its alerts never fire");
            c.say(*i, &ix.objects.value(*i)["metadata"]["labels"], finding.mend(mend));
        }
    }
}

/// The releases of the chart that brings a Prometheus of its own.
fn charts<'a>(world: &'a World<'a>, cluster: &str) -> impl Iterator<Item = (&'a str, &'a str, &'a Values<'a>)> {
    let apps = world.apps_to(cluster);
    apps.flat_map(|app| {
        app.sources.iter().filter_map(|source| match &source.what {
            Delivery::Chart {
                name: "kube-prometheus-stack",
                release,
                values,
            } => Some((*release, app.ns, values)),
            _ => None,
        })
    })
}

/// A selector that is absent picks nothing; an absent namespace selector is the server's own namespace.
fn of_server<'a>(ix: &'a Index<'a>, item: usize, stem: &str) -> Picker<'a> {
    let spec = &ix.objects.value(item)["spec"];
    let selector = |name: String| {
        Some(&spec[name.as_str()])
            .filter(|value| value.is_object())
            .map(Selector::of)
    };
    Picker {
        labels: selector(format!("{stem}Selector")),
        release: None,
        namespaces: selector(format!("{stem}NamespaceSelector")),
        home: ix.objects.heads[item].ns,
    }
}

/// The chart's Prometheus picks, in all namespaces, what carries its release's label, unless its values say otherwise.
fn of_chart<'a>(release: &'a str, home: &'a str, values: &'a Values<'a>, stem: &str) -> Picker<'a> {
    let path = format!("prometheus.prometheusSpec.{stem}Selector");
    let written = Selector::of(values.mapping(&path));
    let labelled = written.is_empty() && values.get(&format!("{path}NilUsesHelmValues")).as_deref() != Some("false");
    let namespaces = Selector::of(values.mapping(&format!("prometheus.prometheusSpec.{stem}NamespaceSelector")));
    Picker {
        labels: Some(written),
        release: labelled.then_some(release),
        namespaces: Some(namespaces),
        home,
    }
}

impl<'a> Picker<'a> {
    fn picks(&self, ix: &Index<'a>, item: usize) -> bool {
        let head = ix.objects.heads[item];
        let labels = Labels::of(&ix.objects.value(item)["metadata"]);
        let chosen = self
            .labels
            .as_ref()
            .is_some_and(|selector| selector.matches(|key| labels.get(key)));
        let there = match &self.namespaces {
            Some(selector) => ix
                .namespace(head.ns)
                .is_none_or(|namespace| namespace.is_selected_by(selector)),
            None => head.ns == self.home,
        };
        chosen
            && there
            && self
                .release
                .is_none_or(|release| labels.get("release") == Some(release))
    }
}
