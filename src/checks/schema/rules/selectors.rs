//! Selectors: of labels and of nodes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Here, child, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};

/// A selector that a typo made meaningless: keys and values are checked by the table and by `label_requirement`.
pub(super) fn label_selector(here: &mut Here<'_, '_>) {
    let labels = child(here.map, "matchLabels");
    for (index, requirement) in here.maps("matchExpressions") {
        let key = text(requirement, "key");
        let Some(Value::String(value)) = labels.and_then(|labels| labels.get(key)) else {
            continue;
        };
        let values = list(requirement, "values");
        let listed = values.iter().any(|v| v.as_str() == Some(value));
        let contradicts = match text(requirement, "operator") {
            "In" => !listed,
            "NotIn" => listed,
            "DoesNotExist" => true,
            _ => false,
        };
        if contradicts {
            let fault = Fault::new(format!("contradicts `matchLabels`, which demands {key}={value}"))
                .because("the selector can match nothing");
            here.error("schema/selector", at!["matchExpressions", index], fault);
        }
    }
}

pub(super) fn label_requirement(here: &mut Here<'_, '_>) {
    label_values(here);
    operands(here, &["In", "NotIn"], &["Exists", "DoesNotExist"]);
}

fn label_values(here: &mut Here<'_, '_>) {
    for (index, value) in here.list("values").iter().enumerate() {
        if let Some(Err(complaint)) = value.as_str().map(formats::label_value) {
            let fault = Fault::new(format!("is {value}, and {complaint}"));
            here.error("schema/label", at!["values", index], fault);
        }
    }
}

pub(super) fn node_requirement(here: &mut Here<'_, '_>) {
    label_values(here);
    operands(here, &["In", "NotIn", "Gt", "Lt"], &["Exists", "DoesNotExist"]);
    if matches!(here.text("operator"), "Gt" | "Lt") {
        let values = here.list("values");
        let number = values
            .first()
            .and_then(Value::as_str)
            .is_some_and(|text| text.parse::<i64>().is_ok());
        if values.len() != 1 || !number {
            let fault = Fault::new("must have one whole number, in quotes")
                .because("`Gt` and `Lt` compare with a number: with anything else no node matches");
            here.error("schema/selector", at!["values"], fault);
        }
    }
}

/// Tells if an operator has values that it cannot have, or lacks those that it needs.
fn operands(here: &mut Here<'_, '_>, with: &[&str], without: &[&str]) {
    let operator = here.text("operator");
    let empty = here.list("values").is_empty();
    if with.contains(&operator) && empty {
        let fault = Fault::new("is missing")
            .because(format!("`{operator}` compares with values"))
            .mend("add `values`");
        here.error("schema/selector", at!["values"], fault);
    } else if without.contains(&operator) && !empty {
        let fault = Fault::new("must not be set here")
            .because(format!("`{operator}` takes no values"))
            .mend("remove it");
        here.error("schema/selector", at!["values"], fault);
    }
}

pub(super) fn node_selector(here: &mut Here<'_, '_>) {
    if here.has("nodeSelectorTerms") && here.list("nodeSelectorTerms").is_empty() {
        let fault = Fault::new("must have a term").because("a selector of nodes without terms matches none");
        here.error("schema/selector", at!["nodeSelectorTerms"], fault);
    }
}

/// Whether a label selector matches labels; `None` if the selector is not well-formed.
pub(super) fn matches(selector: &Map<String, Value>, labels: &BTreeMap<&str, &str>) -> Option<bool> {
    let by_labels = child(selector, "matchLabels")
        .into_iter()
        .flatten()
        .map(|(key, value)| Some(labels.get(key.as_str()) == Some(&value.as_str()?)))
        .try_fold(true, |all, one| Some(all & one?))?;
    let by_expressions = maps(list(selector, "matchExpressions"))
        .map(|(_, requirement)| {
            let label = labels.get(text(requirement, "key"));
            let listed = label.is_some_and(|l| list(requirement, "values").iter().any(|v| v.as_str() == Some(*l)));
            match text(requirement, "operator") {
                "In" => Some(listed),
                "NotIn" => Some(!listed),
                "Exists" => Some(label.is_some()),
                "DoesNotExist" => Some(label.is_none()),
                _ => None,
            }
        })
        .try_fold(true, |all, one| Some(all & one?))?;
    Some(by_labels && by_expressions)
}

/// The labels of a template.
pub(super) fn labels(template: &Map<String, Value>) -> BTreeMap<&str, &str> {
    child(template, "metadata")
        .and_then(|metadata| child(metadata, "labels"))
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect()
}

/// What a selector misses in labels, for a message: `app=web` that is `app=api`.
pub(super) fn first_mismatch(selector: &Map<String, Value>, labels: &BTreeMap<&str, &str>) -> String {
    let wanted = child(selector, "matchLabels").into_iter().flatten();
    for (key, value) in wanted {
        let Some(value) = value.as_str() else { continue };
        match labels.get(key.as_str()) {
            None => return format!("the template has no label {key}={value}"),
            Some(other) if *other != value => {
                return format!("the template has {key}={} instead of {key}={value}", quoted(other));
            }
            Some(_) => {}
        }
    }
    "one of its expressions does not hold for the template's labels".to_owned()
}
