//! Policies and bindings as the API server understands them, with their expressions read.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, ParamKind, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use serde::de::DeserializeOwned;

use super::subject::Subject;
use crate::bundle::Item;
use crate::checks::schema::Expression;
use crate::finding::Finding;

/// What expressions may name.
const VARIABLES: &[&str] = &["object", "oldObject", "request", "params", "namespaceObject"];

/// A policy with its bindings.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: String,
    /// Where it stands.
    pub(super) file: String,
    pub(super) constraints: MatchResources,
    pub(super) conditions: Vec<(String, Arc<Expression>)>,
    pub(super) variables: Vec<(String, Arc<Expression>)>,
    pub(super) validations: Vec<Validation>,
    pub(super) param_kind: Option<ParamKind>,
    /// Whether a failure refuses.
    pub(super) fail: bool,
    pub(super) bindings: Vec<Binding>,
}

/// One of its validations.
#[derive(Debug)]
pub(super) struct Validation {
    pub(super) text: String,
    pub(super) expression: Arc<Expression>,
    pub(super) message: Option<String>,
    pub(super) message_expression: Option<Arc<Expression>>,
}

/// Where a policy is enforced, and how.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) action: Action,
    pub(super) params: Option<ParamRef>,
    pub(super) matches: Option<MatchResources>,
}

/// The strongest of a binding's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deny,
    Warn,
    Audit,
}

impl Policy {
    /// A quick answer to whether any of its rules could be about the subject.
    pub(super) fn may_concern(&self, subject: &Subject<'_>) -> bool {
        let rules = self.constraints.resource_rules.iter().flatten();
        rules
            .flat_map(|rule| rule.resources.iter().flatten())
            .any(|resource| resource.starts_with('*') || resource.split('/').next() == Some(subject.resource.as_str()))
    }
}

/// The policies among objects that have a binding, and what is wrong with them.
pub(super) fn policies(items: &[&Item]) -> (Vec<Policy>, Vec<Finding>) {
    let mut findings = Vec::new();
    let of_kind = |kind: &'static str| {
        let items = items.iter().copied();
        items.filter(move |item| item.object.kind() == kind && item.object.group() == "admissionregistration.k8s.io")
    };
    let mut bindings: HashMap<String, Vec<Binding>> = HashMap::new();
    for item in of_kind("ValidatingAdmissionPolicyBinding") {
        let Some(read) = typed::<ValidatingAdmissionPolicyBinding>(item, &mut findings) else {
            continue;
        };
        let spec = read.spec.unwrap_or_default();
        let actions = spec.validation_actions.unwrap_or_default();
        let has = |name: &str| actions.iter().any(|action| action == name);
        let action = match (has("Deny"), has("Warn")) {
            (true, _) => Action::Deny,
            (_, true) => Action::Warn,
            _ => Action::Audit,
        };
        bindings
            .entry(spec.policy_name.unwrap_or_default())
            .or_default()
            .push(Binding {
                action,
                params: spec.param_ref,
                matches: spec.match_resources,
            });
    }
    let mut policies = Vec::new();
    for item in of_kind("ValidatingAdmissionPolicy") {
        let Some(bindings) = bindings.remove(item.object.name()) else {
            continue;
        };
        policies.extend(policy(item, bindings, &mut findings));
    }
    (policies, findings)
}

fn typed<T: DeserializeOwned>(item: &Item, findings: &mut Vec<Finding>) -> Option<T> {
    serde_json::from_value(item.object.value().clone())
        .map_err(|error| {
            findings.push(
                Finding::error("policy/form", format!("cannot be read: {error}"))
                    .because("a policy that is not understood protects nothing")
                    .mend("write it as `kubectl explain` says")
                    .at(item.place("/spec")),
            );
        })
        .ok()
}

fn policy(item: &Item, bindings: Vec<Binding>, findings: &mut Vec<Finding>) -> Option<Policy> {
    let spec = typed::<ValidatingAdmissionPolicy>(item, findings)?.spec?;
    let before = findings.len();
    let mut reader = Reader { item, findings };
    let mut conditions = Vec::new();
    for (i, condition) in spec.match_conditions.unwrap_or_default().into_iter().enumerate() {
        let read = reader.read(
            &format!("/spec/matchConditions/{i}/expression"),
            &condition.expression,
            &[],
        );
        conditions.extend(read.map(|expression| (condition.name, expression)));
    }
    let mut own = Vec::new();
    let mut variables = Vec::new();
    for (i, variable) in spec.variables.unwrap_or_default().into_iter().enumerate() {
        let read = reader.read(&format!("/spec/variables/{i}/expression"), &variable.expression, &own);
        own.push(variable.name.clone());
        variables.extend(read.map(|expression| (variable.name, expression)));
    }
    let mut validations = Vec::new();
    for (i, validation) in spec.validations.unwrap_or_default().into_iter().enumerate() {
        let at = format!("/spec/validations/{i}");
        let message_expression = validation
            .message_expression
            .and_then(|text| reader.read(&format!("{at}/messageExpression"), &text, &own));
        let read = reader.read(&format!("{at}/expression"), &validation.expression, &own);
        validations.extend(read.map(|expression| Validation {
            text: validation.expression,
            expression,
            message: validation.message,
            message_expression,
        }));
    }
    // A policy of which a part cannot be read is not half evaluated: its findings stop whoever relies on it.
    (findings.len() == before).then(|| Policy {
        name: item.object.name().to_owned(),
        file: item.file.to_string(),
        constraints: spec.match_constraints.unwrap_or_default(),
        conditions,
        variables,
        validations,
        param_kind: spec.param_kind,
        fail: spec.failure_policy.as_deref() != Some("Ignore"),
        bindings,
    })
}

/// Reads the expressions of one policy.
struct Reader<'a> {
    item: &'a Item,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn read(&mut self, pointer: &str, text: &str, own: &[String]) -> Option<Arc<Expression>> {
        expression(text, own)
            .map_err(|problem| {
                self.findings.push(
                    Finding::error(
                        "policy/expression",
                        format!("the expression cannot be evaluated: {problem}"),
                    )
                    .because("what is not evaluated here is not passed")
                    .mend("write it with what is supported (docs/checks/policies.md)")
                    .at(self.item.place(pointer)),
                );
            })
            .ok()
    }
}

type Known = HashMap<(String, Vec<String>), Arc<Expression>>;

/// Reads an expression, once for all clusters that have it.
fn expression(text: &str, own: &[String]) -> Result<Arc<Expression>, String> {
    /// How many are kept.
    const KEPT: usize = 4096;
    static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
    let key = (text.to_owned(), own.to_vec());
    if let Some(known) = KNOWN.read().ok().and_then(|known| known.get(&key).cloned()) {
        return Ok(known);
    }
    let read = Arc::new(Expression::parse(text, VARIABLES, own)?);
    if let Ok(mut known) = KNOWN.write()
        && known.len() < KEPT
    {
        known.insert(key, Arc::clone(&read));
    }
    Ok(read)
}
