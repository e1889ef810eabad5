//! The values that an Argo CD Application gives to a Helm chart.

use std::collections::HashSet;

use serde_json::Value;

use super::json::{dotted, each, text};

/// The values given to a chart.
pub(super) struct Values<'a> {
    parameters: &'a Value,
    object: &'a Value,
    written: Value,
}

impl<'a> Values<'a> {
    /// The values of a source's `helm`.
    pub(super) fn of(helm: &'a Value) -> Self {
        let written = helm["values"]
            .as_str()
            .and_then(|text| serde_saphyr::from_str(text).ok());
        Self {
            parameters: &helm["parameters"],
            object: &helm["valuesObject"],
            written: written.unwrap_or(Value::Null),
        }
    }

    /// The value at a dotted path, as text: parameters win over `valuesObject`, and that over `values`, as in Argo CD.
    pub(super) fn get(&self, path: &str) -> Option<String> {
        let parameter = each(self.parameters).find(|p| p["name"] == path).map(|p| &p["value"]);
        let candidates = [
            parameter.unwrap_or(&Value::Null),
            dotted(self.object, path),
            dotted(&self.written, path),
        ];
        candidates.into_iter().find_map(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        })
    }

    /// Every text in them.
    pub(super) fn words(&self) -> HashSet<&str> {
        let mut words: HashSet<&str> = each(self.parameters).map(|p| text(&p["value"])).collect();
        let mut open = vec![self.object, &self.written];
        while let Some(value) = open.pop() {
            match value {
                Value::String(word) => drop(words.insert(word)),
                Value::Array(list) => open.extend(list),
                Value::Object(map) => open.extend(map.values()),
                _ => {}
            }
        }
        words
    }

    /// The mapping at a dotted path.
    pub(super) fn mapping(&self, path: &str) -> &Value {
        let object = dotted(self.object, path);
        if object.is_object() {
            object
        } else {
            dotted(&self.written, path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_win_in_the_order_of_argo_cd() {
        let helm = json!({"parameters": [{"name": "a.b", "value": "1"}], "valuesObject": {"a": {"b": "2", "c": 3}},
            "values": "a: {c: 4, d: five}"});
        let values = Values::of(&helm);
        assert_eq!(
            ["a.b", "a.c", "a.d", "a.e"].map(|p| values.get(p)),
            [Some("1"), Some("3"), Some("five"), None].map(|v| v.map(str::to_owned))
        );
    }
}
