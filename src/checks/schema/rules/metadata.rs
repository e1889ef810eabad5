//! The metadata of objects and templates.

use serde_json::Value;

use super::Here;
use crate::checks::schema::catalog::Scope;
use crate::checks::schema::formats::{self, Complaint};
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::checks::schema::version::Minors;
use crate::checks::schema::walk::Walk;
use crate::finding::Severity;

/// The name and namespace of a whole object.
pub(in super::super) fn identity(walk: &mut Walk<'_>, scope: Scope) {
    let object = &walk.item.object;
    let (name, namespace) = (object.name(), object.namespace());
    let prefix = object.str_at("/metadata/generateName");
    if name.is_empty() && prefix.is_empty() {
        let fault = Fault::new("is missing")
            .because("every object needs a name")
            .mend("add `metadata.name`");
        walk.error("schema/name", at!["metadata", "name"], fault);
    } else if name.is_empty() {
        // The API server appends five letters and digits, which can end any name.
        if let Err(complaint) = name_rule(walk)(prefix.trim_end_matches(['-', '.'])) {
            let fault = Fault::new(format!("is {}, and {complaint}", quoted(prefix)));
            walk.error("schema/name", at!["metadata", "generateName"], fault);
        }
    } else if let Err(complaint) = name_rule(walk)(name) {
        let fault = Fault::new(format!("is {}, and {complaint}", quoted(name)))
            .because(format!("that is the form of the names of kind {}", object.kind()));
        walk.error("schema/name", at!["metadata", "name"], fault);
    }
    match scope {
        Scope::Cluster if !namespace.is_empty() => {
            let fault = Fault::new(format!("is {}, and objects of this kind have none", quoted(namespace)))
                .because(format!("{} is a kind of the whole cluster", object.kind()))
                .mend("remove `metadata.namespace`");
            walk.error("schema/namespace", at!["metadata", "namespace"], fault);
        }
        Scope::Namespaced if namespace.is_empty() => {
            let fault = Fault::new("is missing")
                .because("where the object lands would depend on who applies it")
                .mend("add `metadata.namespace`");
            walk.tell(
                Severity::Warning,
                "schema/namespace",
                at!["metadata", "namespace"],
                fault,
            );
        }
        Scope::Namespaced => {
            if let Err(complaint) = formats::dns_label(namespace) {
                let fault = Fault::new(format!("is {}, and {complaint}", quoted(namespace)));
                walk.error("schema/namespace", at!["metadata", "namespace"], fault);
            }
        }
        Scope::Cluster => {}
    }
}

/// The form of the names of the object's kind.
fn name_rule(walk: &Walk<'_>) -> fn(&str) -> Result<(), Complaint> {
    let object = &walk.item.object;
    match (object.group(), object.kind()) {
        // Since 1.36 a Service may be named as most things are.
        ("", "Service") if walk.versions.and(Minors::ALL.before(36)).is_empty() && !walk.versions.is_empty() => {
            formats::dns_label
        }
        ("", "Service") => formats::dns_1035_label,
        ("", "Namespace") | ("apps", "StatefulSet") => formats::dns_label,
        ("networking.k8s.io", "IPAddress") => |text| formats::address(text).map(|_| ()).ok_or("must be an IP address"),
        ("rbac.authorization.k8s.io" | "internal.apiserver.k8s.io", _)
        | ("certificates.k8s.io", "ClusterTrustBundle")
        | ("policy", "PodDisruptionBudget") => formats::path_segment,
        _ => formats::dns_subdomain,
    }
}

/// A kind that is nothing without its `spec`, whatever its published schema says.
pub(super) fn spec(here: &mut Here<'_, '_>) {
    if !here.has("spec") && !here.walk.told("schema/missing-field", "spec") {
        here.needed(at!["spec"], "an object of this kind is nothing without it");
    }
}

/// The metadata of anything.
pub(super) fn object_meta(here: &mut Here<'_, '_>) {
    for (index, owner) in here.maps("ownerReferences") {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if super::text(owner, field).is_empty() && owner.contains_key(field) {
                let fault = Fault::new("must not be empty");
                here.error("schema/missing-field", at!["ownerReferences", index, field], fault);
            }
        }
    }
    let controllers = here
        .maps("ownerReferences")
        .filter(|(_, owner)| owner.get("controller") == Some(&Value::Bool(true)));
    if controllers.count() > 1 {
        let fault = Fault::new("name more than one controller").because("an object has one controller at most");
        here.error("schema/exclusive", at!["ownerReferences"], fault);
    }
    // Only the metadata of the whole object are the server's; a template's are ours.
    if here.walk.depth() == 1 {
        for field in SERVER_FIELDS {
            if here.has(field) {
                let fault = Fault::new("is written by the API server")
                    .because(
                        "an object that is applied with an old value of it is refused, or stays out of step for ever",
                    )
                    .mend("remove it");
                here.walk
                    .tell(Severity::Warning, "schema/server-field", at![*field], fault);
            }
        }
    }
}

/// What the API server writes into metadata.
const SERVER_FIELDS: &[&str] = &[
    "creationTimestamp",
    "deletionTimestamp",
    "resourceVersion",
    "uid",
    "selfLink",
    "generation",
    "managedFields",
];
