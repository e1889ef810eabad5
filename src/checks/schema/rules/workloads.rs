//! Deployments and the other workloads that run without end.

use serde_json::{Map, Value};

use super::{Here, child, integer, selectors, text};
use crate::checks::schema::path::{Step, at};
use crate::checks::schema::value::{Fault, quoted, shown};
use crate::finding::Severity;

/// What all workloads with a template have in common.
fn base<'a>(here: &mut Here<'_, 'a>) -> Option<&'a Map<String, Value>> {
    let spec = here.child("spec")?;
    selector(here, spec);
    let pod = child(spec, "template").and_then(|template| child(template, "spec"));
    if let Some(pod) = pod {
        let policy = text(pod, "restartPolicy");
        if !policy.is_empty() && policy != "Always" {
            let fault = Fault::new(format!("is {}, and must be \"Always\"", quoted(policy)))
                .because("this kind of workload restarts its pods for ever")
                .mend("remove the field, or use a Job");
            here.error(
                "schema/restart-policy",
                at!["spec", "template", "spec", "restartPolicy"],
                fault,
            );
        }
        if pod.contains_key("activeDeadlineSeconds") {
            let path = at!["spec", "template", "spec", "activeDeadlineSeconds"];
            here.forbidden(path, "pods of this kind of workload run without end");
        }
    }
    Some(spec)
}

/// The selector must match the template, or the workload would never see its own pods.
fn selector(here: &mut Here<'_, '_>, spec: &Map<String, Value>) {
    let Some(selector) = child(spec, "selector") else {
        return;
    };
    let count = |field| child(selector, field).map_or(0, Map::len);
    if count("matchLabels") == 0 && super::list(selector, "matchExpressions").is_empty() {
        let fault = Fault::new("is empty")
            .because("a workload that selects everything is refused")
            .mend("add `matchLabels`");
        return here.error("schema/selector", at!["spec", "selector"], fault);
    }
    let Some(template) = child(spec, "template") else {
        return;
    };
    let labels = selectors::labels(template);
    if selectors::matches(selector, &labels) == Some(false) {
        let fault = Fault::new(format!(
            "does not match `spec.template`: {}",
            selectors::first_mismatch(selector, &labels)
        ))
        .because("the API server refuses a workload whose selector does not find its own pods")
        .mend("give the template the labels that the selector demands");
        here.error("schema/selector", at!["spec", "selector"], fault);
    }
}

/// Whether a share (`0`, `0%`, `25%`, `1`) is zero, which is the default if nothing is written.
fn is_zero(value: Option<&Value>, default_zero: bool) -> bool {
    match value {
        None => default_zero,
        Some(Value::String(text)) => text.trim_end_matches('%').parse::<u64>() == Ok(0),
        Some(other) => other.as_i64() == Some(0),
    }
}

/// Tells of a share of more than all.
fn at_most_all(here: &mut Here<'_, '_>, path: &[Step<'_>], value: Option<&Value>) {
    let percent = value
        .and_then(Value::as_str)
        .and_then(|t| t.strip_suffix('%'))
        .and_then(|t| t.parse::<u64>().ok());
    if percent.is_some_and(|percent| percent > 100) {
        let fault = Fault::new(format!(
            "is {}, and must not be more than 100%",
            value.map(shown).unwrap_or_default()
        ));
        here.error("schema/share", path, fault);
    }
}

pub(super) fn deployment(here: &mut Here<'_, '_>) {
    let Some(spec) = base(here) else { return };
    if let Some(strategy) = child(spec, "strategy") {
        let rolling = child(strategy, "rollingUpdate");
        if text(strategy, "type") == "Recreate" && rolling.is_some() {
            here.forbidden(
                at!["spec", "strategy", "rollingUpdate"],
                "the strategy `Recreate` does not roll",
            );
        }
        if let Some(rolling) = rolling {
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            // Both default to 25%.
            if is_zero(unavailable, false) && is_zero(surge, false) {
                let fault = Fault::new("and `maxSurge` are both 0")
                    .because("no pod could ever be replaced")
                    .mend("let one of them be 1 or more");
                here.error(
                    "schema/strategy",
                    at!["spec", "strategy", "rollingUpdate", "maxUnavailable"],
                    fault,
                );
            }
            at_most_all(
                here,
                at!["spec", "strategy", "rollingUpdate", "maxUnavailable"],
                unavailable,
            );
        }
    }
    let ready = integer(spec, "minReadySeconds").unwrap_or(0);
    let deadline = integer(spec, "progressDeadlineSeconds").unwrap_or(600);
    if deadline <= ready && deadline >= 0 {
        let fault = Fault::new(format!(
            "is {deadline}, and must be more than `minReadySeconds`, which is {ready}"
        ));
        here.error("schema/strategy", at!["spec", "progressDeadlineSeconds"], fault);
    }
}

pub(super) fn replica_set(here: &mut Here<'_, '_>) {
    let spec = base(here);
    if spec.is_some_and(|spec| child(spec, "template").is_none()) {
        here.needed(at!["spec", "template"], "the pods are made from it");
    }
}

/// Its selector is a mapping of labels, and the template's own labels where there is none.
pub(super) fn replication_controller(here: &mut Here<'_, '_>) {
    let Some(spec) = here.child("spec") else { return };
    let Some(template) = child(spec, "template") else {
        return here.needed(at!["spec", "template"], "the pods are made from it");
    };
    let labels = selectors::labels(template);
    let matches = |(key, value): (&String, &Value)| labels.get(key.as_str()).copied() == value.as_str();
    if !child(spec, "selector").into_iter().flatten().all(matches) {
        let fault = Fault::new("does not match the labels of `spec.template`")
            .because("the API server refuses a workload whose selector does not find its own pods")
            .mend("give the template the labels that the selector demands");
        here.error("schema/selector", at!["spec", "selector"], fault);
    }
}

pub(super) fn controller_revision(here: &mut Here<'_, '_>) {
    if !here.has("data") && !here.walk.told("schema/missing-field", "data") {
        here.needed(at!["data"], "a revision is the data of it");
    }
}

pub(super) fn daemon_set(here: &mut Here<'_, '_>) {
    let Some(spec) = base(here) else { return };
    let Some(strategy) = child(spec, "updateStrategy") else {
        return;
    };
    let Some(rolling) = child(strategy, "rollingUpdate") else {
        return;
    };
    if text(strategy, "type") == "OnDelete" {
        return here.forbidden(
            at!["spec", "updateStrategy", "rollingUpdate"],
            "the strategy `OnDelete` does not roll",
        );
    }
    let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    let path = at!["spec", "updateStrategy", "rollingUpdate", "maxSurge"];
    match (is_zero(unavailable, false), is_zero(surge, true)) {
        (true, true) => {
            let fault = Fault::new("and `maxUnavailable` are both 0").because("no pod could ever be replaced");
            here.error("schema/strategy", path, fault.mend("let one of them be 1 or more"));
        }
        (false, false) => {
            let fault = Fault::new("must not be set together with `maxUnavailable`")
                .because("a DaemonSet either makes room first or doubles first")
                .mend("set `maxUnavailable: 0`, or remove `maxSurge`");
            here.error("schema/strategy", path, fault);
        }
        _ => {}
    }
    at_most_all(
        here,
        at!["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"],
        unavailable,
    );
    at_most_all(here, path, surge);
}

pub(super) fn stateful_set(here: &mut Here<'_, '_>) {
    let Some(spec) = base(here) else { return };
    if let Some(strategy) = child(spec, "updateStrategy") {
        let rolling = child(strategy, "rollingUpdate");
        if rolling.is_some() && text(strategy, "type") == "OnDelete" {
            here.forbidden(
                at!["spec", "updateStrategy", "rollingUpdate"],
                "the strategy `OnDelete` does not roll",
            );
        }
        if let Some(unavailable) = rolling.and_then(|r| r.get("maxUnavailable")) {
            let path = at!["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];
            if is_zero(Some(unavailable), false) {
                let fault = Fault::new("is 0, and must be 1 or more").because("no pod could ever be replaced");
                here.error("schema/strategy", path, fault);
            }
            at_most_all(here, path, Some(unavailable));
        }
    }
    pod_names(here, spec);
}

/// A pod of a StatefulSet carries its own name, and its revision's, as labels of at most 63 characters.
fn pod_names(here: &mut Here<'_, '_>, spec: &Map<String, Value>) {
    let name = here.walk.item.object.name();
    let start = child(spec, "ordinals")
        .and_then(|ordinals| integer(ordinals, "start"))
        .unwrap_or(0);
    let last = integer(spec, "replicas")
        .unwrap_or(1)
        .saturating_sub(1)
        .max(0)
        .saturating_add(start);
    let pod = format!("{name}-{last}");
    let path = at!["metadata", "name"];
    if pod.len() > 63 && name.len() <= 63 {
        let fault = Fault::new(format!(
            "is {}, whose pods would be called {}",
            quoted(name),
            quoted(&pod)
        ))
        .because("a pod's name is its host name and a label, of at most 63 characters: the pods could not be made");
        here.error("schema/name-length", path, fault.mend("shorten the name"));
    } else if name.len() > 52 && name.len() <= 63 {
        let fault = Fault::new(format!("is {}, {} characters long", quoted(name), name.len()))
            .because(
                "the label `controller-revision-hash` of its pods is the name and eleven characters, and may have 63",
            )
            .mend("shorten the name to at most 52 characters");
        here.walk.tell(Severity::Warning, "schema/name-length", path, fault);
    }
}
