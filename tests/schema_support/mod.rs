//! What the tests of *schema* share: objects from fixtures, and changes of them.
#![allow(dead_code, reason = "not every test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may end where it fails")]

use std::sync::{Arc, LazyLock};

use galeno::bundle::{Item, Object};
use galeno::checks::schema::{self, Catalog, KubeVersion};
use galeno::finding::Finding;
use serde::Deserialize;
use serde_json::Value;

/// The files of valid objects.
const VALID: [(&str, &str); 4] = [
    (
        "workloads.yaml",
        include_str!("../fixtures/schema/valid/workloads.yaml"),
    ),
    ("core.yaml", include_str!("../fixtures/schema/valid/core.yaml")),
    ("policies.yaml", include_str!("../fixtures/schema/valid/policies.yaml")),
    ("custom.yaml", include_str!("../fixtures/schema/valid/custom.yaml")),
];

/// Every valid object, with its file.
pub(crate) fn valid_objects() -> Vec<(String, Value)> {
    OBJECTS.clone()
}

static OBJECTS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    VALID
        .iter()
        .flat_map(|(file, text)| {
            serde_yaml::Deserializer::from_str(text)
                .map(|document| (file.to_string(), Value::deserialize(document).unwrap()))
        })
        .collect()
});

/// The definition that the fixtures bring along is known.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog = Catalog::upstream();
    catalog
        .add_crd(&base("CustomResourceDefinition/backups.example.org"))
        .unwrap();
    catalog
});

/// The valid object `kind/name`.
pub(crate) fn base(name: &str) -> Value {
    let (kind, name) = name.split_once('/').unwrap();
    let is = |object: &Value| {
        let metadata = &object["metadata"];
        object["kind"] == kind && (metadata["name"] == name || metadata["generateName"] == name)
    };
    OBJECTS
        .iter()
        .map(|(_, object)| object)
        .find(|o| is(o))
        .cloned()
        .unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// Puts a value at a JSON pointer, making mappings on the way, or takes away what is there.
pub(crate) fn change(object: &mut Value, pointer: &str, value: Option<Value>) {
    let steps: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|s| s.replace("~1", "/").replace("~0", "~"))
        .collect();
    let (last, parents) = steps.split_last().unwrap();
    let mut place = object;
    for step in parents {
        place = match place {
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            other => {
                if other.is_null() {
                    *other = Value::Object(serde_json::Map::new());
                }
                other
                    .as_object_mut()
                    .unwrap_or_else(|| panic!("{pointer}"))
                    .entry(step)
                    .or_insert(Value::Null)
            }
        };
    }
    match (place, value) {
        (Value::Array(items), Some(value)) => {
            let index: usize = last.parse().unwrap();
            if index == items.len() {
                items.push(value);
            } else {
                items[index] = value;
            }
        }
        (Value::Array(items), None) => {
            items.remove(last.parse().unwrap());
        }
        (Value::Object(map), None) => {
            map.remove(last).unwrap_or_else(|| panic!("nothing at {pointer}"));
        }
        (place, Some(value)) => {
            if place.is_null() {
                *place = Value::Object(serde_json::Map::new());
            }
            place.as_object_mut().unwrap().insert(last.clone(), value);
        }
        (_, None) => panic!("nothing at {pointer}"),
    }
}

/// An object as a check sees it.
pub(crate) fn item(file: &str, value: Value) -> Item {
    Item {
        cluster: Arc::from("test"),
        file: Arc::from(file),
        positions: None,
        object: Object::new(value).unwrap(),
    }
}

/// What there is to say of one object.
pub(crate) fn findings(object: Value, versions: &[KubeVersion]) -> Vec<Finding> {
    schema::check(&[item("test.yaml", object)], &CATALOG, versions)
}
