//! Network policies and ingresses.

use serde_json::Value;

use super::{Here, child, get, integer, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted, shown};
use crate::finding::Severity;

/// Rules of a direction that the policy does not speak of have no effect.
pub(super) fn policy(here: &mut Here<'_, '_>) {
    let types = here.list("policyTypes");
    if types.len() > 2 {
        let fault = Fault::new("may have Ingress and Egress, each once");
        here.error("schema/duplicate", at!["policyTypes"], fault);
    }
    if types.is_empty() {
        return;
    }
    for (field, direction) in [("ingress", "Ingress"), ("egress", "Egress")] {
        if !here.list(field).is_empty() && !types.iter().any(|t| t.as_str() == Some(direction)) {
            let fault = Fault::new(format!("has rules, and `policyTypes` does not have {direction}"))
                .because("the rules have no effect")
                .mend(format!("add {direction} to `policyTypes`, or remove the rules"));
            here.walk.tell(Severity::Warning, "schema/no-effect", at![field], fault);
        }
    }
}

pub(super) fn peer(here: &mut Here<'_, '_>) {
    let selectors = here.has("podSelector") || here.has("namespaceSelector");
    if here.has("ipBlock") && selectors {
        let fault = Fault::new("has `ipBlock` together with a selector")
            .because("a peer is either a block of addresses or pods")
            .mend("write two peers");
        here.error("schema/exclusive", &[], fault);
    } else if !here.has("ipBlock") && !selectors {
        let fault = Fault::new("names nobody").because("an empty peer is refused, lest it be taken for everybody");
        here.error(
            "schema/exclusive",
            &[],
            fault.mend("add `podSelector`, `namespaceSelector` or `ipBlock`"),
        );
    }
}

pub(super) fn port(here: &mut Here<'_, '_>) {
    let Some(end) = here.integer("endPort") else { return };
    match here.get("port") {
        None => here.needed(at!["port"], "`endPort` ends a range that starts there"),
        Some(Value::String(name)) => {
            let fault = Fault::new(format!("is {}, and must be a number beside `endPort`", quoted(name)));
            here.error("schema/port", at!["port"], fault);
        }
        Some(value) => {
            if value.as_i64().is_some_and(|start| end < start) {
                let fault = Fault::new(format!("is {end}, below `port`, which is {value}"));
                here.error("schema/port", at!["endPort"], fault);
            }
        }
    }
}

pub(super) fn ip_block(here: &mut Here<'_, '_>) {
    let Ok(block) = formats::cidr(here.text("cidr")) else {
        return;
    };
    for (index, except) in here.list("except").iter().enumerate() {
        let Some(Ok(inner)) = except.as_str().map(formats::cidr) else {
            continue;
        };
        if inner.net == block.net || !block.net.contains(&inner.net) {
            let fault = Fault::new(format!("is {}, which is no part of `cidr`", shown(except)))
                .because("only what is in the block can be taken out of it");
            here.error("schema/address", at!["except", index], fault);
        }
    }
}

pub(super) fn ingress(here: &mut Here<'_, '_>) {
    if !here.has("defaultBackend") && here.list("rules").is_empty() {
        let fault = Fault::new("has neither `rules` nor `defaultBackend`").because("nothing would be routed");
        here.error("schema/exclusive", &[], fault);
    }
    for (index, rule) in here.maps("rules") {
        if child(rule, "http").is_some_and(|http| super::list(http, "paths").is_empty()) {
            here.needed(at!["rules", index, "http", "paths"], "a rule routes paths");
        }
    }
}

pub(super) fn ingress_class(here: &mut Here<'_, '_>) {
    if here.text("controller").is_empty() {
        here.needed(at!["controller"], "a class is served by some controller");
    }
}

pub(super) fn ingress_path(here: &mut Here<'_, '_>) {
    let path = here.text("path");
    let kind = here.text("pathType");
    let strict = matches!(kind, "Exact" | "Prefix");
    if !path.starts_with('/') && (strict || !path.is_empty()) {
        let fault = Fault::new(format!("is {}, and must start with `/`", quoted(path)));
        return here.error("schema/path", at!["path"], fault);
    }
    if strict {
        let inside = ["//", "/./", "/../", "%2f", "%2F"]
            .iter()
            .find(|part| path.contains(*part));
        let at_end = ["/..", "/."].iter().find(|part| path.ends_with(*part));
        if let Some(part) = inside.or(at_end) {
            let fault = Fault::new(format!("is {}, and must not have `{part}` in it", quoted(path)));
            here.error("schema/path", at!["path"], fault);
        }
    }
}

pub(super) fn ingress_backend(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["service", "resource"]);
    if here
        .child("service")
        .is_some_and(|service| get(service, "port").is_none())
    {
        here.needed(at!["service", "port"], "a Service is reached at a port");
    }
}

pub(super) fn ingress_backend_port(here: &mut Here<'_, '_>) {
    let map = here.map;
    if integer(map, "number") == Some(0) && !text(map, "name").is_empty() {
        return;
    }
    here.exactly_one(&[], map, &["name", "number"]);
}
