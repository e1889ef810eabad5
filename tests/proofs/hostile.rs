//! Nothing that somebody writes makes the checks fall over or hang.

use galeno::bundle::Item;
use galeno::checks::policy::check;
use galeno::checks::schema::Catalog;
use galeno::checks::upgrade::classify;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::platform::item;

/// Expressions that ask for much, of parts that fit together more often than not.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("object".to_owned()),
        Just("object.metadata".to_owned()),
        Just("object.data".to_owned()),
        Just("oldObject".to_owned()),
        Just("params".to_owned()),
        Just("namespaceObject".to_owned()),
        Just("request.userInfo.groups".to_owned()),
        Just("[1, 2, 3]".to_owned()),
        Just("'aaaaaaaaaaaaaaaa'".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("null".to_owned()),
        "[a-z(\\[{'\"\\\\)]{0,12}",
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} + {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} == {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} in {b}) || {a} / {b} > 0")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.all(x, {b}.exists(y, y == x))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.map(x, {b}.map(y, [x, y]))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("string({a}).replace('a', string({b}))")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}.matches({b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) ? {b} : {c}")),
            inner.clone().prop_map(|a| format!("{a}[{a}]")),
            inner.clone().prop_map(|a| format!("has({a}.x)")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

/// Any JSON, with the names that checks look for.
fn json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        "[a-z]{1,4}",
        Just("spec".to_owned()),
        Just("template".to_owned()),
        Just("containers".to_owned()),
        Just("data".to_owned()),
        Just("labels".to_owned()),
        Just("name".to_owned()),
        Just("replicas".to_owned()),
        Just("volumeClaimTemplates".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn object(kind: (&str, &str), spec: Value, data: Value) -> Item {
    item(
        json!({"apiVersion": kind.0, "kind": kind.1, "metadata": {"name": "x", "namespace": "clinic-data"}, "spec": spec, "data": data}),
    )
}

const KINDS: [(&str, &str); 8] = [
    ("v1", "ConfigMap"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("ceph.rook.io/v1", "CephCluster"),
    ("networking.k8s.io/v1", "Ingress"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_expression_hangs_or_falls_over(expression in expression(), data in json()) {
        let rules = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]);
        let api = "admissionregistration.k8s.io/v1";
        let items = [
            item(json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": {
                "matchConstraints": {"resourceRules": rules},
                "variables": [{"name": "v", "expression": expression}],
                "matchConditions": [{"name": "c", "expression": format!("({expression}) != 7")}],
                "validations": [{"expression": format!("({expression}) == variables.v"), "messageExpression": expression}],
            }})),
            item(json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "p"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}})),
            object(("v1", "ConfigMap"), Value::Null, data),
        ];
        check(&items, &Catalog::upstream(), false);
    }

    #[test]
    fn no_object_makes_a_policy_or_a_comparison_fall_over(kind in prop::sample::select(&KINDS[..]), old in json(), new in json(), data in json()) {
        let base = [object(kind, old, data.clone())];
        let head = [object(kind, new, data)];
        check(&head, &Catalog::upstream(), true);
        classify(&base, &head);
        classify(&head, &base);
    }
}
