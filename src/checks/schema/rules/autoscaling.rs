//! Autoscalers and disruption budgets.

use serde_json::Value;

use super::{Here, child, get, text};
use crate::checks::schema::formats::Quantity;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};

pub(super) fn autoscaler(here: &mut Here<'_, '_>) {
    let (min, max) = (here.integer("minReplicas"), here.integer("maxReplicas"));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let fault = Fault::new(format!("is {max}, below `minReplicas`, which is {min}"));
        here.error("schema/out-of-range", at!["maxReplicas"], fault);
    }
    if min == Some(0) {
        let before = here.walk.versions.before(35);
        if !before.is_empty() {
            let fault = Fault::new(format!("is 0, and must be 1 or more in Kubernetes {before}"));
            here.error("schema/out-of-range", at!["minReplicas"], fault);
        }
        let outside = here
            .maps("metrics")
            .any(|(_, metric)| matches!(text(metric, "type"), "Object" | "External"));
        if !outside {
            let fault = Fault::new("must have a metric of type Object or External where `minReplicas` is 0")
                .because("without pods nobody measures anything else");
            here.error("schema/exclusive", at!["metrics"], fault);
        }
    }
    for direction in ["scaleUp", "scaleDown"] {
        let rules = here.child("behavior").and_then(|behavior| child(behavior, direction));
        let policies = rules.and_then(|rules| rules.get("policies")).and_then(Value::as_array);
        if policies.is_some_and(Vec::is_empty) {
            here.needed(at!["behavior", direction, "policies"], "an empty list allows nothing");
        }
    }
    if let Some(target) = here.child("scaleTargetRef")
        && !text(target, "apiVersion").contains('/')
    {
        let fault = Fault::new("must name the group of the kind")
            .because("without a group, the kind would be looked for in the core group")
            .mend("write `apiVersion: apps/v1` for a Deployment or StatefulSet");
        here.error("schema/missing-field", at!["scaleTargetRef", "apiVersion"], fault);
    }
}

/// The types of metrics and the fields that hold them.
const METRICS: [(&str, &str); 5] = [
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("External", "external"),
    ("ContainerResource", "containerResource"),
];

pub(super) fn metric(here: &mut Here<'_, '_>) {
    let kind = here.text("type");
    let Some((_, wanted)) = METRICS.iter().find(|(name, _)| *name == kind) else {
        return;
    };
    for (_, field) in METRICS {
        match (here.has(field), field == *wanted) {
            (false, true) => here.needed(at![field], "the type of the metric names it"),
            (true, false) => here.forbidden(at![field], "the type of the metric names another field"),
            _ => {}
        }
    }
    if kind == "ContainerResource" {
        let name = here.child(wanted).map_or("", |source| text(source, "name"));
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage")
            && !name.contains('/')
            && !name.starts_with("hugepages-")
        {
            let fault = Fault::new(format!("is {}, which is no resource of a container", quoted(name)));
            here.error("schema/resource-name", at![*wanted, "name"], fault);
        }
    }
    let Some(target) = here.child(wanted).and_then(|source| child(source, "target")) else {
        return;
    };
    let allowed: &[&str] = match kind {
        "Resource" | "ContainerResource" => &["averageUtilization", "averageValue"],
        "Pods" => &["averageValue"],
        _ => &["value", "averageValue"],
    };
    if !allowed.iter().any(|field| get(target, field).is_some()) {
        let fault = Fault::new(format!("must have one of {}", super::names(allowed)));
        here.error("schema/exclusive", at![*wanted, "target"], fault);
    } else if kind != "Object" && allowed.len() > 1 && allowed.iter().all(|field| get(target, field).is_some()) {
        let fault = Fault::new(format!("has {} together", super::names(allowed)));
        here.error("schema/exclusive", at![*wanted, "target"], fault);
    }
}

pub(super) fn metric_target(here: &mut Here<'_, '_>) {
    for field in ["value", "averageValue"] {
        if here
            .get(field)
            .and_then(Quantity::of)
            .is_some_and(|quantity| quantity.sign() <= 0)
        {
            here.error("schema/quantity", at![field], Fault::new("must be more than 0"));
        }
    }
    let (kind, field) = (here.text("type"), "averageUtilization");
    if kind == "Utilization" && !here.has(field) {
        let fault = Fault::new("is missing")
            .because("the target is a utilization")
            .mend("add it, in percent");
        here.error("schema/missing-field", at![field], fault);
    }
}

pub(super) fn disruption_budget(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.at_most_one(&[], map, &["minAvailable", "maxUnavailable"]);
    for field in ["minAvailable", "maxUnavailable"] {
        let percent = here
            .text(field)
            .strip_suffix('%')
            .and_then(|number| number.parse::<u64>().ok());
        if percent.is_some_and(|percent| percent > 100) {
            let fault = Fault::new(format!(
                "is {}, and must not be more than 100%",
                quoted(here.text(field))
            ));
            here.error("schema/share", at![field], fault);
        }
    }
}
