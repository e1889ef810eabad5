//! Where pods go: spread, affinity, tolerations, priorities.

use super::{Here, child, integer, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};

/// The spread constraints of a pod.
pub(super) fn spread(here: &mut Here<'_, '_>) {
    for (index, constraint) in here.maps("topologySpreadConstraints") {
        let policy = text(constraint, "whenUnsatisfiable");
        if constraint.contains_key("minDomains") && policy == "ScheduleAnyway" {
            let fault = Fault::new("has an effect with `whenUnsatisfiable: DoNotSchedule` only")
                .because("the API server refuses it with any other policy")
                .mend("remove it, or write `DoNotSchedule`");
            here.error(
                "schema/spread",
                at!["topologySpreadConstraints", index, "minDomains"],
                fault,
            );
        }
        let selector = child(constraint, "labelSelector");
        for (number, key) in list(constraint, "matchLabelKeys").iter().enumerate() {
            let path = at!["topologySpreadConstraints", index, "matchLabelKeys", number];
            let Some(key) = key.as_str() else { continue };
            match selector {
                None => here.error("schema/spread", path, Fault::new("needs a `labelSelector` beside it")),
                // Since 1.34 both may name a key.
                Some(selector) if !here.walk.versions.before(34).is_empty() => {
                    let labelled = child(selector, "matchLabels").is_some_and(|labels| labels.contains_key(key));
                    let expressed = maps(list(selector, "matchExpressions")).any(|(_, e)| text(e, "key") == key);
                    if labelled || expressed {
                        let fault = Fault::new(format!("is {}, which the `labelSelector` names too", quoted(key)));
                        here.error("schema/spread", path, fault);
                    }
                }
                Some(_) => {}
            }
        }
    }
}

pub(super) fn affinity_term(here: &mut Here<'_, '_>) {
    if here.has("topologyKey") && here.text("topologyKey").is_empty() {
        here.needed(
            at!["topologyKey"],
            "without it, the term would hold everywhere or nowhere",
        );
    }
    for (index, namespace) in here.list("namespaces").iter().enumerate() {
        let Some(name) = namespace.as_str() else { continue };
        if let Err(complaint) = formats::dns_label(name) {
            let fault = Fault::new(format!("is {}, and {complaint}", quoted(name)));
            here.error("schema/namespace", at!["namespaces", index], fault);
        }
    }
}

pub(super) fn toleration(here: &mut Here<'_, '_>) {
    let (key, operator) = (here.text("key"), here.text("operator"));
    if key.is_empty() && operator != "Exists" {
        let fault = Fault::new("must be \"Exists\" where there is no `key`").because("that means every taint");
        here.error(
            "schema/toleration",
            at!["operator"],
            fault.mend("add `key`, or write `operator: Exists`"),
        );
    }
    if operator == "Exists" && !here.text("value").is_empty() {
        here.forbidden(at!["value"], "`operator: Exists` looks at no value");
    }
    if matches!(operator, "Gt" | "Lt") && here.text("value").parse::<i64>().is_err() {
        let fault = Fault::new("must be a whole number").because("`Gt` and `Lt` compare with a number");
        here.error("schema/toleration", at!["value"], fault);
    }
    if here.has("tolerationSeconds") && here.text("effect") != "NoExecute" {
        let fault = Fault::new("must be \"NoExecute\" where `tolerationSeconds` is set")
            .because("only that effect evicts pods that run");
        here.error("schema/toleration", at!["effect"], fault);
    }
}

pub(super) fn priority_class(here: &mut Here<'_, '_>) {
    const HIGHEST: i64 = 1_000_000_000;
    let name = here.walk.item.object.name();
    let built_in = matches!(name, "system-node-critical" | "system-cluster-critical");
    if name.starts_with("system-") && !built_in {
        let fault = Fault::new(format!(
            "is {}, and names that start with `system-` are Kubernetes' own",
            quoted(name)
        ));
        here.error("schema/name", at!["metadata", "name"], fault);
    }
    if let Some(value) = integer(here.map, "value").filter(|v| *v > HIGHEST && !built_in) {
        let fault = Fault::new(format!("is {value}, and must be at most {HIGHEST}"))
            .because("higher values are kept for Kubernetes' own pods");
        here.error("schema/out-of-range", at!["value"], fault);
    }
}
