//! An object as YAML.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};
use serde_saphyr::{LitStr, ser_options};

use super::Object;

/// The YAML serializer refused an object; its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id} cannot be written as YAML: {message}")]
pub struct NotWritten {
    /// The object.
    pub id: crate::finding::ObjectId,
    /// What the serializer says.
    pub message: String,
}

/// Writes one object as one YAML document.
///
/// The same object gives the same bytes: keys stand in a fixed order (`apiVersion`, `kind`, `metadata`, `spec` or `data`,
/// then by the alphabet; a `name` first). Every reader gets the same values back: strings are quoted wherever YAML 1.1 or
/// 1.2 would take them for something else, and a text of several lines is a literal block only if nothing in it can be
/// lost there. serde-saphyr writes; `docs/decisions/0002-yaml.md` says why.
pub fn write_yaml(object: &Object) -> Result<String, NotWritten> {
    let options = ser_options! { prefer_block_scalars: false };
    let ordered = Ordered {
        value: object.value(),
        place: Place::Object,
    };
    let mut text = serde_saphyr::to_string_with_options(&ordered, options).map_err(|error| NotWritten {
        id: object.id(),
        message: error.to_string(),
    })?;
    // Thousands of them are held until every environment is known to be right.
    text.shrink_to_fit();
    Ok(text)
}

/// What kind of mapping it is, which decides the order of its keys.
#[derive(Clone, Copy)]
enum Place {
    Object,
    Metadata,
    Other,
}

#[derive(Clone, Copy)]
struct Ordered<'a> {
    value: &'a Value,
    place: Place,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) if is_block(text) => LitStr(text).serialize(serializer),
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    sequence.serialize_element(&Self {
                        value,
                        place: Place::of(value),
                    })?;
                }
                sequence.end()
            }
            Value::Object(map) => {
                let mut entries: Vec<(&String, &Value)> = map.iter().collect();
                entries.sort_by(|(a, _), (b, _)| (self.place.rank(a), a).cmp(&(self.place.rank(b), b)));
                let mut mapping = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    let place = if key == "metadata" {
                        Place::Metadata
                    } else {
                        Place::of(value)
                    };
                    mapping.serialize_entry(key, &Self { value, place })?;
                }
                mapping.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

impl Place {
    /// An object may stand inside another, such as a volume claim template.
    fn of(value: &Value) -> Self {
        let is_object = |map: &Map<String, Value>| map.contains_key("apiVersion") && map.contains_key("kind");
        if value.as_object().is_some_and(is_object) {
            Self::Object
        } else {
            Self::Other
        }
    }

    fn rank(self, key: &str) -> u8 {
        match (self, key) {
            (Self::Object, "apiVersion") | (Self::Metadata | Self::Other, "name") => 0,
            (Self::Object, "kind") | (Self::Metadata, "namespace") => 1,
            (Self::Object, "metadata") | (Self::Metadata, "labels") => 2,
            (Self::Object, "spec" | "data") | (Self::Metadata, "annotations") => 3,
            _ => 4,
        }
    }
}

/// Whether a text of several lines is exact, and can be read by a person, as a literal block: no blanks at the ends of
/// lines, where editors take them away; none at its beginning, where they would need an indentation indicator; at most
/// one line break at its end; only characters that YAML 1.1 and 1.2 take for the same.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with(['\n', ' ', '\t'])
        && !text.ends_with("\n\n")
        && text.split('\n').all(|line| !line.ends_with([' ', '\t']))
        && text.chars().all(|c| {
            matches!(c, '\n' | '\t' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
                && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        })
}
