//! Admission: policies, their bindings and parameters, webhooks, and API services.

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{annotation, each, text};
use super::placement::nothing;
use super::rbac::resources;
use super::report::{Check, Target, listed};
use super::selector::Selector;
use super::services::expect_port;
use super::targets::{CALLED_SERVICE, CERTIFICATE, MUTATING_POLICY, POLICY};
use crate::finding::Finding;

const GROUP: &str = "admissionregistration.k8s.io";

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for (kind, target) in [
        ("ValidatingAdmissionPolicyBinding", POLICY),
        ("MutatingAdmissionPolicyBinding", MUTATING_POLICY),
    ] {
        for i in ix.objects.of(GROUP, kind) {
            binding(c, *i, &target);
        }
    }
    for kind in ["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"] {
        for i in ix.objects.of(GROUP, kind) {
            rules(
                c,
                *i,
                &ix.objects.value(*i)["spec"]["matchConstraints"]["resourceRules"],
            );
        }
    }
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        for i in ix.objects.of(GROUP, kind) {
            for webhook in each(&ix.objects.value(*i)["webhooks"]) {
                rules(c, *i, &webhook["rules"]);
                called(c, *i, &webhook["clientConfig"]["service"]);
            }
            injected(c, *i);
        }
    }
    for i in ix.objects.of("apiregistration.k8s.io", "APIService") {
        called(c, *i, &ix.objects.value(*i)["spec"]["service"]);
        injected(c, *i);
    }
    for i in ix.objects.of("apiextensions.k8s.io", "CustomResourceDefinition") {
        called(
            c,
            *i,
            &ix.objects.value(*i)["spec"]["conversion"]["webhook"]["clientConfig"]["service"],
        );
        injected(c, *i);
    }
}

fn rules(c: &mut Check<'_>, item: usize, list: &Value) {
    for rule in each(list) {
        resources(c, item, &rule["apiGroups"], &rule["resources"]);
    }
}

fn called<'a>(c: &mut Check<'a>, item: usize, service: &'a Value) {
    let ns = text(&service["namespace"]);
    if let Some(found) = c.expect(item, &service["name"], &CALLED_SERVICE, ns) {
        // Without a port the API server calls 443.
        if service["port"].is_u64() {
            expect_port(c, item, &service["port"], found, text(&service["name"]));
        }
    }
}

/// `cert-manager.io/inject-ca-from: NAMESPACE/CERTIFICATE`.
fn injected(c: &mut Check<'_>, item: usize) {
    let at = annotation(c.ix.objects.value(item), "cert-manager.io/inject-ca-from");
    if let Some((ns, name)) = text(at).split_once('/') {
        c.expect_name(item, at, &CERTIFICATE, ns, name);
    }
}

fn binding(c: &mut Check<'_>, item: usize, target: &Target<'_>) {
    let ix = c.ix;
    let spec = &ix.objects.value(item)["spec"];
    let chosen = &spec["matchResources"]["namespaceSelector"];
    if chosen.is_object() {
        let selector = Selector::of(chosen);
        if ix.select_namespaces(&selector).is_empty() {
            nothing(
                c,
                item,
                chosen,
                "namespaces",
                &selector,
                "",
                "the policy is enforced nowhere",
            );
        }
    }
    let Some(Found::Object(policy)) = c.expect(item, &spec["policyName"], target, "") else {
        return;
    };
    let kind = &ix.objects.value(policy)["spec"]["paramKind"];
    let parameter = &spec["paramRef"];
    if kind.is_object() && parameter["name"].is_string() {
        parameters(c, item, spec, kind);
    }
}

/// The parameter object of a binding: in the namespace named, or else in that of each request.
fn parameters<'a>(c: &mut Check<'a>, item: usize, spec: &'a Value, kind: &'a Value) {
    let ix = c.ix;
    let reference = &spec["paramRef"];
    let group = text(&kind["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
    let effect = "with parameterNotFoundAction Deny every request is refused, with Allow none is judged";
    let target = Target {
        group,
        kind: text(&kind["kind"]),
        code: codes::PARAMETER,
        effect,
    };
    let name = text(&reference["name"]);
    if reference["namespace"].is_string() || super::apis::is_cluster_scoped(group, target.kind) {
        c.expect(item, &reference["name"], &target, text(&reference["namespace"]));
        return;
    }
    let chosen = &spec["matchResources"]["namespaceSelector"];
    let namespaces = ix.select_namespaces(&Selector::of(chosen));
    let without: Vec<_> = namespaces
        .iter()
        .map(|n| n.name)
        .filter(|ns| c.look(&target, ns, name).is_none())
        .collect();
    let asked_everywhere = chosen.is_object() && text(&reference["parameterNotFoundAction"]) == "Deny";
    let nowhere = without.len() == namespaces.len();
    if nowhere || (asked_everywhere && !without.is_empty()) {
        let places = if nowhere {
            String::new()
        } else {
            format!(" in namespace {}", listed(&without))
        };
        let message = format!("the parameter {} `{name}` {}{places}", target.kind, c.nowhere());
        let finding = Finding::new(c.missing(), codes::PARAMETER, message).because(effect);
        let near = c.near(target.kind, without.first().unwrap_or(&""), name);
        let mend = format!("{near}; it must be in each namespace that the binding selects, or in the one it names");
        c.say(item, &reference["name"], finding.mend(mend));
    }
}
