//! Admission policies, webhooks, and definitions of custom resources.

use std::collections::HashSet;

use serde_json::Value;

use super::{Here, child, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};

pub(super) fn policy(here: &mut Here<'_, '_>) {
    if here.list("validations").is_empty() && here.list("auditAnnotations").is_empty() {
        here.needed(
            at!["validations"],
            "a policy without validations or audit annotations does nothing",
        );
    }
    match here.child("matchConstraints") {
        None => here.needed(at!["matchConstraints"], "a policy says what it is about"),
        Some(constraints) if list(constraints, "resourceRules").is_empty() => {
            here.needed(
                at!["matchConstraints", "resourceRules"],
                "a policy says what it is about",
            );
        }
        Some(_) => {}
    }
    let mut names = HashSet::new();
    for (index, variable) in here.maps("variables") {
        let name = text(variable, "name");
        let valid = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !valid {
            let fault = Fault::new(format!("is {}, and must be an identifier of CEL", quoted(name)));
            here.error("schema/name", at!["variables", index, "name"], fault);
        } else if !names.insert(name) {
            let fault = Fault::new(format!("is {}, as another variable is called", quoted(name)));
            here.error("schema/duplicate", at!["variables", index, "name"], fault);
        }
    }
    if let Some(kind) = here.child("paramKind") {
        for field in ["apiVersion", "kind"] {
            if text(kind, field).is_empty() {
                here.needed(at!["paramKind", field], "the parameters are objects of a kind");
            }
        }
    }
}

pub(super) fn binding(here: &mut Here<'_, '_>) {
    let actions: Vec<&str> = here
        .list("validationActions")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if actions.is_empty() {
        here.needed(
            at!["validationActions"],
            "a binding says what happens if the policy does not hold",
        );
    }
    if actions.contains(&"Deny") && actions.contains(&"Warn") {
        let fault = Fault::new("has both Deny and Warn")
            .because("who is refused needs no warning: the API server refuses both");
        here.error("schema/exclusive", at!["validationActions"], fault.mend("remove Warn"));
    }
    let Some(reference) = here.child("paramRef") else {
        return;
    };
    let map = reference;
    here.exactly_one(at!["paramRef"], map, &["name", "selector"]);
    if text(reference, "parameterNotFoundAction").is_empty() {
        here.needed(
            at!["paramRef", "parameterNotFoundAction"],
            "the parameters may be missing one day",
        );
    }
}

pub(super) fn webhook(here: &mut Here<'_, '_>) {
    let name = here.text("name");
    if formats::dns_subdomain(name).is_err() || name.split('.').count() < 3 {
        let fault = Fault::new(format!(
            "is {}, and must be a DNS name of at least three parts",
            quoted(name)
        ));
        here.error("schema/name", at!["name"], fault.mend("write NAME.GROUP.DOMAIN"));
    }
    if here.has("admissionReviewVersions") && here.list("admissionReviewVersions").is_empty() {
        here.needed(
            at!["admissionReviewVersions"],
            "the API server must know what the webhook understands",
        );
    }
    let effects = here.text("sideEffects");
    if matches!(effects, "Some" | "Unknown") {
        let fault = Fault::new(format!("is {}, and must be None or NoneOnDryRun", quoted(effects)));
        here.error("schema/bad-value", at!["sideEffects"], fault);
    }
    for (index, rule) in here.maps("rules") {
        for field in ["operations", "apiGroups", "apiVersions", "resources"] {
            let values = list(rule, field);
            if values.is_empty() {
                here.needed(at!["rules", index, field], "a rule without it matches nothing");
            }
            // In a list of resources, `*` is all but subresources and may stand beside others.
            if field != "resources" && values.len() > 1 && values.iter().any(|v| v.as_str() == Some("*")) {
                let fault = Fault::new("has other values beside `*`").because("`*` is all of them");
                here.error("schema/exclusive", at!["rules", index, field], fault);
            }
        }
    }
}

pub(super) fn client_config(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["url", "service"]);
    let url = here.text("url");
    if !url.is_empty() && (!url.starts_with("https://") || url.contains(['?', '#', '@'])) {
        let fault = Fault::new(format!(
            "is {}, and must be an https URL without user, query and fragment",
            quoted(url)
        ));
        here.error("schema/bad-value", at!["url"], fault);
    }
}

pub(super) fn custom_resource_definition(here: &mut Here<'_, '_>) {
    let Some(spec) = here.child("spec") else { return };
    let plural = child(spec, "names").map_or("", |names| text(names, "plural"));
    let group = text(spec, "group");
    let name = here.walk.item.object.name();
    if !plural.is_empty() && !group.is_empty() && name != format!("{plural}.{group}") {
        let fault = Fault::new(format!(
            "is {}, and must be {}",
            quoted(name),
            quoted(&format!("{plural}.{group}"))
        ))
        .because("a definition is called by its plural and group");
        here.error("schema/name", at!["metadata", "name"], fault);
    }
    let stored = maps(list(spec, "versions"))
        .filter(|(_, v)| v.get("storage") == Some(&Value::Bool(true)))
        .count();
    if stored != 1 {
        let fault = Fault::new(format!("has {stored} versions with `storage: true`, and must have one"));
        here.error("schema/exclusive", at!["spec", "versions"], fault);
    }
    let mut seen = HashSet::new();
    for (index, version) in maps(list(spec, "versions")) {
        if !seen.insert(text(version, "name")) {
            let fault = Fault::new(format!("is {} a second time", quoted(text(version, "name"))));
            here.error("schema/duplicate", at!["spec", "versions", index, "name"], fault);
        }
        if child(version, "schema").is_none_or(|schema| child(schema, "openAPIV3Schema").is_none()) {
            let fault = Fault::new("is missing").because("every version has a schema, or it could not be checked");
            here.error(
                "schema/missing-field",
                at!["spec", "versions", index, "schema", "openAPIV3Schema"],
                fault,
            );
        }
    }
}
