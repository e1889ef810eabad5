//! Resources: requests, limits, ranges and quotas.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Here, child, list, maps, text};
use crate::checks::schema::formats::Quantity;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, shown};
use crate::finding::Severity;

/// Whether an amount of a resource can be promised more often than it is there.
fn can_overcommit(name: &str) -> bool {
    !name.starts_with("hugepages-") && (!name.contains('/') || name.starts_with("kubernetes.io/"))
}

/// Requests and limits of a container, a pod or a volume claim.
pub(super) fn requirements(here: &mut Here<'_, '_>) {
    let (requests, limits) = (here.child("requests"), here.child("limits"));
    for (field, amounts) in [("requests", requests), ("limits", limits)] {
        for (name, value) in amounts.into_iter().flatten() {
            amount(here, field, name, value);
        }
    }
    for (name, request) in requests.into_iter().flatten() {
        let limit = limits.and_then(|limits| limits.get(name));
        let (Some(asked), Some(allowed)) = (Quantity::of(request), limit.and_then(Quantity::of)) else {
            continue;
        };
        let path = at!["requests", name.as_str()];
        let said = format!(
            "is {}, and the limit is {}",
            shown(request),
            limit.map(shown).unwrap_or_default()
        );
        if asked > allowed {
            let fault = Fault::new(said)
                .because("a request must not be above its limit")
                .mend("raise the limit");
            here.error("schema/requests-above-limits", path, fault);
        } else if asked != allowed && !can_overcommit(name) {
            let fault = Fault::new(said).because("this resource cannot be shared: both must be equal");
            here.error("schema/requests-above-limits", path, fault);
        }
    }
}

fn amount(here: &mut Here<'_, '_>, field: &str, name: &str, value: &Value) {
    let Some(quantity) = Quantity::of(value) else { return };
    let path = at![field, name];
    let whole = matches!(name, "memory" | "ephemeral-storage" | "storage") || name.starts_with("hugepages-");
    if whole && quantity.as_integer().is_none() && !quantity.is_negative() {
        let fault = Fault::new(format!("is {}, a fraction of a byte", shown(value)))
            .because("`m` means a thousandth here")
            .mend("write `Mi` for mebibytes or `M` for megabytes");
        here.walk.tell(Severity::Warning, "schema/quantity", path, fault);
    } else if !can_overcommit(name) && quantity.as_integer().is_none() {
        let fault = Fault::new(format!("is {}, and must be a whole number", shown(value)))
            .because("this resource is given out in whole pieces");
        here.error("schema/quantity", path, fault);
    } else if name == "cpu" && !quantity.is_milli() {
        let fault = Fault::new(format!("is {}, finer than a thousandth of a processor", shown(value)))
            .because("the API server refuses or rounds what is finer than `1m`");
        here.walk.tell(Severity::Warning, "schema/quantity", path, fault);
    }
    let known = matches!(name, "cpu" | "memory" | "ephemeral-storage" | "storage");
    if !known && !name.contains('/') && !name.starts_with("hugepages-") {
        let fault = Fault::new("is no resource of Kubernetes")
            .because("resources are cpu, memory, ephemeral-storage, hugepages-SIZE, or names of a domain with a `/`")
            .mend("correct the name");
        here.error("schema/resource-name", path, fault);
    }
}

/// One range: the limits of what a container, pod or claim may ask for.
pub(super) fn limit_range(here: &mut Here<'_, '_>) {
    // Each of these must not be above the next, for the same resource.
    const ORDER: [&str; 4] = ["min", "defaultRequest", "default", "max"];
    let kind = here.text("type");
    if !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") && !kind.contains('/') && !kind.is_empty() {
        let fault = Fault::new(format!(
            "is {kind:?}, and must be Pod, Container or PersistentVolumeClaim"
        ));
        here.error("schema/bad-value", at!["type"], fault);
    }
    limited_resources(here, kind);
    if kind == "Pod" {
        for field in ["default", "defaultRequest"] {
            if here.child(field).is_some_and(|amounts| !amounts.is_empty()) {
                here.forbidden(at![field], "a whole pod has no defaults, only its containers have");
            }
        }
    }
    let amounts = ORDER.map(|field| (field, child(here.map, field)));
    if kind == "PersistentVolumeClaim" {
        let bounded = ["min", "max"]
            .iter()
            .any(|f| child(here.map, f).is_some_and(|m| m.contains_key("storage")));
        if !bounded {
            here.error(
                "schema/missing-field",
                &[],
                Fault::new("must have `storage` under `min` or `max`"),
            );
        }
    }
    for (index, (low_field, low)) in amounts.iter().enumerate() {
        for (high_field, high) in amounts.iter().skip(index + 1) {
            above(here, (low_field, *low), (high_field, *high));
        }
    }
}

/// The resources that a range of that type can limit.
fn limited_resources(here: &mut Here<'_, '_>, kind: &str) {
    let known: &[&str] = match kind {
        "Pod" | "Container" => &["cpu", "memory", "ephemeral-storage"],
        "PersistentVolumeClaim" => &["storage"],
        _ => return,
    };
    for field in ["min", "max", "default", "defaultRequest", "maxLimitRequestRatio"] {
        for (name, _) in here.child(field).into_iter().flatten() {
            if !known.contains(&name.as_str()) && !name.contains('/') && !name.starts_with("hugepages-") {
                let fault = Fault::new(format!("is nothing that a {kind} can be limited in"));
                here.error("schema/resource-name", at![field, name.as_str()], fault);
            }
        }
    }
}

/// Each type has one range at most.
pub(super) fn limit_ranges(here: &mut Here<'_, '_>) {
    let mut seen = HashSet::new();
    for (index, limit) in here.maps("limits") {
        if !seen.insert(text(limit, "type")) {
            let fault = Fault::new(format!("is {:?} a second time", text(limit, "type")));
            here.error("schema/duplicate", at!["limits", index, "type"], fault);
        }
    }
}

type Amounts<'a> = (&'a str, Option<&'a Map<String, Value>>);

/// Tells amounts under one field that are above those under another.
fn above(here: &mut Here<'_, '_>, (low_field, low): Amounts<'_>, (high_field, high): Amounts<'_>) {
    let (Some(low), Some(high)) = (low, high) else { return };
    for (name, value) in low {
        let (Some(a), Some(b)) = (Quantity::of(value), high.get(name).and_then(Quantity::of)) else {
            continue;
        };
        if a > b {
            let other = high.get(name).map(shown).unwrap_or_default();
            let fault = Fault::new(format!("is {}, above `{high_field}`, which is {other}", shown(value)));
            here.error("schema/out-of-range", at![low_field, name.as_str()], fault);
        }
    }
}

/// The resources that a quota can count and that have no domain in their names.
const QUOTA_RESOURCES: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

/// What of a quota counts objects: whole numbers.
fn is_count(name: &str) -> bool {
    name.starts_with("count/")
        || name.ends_with("/persistentvolumeclaims")
        || (QUOTA_RESOURCES.contains(&name)
            && !name.contains("cpu")
            && !name.contains("memory")
            && !name.contains("storage"))
}

pub(super) fn quota(here: &mut Here<'_, '_>) {
    for (name, value) in here.child("hard").into_iter().flatten() {
        let path = at!["hard", name.as_str()];
        let plain = name.strip_prefix("requests.").unwrap_or(name);
        if !name.contains('/') && !QUOTA_RESOURCES.contains(&name.as_str()) && !plain.starts_with("hugepages-") {
            let near = crate::checks::schema::value::nearest(name, QUOTA_RESOURCES.iter().copied());
            let fault = Fault::new("is nothing that a quota can count").mend(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `count/RESOURCE.GROUP` to count objects".to_owned(),
            });
            here.error("schema/resource-name", path, fault);
        }
        if is_count(name) && Quantity::of(value).is_some_and(|quantity| quantity.as_integer().is_none()) {
            here.error(
                "schema/quantity",
                path,
                Fault::new(format!("is {}, and must be a whole number", shown(value))),
            );
        }
    }
}

/// The resources that each scope of a quota can be about.
fn of_scope(scope: &str) -> Option<&'static [&'static str]> {
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => Some(&[
            "pods",
            "cpu",
            "memory",
            "requests.cpu",
            "requests.memory",
            "limits.cpu",
            "limits.memory",
        ]),
        "BestEffort" => Some(&["pods"]),
        "VolumeAttributesClass" => Some(&["persistentvolumeclaims", "requests.storage"]),
        _ => None,
    }
}

/// The scopes of a quota: what they can be about, and what they ask for.
pub(super) fn quota_scopes(here: &mut Here<'_, '_>) {
    let listed: Vec<&str> = here.list("scopes").iter().filter_map(Value::as_str).collect();
    let expressions: Vec<_> = here
        .child("scopeSelector")
        .map(|selector| maps(list(selector, "matchExpressions")).collect())
        .unwrap_or_default();
    let selected: Vec<&str> = expressions.iter().map(|(_, e)| text(e, "scopeName")).collect();
    for scopes in [&listed, &selected] {
        for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
            if pair.iter().all(|scope| scopes.contains(scope)) {
                here.error(
                    "schema/exclusive",
                    &[],
                    Fault::new(format!("has the scopes {} together", super::names(&pair))),
                );
            }
        }
    }
    for scope in listed.iter().chain(&selected) {
        let Some(allowed) = of_scope(scope) else { continue };
        for (name, _) in here.child("hard").into_iter().flatten() {
            if QUOTA_RESOURCES.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                let fault = Fault::new(format!("cannot be counted in the scope {scope}"))
                    .because(format!("that scope is about {}", allowed.join(", ")))
                    .mend("count it in a quota of its own");
                here.error("schema/exclusive", at!["hard", name.as_str()], fault);
            }
        }
    }
    for (index, expression) in expressions {
        let (scope, operator) = (text(expression, "scopeName"), text(expression, "operator"));
        let by_value = matches!(scope, "PriorityClass" | "VolumeAttributesClass");
        let path = at!["scopeSelector", "matchExpressions", index, "operator"];
        if !by_value && !operator.is_empty() && operator != "Exists" {
            let fault = Fault::new(format!("must be \"Exists\" for the scope {scope}"));
            here.error("schema/selector", path, fault);
        }
        let empty = list(expression, "values").is_empty();
        let path = at!["scopeSelector", "matchExpressions", index, "values"];
        match operator {
            "In" | "NotIn" if empty => here.needed(path, "the operator compares with values"),
            "Exists" | "DoesNotExist" if !empty => here.forbidden(path, "the operator takes no values"),
            _ => {}
        }
    }
}
