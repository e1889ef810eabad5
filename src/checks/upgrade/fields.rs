//! Two states of one object, field by field.

use serde_json::Value;

use crate::checks::schema::Quantity;

/// An object, or a part of it, as it was and as it becomes.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
}

impl<'a> Pair<'a> {
    /// Both states of a field; null where it is not written.
    pub(super) fn at(self, pointer: &str) -> Self {
        Self {
            old: self.old.pointer(pointer).unwrap_or(&Value::Null),
            new: self.new.pointer(pointer).unwrap_or(&Value::Null),
        }
    }

    pub(super) fn differs(self) -> bool {
        self.old != self.new
    }

    /// Both states as numbers: a field that is not written has the default.
    pub(super) fn numbers(self, default: Option<i64>) -> Option<(i64, i64)> {
        let number = |value: &Value| value.as_i64().or(if value.is_null() { default } else { None });
        number(self.old).zip(number(self.new))
    }

    /// Whether a number, or a quantity, became less.
    pub(super) fn is_lowered(self) -> bool {
        matches!((Quantity::of(self.old), Quantity::of(self.new)), (Some(old), Some(new)) if new < old)
    }

    /// Whether a flag, as a boolean or as the text `true`, was set and is not any more.
    pub(super) fn is_switched_off(self) -> bool {
        is_on(self.old) && !is_on(self.new)
    }

    /// Items of two lists that belong together, by their name; `None` stands for an item that is gone. `pointer` is that
    /// of the list; the first part of the answer is the pointer of the item as it becomes, or the list's.
    pub(super) fn named(self, pointer: &str, name: &str) -> Vec<(String, &'a str, Option<Self>)> {
        let list = |value: &'a Value| value.as_array().map(Vec::as_slice).unwrap_or_default();
        let both = self.at(pointer);
        let new = list(both.new);
        list(both.old)
            .iter()
            .filter_map(|old| {
                let wanted = old.pointer(name)?.as_str()?;
                let found = new
                    .iter()
                    .position(|item| item.pointer(name).and_then(Value::as_str) == Some(wanted));
                Some(match found {
                    Some(index) => {
                        let pair = Self { old, new: &new[index] };
                        (format!("{pointer}/{index}"), wanted, Some(pair))
                    }
                    None => (pointer.to_owned(), wanted, None),
                })
            })
            .collect()
    }
}

fn is_on(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::String(text) => text == "true",
        _ => false,
    }
}

/// A value for a sentence: a short one as it is written, a long one not at all.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.len() <= 80 => format!("`{text}`"),
        Value::Number(_) | Value::Bool(_) => format!("`{value}`"),
        _ => "another value".to_owned(),
    }
}
