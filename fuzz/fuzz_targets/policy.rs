//! A policy with any expression, over any object: it ends, and it does not fall over.
#![no_main]

use std::sync::Arc;

use galeno::bundle::{Item, Object};
use galeno::checks::policy::check;
use galeno::checks::schema::Catalog;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn item(value: Value) -> Option<Item> {
    Some(Item {
        cluster: Arc::from(""),
        file: Arc::from("x.yaml"),
        positions: None,
        object: Object::new(value).ok()?,
    })
}

fuzz_target!(|input: (String, String)| {
    let (expression, object) = input;
    let api = "admissionregistration.k8s.io/v1";
    let rules = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]);
    let mut items: Vec<Item> = [
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {
            "matchConstraints": {"resourceRules": rules},
            "variables": [{"name": "v", "expression": expression}],
            "validations": [{"expression": expression, "messageExpression": "string(variables.v)"}]}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "p"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}}),
    ]
    .into_iter()
    .filter_map(item)
    .collect();
    let data: Value = serde_json::from_str(&object).unwrap_or(Value::String(object));
    items.extend(item(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})));
    check(&items, &Catalog::upstream(), true);
});
