//! Values in sentences, what is wrong with them, and their types.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::formats;
use super::model::{Schema, Type};

/// What is wrong with a value: the end of a sentence that starts with its path, why that matters, what to do.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) problem: String,
    pub(super) reason: Cow<'static, str>,
    pub(super) mend: Cow<'static, str>,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            reason: REFUSED.into(),
            mend: "".into(),
        }
    }

    pub(super) fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = reason.into();
        self
    }

    pub(super) fn mend(mut self, mend: impl Into<Cow<'static, str>>) -> Self {
        self.mend = mend.into();
        self
    }
}

/// The reason of most faults.
const REFUSED: &str = "the API server refuses the object";

/// A value in a sentence, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// A text in a sentence, in quotes, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().count() > 60 {
        format!("{:?}…", text.chars().take(60).collect::<String>())
    } else {
        format!("{text:?}")
    }
}

/// The name among those given that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    known
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_ascii_lowercase());
            let longest = name.len().max(candidate.len());
            (distance * 3 <= longest && distance <= 4).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// An integer, also if it was written as `1.0`.
pub(super) fn as_integer(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "floats of that size are integers that an i128 holds"
    )]
    number
        .as_f64()
        .filter(|f| f.fract() == 0.0 && f.abs() < 1e30)
        .map(|f| f as i128)
}

/// What is wrong with the type of a value, if anything.
pub(super) fn wrong_type(schema: &Schema, value: &Value) -> Option<Fault> {
    let wanted = match (schema.kind, value) {
        (Type::Any, _)
        | (Type::Boolean, Value::Bool(_))
        | (Type::String | Type::IntOrString, Value::String(_))
        | (Type::Number | Type::Quantity, Value::Number(_))
        | (Type::Object, Value::Object(_))
        | (Type::Array, Value::Array(_)) => return None,
        (Type::Quantity, Value::String(text)) if formats::Quantity::parse(text).is_some() => return None,
        (Type::Integer, Value::Number(number)) => return integer_fault(schema, number),
        (Type::IntOrString, Value::Number(number)) if as_integer(number).is_some() => {
            return integer_fault(schema, number);
        }
        (Type::Boolean, _) => "true or false",
        (Type::Integer, _) => "an integer",
        (Type::Number, _) => "a number",
        (Type::String, _) => "a text",
        (Type::Object, _) => "a mapping",
        (Type::Array, _) => "a list",
        (Type::IntOrString, _) => "an integer or a text",
        (Type::Quantity, _) => "a quantity, such as `500m` or `2Gi`",
    };
    let fault = Fault::new(format!("must be {wanted}, and is {}", described(value)));
    Some(match (schema.kind, value) {
        (Type::String, Value::Number(_) | Value::Bool(_)) => fault.mend(format!("write it in quotes: \"{value}\"")),
        (Type::Integer | Type::Number, Value::String(text)) if text.parse::<f64>().is_ok() => {
            fault.mend(format!("write it without quotes: {text}"))
        }
        (Type::Boolean, Value::String(text)) if text == "true" || text == "false" => {
            fault.mend(format!("write it without quotes: {text}"))
        }
        (Type::Array, _) => fault.mend("put a `-` before each item"),
        _ => fault,
    })
}

/// The same of a value that must not be shown.
pub(super) fn wrong_type_unseen(fault: &Fault, value: &Value) -> Fault {
    let what = match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    let wanted = fault.problem.split(", and is").next().unwrap_or_default();
    let mend = if value.is_number() || value.is_boolean() {
        "write it in quotes"
    } else {
        ""
    };
    Fault::new(format!("{wanted}, and is {what}")).mend(mend)
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::String(_) => format!("the text {}", shown(value)),
        Value::Number(_) => format!("the number {value}"),
        other => shown(other),
    }
}

fn integer_fault(schema: &Schema, number: &Number) -> Option<Fault> {
    let Some(value) = as_integer(number) else {
        return Some(Fault::new(format!("must be an integer, and is {number}")));
    };
    let format = schema.extra.as_ref().and_then(|extra| extra.format.as_deref());
    let fits = match format {
        // What Kubernetes itself takes for either is a number of 32 bits.
        Some("int32" | "int-or-string") => i32::try_from(value).is_ok(),
        _ => i64::try_from(value).is_ok(),
    };
    (!fits).then(|| {
        let bits = if matches!(format, Some("int32" | "int-or-string")) {
            32
        } else {
            64
        };
        Fault::new(format!("is {number}, more than an integer of {bits} bits holds"))
    })
}
