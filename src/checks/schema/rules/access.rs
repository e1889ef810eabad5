//! Roles and their bindings.

use serde_json::{Map, Value};

use super::{Here, list, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::finding::Severity;

pub(super) fn role(here: &mut Here<'_, '_>) {
    for (index, rule) in here.maps("rules") {
        policy_rule(here, index, rule);
        if !list(rule, "nonResourceURLs").is_empty() {
            here.forbidden(
                at!["rules", index, "nonResourceURLs"],
                "a Role speaks of its namespace, and paths are not in one: that takes a ClusterRole",
            );
        }
    }
}

pub(super) fn cluster_role(here: &mut Here<'_, '_>) {
    for (index, rule) in here.maps("rules") {
        policy_rule(here, index, rule);
    }
    if here
        .child("aggregationRule")
        .is_some_and(|rule| list(rule, "clusterRoleSelectors").is_empty())
    {
        here.needed(
            at!["aggregationRule", "clusterRoleSelectors"],
            "an aggregated role is made of others",
        );
    }
}

fn policy_rule(here: &mut Here<'_, '_>, index: usize, rule: &Map<String, Value>) {
    let empty = |field| list(rule, field).is_empty();
    if empty("verbs") && rule.contains_key("verbs") {
        here.needed(at!["rules", index, "verbs"], "a rule allows something");
    }
    if empty("nonResourceURLs") {
        for field in ["apiGroups", "resources"] {
            if empty(field) {
                here.needed(
                    at!["rules", index, field],
                    "a rule names what it is about; the core group is \"\"",
                );
            }
        }
    } else if !empty("apiGroups") || !empty("resources") || !empty("resourceNames") {
        let fault = Fault::new("has `nonResourceURLs` together with resources").mend("write two rules");
        here.error("schema/exclusive", at!["rules", index], fault);
    }
}

pub(super) fn binding(here: &mut Here<'_, '_>) {
    let Some(reference) = here.child("roleRef") else { return };
    let cluster = here.walk.item.object.kind() == "ClusterRoleBinding";
    let group = text(reference, "apiGroup");
    if !matches!(group, "" | "rbac.authorization.k8s.io") {
        let fault = Fault::new(format!("is {}, and must be rbac.authorization.k8s.io", quoted(group)));
        here.error("schema/bad-value", at!["roleRef", "apiGroup"], fault);
    }
    match text(reference, "kind") {
        "ClusterRole" | "" => {}
        "Role" if !cluster => {}
        "Role" => {
            let fault = Fault::new("is \"Role\", and must be \"ClusterRole\"")
                .because("a ClusterRoleBinding holds in every namespace, and a Role is in one");
            here.error("schema/bad-value", at!["roleRef", "kind"], fault);
        }
        other => {
            let fault = Fault::new(format!("is {}, and must be Role or ClusterRole", quoted(other)));
            here.error("schema/bad-value", at!["roleRef", "kind"], fault);
        }
    }
    if let Err(complaint) = formats::path_segment(text(reference, "name"))
        && reference.contains_key("name")
    {
        let fault = Fault::new(format!("is {}, and {complaint}", quoted(text(reference, "name"))));
        here.error("schema/name", at!["roleRef", "name"], fault);
    }
    if cluster {
        for (index, subject) in here.maps("subjects") {
            if text(subject, "kind") == "ServiceAccount" && text(subject, "namespace").is_empty() {
                here.needed(
                    at!["subjects", index, "namespace"],
                    "a service account is in a namespace",
                );
            }
        }
    }
}

pub(super) fn subject(here: &mut Here<'_, '_>) {
    let (kind, group, name) = (here.text("kind"), here.text("apiGroup"), here.text("name"));
    let wanted = match kind {
        "ServiceAccount" => "",
        "User" | "Group" => "rbac.authorization.k8s.io",
        "" => return,
        other => {
            let fault = Fault::new(format!(
                "is {}, and must be User, Group or ServiceAccount",
                quoted(other)
            ));
            return here.error("schema/bad-value", at!["kind"], fault);
        }
    };
    if name.is_empty() && here.has("name") {
        here.needed(at!["name"], "a subject is somebody");
    }
    // Where no group is written, the API server fills in the right one.
    if !group.is_empty() && group != wanted {
        let fault = Fault::new(format!(
            "is {}, and must be {} for a {kind}",
            quoted(group),
            quoted(wanted)
        ));
        here.error("schema/bad-value", at!["apiGroup"], fault);
    }
    if kind == "ServiceAccount"
        && !name.is_empty()
        && let Err(complaint) = formats::dns_subdomain(name)
    {
        let fault = Fault::new(format!("is {}, and {complaint}", quoted(name)));
        here.error("schema/name", at!["name"], fault);
    }
    if kind != "ServiceAccount" && here.has("namespace") && !here.text("namespace").is_empty() {
        let fault = Fault::new("has no effect")
            .because("only service accounts are in a namespace")
            .mend("remove it");
        here.walk
            .tell(Severity::Warning, "schema/no-effect", at!["namespace"], fault);
    }
}
