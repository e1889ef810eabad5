//! What one field must be beyond its type: the checks of single values.

use serde_json::Value;

use super::formats::{self, Complaint, Quantity};
use super::path::{Step, at};
use super::value::{Fault, as_integer, nearest, quoted, shown};
use super::walk::Walk;
use crate::finding::Severity;

/// What the API server checks of one field in code. A check of a list is one of each of its items.
#[derive(Clone, Copy, Debug)]
pub(super) enum FieldCheck {
    /// 1 to 65535.
    Port,
    /// A port or 0, which means "none".
    PortOrNone,
    /// The name of a port (RFC 6335), if it is not empty.
    PortName,
    /// A port's number or name.
    PortOrName,
    /// A port's number or name, or 0 or nothing, which means "the same".
    TargetPort,
    /// The bits of a file's mode: 0 to 0o777.
    FileMode,
    /// A whole number between two others.
    Range(i64, i64),
    /// 0 or more.
    NotNegative,
    /// 1 or more.
    Positive,
    /// A number, or a percentage such as `25%`, that is not negative.
    Share,
    /// A quantity that is not negative.
    Amount,
    /// A mapping of resources to quantities that are not negative.
    Resources,
    /// A DNS label.
    Label,
    /// A DNS label, if it is not empty.
    LabelOrNone,
    /// A DNS label that starts with a letter.
    Label1035,
    /// A DNS subdomain, if it is not empty.
    Subdomain,
    /// A DNS subdomain in any case: the name of a driver.
    DriverName,
    /// A DNS subdomain, or one whose first part is `*`, if it is not empty.
    Host,
    /// The same, not empty.
    FilledHost,
    /// The name of a kind: a DNS label that starts with a letter, in any case.
    KindName,
    /// The key of a label.
    LabelKey,
    /// The value of a label.
    LabelValue,
    /// A mapping of label keys to label values.
    Labels,
    /// Annotations: keys, and all of it at most 256 KiB.
    Annotations,
    /// Label keys, a DNS name and a path: finalizers.
    Finalizers,
    /// A name that can stand in a path.
    PathSegment,
    /// A DNS name, `/` and a path.
    QualifiedPath,
    /// A key of a ConfigMap or Secret.
    ConfigKey,
    /// A mapping whose keys are keys of a ConfigMap or Secret.
    ConfigKeys,
    /// The name of an environment variable.
    EnvName,
    /// How the names of environment variables start, if it is not empty.
    EnvPrefix,
    /// An IP address, if it is not empty.
    Address,
    /// An IP address, or `None`.
    AddressOrNone,
    /// A block of addresses.
    Cidr,
    /// A path from the root of a file system.
    AbsolutePath,
    /// A path that stays below where it starts, if it is not empty.
    InnerPath,
    /// A path that stays below where it starts.
    FilledInnerPath,
    /// Not empty.
    Filled,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A cron line.
    Schedule,
    /// A name of the time zone database.
    TimeZone,
    /// A duration as Go reads it.
    Duration,
}

/// Checks one field's value, which is of the type that the schema says or has been told already.
pub(super) fn check(walk: &mut Walk<'_>, check: FieldCheck, value: &Value) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_at(walk, check, item, at![index]);
            }
        }
        Value::Object(map) => mapping(walk, check, map),
        other => check_at(walk, check, other, &[]),
    }
}

/// Checks a single value at a path below the present one.
pub(super) fn check_at(walk: &mut Walk<'_>, check: FieldCheck, value: &Value, path: &[Step<'_>]) {
    let found = match value {
        Value::String(text) => text_fault(check, text),
        Value::Number(number) => as_integer(number).and_then(|n| number_fault(check, n)),
        _ => None,
    };
    if let Some((code, fault)) = found {
        walk.error(code, path, fault);
    }
    if let (FieldCheck::Cidr, Value::String(text)) = (check, value) {
        host_bits(walk, text, path);
    }
    if let (FieldCheck::Schedule, Value::String(text)) = (check, value)
        && formats::impossible_date(text)
    {
        let fault = Fault::new(format!("is {}, a date that no year has", quoted(text)))
            .because("the job would never run, and nobody would be told");
        walk.error("schema/schedule", path, fault);
    }
}

/// What is wrong with a number.
fn number_fault(check: FieldCheck, number: i128) -> Option<(&'static str, Fault)> {
    let (low, high) = match check {
        FieldCheck::Port | FieldCheck::PortOrName => (1, 65535),
        FieldCheck::PortOrNone | FieldCheck::TargetPort => (0, 65535),
        FieldCheck::FileMode => (0, 0o777),
        FieldCheck::Range(low, high) => (i128::from(low), i128::from(high)),
        FieldCheck::NotNegative | FieldCheck::Share | FieldCheck::Amount => (0, i128::MAX),
        FieldCheck::Positive => (1, i128::MAX),
        _ => return None,
    };
    if (low..=high).contains(&number) {
        return None;
    }
    let problem = match (low, high) {
        (0, i128::MAX) => format!("is {number}, and must not be negative"),
        (1, i128::MAX) => format!("is {number}, and must be 1 or more"),
        _ => format!("is {number}, and must be from {low} to {high}"),
    };
    let fault = Fault::new(problem);
    Some(match check {
        FieldCheck::Port | FieldCheck::PortOrNone | FieldCheck::PortOrName | FieldCheck::TargetPort => {
            ("schema/port", fault)
        }
        FieldCheck::FileMode => (
            "schema/file-mode",
            fault.mend("write the mode in decimal (0644 is 420), or in YAML's octal with a leading 0 and no quotes"),
        ),
        FieldCheck::Amount => ("schema/quantity", fault),
        _ => ("schema/out-of-range", fault),
    })
}

/// What is wrong with a text.
fn text_fault(check: FieldCheck, text: &str) -> Option<(&'static str, Fault)> {
    let says = |code: &'static str, verdict: Result<(), Complaint>| {
        verdict
            .err()
            .map(|complaint| (code, Fault::new(format!("is {}, and {complaint}", quoted(text)))))
    };
    let subdomain = |text: &str| {
        if text.is_empty() {
            Ok(())
        } else {
            formats::dns_subdomain(text)
        }
    };
    match check {
        // These may be left empty, which is as if they were not there.
        FieldCheck::LabelOrNone
        | FieldCheck::PortName
        | FieldCheck::Host
        | FieldCheck::EnvPrefix
        | FieldCheck::Address
        | FieldCheck::InnerPath
        | FieldCheck::TargetPort
            if text.is_empty() =>
        {
            None
        }
        FieldCheck::PortName | FieldCheck::PortOrName | FieldCheck::TargetPort => {
            says("schema/port-name", formats::port_name(text))
        }
        FieldCheck::Share => says("schema/share", share(text)),
        FieldCheck::Amount => says("schema/quantity", amount(text)),
        FieldCheck::Label | FieldCheck::LabelOrNone => says("schema/name", formats::dns_label(text)),
        FieldCheck::Label1035 => says("schema/name", formats::dns_1035_label(text)),
        FieldCheck::Subdomain => says("schema/name", subdomain(text)),
        FieldCheck::DriverName => says("schema/name", driver_name(text)),
        FieldCheck::Host | FieldCheck::FilledHost if formats::address(text).is_some() => Some((
            "schema/name",
            Fault::new(format!("is {}, and must be a DNS name, not an address", quoted(text))),
        )),
        FieldCheck::Host | FieldCheck::FilledHost if text.contains('*') => {
            says("schema/name", formats::wildcard_subdomain(text))
        }
        FieldCheck::Host | FieldCheck::FilledHost => says("schema/name", formats::dns_subdomain(text)),
        FieldCheck::KindName => says("schema/name", formats::dns_1035_label(&text.to_ascii_lowercase())),
        FieldCheck::LabelKey => says("schema/label", formats::label_key(text)),
        FieldCheck::LabelValue => says("schema/label", formats::label_value(text)),
        FieldCheck::Finalizers => says(
            "schema/name",
            formats::label_key(text).or_else(|_| formats::qualified_path(text)),
        ),
        FieldCheck::PathSegment => says("schema/name", formats::path_segment(text)),
        FieldCheck::QualifiedPath => says("schema/name", formats::qualified_path(text)),
        FieldCheck::ConfigKey => says("schema/config-key", formats::config_key(text)),
        FieldCheck::EnvName | FieldCheck::EnvPrefix => says("schema/env-name", formats::env_name(text)),
        FieldCheck::AddressOrNone if text == "None" => None,
        FieldCheck::Address | FieldCheck::AddressOrNone => says(
            "schema/address",
            formats::address(text)
                .map(|_| ())
                .ok_or("must be an IP address without leading zeros, such as 10.0.0.1 or fd00::1"),
        ),
        FieldCheck::Cidr => says("schema/address", formats::cidr(text).map(|_| ())),
        FieldCheck::AbsolutePath => says(
            "schema/path",
            if text.starts_with('/') {
                Ok(())
            } else {
                Err("must be a path from the root, starting with `/`")
            },
        ),
        FieldCheck::FilledInnerPath if text.is_empty() => text_fault(FieldCheck::Filled, text),
        FieldCheck::InnerPath | FieldCheck::FilledInnerPath => says("schema/path", inner_path(text)),
        FieldCheck::Filled => text
            .is_empty()
            .then(|| ("schema/missing-field", Fault::new("must not be empty"))),
        FieldCheck::OneOf(values) => one_of(text, values).map(|fault| ("schema/bad-value", fault)),
        FieldCheck::Schedule => says("schema/schedule", formats::schedule(text)),
        FieldCheck::Duration => says(
            "schema/duration",
            formats::duration(text)
                .map(|_| ())
                .ok_or("must be a duration such as 90s or 2160h: Go knows no days"),
        ),
        FieldCheck::TimeZone => says("schema/time-zone", formats::time_zone(text)),
        _ => None,
    }
}

fn one_of(text: &str, values: &[&str]) -> Option<Fault> {
    if values.contains(&text) {
        return None;
    }
    let fault = Fault::new(format!("is {}, which is none of the values it can have", quoted(text)));
    let list: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
    Some(match nearest(text, values.iter().copied()) {
        Some(near) => fault.mend(format!("did you mean {near:?}?")),
        None => fault.mend(format!("write one of {}", list.join(", "))),
    })
}

fn share(text: &str) -> Result<(), Complaint> {
    match text.strip_suffix('%') {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
        _ => Err("must be a number without quotes or a percentage such as 25%"),
    }
}

fn amount(text: &str) -> Result<(), Complaint> {
    match Quantity::parse(text) {
        None => Err("must be a quantity, such as `500m`, `2` or `1.5Gi`"),
        Some(quantity) if quantity.is_negative() => Err("must not be negative"),
        Some(_) => Ok(()),
    }
}

fn driver_name(text: &str) -> Result<(), Complaint> {
    if text.len() > 63 {
        return Err("must have at most 63 characters");
    }
    formats::dns_subdomain(&text.to_ascii_lowercase())
}

fn inner_path(text: &str) -> Result<(), Complaint> {
    if text.starts_with('/') {
        Err("must be a path below where it is mounted, not starting with `/`")
    } else if text.split('/').any(|part| part == "..") {
        Err("must not have `..` in it")
    } else {
        Ok(())
    }
}

/// A block whose bits behind the prefix are set.
fn host_bits(walk: &mut Walk<'_>, text: &str, path: &[Step<'_>]) {
    if let Ok(cidr) = formats::cidr(text)
        && cidr.has_host_bits
    {
        let strict = !walk.versions.and(super::version::Minors::since(36)).is_empty();
        let severity = if strict { Severity::Error } else { Severity::Warning };
        let fault = Fault::new(format!("is {}, an address rather than a block", quoted(text)))
            .because("the bits behind the prefix are set, which Kubernetes refuses since 1.36")
            .mend(format!("write {}", cidr.net));
        walk.tell(severity, "schema/address", path, fault);
    }
}

/// What is wrong with the keys and values of a mapping.
fn mapping(walk: &mut Walk<'_>, check: FieldCheck, map: &serde_json::Map<String, Value>) {
    match check {
        FieldCheck::Labels => {
            for (key, value) in map {
                key_fault(walk, "schema/label", "a label's key", key, formats::label_key(key));
                if let Some((code, fault)) = value.as_str().and_then(|v| text_fault(FieldCheck::LabelValue, v)) {
                    walk.error(code, at![key.as_str()], fault);
                }
            }
        }
        FieldCheck::Annotations => {
            for key in map.keys() {
                key_fault(
                    walk,
                    "schema/annotation",
                    "an annotation's key",
                    key,
                    formats::annotation_key(key),
                );
            }
            let size: usize = map
                .iter()
                .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
                .sum();
            if size > 256 * 1024 {
                let fault = Fault::new(format!("has {size} bytes, and may have at most 262144"));
                walk.error("schema/annotation", &[], fault.mend("keep such data in a ConfigMap"));
            }
        }
        FieldCheck::ConfigKeys => {
            for key in map.keys() {
                key_fault(walk, "schema/config-key", "a key", key, formats::config_key(key));
            }
        }
        FieldCheck::Resources => {
            for (name, value) in map {
                key_fault(
                    walk,
                    "schema/resource-name",
                    "the name of a resource",
                    name,
                    formats::label_key(name),
                );
                if Quantity::of(value).is_some_and(Quantity::is_negative) {
                    let fault = Fault::new(format!("is {}, and must not be negative", shown(value)));
                    walk.error("schema/quantity", at![name.as_str()], fault);
                }
            }
        }
        _ => {}
    }
}

fn key_fault(walk: &mut Walk<'_>, code: &'static str, what: &str, key: &str, verdict: Result<(), Complaint>) {
    if let Err(complaint) = verdict {
        let fault = Fault::new(format!("has {} as {what}, which {complaint}", quoted(key)));
        walk.error(code, &[], fault);
    }
}
