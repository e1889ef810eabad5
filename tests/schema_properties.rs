//! *schema* under random changes: what the published schema forbids is found, and nothing makes the check fail.
//!
//! What the schema allows is asked of the files in `schemas/upstream` themselves, by a reader of its own here, so that
//! the check is not held against itself.
#![allow(clippy::unwrap_used, reason = "a test may end where it fails")]

mod schema_support;

use std::collections::HashMap;
use std::sync::LazyLock;

use galeno::checks::schema::{self, Catalog, KubeVersion};
use proptest::prelude::*;
use proptest::sample::Index;
use schema_support::{change, item, valid_objects};
use serde_json::{Map, Value};

/// Every entry of every file of `schemas/upstream`, and of the index the entry of each apiVersion and kind.
struct Published {
    entries: HashMap<String, Value>,
    roots: HashMap<(String, String), String>,
}

static PUBLISHED: LazyLock<Published> = LazyLock::new(|| {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/upstream");
    let mut published = Published {
        entries: HashMap::new(),
        roots: HashMap::new(),
    };
    for file in std::fs::read_dir(&dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
    {
        let entries: Map<String, Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        published.entries.extend(entries);
    }
    for line in std::fs::read_to_string(dir.join("index.tsv")).unwrap().lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        published
            .roots
            .insert((columns[0].to_owned(), columns[1].to_owned()), columns[6].to_owned());
    }
    published
});

/// What the published schema says of one place.
fn follow(mut schema: &Value) -> &Value {
    while let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        schema = &PUBLISHED.entries[name];
    }
    schema
}

fn root(object: &Value) -> Option<&'static Value> {
    let key = (
        object["apiVersion"].as_str()?.to_owned(),
        object["kind"].as_str()?.to_owned(),
    );
    PUBLISHED.entries.get(PUBLISHED.roots.get(&key)?)
}

/// The schema of a field of an object; `None` where the schema says nothing.
fn child<'s>(schema: &'s Value, step: &str, is_custom_metadata: bool) -> Option<&'s Value> {
    if is_custom_metadata {
        return PUBLISHED.entries.get("meta.v1.ObjectMeta");
    }
    let schema = follow(schema);
    schema
        .get("items")
        .filter(|_| step.parse::<usize>().is_ok())
        .or_else(|| schema.get("properties")?.get(step))
        .or_else(|| schema.get("additionalProperties").filter(|v| v.is_object()))
        .map(follow)
}

/// One place in an object, with its schema and that of the mapping or list around it.
struct Place {
    pointer: String,
    parent: Option<&'static Value>,
    schema: Option<&'static Value>,
    is_key: bool,
}

fn places(object: &Value) -> Vec<Place> {
    fn walk(pointer: &str, value: &Value, schema: Option<&'static Value>, found: &mut Vec<Place>) {
        let mut below = |step: &str, value: &Value, is_key: bool| {
            let custom = pointer.is_empty()
                && step == "metadata"
                && schema.is_some_and(|s| s["properties"]["metadata"].get("$ref").is_none());
            let pointer = format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"));
            let inner = schema.and_then(|s| child(s, step, custom));
            found.push(Place {
                pointer: pointer.clone(),
                parent: schema.map(follow),
                schema: inner,
                is_key,
            });
            walk(&pointer, value, inner, found);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value, true)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(i, value)| below(&i.to_string(), value, false)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk("", object, root(object), &mut found);
    // Of the identity of the object other checks speak.
    found.retain(|place| {
        !matches!(
            place.pointer.as_str(),
            "/apiVersion" | "/kind" | "/metadata" | "/status"
        ) && !place.pointer.starts_with("/status/")
    });
    found
}

fn is(schema: &Value, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

/// Whether a mapping of this schema has a fixed set of fields.
fn is_closed(schema: &Value) -> bool {
    schema
        .get("properties")
        .is_some_and(|p| p.as_object().is_some_and(|p| !p.is_empty()))
        && !is(schema, "x-kubernetes-preserve-unknown-fields")
        && schema.get("additionalProperties").is_none()
}

/// A value of another type than the schema asks for; `None` if it asks for none.
fn retyped(schema: &Value) -> Option<Value> {
    if is(schema, "x-kubernetes-int-or-string") || is(schema, "x-kubernetes-preserve-unknown-fields") {
        return None;
    }
    // Definitions that Go reads in a way of its own.
    if schema.get("format").and_then(Value::as_str) == Some("int-or-string")
        || std::ptr::eq(schema, &raw const PUBLISHED.entries["resource.Quantity"])
    {
        return Some(serde_json::json!([true]));
    }
    Some(match schema.get("type")?.as_str()? {
        "string" => serde_json::json!(7),
        "integer" | "number" => serde_json::json!("many"),
        "boolean" => serde_json::json!("yes"),
        "array" => serde_json::json!({"a": 1}),
        _ => serde_json::json!("text"),
    })
}

fn codes(object: Value) -> Vec<(&'static str, String)> {
    let found = schema::check(&[item("test.yaml", object)], &CATALOG, &[KubeVersion::LATEST]);
    found
        .into_iter()
        .map(|f| (f.code, f.place.pointer.unwrap_or_default()))
        .collect()
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::upstream);

fn any_object() -> impl Strategy<Value = Value> {
    let objects: Vec<Value> = valid_objects()
        .into_iter()
        .map(|(_, o)| o)
        .filter(|o| root(o).is_some())
        .collect();
    proptest::sample::select(objects)
}

/// Any JSON, not deeper than a few levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| serde_json::Number::from_f64(f).map_or(Value::Null, Value::Number)),
        ".{0,12}".prop_map(Value::from),
        "[a-z0-9./:%*@-]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// Keys that kinds have, so that arbitrary JSON gets past the first level, and some that none has.
fn key() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 40] = [
        "spec",
        "metadata",
        "template",
        "containers",
        "initContainers",
        "volumes",
        "name",
        "ports",
        "port",
        "selector",
        "matchLabels",
        "matchExpressions",
        "labels",
        "annotations",
        "env",
        "valueFrom",
        "resources",
        "limits",
        "requests",
        "rules",
        "verbs",
        "data",
        "stringData",
        "replicas",
        "strategy",
        "rollingUpdate",
        "schedule",
        "jobTemplate",
        "volumeMounts",
        "volumeClaimTemplates",
        "accessModes",
        "storage",
        "podSelector",
        "ingress",
        "egress",
        "from",
        "to",
        "ipBlock",
        "namespace",
        "type",
    ];
    prop_oneof![4 => proptest::sample::select(KNOWN.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// A field of another name is found, unless the mapping's keys are free.
    #[test]
    fn a_renamed_field_is_found(object in any_object(), index in any::<Index>()) {
        let places = places(&object);
        let closed: Vec<&Place> = places.iter().filter(|p| p.is_key && p.parent.is_some_and(is_closed)).collect();
        let place = index.get(&closed);
        let mut changed = object.clone();
        let value = object.pointer(&place.pointer).cloned().unwrap();
        change(&mut changed, &place.pointer, None);
        change(&mut changed, &format!("{}X", place.pointer), Some(value));
        let found = codes(changed);
        let expected = ("schema/unknown-field", format!("{}X", place.pointer));
        prop_assert!(found.contains(&expected), "{}: {found:?}", place.pointer);
    }

    /// A value of another type is found, unless the schema asks for none.
    #[test]
    fn a_retyped_value_is_found(object in any_object(), index in any::<Index>()) {
        let places = places(&object);
        let typed: Vec<(&Place, Value)> = places.iter().filter_map(|p| Some((p, retyped(p.schema?)?))).collect();
        let (place, value) = index.get(&typed);
        let mut changed = object.clone();
        change(&mut changed, &place.pointer, Some(value.clone()));
        let found = codes(changed);
        let at = |code: &str| found.iter().any(|(c, p)| *c == code && *p == place.pointer);
        prop_assert!(at("schema/wrong-type") || at("schema/quantity"), "{} {value}: {found:?}", place.pointer);
    }

    /// A field that the schema demands is missed.
    #[test]
    fn a_dropped_field_is_found(object in any_object(), index in any::<Index>()) {
        let places = places(&object);
        let demanded = |place: &&Place| {
            let name = place.pointer.rsplit('/').next().unwrap_or_default();
            let required = place.parent.and_then(|p| p.get("required")).and_then(Value::as_array);
            place.is_key
                && required.is_some_and(|r| r.iter().any(|n| n == name))
                && place.schema.is_some_and(|s| s.get("default").is_none())
                && place.parent.is_some_and(|p| p.get("x-required-minors").and_then(|m| m.get(name)).is_none())
        };
        let required: Vec<&Place> = places.iter().filter(demanded).collect();
        prop_assume!(!required.is_empty());
        let place = index.get(&required);
        let mut changed = object.clone();
        change(&mut changed, &place.pointer, None);
        let found = codes(changed);
        prop_assert!(found.contains(&("schema/missing-field", place.pointer.clone())), "{}: {found:?}", place.pointer);
    }

    /// Whatever stands in an object, the check comes to an end.
    #[test]
    fn anything_in_a_valid_object_is_survived(object in any_object(), index in any::<Index>(), value in any_json()) {
        let places = places(&object);
        let place = index.get(&places);
        let mut changed = object.clone();
        change(&mut changed, &place.pointer, Some(value));
        let first = codes(changed.clone());
        prop_assert_eq!(first, codes(changed), "the same object has the same findings");
    }

    /// Whatever an object is, the check comes to an end.
    #[test]
    fn anything_of_any_kind_is_survived(kind in any::<Index>(), body in any_json(), metadata in any_json()) {
        let mut kinds: Vec<&(String, String)> = PUBLISHED.roots.keys().collect();
        kinds.sort();
        let (api_version, kind) = kind.get(&kinds);
        let mut object = body.as_object().cloned().unwrap_or_default();
        object.insert("apiVersion".into(), api_version.as_str().into());
        object.insert("kind".into(), kind.as_str().into());
        object.insert("metadata".into(), Value::Object(metadata.as_object().cloned().unwrap_or_default()));
        codes(Value::Object(object));
    }

    /// Whatever a definition says, it and its objects are survived.
    #[test]
    fn any_definition_is_survived(schema in any_json(), rule in ".{0,40}", body in any_json()) {
        let mut schema = schema.as_object().cloned().unwrap_or_default();
        schema.insert("x-kubernetes-validations".into(), serde_json::json!([{"rule": rule}]));
        schema.insert("type".into(), "object".into());
        let crd = serde_json::json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com", "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
        let mut object = body.as_object().cloned().unwrap_or_default();
        for (key, value) in [("apiVersion", "example.com/v1"), ("kind", "Thing")] {
            object.insert(key.into(), value.into());
        }
        object.insert("metadata".into(), serde_json::json!({"name": "a"}));
        let items = [item("a.yaml", crd), item("b.yaml", Value::Object(object))];
        schema::check(&items, &CATALOG, &[KubeVersion::LATEST]);
    }
}

#[test]
fn an_object_nested_without_end_is_told_and_not_followed() {
    let mut deep = Value::from(1);
    for _ in 0..300 {
        deep = serde_json::json!({"properties": {"a": deep}});
    }
    let mut crd = schema_support::base("CustomResourceDefinition/backups.example.org");
    change(
        &mut crd,
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/deep",
        Some(deep),
    );
    assert!(codes(crd).iter().any(|(code, _)| *code == "schema/too-deep"));
}
