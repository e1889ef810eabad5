//! One policy, one binding, one object.

use serde_json::{Value, json};

use super::matching::{Match, World, matches};
use super::model::{Binding, Policy, Validation};
use super::subject::Subject;
use crate::checks::schema::{Failure, Variables};

/// A request with all that expressions may ask of it.
pub(super) struct Request<'a> {
    subject: &'a Subject<'a>,
    namespace: Option<Value>,
    request: Value,
    old: Value,
}

impl<'a> Request<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, world: &World<'_>) -> Self {
        let namespace = subject.is_namespaced().then(|| world.namespace(&subject.namespace));
        let kind = json!({"group": subject.group, "version": subject.version, "kind": subject.kind});
        let resource = json!({"group": subject.group, "version": subject.version, "resource": subject.resource});
        let account = subject
            .user
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split(':').next());
        let mut groups = vec!["system:authenticated".to_owned()];
        groups.extend(account.map(|ns| format!("system:serviceaccounts:{ns}")));
        // Requests about a namespace itself are made in it.
        let is_namespace = subject.group.is_empty() && subject.resource == "namespaces";
        let requested = if is_namespace {
            subject.name()
        } else {
            &subject.namespace
        };
        let request = json!({
            "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
            "subResource": "", "requestSubResource": "",
            "name": subject.name(), "namespace": requested, "operation": subject.operation,
            "userInfo": {"username": subject.user, "groups": groups}, "dryRun": false,
        });
        Self {
            subject,
            namespace,
            request,
            old: subject.old.clone().unwrap_or_default(),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// The request is refused.
    Refused,
    /// The policy failed, which it says is to be ignored.
    Ignored,
    /// It cannot be evaluated here.
    NotEvaluated,
}

/// Something that a policy has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) message: String,
}

fn failed(policy: &Policy, what: &str, failure: Failure) -> Judgement {
    match failure {
        Failure::NotEvaluated(reason) => Judgement {
            verdict: Verdict::NotEvaluated,
            message: format!("{what} cannot be evaluated: {reason}"),
        },
        Failure::Failed(reason) => Judgement {
            verdict: if policy.fail {
                Verdict::Refused
            } else {
                Verdict::Ignored
            },
            message: format!("{what} failed: {reason}"),
        },
    }
}

/// What a policy, as one binding binds it, says of a request.
pub(super) fn judge(policy: &Policy, binding: &Binding, request: &Request<'_>, world: &World<'_>) -> Vec<Judgement> {
    let namespace = request.namespace.as_ref();
    let mut met = matches(&policy.constraints, request.subject, namespace);
    if met == Match::Yes
        && let Some(own) = &binding.matches
    {
        met = matches(own, request.subject, namespace);
    }
    match met {
        Match::No => Vec::new(),
        Match::Yes => with_params(policy, binding, request, world),
        Match::Converted => {
            let reason = format!(
                "it is about another version of `{}`, and objects are not converted here",
                request.subject.resource
            );
            vec![failed(policy, "the policy", Failure::NotEvaluated(reason))]
        }
    }
}

fn with_params(policy: &Policy, binding: &Binding, request: &Request<'_>, world: &World<'_>) -> Vec<Judgement> {
    let (Some(kind), Some(reference)) = (&policy.param_kind, &binding.params) else {
        return evaluate(policy, request, &Value::Null);
    };
    if kind.api_version.as_deref() != Some("v1") || kind.kind.as_deref() != Some("ConfigMap") {
        let kind = kind.kind.as_deref().unwrap_or_default();
        let failure = Failure::NotEvaluated(format!("parameters of the kind {kind} are not supported"));
        return vec![failed(policy, "`paramKind`", failure)];
    }
    let params = world.params(reference, &request.subject.namespace);
    if !params.is_empty() {
        return params
            .into_iter()
            .flat_map(|params| evaluate(policy, request, params))
            .collect();
    }
    if reference.parameter_not_found_action.as_deref() == Some("Allow") {
        return Vec::new();
    }
    let name = reference.name.as_deref().unwrap_or("with the labels that it names");
    let failure = Failure::Failed(format!("there is no ConfigMap {name}, which holds its parameters"));
    vec![failed(policy, "the policy", failure)]
}

fn evaluate(policy: &Policy, request: &Request<'_>, params: &Value) -> Vec<Judgement> {
    let mut scope = Variables::new([
        ("object", &*request.subject.object),
        ("oldObject", &request.old),
        ("request", &request.request),
        ("namespaceObject", request.namespace.as_ref().unwrap_or(&Value::Null)),
        ("params", params),
    ]);
    // One condition that does not hold ends it, whatever the others fail at.
    let mut failures = Vec::new();
    for (name, condition) in &policy.conditions {
        match scope.truth(condition) {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(failure) => failures.push(failed(policy, &format!("the condition `{name}`"), failure)),
        }
    }
    if !failures.is_empty() {
        return failures;
    }
    for (name, variable) in &policy.variables {
        scope.define(name, variable);
    }
    policy
        .validations
        .iter()
        .filter_map(|validation| match scope.truth(&validation.expression) {
            Ok(true) => None,
            Ok(false) => Some(Judgement {
                verdict: Verdict::Refused,
                message: message(validation, &scope),
            }),
            Err(failure) => Some(failed(
                policy,
                &format!("the expression `{}`", validation.text.trim()),
                failure,
            )),
        })
        .collect()
}

/// As the API server chooses it: the expression's text if it makes one of one line, else the message, else the expression.
fn message(validation: &Validation, scope: &Variables<'_>) -> String {
    let made = validation
        .message_expression
        .as_ref()
        .and_then(|expression| scope.text(expression).ok());
    let usable = |text: &String| !text.trim().is_empty() && !text.trim().contains('\n') && text.len() <= 5 * 1024;
    made.filter(usable)
        .map(|text| text.trim().to_owned())
        .or_else(|| validation.message.clone())
        .unwrap_or_else(|| format!("failed expression: {}", validation.text.trim()))
}
