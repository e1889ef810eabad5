//! Where pods go and how many there are: spread, affinity, overlapping workloads, autoscalers, disruption budgets.

use serde_json::Value;

use super::codes;
use super::index::NOWHERE;
use super::json::{each, text};
use super::pods::{PodSet, containers};
use super::report::{Check, Target, in_namespace, listed};
use super::selector::Selector;
use crate::finding::{Finding, Severity};

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for set in &ix.pods.sets {
        if let Some(item) = set.item {
            spread(c, item, set);
            affinity(c, item, set);
            overlap(c, item, set);
        }
    }
    autoscalers(c);
    budgets(c);
}

fn spread<'a>(c: &mut Check<'a>, item: usize, set: &PodSet<'a>) {
    for constraint in each(&set.spec["topologySpreadConstraints"]) {
        let selector = &constraint["labelSelector"];
        let own = Selector::of(selector);
        if selector.is_object() && set.is_selected_by(&own) {
            continue;
        }
        let (at, says) = if selector.is_object() {
            (
                selector,
                format!("the spread counts pods with {own}, which the pods of this workload are not"),
            )
        } else {
            (
                constraint,
                "the spread has no labelSelector and so counts no pods".to_owned(),
            )
        };
        let finding = Finding::error(codes::SPREAD, says)
            .because("the scheduler counts only pods that the selector matches: these pods are not spread at all")
            .mend("select the labels of the pod template");
        c.say(item, at, finding);
    }
}

fn affinity<'a>(c: &mut Check<'a>, item: usize, set: &PodSet<'a>) {
    let affinity = &set.spec["affinity"];
    for side in ["podAffinity", "podAntiAffinity"] {
        let required = each(&affinity[side]["requiredDuringSchedulingIgnoredDuringExecution"]);
        let preferred = each(&affinity[side]["preferredDuringSchedulingIgnoredDuringExecution"]);
        for term in required.chain(preferred.map(|weighted| &weighted["podAffinityTerm"])) {
            let written = &term["labelSelector"];
            let selector = Selector::of(written);
            if !written.is_object() || set.is_selected_by(&selector) || term_matches(c, set.ns, term, &selector) {
                continue;
            }
            let finding = Finding::warning(codes::AFFINITY, format!("no pods have {selector}"))
                .because("the term has no effect, or, where it is required, keeps the pods Pending")
                .mend("select the labels of the pods that are meant");
            c.say(item, written, finding);
        }
    }
}

fn term_matches<'a>(c: &Check<'a>, own: &'a str, term: &'a Value, selector: &Selector<'a>) -> bool {
    let ix = c.ix;
    let mut namespaces: Vec<_> = each(&term["namespaces"]).map(text).collect();
    if term["namespaceSelector"].is_object() {
        let chosen = ix.select_namespaces(&Selector::of(&term["namespaceSelector"]));
        namespaces.extend(chosen.iter().map(|namespace| namespace.name));
    } else if namespaces.is_empty() {
        namespaces.push(own);
    }
    namespaces
        .iter()
        .any(|ns| ix.is_trusted("Pods", ns) || !ix.pods.select(ns, selector).is_empty())
}

/// Two controllers whose selectors match the same pods count, scale and expose each other's.
fn overlap<'a>(c: &mut Check<'a>, item: usize, set: &PodSet<'a>) {
    let ix = c.ix;
    let head = ix.objects.heads[item];
    let written = &ix.objects.value(item)["spec"]["selector"];
    if head.group != "apps" || !written.is_object() {
        return;
    }
    let selector = Selector::of(written);
    let others = ix.pods.select(set.ns, &selector).into_iter().map(|i| &ix.pods.sets[i]);
    let others: Vec<_> = others
        .filter(|other| other.item != Some(item))
        .map(|other| other.title.as_str())
        .collect();
    if !selector.is_empty() && !others.is_empty() {
        let message = format!("the selector {selector} matches also the pods of {}", listed(&others));
        let finding = Finding::error(codes::OVERLAP, message)
            .because("the controllers, Services and budgets of one count and pick the pods of the other")
            .mend("give each workload a label of its own, and select it");
        c.say(item, written, finding);
    }
}

fn autoscalers(c: &mut Check<'_>) {
    let ix = c.ix;
    for i in ix.objects.of("autoscaling", "HorizontalPodAutoscaler") {
        let spec = &ix.objects.value(*i)["spec"];
        let reference = &spec["scaleTargetRef"];
        let version = text(&reference["apiVersion"]);
        let target = Target {
            group: version.split_once('/').map_or("", |(group, _)| group),
            kind: text(&reference["kind"]),
            code: codes::SCALE_TARGET,
            effect: "nothing is scaled",
        };
        let ns = ix.objects.heads[*i].ns;
        let Some(super::index::Found::Object(scaled)) = c.expect(*i, &reference["name"], &target, ns) else {
            continue;
        };
        let Some(set) = ix.pods.of_item(scaled).map(|set| &ix.pods.sets[set]) else {
            continue;
        };
        let names: Vec<_> = containers(set.spec).map(|container| text(&container["name"])).collect();
        for metric in each(&spec["metrics"]) {
            let name = &metric["containerResource"]["container"];
            if name.as_str().is_some_and(|name| !names.contains(&name)) {
                let message = format!("{} has no container `{}`", set.title, text(name));
                let finding =
                    Finding::error(codes::CONTAINER, message).because("the metric is never found: no scaling");
                c.say(*i, name, finding.mend(format!("the containers are {}", listed(&names))));
            }
        }
    }
}

fn budgets(c: &mut Check<'_>) {
    let ix = c.ix;
    let scaled = least_replicas(c);
    for i in ix.objects.of("policy", "PodDisruptionBudget") {
        let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
        let selector = Selector::of(&spec["selector"]);
        let chosen: Vec<_> = ix
            .pods
            .select(ns, &selector)
            .into_iter()
            .map(|set| &ix.pods.sets[set])
            .collect();
        if chosen.is_empty() && !ix.is_trusted("Pods", ns) {
            nothing(c, *i, &spec["selector"], "pods", &selector, ns, "nothing is protected");
            continue;
        }
        if chosen.len() > 1 {
            let titles: Vec<_> = chosen.iter().map(|set| set.title.as_str()).collect();
            let finding = Finding::warning(
                codes::PDB_TWO_WORKLOADS,
                format!("the budget counts {} as one", listed(&titles)),
            )
            .because("an eviction in one workload is paid for by the other, and percentages count both")
            .mend("select one workload, and give each its own budget");
            c.say(*i, &spec["selector"], finding);
        }
        let replicas = chosen.first().and_then(|set| set.item).and_then(|item| {
            let written = ix.objects.value(item)["spec"]["replicas"].as_u64();
            scaled
                .get(&item)
                .copied()
                .or(written)
                .or(Some(1))
                .filter(|_| ix.objects.heads[item].group == "apps")
        });
        if let Some((at, says)) = blocks(spec, replicas.filter(|_| chosen.len() == 1)) {
            let finding = Finding::warning(codes::PDB_BLOCKS, says)
                .because("no eviction is ever allowed: draining a node for maintenance never ends")
                .mend("allow at least one pod to be unavailable, or run one replica more");
            c.say(*i, at, finding);
        }
    }
}

/// The least replicas that an autoscaler leaves to each workload that it scales.
fn least_replicas(c: &Check<'_>) -> std::collections::HashMap<usize, u64> {
    let ix = c.ix;
    let scalers = ix
        .objects
        .of("autoscaling", "HorizontalPodAutoscaler")
        .iter()
        .filter_map(|i| {
            let spec = &ix.objects.value(*i)["spec"];
            let reference = &spec["scaleTargetRef"];
            let (kind, name) = (text(&reference["kind"]), text(&reference["name"]));
            let scaled = ix.objects.find("apps", kind, ix.objects.heads[*i].ns, name)?;
            Some((scaled, spec["minReplicas"].as_u64().unwrap_or(1)))
        });
    scalers.collect()
}

/// Whether a budget allows no disruption at all, and which field says so.
fn blocks(spec: &Value, replicas: Option<u64>) -> Option<(&Value, String)> {
    let (maximum, minimum) = (&spec["maxUnavailable"], &spec["minAvailable"]);
    if maximum.as_u64() == Some(0) || maximum == "0%" {
        return Some((maximum, "the budget allows no pod to be unavailable".to_owned()));
    }
    if minimum == "100%" {
        return Some((minimum, "the budget wants every pod to be available".to_owned()));
    }
    let (least, replicas) = (minimum.as_u64()?, replicas?);
    (least >= replicas).then(|| {
        (
            minimum,
            format!("the budget wants {least} pods, and the workload has {replicas}"),
        )
    })
}

/// Says that a selector matches nothing.
pub(super) fn nothing(
    c: &mut Check<'_>,
    item: usize,
    at: &Value,
    what: &str,
    selector: &Selector<'_>,
    ns: &str,
    effect: &str,
) {
    let given = if c.complete { "" } else { " among the given manifests" };
    let message = format!("no {what}{} have {selector}{given}", in_namespace(ns));
    let severity: Severity = c.missing();
    let finding = Finding::new(severity, codes::SELECTS_NOTHING, message)
        .because(effect)
        .mend("select labels that they carry, or take the object away");
    c.say(item, if at.is_null() { &NOWHERE } else { at }, finding);
}
