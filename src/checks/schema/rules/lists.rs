//! Lists whose items are told apart by a key.

use std::collections::HashMap;

use serde_json::Value;

use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, shown};
use crate::checks::schema::walk::Walk;
use crate::finding::Severity;

/// Tells items of a list that have the same key as one before.
pub(in super::super) fn duplicate_keys(walk: &mut Walk<'_>, keys: &[Box<str>], items: &[Value]) {
    let mut seen: HashMap<Vec<String>, usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Value::Object(map) = item else { continue };
        let value = |key: &str| match map.get(key).filter(|v| !v.is_null()) {
            Some(value) => value.to_string(),
            // The one key that the API server fills in before it compares.
            None if key == "protocol" => "\"TCP\"".to_owned(),
            None => String::new(),
        };
        let identity: Vec<String> = keys.iter().map(|key| value(key)).collect();
        if identity.iter().all(String::is_empty) {
            continue;
        }
        let first = *seen.entry(identity).or_insert(index);
        if first != index {
            let what: Vec<String> = keys
                .iter()
                .filter_map(|key| map.get(&**key).map(|value| format!("`{key}` {}", shown(value))))
                .collect();
            let fault = Fault::new(format!("has the same {} as item {first}", what.join(" and ")))
                .because(
                    "these items are told apart by it: server-side apply refuses the list, and merging loses one of them",
                )
                .mend("remove one of them, or give it another value");
            let severity = if tolerated(walk, keys) {
                Severity::Warning
            } else {
                Severity::Error
            };
            let code = if severity == Severity::Warning {
                "schema/repeated-item"
            } else {
                "schema/duplicate"
            };
            walk.tell(severity, code, at![index], fault);
        }
    }
}

/// Lists in which the API server itself takes repeated items, the last of which wins.
fn tolerated(walk: &Walk<'_>, keys: &[Box<str>]) -> bool {
    match keys {
        [key] if **key == *"name" => matches!(walk.field(), Some("env" | "imagePullSecrets" | "secrets")),
        [key] if **key == *"ip" => walk.field() == Some("hostAliases"),
        _ => false,
    }
}

/// Tells items of a set that are there twice.
pub(in super::super) fn duplicates(walk: &mut Walk<'_>, items: &[Value]) {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let first = *seen.entry(item.to_string()).or_insert(index);
        if first != index {
            let fault = Fault::new(format!("is {}, as item {first} is", shown(item)))
                .because("the list is a set, in which nothing may be twice")
                .mend("remove one of them");
            walk.error("schema/duplicate", at![index], fault);
        }
    }
}
