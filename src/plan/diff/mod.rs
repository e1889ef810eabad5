//! What differs between two values: by field, lists by their merge keys, texts by line; never by how they are written.

mod lists;
mod path;
mod texts;

use serde::Serialize;
use serde_json::Value;

pub use path::{Path, Step};
pub use texts::Line;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The field, as a person reads it: `spec.template.spec.containers[api].image`.
    pub path: String,
    /// JSON pointer (RFC 6901) into the value as it becomes, or, for what is gone, as it was.
    pub pointer: String,
    /// What is different.
    #[serde(flatten)]
    pub what: What,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum What {
    /// It was not there.
    Added {
        /// Its value.
        new: Value,
    },
    /// It is gone.
    Removed {
        /// Its value.
        old: Value,
    },
    /// It has another value.
    Changed {
        /// As it was.
        old: Value,
        /// As it becomes.
        new: Value,
    },
    /// Items without a name of their own came and went.
    Items {
        /// Those that came.
        added: Vec<Value>,
        /// Those that went.
        removed: Vec<Value>,
    },
    /// The same items stand in another order, which counts.
    Order,
    /// A text of several lines reads otherwise.
    Lines {
        /// The lines that differ; `None` where the text is too long to compare by line.
        lines: Option<Vec<Line>>,
    },
}

/// Everything that differs, in the order of the fields.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    values(old, new, &Path::default(), &mut found);
    found
}

fn push(path: &Path, what: What, found: &mut Vec<Change>) {
    found.push(Change {
        path: path.to_string(),
        pointer: path.pointer(),
        what,
    });
}

fn values(old: &Value, new: &Value, path: &Path, found: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let mut keys: Vec<&String> = old
                .keys()
                .chain(new.keys().filter(|key| !old.contains_key(*key)))
                .collect();
            keys.sort_unstable();
            for key in keys {
                let path = path.below(Step::Key(key.clone()));
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => values(old, new, &path, found),
                    (Some(old), None) => push(&path, What::Removed { old: old.clone() }, found),
                    (None, Some(new)) => push(&path, What::Added { new: new.clone() }, found),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => lists::compare(old, new, path, found),
        (Value::String(old), Value::String(new)) if old.contains('\n') || new.contains('\n') => {
            texts::compare(old, new, path, found);
        }
        _ => {
            let (old, new) = (old.clone(), new.clone());
            push(path, What::Changed { old, new }, found);
        }
    }
}

#[cfg(test)]
mod tests;
