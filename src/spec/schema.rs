//! The published JSON Schemas: what editors complete and what input is checked against.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{Environment, RestoreRequest};

fn schema_of<T: schemars::JsonSchema>(id: &str) -> Value {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    let mut value = schema.to_value();
    if let Some(map) = value.as_object_mut() {
        map.insert(
            "$id".to_owned(),
            Value::String(format!("https://galeno.dev/schemas/{id}.schema.json")),
        );
    }
    value
}

/// JSON Schema (draft 2020-12) of an environment file.
pub fn environment_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema_of::<Environment>("environment"));
    &SCHEMA
}

/// JSON Schema (draft 2020-12) of a restore request.
pub fn restore_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema_of::<RestoreRequest>("restore"));
    &SCHEMA
}

/// What the field of an environment at a JSON pointer means: the first sentence of its description.
pub fn description(pointer: &str) -> Option<String> {
    let (parent, field) = pointer.rsplit_once('/')?;
    let root = environment_schema();
    let text = part_at(root, parent)?
        .get("properties")?
        .get(field)?
        .get("description")?
        .as_str()?;
    let sentence = text.split_inclusive(". ").next().unwrap_or(text).replace('\n', " ");
    Some(sentence.trim_end().trim_end_matches('.').to_owned())
}

/// The part of a schema that speaks of the value at a JSON pointer of the instance.
pub(super) fn part_at<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut part = follow(root, root)?;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = part.get("properties").and_then(|properties| properties.get(&token));
        let next = next.or_else(|| {
            variants(part)
                .iter()
                .find_map(|v| follow(root, v)?.get("properties")?.get(&token))
        });
        let next = next
            .or_else(|| part.get("items"))
            .or_else(|| part.get("additionalProperties"))?;
        part = follow(root, next)?;
    }
    Some(part)
}

/// Follows references, and the non-null side of an optional value.
fn follow<'a>(root: &'a Value, part: &'a Value) -> Option<&'a Value> {
    let mut part = part;
    loop {
        if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
            part = root.pointer(reference.strip_prefix('#')?)?;
        } else if let Some(side) = variants(part)
            .iter()
            .find(|v| v.get("$ref").is_some())
            .filter(|_| is_optional(part))
        {
            part = side;
        } else {
            return Some(part);
        }
    }
}

fn is_optional(part: &Value) -> bool {
    variants(part)
        .iter()
        .any(|v| v.get("type").and_then(Value::as_str) == Some("null"))
}

fn variants(part: &Value) -> &[Value] {
    let list = part.get("anyOf").or_else(|| part.get("oneOf"));
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The names that an object may have there.
pub(super) fn fields(root: &Value, part: &Value) -> Vec<String> {
    let keys = |map: &Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
    let mut names = part
        .get("properties")
        .and_then(Value::as_object)
        .map(keys)
        .unwrap_or_default();
    for variant in variants(part) {
        if let Some(map) = follow(root, variant)
            .and_then(|v| v.get("properties"))
            .and_then(Value::as_object)
        {
            names.extend(keys(map));
        }
    }
    names
}

/// The texts that a value may be there, where it is a choice.
pub(super) fn choices(part: &Value) -> Vec<&str> {
    let listed = part.get("enum").and_then(Value::as_array).into_iter().flatten();
    let constants = variants(part).iter().flat_map(|v| {
        let constant = v.get("const").into_iter();
        constant.chain(v.get("enum").and_then(Value::as_array).into_iter().flatten())
    });
    listed
        .chain(constants)
        .chain(part.get("const"))
        .filter_map(Value::as_str)
        .collect()
}
