//! Resources: requests, limits, ranges and quotas.

use serde_json::{Map, Value};

use super::{Here, child};
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
