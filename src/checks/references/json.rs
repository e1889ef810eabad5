//! Reading JSON without ceremony: what is absent, or of another type, is empty (the schema check says so, not this one).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The text, or "".
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The elements of a list; none of anything else.
pub(super) fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}

/// The members of a mapping; none of anything else.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

/// Whether a flag is set.
pub(super) fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true)
}

/// The first of two values that is there.
pub(super) fn or<'v>(first: &'v Value, second: &'v Value) -> &'v Value {
    if first.is_null() { second } else { first }
}

/// A label or an annotation by name.
pub(super) fn annotation<'v>(object: &'v Value, name: &str) -> &'v Value {
    &object["metadata"]["annotations"][name]
}

/// A dotted path into a value; absent parts give null.
pub(super) fn dotted<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, key| &value[key])
}

/// Every mapping member below `root`, with its key; parents before children. Not recursive, so no depth overflows it.
pub(super) fn members<'v>(root: &'v Value, mut see: impl FnMut(&'v str, &'v Value)) {
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    see(key, child);
                    open.push(child);
                }
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
}

/// A value's address: what a finding keeps instead of a path, since nearly all values are never spoken of.
pub(super) fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// The JSON pointers (RFC 6901) of the values below `root` that stand at the wanted addresses.
pub(super) fn pointers(root: &Value, wanted: &[usize]) -> HashMap<usize, String> {
    enum Step<'v> {
        Key(&'v str),
        Index(usize),
    }
    let mut found = HashMap::new();
    let mut nodes: Vec<(usize, Step<'_>, &Value)> = vec![(0, Step::Index(0), root)];
    let mut next = 0;
    while let Some(&(_, _, value)) = nodes.get(next) {
        match value {
            Value::Object(map) => nodes.extend(map.iter().map(|(k, v)| (next, Step::Key(k), v))),
            Value::Array(list) => nodes.extend(list.iter().enumerate().map(|(i, v)| (next, Step::Index(i), v))),
            _ => {}
        }
        next += 1;
    }
    let wanted: HashSet<usize> = wanted.iter().copied().collect();
    for (at, (_, _, value)) in nodes.iter().enumerate() {
        if !wanted.contains(&address(value)) {
            continue;
        }
        let (mut parts, mut node) = (Vec::new(), at);
        while node != 0 {
            let (parent, step, _) = &nodes[node];
            parts.push(match step {
                Step::Key(key) => key.replace('~', "~0").replace('/', "~1"),
                Step::Index(index) => index.to_string(),
            });
            node = *parent;
        }
        let pointer = parts.iter().rev().fold(String::new(), |all, part| all + "/" + part);
        found.insert(address(value), pointer);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_found_again_by_its_address() {
        let value = json!({"a": [{"b/c": 1}, {"~": "x"}]});
        let wanted = [
            address(&value["a"][0]["b/c"]),
            address(&value["a"][1]["~"]),
            address(&value),
        ];
        let found = pointers(&value, &wanted);
        let mut pointers: Vec<_> = found.values().map(String::as_str).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["", "/a/0/b~1c", "/a/1/~0"]);
    }

    #[test]
    fn what_is_absent_is_empty() {
        let value = json!({"a": 1});
        assert_eq!(text(&value["x"]["y"]), "");
        assert_eq!(each(&value["a"]).count() + entries(&value["a"]).count(), 0);
        assert_eq!(dotted(&json!({"a": {"b": 2}}), "a.b"), 2);
    }
}
