//! One value against the limits that its schema states: enum, range, length, pattern, format, combinations.

use serde_json::{Number, Value};

use super::formats;
use super::model::{Extra, Schema, Type};
use super::value::{Fault, as_integer, nearest, quoted, shown, wrong_type};
use super::version::Minors;

/// What is wrong with a value of the right type, by the limits that its schema states.
pub(super) fn faults(schema: &Schema, extra: &Extra, value: &Value, versions: Minors) -> Vec<(&'static str, Fault)> {
    let mut faults = Vec::new();
    let blank = extra.blank && value.as_str().is_some_and(str::is_empty);
    if !extra.allowed.is_empty() && !blank {
        faults.extend(enum_fault(extra, value, versions));
    }
    match value {
        Value::String(text) => text_faults(schema, extra, text, &mut faults),
        Value::Number(number) => faults.extend(number_fault(extra, number)),
        Value::Array(items) => {
            let count = items.len() as u64;
            faults.extend(count_fault(count, extra.min_items, extra.max_items, "item", "items"));
            if extra.unique_items {
                let mut seen = std::collections::HashSet::new();
                if !items.iter().all(|item| seen.insert(item.to_string())) {
                    faults.push((
                        "schema/duplicate",
                        Fault::new("has an item twice").mend("remove one of them"),
                    ));
                }
            }
        }
        Value::Object(map) => {
            let count = map.len() as u64;
            faults.extend(count_fault(
                count,
                extra.min_properties,
                extra.max_properties,
                "field",
                "fields",
            ));
        }
        _ => {}
    }
    faults.extend(combination_fault(extra, value, versions).map(|fault| ("schema/combination", fault)));
    faults
}

fn enum_fault(extra: &Extra, value: &Value, versions: Minors) -> Option<(&'static str, Fault)> {
    let known = extra.allowed.iter().find(|(allowed, _)| allowed == value);
    if let Some((_, minors)) = known {
        let missing = versions.without(*minors);
        return (!missing.is_empty()).then(|| {
            let fault = Fault::new(format!("is {}, which Kubernetes {missing} does not know", shown(value)))
                .because(format!("the value exists in {minors} only"))
                .mend("choose another value, or raise the Kubernetes version of the environment");
            ("schema/value-not-in-version", fault)
        });
    }
    let texts: Vec<&str> = extra
        .allowed
        .iter()
        .filter_map(|(allowed, _)| allowed.as_str())
        .collect();
    let near = value.as_str().and_then(|text| nearest(text, texts.iter().copied()));
    let list: Vec<String> = extra.allowed.iter().map(|(allowed, _)| shown(allowed)).collect();
    let mut fault = Fault::new(format!("is {}, which is none of the values it can have", shown(value)));
    fault = match near {
        Some(near) => fault.mend(format!("did you mean {near:?}?")),
        None => fault.mend(format!("write one of {}", list.join(", "))),
    };
    Some(("schema/bad-value", fault))
}

fn text_faults(schema: &Schema, extra: &Extra, text: &str, faults: &mut Vec<(&'static str, Fault)>) {
    if extra.min_length.is_some() || extra.max_length.is_some() {
        let length = text.chars().count() as u64;
        faults.extend(count_fault(
            length,
            extra.min_length,
            extra.max_length,
            "character",
            "characters",
        ));
    }
    if let Some(pattern) = &extra.pattern
        && pattern.matches(text) == Some(false)
    {
        let fault = Fault::new(format!(
            "is {}, which does not have the form {}",
            quoted(text),
            pattern.text
        ));
        faults.push((
            "schema/pattern",
            fault.because("the definition of this kind demands that form"),
        ));
    }
    let format = extra.format.as_deref().filter(|_| schema.kind != Type::IntOrString);
    if format == Some("byte") {
        if formats::base64(text).is_none() {
            // The text is not shown: it may be a secret in the clear.
            let fault = Fault::new("is no base64").because("the API server cannot decode it");
            faults.push((
                "schema/base64",
                fault.mend("encode the value with `base64 -w0`, or use a field for plain texts"),
            ));
        }
        return;
    }
    if let Some(wanted) = format.and_then(|format| format_fault(format, text)) {
        faults.push((
            "schema/format",
            Fault::new(format!("is {}, which is no {wanted}", quoted(text))),
        ));
    }
}

/// What a text of a format should be, if it is not. Formats that the API server does not know are not checked.
fn format_fault(format: &str, text: &str) -> Option<&'static str> {
    let (good, wanted) = match format {
        "date-time" | "datetime" => (
            text.parse::<jiff::Timestamp>().is_ok(),
            "time of RFC 3339, such as 2026-01-31T12:00:00Z",
        ),
        "date" => (
            text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
            "date such as 2026-01-31",
        ),
        "ipv4" => (formats::address(text).is_some_and(|a| a.is_ipv4()), "IPv4 address"),
        "ipv6" => (formats::address(text).is_some_and(|a| a.is_ipv6()), "IPv6 address"),
        "cidr" => (formats::cidr(text).is_ok(), "block of addresses, such as 10.0.0.0/8"),
        "duration" => (
            formats::duration(text).is_some() || spelled_duration(text),
            "duration, such as 90s or 1h30m",
        ),
        "uuid" => (is_uuid(text), "UUID"),
        "hostname" => (formats::dns_subdomain(&text.to_ascii_lowercase()).is_ok(), "host name"),
        "k8s-short-name" => (formats::dns_label(text).is_ok(), "DNS label"),
        "k8s-long-name" => (formats::dns_subdomain(text).is_ok(), "DNS name"),
        _ => return None,
    };
    (!good).then_some(wanted)
}

/// `3 days`, which the API server's format for durations also takes.
fn spelled_duration(text: &str) -> bool {
    const UNITS: [&str; 10] = ["ns", "us", "ms", "s", "sec", "m", "min", "h", "d", "w"];
    const WORDS: [&str; 12] = [
        "nanosecond",
        "nano",
        "microsecond",
        "micro",
        "millisecond",
        "milli",
        "second",
        "minute",
        "hour",
        "hr",
        "day",
        "week",
    ];
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = text[end..].trim();
    end > 0 && (UNITS.contains(&unit) || WORDS.contains(&unit.strip_suffix('s').unwrap_or(unit)))
}

fn is_uuid(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit) && matches!(text.len(), 32 | 36)
}

fn number_fault(extra: &Extra, number: &Number) -> Option<(&'static str, Fault)> {
    let order = |limit: &Number| compare(number, limit);
    let too_small = extra
        .minimum
        .as_ref()
        .filter(|limit| order(limit).is_some_and(|o| o.is_lt() || (o.is_eq() && extra.exclusive_minimum)));
    let too_large = extra
        .maximum
        .as_ref()
        .filter(|limit| order(limit).is_some_and(|o| o.is_gt() || (o.is_eq() && extra.exclusive_maximum)));
    let fault = match (too_small, too_large) {
        (Some(limit), _) => {
            let bound = if extra.exclusive_minimum {
                "more than"
            } else {
                "at least"
            };
            Fault::new(format!("is {number}, and must be {bound} {limit}"))
        }
        (_, Some(limit)) => {
            let bound = if extra.exclusive_maximum {
                "less than"
            } else {
                "at most"
            };
            Fault::new(format!("is {number}, and must be {bound} {limit}"))
        }
        (None, None) => {
            let step = extra.multiple_of.as_ref()?.as_f64().filter(|s| *s > 0.0)?;
            if (number.as_f64()? / step).fract() == 0.0 {
                return None;
            }
            Fault::new(format!("is {number}, and must be a multiple of {step}"))
        }
    };
    Some(("schema/out-of-range", fault))
}

fn compare(a: &Number, b: &Number) -> Option<std::cmp::Ordering> {
    match (as_integer(a), as_integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn count_fault(count: u64, min: Option<u64>, max: Option<u64>, one: &str, many: &str) -> Option<(&'static str, Fault)> {
    let noun = |n: u64| if n == 1 { one } else { many };
    let problem = match (min, max) {
        (Some(min), _) if count < min => format!("has {count} {}, and must have at least {min}", noun(count)),
        (_, Some(max)) if count > max => format!("has {count} {}, and may have at most {max}", noun(count)),
        _ => return None,
    };
    Some(("schema/length", Fault::new(problem)))
}

/// What is wrong by `anyOf`, `oneOf`, `allOf` and `not`.
fn combination_fault(extra: &Extra, value: &Value, versions: Minors) -> Option<Fault> {
    let holds = |part: &Schema| holds(part, value, versions);
    let demands = |parts: &[Schema]| {
        let fields: Vec<String> = parts
            .iter()
            .map(|part| {
                let names: Vec<String> = part.required.iter().map(|(name, _)| format!("`{name}`")).collect();
                names.join(" with ")
            })
            .filter(|names| !names.is_empty())
            .collect();
        if fields.is_empty() {
            String::new()
        } else {
            format!(": one of {}", fields.join(", "))
        }
    };
    if !extra.any_of.is_empty() && !extra.any_of.iter().any(holds) {
        let fault = Fault::new(format!("is in none of the forms it can have{}", demands(&extra.any_of)));
        return Some(fault.because("the definition of this kind demands one of several forms"));
    }
    let matching = extra.one_of.iter().filter(|part| holds(part)).count();
    if !extra.one_of.is_empty() && matching != 1 {
        let (problem, reason) = match matching {
            0 => (
                "is in none of the forms it can have",
                "the definition of this kind demands exactly one of several forms",
            ),
            _ => (
                "is in several forms at once",
                "the definition of this kind allows exactly one of several forms",
            ),
        };
        return Some(Fault::new(format!("{problem}{}", demands(&extra.one_of))).because(reason));
    }
    if !extra.all_of.iter().all(holds) {
        return Some(
            Fault::new("breaks a condition of its definition").because("the definition's `allOf` does not hold"),
        );
    }
    let forbidden = extra.not.as_ref()?;
    holds(forbidden).then(|| {
        let names: Vec<String> = forbidden.required.iter().map(|(name, _)| format!("`{name}`")).collect();
        let fault = if names.is_empty() {
            Fault::new("is what its definition forbids")
        } else {
            Fault::new(format!("must not have {}", names.join(" with ")))
        };
        fault.because("the definition's `not` forbids it")
    })
}

/// Whether a value is as a schema says, which here (below `anyOf` and its kin) may speak of a part of it only.
fn holds(schema: &Schema, value: &Value, versions: Minors) -> bool {
    if wrong_type(schema, value).is_some() {
        return false;
    }
    let required = schema
        .required
        .iter()
        .all(|(name, _)| value.get(&**name).is_some_and(|v| !v.is_null()));
    let constraints = schema
        .extra
        .as_ref()
        .is_none_or(|extra| faults(schema, extra, value, versions).is_empty());
    let properties = schema.properties.iter().all(|(name, part)| {
        value
            .get(&**name)
            .is_none_or(|v| v.is_null() || holds(part, v, versions))
    });
    let items = match (&schema.items, value) {
        (Some(items), Value::Array(list)) => list.iter().all(|item| holds(items, item, versions)),
        _ => true,
    };
    let values = match (&schema.values, value) {
        (Some(values), Value::Object(map)) => map.values().all(|v| v.is_null() || holds(values, v, versions)),
        _ => true,
    };
    required && constraints && properties && items && values
}
