//! JSON as the values that rules see: typed by the schema, with defaults filled in, names escaped.

use std::borrow::Cow;
use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelTimestamp,
};
use cel::common::value::Val;
use serde_json::{Map, Value};

use crate::checks::schema::formats;
use crate::checks::schema::model::{Schema, Type};
use crate::checks::schema::value::as_integer;

type Boxed<'v> = Box<dyn Val + 'v>;

/// A value as its rules see it. Of a whole object they see the name in its metadata and nothing else of them.
pub(super) fn value<'v>(schema: &'v Schema, value: &'v Value, is_root: bool) -> Boxed<'v> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(flag) => Box::new(CelBool::from(*flag)),
        Value::Number(number) => match as_integer(number).filter(|_| schema.kind != Type::Number) {
            Some(integer) => match i64::try_from(integer) {
                Ok(integer) => Box::new(CelInt::from(integer)),
                Err(_) => Box::new(CelDouble::from(number.as_f64().unwrap_or_default())),
            },
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or_default())),
        },
        Value::String(text) => string(schema, text),
        Value::Array(items) => {
            let unknown = &NO_SCHEMA;
            let schema = schema.items.as_deref().unwrap_or(unknown);
            Box::new(CelList::from(
                items
                    .iter()
                    .map(|item| self::value(schema, item, false))
                    .collect::<Vec<_>>(),
            ))
        }
        Value::Object(map) => Box::new(object(schema, map, is_root)),
    }
}

/// A value of which nothing is known but itself.
pub(super) fn plain(json: &Value) -> Boxed<'_> {
    value(&NO_SCHEMA, json, false)
}

static NO_SCHEMA: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(Schema::default);

fn string<'v>(schema: &Schema, text: &'v str) -> Boxed<'v> {
    let format = schema.extra.as_ref().and_then(|extra| extra.format.as_deref());
    match format.filter(|_| schema.kind == Type::String) {
        Some("byte") => match formats::base64(text) {
            Some(bytes) => Box::new(CelBytes::from(bytes)),
            None => Box::new(CelString::from(text)),
        },
        Some("date-time") => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => Box::new(CelTimestamp::from(time)),
            Err(_) => Box::new(CelString::from(text)),
        },
        Some("date") => match chrono::DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")) {
            Ok(time) => Box::new(CelTimestamp::from(time)),
            Err(_) => Box::new(CelString::from(text)),
        },
        Some("duration") => match formats::duration(text) {
            Some(nanoseconds) => Box::new(CelDuration::from(chrono::Duration::nanoseconds(nanoseconds))),
            None => Box::new(CelString::from(text)),
        },
        _ => Box::new(CelString::from(text)),
    }
}

fn object<'v>(schema: &'v Schema, map: &'v Map<String, Value>, is_root: bool) -> CelMap<'v> {
    let mut entries: HashMap<CelMapKey<'v>, Boxed<'v>> = HashMap::with_capacity(map.len());
    if schema.properties.is_empty() {
        let values = schema.values.as_deref().unwrap_or(&NO_SCHEMA);
        entries.extend(
            map.iter()
                .map(|(key, item)| (CelMapKey::from(key.as_str()), value(values, item, false))),
        );
        return CelMap::from(entries);
    }
    for (name, property) in &schema.properties {
        // A null that may not be one is none: the default stands in for it.
        let given = map.get(&**name).filter(|v| !v.is_null() || property.nullable);
        if let Some(item) = given.or(property.default_value()) {
            entries.insert(key(name), value(property, item, false));
        }
    }
    if is_root {
        for name in ["apiVersion", "kind"] {
            if let Some(text) = map.get(name) {
                entries.insert(CelMapKey::from(name), value(&NO_SCHEMA, text, false));
            }
        }
        let names = ["name", "generateName"].iter().filter_map(|name| {
            let text = map.get("metadata")?.get(*name)?;
            Some((CelMapKey::from(*name), value(&NO_SCHEMA, text, false)))
        });
        entries.insert(
            CelMapKey::from("metadata"),
            Box::new(CelMap::from(names.collect::<HashMap<_, _>>())),
        );
    }
    CelMap::from(entries)
}

/// The name of a field as an expression writes it: words of CEL and signs are escaped.
fn key(name: &str) -> CelMapKey<'_> {
    match escaped(name) {
        Cow::Borrowed(name) => CelMapKey::from(name),
        Cow::Owned(name) => CelMapKey::from(name),
    }
}

fn escaped(name: &str) -> Cow<'_, str> {
    const RESERVED: [&str; 21] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    if RESERVED.contains(&name) {
        return format!("__{name}__").into();
    }
    if !name.contains(['-', '.', '/']) && !name.contains("__") {
        return name.into();
    }
    let text = name.replace("__", "__underscores__");
    text.replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
        .into()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_escaped_as_kubernetes_does() {
        for (name, text) in [
            ("name", "name"),
            ("namespace", "__namespace__"),
            ("a-b", "a__dash__b"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("a__b", "a__underscores__b"),
        ] {
            assert_eq!(escaped(name), text);
        }
    }
}
