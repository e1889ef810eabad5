//! Label selectors.

use serde_json::{Map, Value};

use super::json::{each, entries, text};

/// The labels of something, wherever they come from.
#[derive(Clone, Copy)]
pub(super) enum Labels<'a> {
    /// As written in an object.
    Written(Option<&'a Map<String, Value>>),
    /// As a table gives them.
    Given(&'a [(String, String)]),
}

impl<'a> Labels<'a> {
    /// The labels in a `metadata`.
    pub(super) fn of(metadata: &'a Value) -> Self {
        Self::Written(metadata["labels"].as_object())
    }

    /// The value of one label.
    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        match self {
            Self::Written(map) => map?.get(key)?.as_str(),
            Self::Given(list) => list.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()),
        }
    }

    /// All of them.
    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (map, list) = match self {
            Self::Written(map) => (map, &[][..]),
            Self::Given(list) => (None, list),
        };
        let written = map
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)));
        written.chain(list.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }
}

/// A label selector: all of its conditions hold.
#[derive(Clone, Default)]
pub(super) struct Selector<'a> {
    /// Labels that must have exactly this value.
    pub(super) equal: Vec<(&'a str, &'a str)>,
    conditions: Vec<Condition<'a>>,
}

#[derive(Clone)]
struct Condition<'a> {
    key: &'a str,
    operator: &'a str,
    values: Vec<&'a str>,
}

impl<'a> Selector<'a> {
    /// A `LabelSelector` (`matchLabels`, `matchExpressions`).
    pub(super) fn of(selector: &'a Value) -> Self {
        let mut this = Self::of_map(&selector["matchLabels"]);
        for expression in each(&selector["matchExpressions"]) {
            let values: Vec<_> = each(&expression["values"]).map(text).collect();
            match (text(&expression["operator"]), values.as_slice()) {
                ("In", [only]) => this.equal.push((text(&expression["key"]), only)),
                (operator, _) => this.conditions.push(Condition {
                    key: text(&expression["key"]),
                    operator,
                    values,
                }),
            }
        }
        this
    }

    /// A plain mapping of labels, as a Service has.
    pub(super) fn of_map(map: &'a Value) -> Self {
        Self {
            equal: entries(map).map(|(k, v)| (k, text(v))).collect(),
            conditions: Vec::new(),
        }
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.equal.is_empty() && self.conditions.is_empty()
    }

    /// Whether labels, looked up by `get`, satisfy it.
    pub(super) fn matches(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.equal.iter().all(|(key, value)| get(key) == Some(*value))
            && self.conditions.iter().all(|c| match c.operator {
                "In" => get(c.key).is_some_and(|v| c.values.contains(&v)),
                "NotIn" => get(c.key).is_none_or(|v| !c.values.contains(&v)),
                "Exists" => get(c.key).is_some(),
                "DoesNotExist" => get(c.key).is_none(),
                _ => false,
            })
    }
}

impl std::fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_empty() {
            return f.write_str("everything");
        }
        let mut parts: Vec<_> = self.equal.iter().map(|(key, value)| format!("{key}={value}")).collect();
        parts.extend(self.conditions.iter().map(|c| match c.operator {
            "Exists" | "DoesNotExist" => format!("{} {}", c.key, c.operator),
            operator => format!("{} {operator} ({})", c.key, c.values.join(", ")),
        }));
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(selector: &Value, labels: &Value) -> bool {
        Selector::of(selector).matches(|key| labels[key].as_str())
    }

    #[test]
    fn every_operator() {
        let labels = json!({"app": "db", "tier": "data"});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "db"}}), true),
            (json!({"matchLabels": {"app": "web"}}), false),
            (expression("app", "In", &["db", "web"]), true),
            (expression("app", "In", &["web"]), false),
            (expression("app", "NotIn", &["web"]), true),
            (expression("none", "NotIn", &["web"]), true),
            (expression("app", "NotIn", &["db"]), false),
            (expression("tier", "Exists", &[]), true),
            (expression("none", "Exists", &[]), false),
            (expression("none", "DoesNotExist", &[]), true),
            (expression("tier", "DoesNotExist", &[]), false),
            (expression("tier", "Nonsense", &[]), false),
        ] {
            assert_eq!(matches(&selector, &labels), expected, "{selector}");
        }
    }

    #[test]
    fn a_selector_reads_well() {
        let value = json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "Exists"}]});
        assert_eq!(Selector::of(&value).to_string(), "a=b, k Exists");
        assert_eq!(Selector::default().to_string(), "everything");
    }
}
