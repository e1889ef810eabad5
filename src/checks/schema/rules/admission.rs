//! Admission policies, webhooks, and definitions of custom resources.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Here, child, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::{Step, at};
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
    let understood = |v: &Value| matches!(v.as_str(), Some("v1" | "v1beta1"));
    if here.has("admissionReviewVersions") && !here.list("admissionReviewVersions").iter().any(understood) {
        let fault = Fault::new("must have v1 or v1beta1").because("the API server speaks these two");
        here.error(
            "schema/missing-field",
            at!["admissionReviewVersions"],
            fault.mend("add v1"),
        );
    }
    let effects = here.text("sideEffects");
    if matches!(effects, "Some" | "Unknown") {
        let fault = Fault::new(format!("is {}, and must be None or NoneOnDryRun", quoted(effects)));
        here.error("schema/bad-value", at!["sideEffects"], fault);
    }
    let mut versions = HashSet::new();
    for (index, version) in here.list("admissionReviewVersions").iter().enumerate() {
        let Some(text) = version.as_str() else { continue };
        let path = at!["admissionReviewVersions", index];
        if let Err(complaint) = formats::dns_1035_label(text) {
            here.error(
                "schema/name",
                path,
                Fault::new(format!("is {version}, and {complaint}")),
            );
        } else if !versions.insert(text) {
            here.error(
                "schema/duplicate",
                path,
                Fault::new(format!("is {version} a second time")),
            );
        }
    }
}

/// What a webhook or policy is about.
pub(super) fn rule(here: &mut Here<'_, '_>) {
    for field in ["operations", "apiGroups", "apiVersions", "resources"] {
        let values = here.list(field);
        if values.is_empty() {
            here.needed(at![field], "a rule without it matches nothing");
        }
        // In a list of resources, `*` is all but subresources and may stand beside others.
        if field != "resources" && values.len() > 1 && values.iter().any(|v| v.as_str() == Some("*")) {
            let fault = Fault::new("has other values beside `*`").because("`*` is all of them");
            here.error("schema/exclusive", at![field], fault);
        }
    }
}

pub(super) fn service_path(here: &mut Here<'_, '_>) {
    let path = here.text("path");
    if here.has("path") && (!path.starts_with('/') || path.contains("//")) {
        let fault = Fault::new(format!("is {}, and must be a path that starts with `/`", quoted(path)));
        here.error("schema/path", at!["path"], fault);
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
        let mut path: Vec<Step<'_>> = at!["spec", "versions", index, "schema", "openAPIV3Schema"].to_vec();
        if let Some(schema) = child(version, "schema").and_then(|schema| child(schema, "openAPIV3Schema")) {
            structural(here, &mut path, schema, 0);
        } else {
            let fault = Fault::new("is missing").because("every version has a schema, or it could not be checked");
            here.error("schema/missing-field", &path, fault);
        }
    }
}

/// Every part of a structural schema says its type, unless it is one of two or keeps what it does not know.
fn structural<'a>(here: &mut Here<'_, 'a>, path: &mut Vec<Step<'a>>, schema: &'a Map<String, Value>, depth: usize) {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let untyped = flag("x-kubernetes-int-or-string") || flag("x-kubernetes-preserve-unknown-fields");
    if text(schema, "type").is_empty() && !untyped && depth < 64 {
        path.push("type".into());
        let fault = Fault::new("is missing").because("a structural schema says the type of each of its parts");
        here.error("schema/missing-field", path, fault.mend("add `type`"));
        path.pop();
    }
    let kind = text(schema, "type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        path.push("type".into());
        let fault = Fault::new(format!("is {}, and must be one of {}", quoted(kind), TYPES.join(", ")));
        here.error("schema/bad-value", path, fault);
        path.pop();
    }
    let mut part = |step: Step<'a>, name: Option<&'a str>, value: &'a Value| {
        let Value::Object(inner) = value else { return };
        path.push(step);
        path.extend(name.map(Step::Key));
        structural(here, path, inner, depth + 1);
        path.truncate(path.len() - 1 - usize::from(name.is_some()));
    };
    for (name, value) in child(schema, "properties").into_iter().flatten() {
        part("properties".into(), Some(name), value);
    }
    for field in ["items", "additionalProperties"] {
        if let Some(value) = schema.get(field) {
            part(field.into(), None, value);
        }
    }
}
