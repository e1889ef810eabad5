//! Which policy is about which object.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{MatchResources, NamedRuleWithOperations, ParamRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use super::subject::Subject;
use crate::bundle::Item;

/// What of a cluster policies ask for, beside the object itself.
pub(super) struct World<'a> {
    namespaces: BTreeMap<&'a str, Value>,
    /// ConfigMaps, which may be parameters: by namespace and name.
    params: BTreeMap<(&'a str, &'a str), &'a Value>,
}

impl<'a> World<'a> {
    /// `defaults` are parameters that hold where the cluster has none of the same name.
    pub(super) fn new(items: &[&'a Item], defaults: &[&'a Item]) -> Self {
        let mut world = Self {
            namespaces: BTreeMap::new(),
            params: BTreeMap::new(),
        };
        for item in defaults.iter().chain(items) {
            let object = &item.object;
            match (object.group(), object.kind()) {
                ("", "Namespace") => {
                    world
                        .namespaces
                        .insert(object.name(), named(object.value(), object.name()));
                }
                ("", "ConfigMap") => {
                    world.params.insert((object.namespace(), object.name()), object.value());
                }
                _ => {}
            }
        }
        world
    }

    /// A namespace as the API server has it: of one that is not among the objects only its name is known.
    pub(super) fn namespace(&self, name: &str) -> Value {
        self.namespaces.get(name).cloned().unwrap_or_else(|| {
            named(
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
                name,
            )
        })
    }

    /// The parameters that a binding names, for a request in this namespace.
    pub(super) fn params(&self, reference: &ParamRef, namespace: &str) -> Vec<&'a Value> {
        let namespace = reference.namespace.as_deref().unwrap_or(namespace);
        let found = self.params.iter().filter(|((ns, name), value)| {
            *ns == namespace
                && reference.name.as_deref().is_none_or(|wanted| wanted == *name)
                && reference
                    .selector
                    .as_ref()
                    .is_none_or(|selector| selects(selector, value))
        });
        found.map(|(_, value)| *value).collect()
    }
}

/// Kubernetes gives each namespace its name as a label.
fn named(namespace: &Value, name: &str) -> Value {
    let mut namespace = namespace.clone();
    let labels = namespace.pointer_mut("/metadata").and_then(Value::as_object_mut);
    if let Some(labels) = labels.map(|metadata| metadata.entry("labels").or_insert_with(|| json!({})))
        && let Some(labels) = labels.as_object_mut()
    {
        labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
    }
    namespace
}

/// Whether a label selector selects an object; an operator that there is not selects nothing.
fn selects(selector: &LabelSelector, object: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    let label = |key: &str| labels?.get(key)?.as_str();
    let equal = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| label(key) == Some(value));
    equal
        && selector.match_expressions.iter().flatten().all(|expression| {
            let value = label(&expression.key);
            let among = |value: &str| expression.values.iter().flatten().any(|known| known == value);
            match expression.operator.as_str() {
                "In" => value.is_some_and(among),
                "NotIn" => !value.is_some_and(among),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// How a policy or a binding meets a subject.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    No,
    Yes,
    /// It is about another version of the same resource: the API server would convert, which is not done here.
    Converted,
}

/// Whether constraints are about a subject.
pub(super) fn matches(constraints: &MatchResources, subject: &Subject<'_>, namespace: Option<&Value>) -> Match {
    if let Some(selector) = &constraints.object_selector
        && !selects(selector, &subject.object)
        && !subject.old.as_ref().is_some_and(|old| selects(selector, old))
    {
        return Match::No;
    }
    // What is not in a namespace is not left out by a selector of namespaces; a namespace itself has its own labels.
    let own = (subject.resource == "namespaces" && subject.group.is_empty())
        .then(|| named(subject.current(), subject.name()));
    if let (Some(selector), Some(namespace)) = (&constraints.namespace_selector, own.as_ref().or(namespace))
        && !selects(selector, namespace)
    {
        return Match::No;
    }
    let mut excluded = constraints.exclude_resource_rules.iter().flatten();
    if excluded.any(|rule| by_rule(rule, subject, true) != Match::No) {
        return Match::No;
    }
    let Some(rules) = constraints.resource_rules.as_ref().filter(|rules| !rules.is_empty()) else {
        return Match::Yes;
    };
    let exact = constraints.match_policy.as_deref() == Some("Exact");
    let found: Vec<Match> = rules.iter().map(|rule| by_rule(rule, subject, exact)).collect();
    [Match::Yes, Match::Converted]
        .into_iter()
        .find(|wanted| found.contains(wanted))
        .unwrap_or(Match::No)
}

fn by_rule(rule: &NamedRuleWithOperations, subject: &Subject<'_>, exact: bool) -> Match {
    let among = |list: Option<&Vec<String>>, value: &str| {
        list.into_iter().flatten().any(|known| known == "*" || known == value)
    };
    let scope = match rule.scope.as_deref() {
        Some("Cluster") => !subject.is_namespaced(),
        Some("Namespaced") => subject.is_namespaced(),
        _ => true,
    };
    let resource = among(rule.resources.as_ref(), &subject.resource) || among(rule.resources.as_ref(), "*/*");
    let names = rule.resource_names.as_ref().filter(|names| !names.is_empty());
    let name = names.is_none_or(|names| names.iter().any(|name| name == subject.name()));
    let operation = among(rule.operations.as_ref(), subject.operation);
    if !(scope && resource && name && operation && among(rule.api_groups.as_ref(), &subject.group)) {
        return Match::No;
    }
    match among(rule.api_versions.as_ref(), &subject.version) {
        true => Match::Yes,
        false if exact => Match::No,
        false => Match::Converted,
    }
}
