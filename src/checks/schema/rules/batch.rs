//! Jobs and their schedules.

use serde_json::{Map, Value};

use super::{Here, child, integer, list, maps, text};
use crate::checks::schema::path::{Step, at};
use crate::checks::schema::value::{Fault, quoted};

pub(super) fn job(here: &mut Here<'_, '_>) {
    let name = here.walk.item.object.name();
    if name.len() > 63 {
        let fault = Fault::new(format!("is {}, {} characters long", quoted(name), name.len()))
            .because("the pods of a Job carry its name as a label, of at most 63 characters")
            .mend("shorten the name");
        return here.error("schema/name-length", at!["metadata", "name"], fault);
    }
    let Some(spec) = here.child("spec") else { return };
    let last = integer(spec, "completions").unwrap_or(0).saturating_sub(1);
    if text(spec, "completionMode") == "Indexed" && last >= 0 {
        let host = format!("{name}-{last}");
        if host.len() > 63 || name.contains('.') {
            let fault = Fault::new(format!(
                "is {}, whose last pod would have the host name {}",
                quoted(name),
                quoted(&host)
            ))
            .because("a host name is one DNS label of at most 63 characters");
            here.error("schema/name-length", at!["metadata", "name"], fault);
        }
    }
}

pub(super) fn cron_job(here: &mut Here<'_, '_>) {
    let name = here.walk.item.object.name();
    if name.len() > 52 {
        let fault = Fault::new(format!(
            "is {}, {} characters long, and may have at most 52",
            quoted(name),
            name.len()
        ))
        .because("eleven characters are appended to it for the name of each Job")
        .mend("shorten the name");
        here.error("schema/name-length", at!["metadata", "name"], fault);
    }
    let template = here
        .child("spec")
        .and_then(|spec| child(spec, "jobTemplate"))
        .and_then(|t| child(t, "spec"));
    if template.is_some_and(|spec| spec.contains_key("selector") && spec.get("manualSelector").is_none()) {
        here.forbidden(
            at!["spec", "jobTemplate", "spec", "selector"],
            "the selector of each Job is generated",
        );
    }
}

pub(super) fn job_spec(here: &mut Here<'_, '_>) {
    restart_policy(here);
    indexed(here);
    let has_policy = here.has("podFailurePolicy");
    let replacement = here.text("podReplacementPolicy");
    if has_policy && !matches!(replacement, "" | "Failed") {
        let fault = Fault::new(format!("is {}, and must be \"Failed\"", quoted(replacement)))
            .because("a Job with a `podFailurePolicy` replaces failed pods only");
        here.error("schema/exclusive", at!["podReplacementPolicy"], fault);
    }
    if here.walk.item.object.kind() == "Job" && here.has("selector") && !here.flag("manualSelector") {
        here.forbidden(
            at!["selector"],
            "the selector of a Job is generated, unless `manualSelector` is true",
        );
    }
    failure_policy(here);
}

/// A Job ends: its pods must not be restarted for ever, which is what happens if nothing is written.
fn restart_policy(here: &mut Here<'_, '_>) {
    let Some(pod) = here.child("template").and_then(|template| child(template, "spec")) else {
        return;
    };
    let policy = text(pod, "restartPolicy");
    let path: &[Step<'_>] = at!["template", "spec", "restartPolicy"];
    if policy.is_empty() {
        let fault = Fault::new("is missing").because("it would be \"Always\", which a Job cannot have");
        here.error(
            "schema/restart-policy",
            path,
            fault.mend("write `restartPolicy: Never` or `OnFailure`"),
        );
    } else if policy == "Always" {
        let fault = Fault::new("is \"Always\", which a Job cannot have").because("a Job ends");
        here.error(
            "schema/restart-policy",
            path,
            fault.mend("write `restartPolicy: Never` or `OnFailure`"),
        );
    } else if here.has("podFailurePolicy") && policy != "Never" {
        let fault = Fault::new(format!("is {}, and must be \"Never\"", quoted(policy)))
            .because("a `podFailurePolicy` judges pods that ended");
        here.error("schema/restart-policy", path, fault);
    }
}

/// What only Jobs with an index for each pod can have.
fn indexed(here: &mut Here<'_, '_>) {
    if here.text("completionMode") == "Indexed" {
        let completions = here.integer("completions");
        if completions.is_none() {
            here.needed(at!["completions"], "an indexed Job counts its pods");
        }
        if here.integer("parallelism").is_some_and(|n| n > 100_000) {
            let fault = Fault::new("must be at most 100000 for an indexed Job");
            here.error("schema/out-of-range", at!["parallelism"], fault);
        }
        if let (Some(failed), Some(completions)) = (here.integer("maxFailedIndexes"), completions)
            && failed > completions
        {
            let fault = Fault::new(format!("is {failed}, more than `completions`, which is {completions}"));
            here.error("schema/out-of-range", at!["maxFailedIndexes"], fault);
        }
    } else {
        for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            if here.has(field) {
                here.forbidden(at![field], "only a Job with `completionMode: Indexed` has indexes");
            }
        }
    }
    if here.has("maxFailedIndexes") && !here.has("backoffLimitPerIndex") {
        here.needed(
            at!["backoffLimitPerIndex"],
            "`maxFailedIndexes` counts what it gives up",
        );
    }
}

/// The containers and limits that a failure policy speaks of.
fn failure_policy(here: &mut Here<'_, '_>) {
    let Some(policy) = here.child("podFailurePolicy") else {
        return;
    };
    let containers = container_names(here.map);
    let per_index = here.has("backoffLimitPerIndex");
    for (index, rule) in maps(list(policy, "rules")) {
        if text(rule, "action") == "FailIndex" && !per_index {
            let fault = Fault::new("is \"FailIndex\", which needs `backoffLimitPerIndex`");
            here.error(
                "schema/exclusive",
                at!["podFailurePolicy", "rules", index, "action"],
                fault,
            );
        }
        let name = child(rule, "onExitCodes").map_or("", |codes| text(codes, "containerName"));
        if !name.is_empty() && !containers.contains(&name) {
            let fault = Fault::new(format!(
                "is {}, and no container of the template has that name",
                quoted(name)
            ));
            let path = at!["podFailurePolicy", "rules", index, "onExitCodes", "containerName"];
            here.error("schema/unknown-name", path, fault);
        }
    }
}

fn container_names(spec: &Map<String, Value>) -> Vec<&str> {
    let pod = child(spec, "template").and_then(|template| child(template, "spec"));
    let lists = ["containers", "initContainers"].map(|field| pod.map_or(&[][..], |pod| list(pod, field)));
    lists
        .into_iter()
        .flat_map(maps)
        .map(|(_, container)| text(container, "name"))
        .collect()
}

pub(super) fn failure_rule(here: &mut Here<'_, '_>) {
    let conditions = !here.list("onPodConditions").is_empty();
    let codes = here.child("onExitCodes");
    if codes.is_some() == conditions {
        let fault = Fault::new("must have one of `onExitCodes` and `onPodConditions`");
        here.error("schema/exclusive", &[], fault);
    }
    let Some(codes) = codes else { return };
    let values: Vec<i64> = list(codes, "values").iter().filter_map(Value::as_i64).collect();
    let path = at!["onExitCodes", "values"];
    if values.is_empty() {
        here.error("schema/length", path, Fault::new("must have an exit code"));
    } else if !values.is_sorted_by(|a, b| a < b) {
        here.error(
            "schema/order",
            path,
            Fault::new("must be in ascending order, each code once"),
        );
    } else if text(codes, "operator") == "In" && values.contains(&0) {
        let fault = Fault::new("must not have the code 0").because("a container that ends with 0 has not failed");
        here.error("schema/out-of-range", path, fault);
    }
}
