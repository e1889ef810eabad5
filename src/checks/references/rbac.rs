//! Roles, bindings, and the API groups and resources that rules and webhooks name.

use serde_json::Value;

use super::apis;
use super::codes;
use super::index::Found;
use super::json::{each, text};
use super::placement::nothing;
use super::report::{Check, Target, did_you_mean, listed};
use super::selector::{Labels, Selector};
use super::targets::{CLUSTER_ROLE, ROLE, SUBJECT, USED_CONFIG_MAP, USED_SECRET};
use crate::finding::Finding;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for i in ix.objects.of(GROUP, kind) {
            binding(c, *i);
        }
    }
    for kind in ["Role", "ClusterRole"] {
        for i in ix.objects.of(GROUP, kind) {
            let rules = &ix.objects.value(*i)["rules"];
            for rule in each(rules) {
                resources(c, *i, &rule["apiGroups"], &rule["resources"]);
                restricted(c, *i, rules, rule);
            }
            aggregation(c, *i);
        }
    }
}

fn binding(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (ns, value) = (ix.objects.heads[item].ns, ix.objects.value(item));
    let role = &value["roleRef"];
    if text(&role["kind"]) == "ClusterRole" {
        c.expect(item, &role["name"], &CLUSTER_ROLE, "");
    } else {
        c.expect(item, &role["name"], &ROLE, ns);
    }
    for subject in each(&value["subjects"]) {
        let name = text(&subject["name"]);
        let known = match text(&subject["kind"]) {
            "ServiceAccount" => Some((subject["namespace"].as_str().unwrap_or(ns), name)),
            "User" => name
                .strip_prefix("system:serviceaccount:")
                .and_then(|rest| rest.split_once(':')),
            "Group" => name.strip_prefix("system:serviceaccounts:").map(|ns| (ns, "")),
            _ => None,
        };
        match known {
            // To be bound is not to be used: an account that only holds permissions is still an orphan.
            Some((ns, account)) if !account.is_empty() && ix.find("", "ServiceAccount", ns, account).is_none() => {
                c.expect_name(item, &subject["name"], &SUBJECT, ns, account);
            }
            Some((_, account)) if !account.is_empty() => {}
            Some((ns, _)) if ix.namespace(ns).is_none() => {
                let target = Target {
                    kind: "Namespace",
                    ..SUBJECT
                };
                c.expect_name(item, &subject["name"], &target, "", ns);
            }
            _ => {}
        }
    }
}

/// Says so if groups or resources are named that no API has: what names them has no effect.
pub(super) fn resources(c: &mut Check<'_>, item: usize, group_list: &Value, resource_list: &Value) {
    let groups: Vec<_> = each(group_list)
        .filter_map(|value| Some((value, value.as_str()?)))
        .collect();
    if groups.iter().any(|(_, group)| *group == "*") {
        return;
    }
    let mut known = Vec::new();
    for (at, group) in &groups {
        if apis::group(group).is_some() || has_crds(c, group) || c.ix.has_api(group) {
            known.push(*group);
        } else {
            let names: Vec<_> = apis::groups().collect();
            let message = format!("the API group `{group}` is not known");
            let finding = Finding::warning(codes::RBAC_GROUP, message)
                .because("if no API server has it, the rule has no effect")
                .mend(format!(
                    "{}the group without a name is written \"\"",
                    did_you_mean(group, &names)
                ));
            c.say(item, at, finding);
        }
    }
    // A group whose resources are not listed may have any.
    let open = known.len() < groups.len() || known.iter().any(|group| apis::group(group).is_none());
    for at in each(resource_list) {
        let (resource, sub) = text(at)
            .split_once('/')
            .map_or((text(at), None), |(name, sub)| (name, Some(sub)));
        let has = |group: &&str| apis::group(group).is_some_and(|g| g.resources.contains_key(resource));
        let fine = resource == "*" || resource.is_empty() || known.iter().any(has) || open;
        let subresource = sub.is_none_or(|sub| apis::is_subresource(sub) || !known.iter().any(has));
        if fine && subresource || known.iter().any(|group| crd_has(c, group, resource)) {
            continue;
        }
        let names: Vec<_> = known
            .iter()
            .filter_map(|g| apis::group(g))
            .flat_map(|g| g.resources.keys().copied())
            .collect();
        let shown: Vec<_> = known
            .iter()
            .map(|group| if group.is_empty() { "core" } else { group })
            .collect();
        let message = format!(
            "there is no resource `{}` in the API group {}",
            text(at),
            listed(&shown)
        );
        let finding = Finding::error(codes::RBAC_RESOURCE, message)
            .because("the rule has no effect: resources are named in the plural, in lower case")
            .mend(format!("{}name the group that has it", did_you_mean(resource, &names)));
        c.say(item, at, finding);
    }
}

fn crds<'a>(c: &Check<'a>) -> impl Iterator<Item = &'a Value> {
    let objects = c.ix.objects;
    objects
        .of("apiextensions.k8s.io", "CustomResourceDefinition")
        .iter()
        .map(|i| &objects.value(*i)["spec"])
}

fn has_crds(c: &Check<'_>, group: &str) -> bool {
    crds(c).any(|spec| spec["group"] == group)
}

fn crd_has(c: &Check<'_>, group: &str, plural: &str) -> bool {
    crds(c).any(|spec| spec["group"] == group && spec["names"]["plural"] == plural)
}

/// Rules restricted by name to ConfigMaps and Secrets: the names are references, and their readers use them by the API.
fn restricted<'a>(c: &mut Check<'a>, item: usize, rules: &'a Value, rule: &'a Value) {
    let ns = c.ix.objects.heads[item].ns;
    if ns.is_empty() || !each(&rule["apiGroups"]).any(|group| group == "") {
        return;
    }
    for (resource, target) in [("configmaps", USED_CONFIG_MAP), ("secrets", USED_SECRET)] {
        if !each(&rule["resources"]).any(|name| name == resource) {
            continue;
        }
        // Whoever may create such objects makes them while running.
        let makes = each(rules).any(|rule| {
            each(&rule["verbs"]).any(|verb| verb == "create" || verb == "*")
                && each(&rule["resources"]).any(|name| name == resource || name == "*")
        });
        for at in each(&rule["resourceNames"]) {
            let name = text(at);
            if c.look(&target, ns, name).is_none() && !makes && !name.is_empty() {
                let target = Target {
                    code: codes::RBAC_NAME,
                    effect: "the permission is for nothing",
                    ..target
                };
                c.expect_name(item, at, &target, ns, name);
            }
        }
    }
}

/// An aggregating `ClusterRole` holds what the roles that it selects hold.
fn aggregation(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let selectors = &ix.objects.value(item)["aggregationRule"]["clusterRoleSelectors"];
    for at in each(selectors) {
        let selector = Selector::of(at);
        let roles = ix.objects.of(GROUP, "ClusterRole").iter();
        let matches = roles.filter(|i| {
            let labels = Labels::of(&ix.objects.value(**i)["metadata"]);
            selector.matches(|key| labels.get(key))
        });
        let matches: Vec<_> = matches.copied().collect();
        if matches.is_empty() {
            nothing(c, item, at, "ClusterRoles", &selector, "", "the role grants nothing");
        }
        for i in matches {
            c.mark(Found::Object(i));
        }
    }
}
