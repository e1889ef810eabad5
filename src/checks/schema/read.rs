//! Reads a schema from its JSON form.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::model::{Extra, Pattern, Reference, Schema, Type};
use super::version::Minors;

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SchemaVisitor)
    }
}

struct SchemaVisitor;

impl<'de> Visitor<'de> for SchemaVisitor {
    type Value = Schema;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a structural schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Schema, A::Error> {
        let mut schema = Schema::default();
        let mut required_minors: Vec<(String, Minors)> = Vec::new();
        let mut allowed_minors: Vec<(String, Minors)> = Vec::new();
        while let Some(key) = map.next_key::<Keyword>()? {
            match key {
                Keyword::Type => schema.kind = map.next_value()?,
                Keyword::Nullable => schema.nullable = map.next_value()?,
                Keyword::Open => schema.open = map.next_value()?,
                Keyword::IntOrString => {
                    if map.next_value()? {
                        schema.kind = Type::IntOrString;
                    }
                }
                Keyword::Ref => {
                    schema.reference = Some(Box::new(Reference::new(map.next_value()?)));
                }
                Keyword::Properties => schema.properties = map.next_value::<Properties>()?.0,
                Keyword::Required => {
                    let names: Vec<Box<str>> = map.next_value()?;
                    schema.required = names.into_iter().map(|name| (name, Minors::ALL)).collect();
                }
                Keyword::Values => match map.next_value::<ValuesSchema>()? {
                    ValuesSchema::Schema(values) => schema.values = Some(values),
                    ValuesSchema::Open(open) => schema.open |= open,
                },
                Keyword::Items => schema.items = Some(map.next_value()?),
                Keyword::XMinors => schema.minors = map.next_value::<MinorsText>()?.0,
                Keyword::XRequired => required_minors = minors_by_name(map.next_value()?),
                Keyword::XAllowed => allowed_minors = minors_by_name(map.next_value()?),
                Keyword::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                rare => rare_keyword(schema.extra.get_or_insert_default(), rare, &mut map)?,
            }
        }
        for (name, minors) in &mut schema.required {
            if let Some((_, partial)) = required_minors.iter().find(|(n, _)| **n == **name) {
                *minors = *partial;
            }
        }
        for (value, minors) in schema.extra.iter_mut().flat_map(|extra| &mut extra.allowed) {
            if let Some((_, partial)) = allowed_minors.iter().find(|(n, _)| value.as_str() == Some(n)) {
                *minors = *partial;
            }
        }
        // The schemas of int-or-string values in published files say their two types below `anyOf`.
        if schema.kind == Type::IntOrString
            && let Some(extra) = &mut schema.extra
        {
            extra.any_of.clear();
        }
        Ok(schema)
    }
}

/// Reads the value of a keyword that few schemas have.
fn rare_keyword<'de, A: MapAccess<'de>>(extra: &mut Extra, keyword: Keyword, map: &mut A) -> Result<(), A::Error> {
    match keyword {
        Keyword::Format => extra.format = Some(map.next_value()?),
        Keyword::Enum => {
            let values: Vec<Value> = map.next_value()?;
            extra.allowed = values.into_iter().map(|value| (value, Minors::ALL)).collect();
        }
        Keyword::Pattern => extra.pattern = Some(Pattern::new(map.next_value()?)),
        Keyword::Minimum => extra.minimum = Some(map.next_value()?),
        Keyword::Maximum => extra.maximum = Some(map.next_value()?),
        Keyword::ExclusiveMinimum => extra.exclusive_minimum = map.next_value()?,
        Keyword::ExclusiveMaximum => extra.exclusive_maximum = map.next_value()?,
        Keyword::MultipleOf => extra.multiple_of = Some(map.next_value()?),
        Keyword::MinLength => extra.min_length = Some(map.next_value()?),
        Keyword::MaxLength => extra.max_length = Some(map.next_value()?),
        Keyword::MinItems => extra.min_items = Some(map.next_value()?),
        Keyword::MaxItems => extra.max_items = Some(map.next_value()?),
        Keyword::MinProperties => extra.min_properties = Some(map.next_value()?),
        Keyword::MaxProperties => extra.max_properties = Some(map.next_value()?),
        Keyword::UniqueItems => extra.unique_items = map.next_value()?,
        Keyword::ListType => extra.set = map.next_value::<Box<str>>()?.as_ref() == "set",
        Keyword::ListKeys => extra.keys = map.next_value()?,
        Keyword::Default => extra.default = Some(map.next_value()?),
        Keyword::AnyOf => extra.any_of = map.next_value()?,
        Keyword::OneOf => extra.one_of = map.next_value()?,
        Keyword::AllOf => extra.all_of = map.next_value()?,
        Keyword::Not => extra.not = Some(map.next_value()?),
        Keyword::Embedded => extra.embedded = map.next_value()?,
        Keyword::Rules => extra.rules = map.next_value()?,
        _ => {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, serde::Deserialize)]
enum Keyword {
    #[serde(rename = "type")]
    Type,
    #[serde(rename = "nullable")]
    Nullable,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    Open,
    #[serde(rename = "x-kubernetes-int-or-string")]
    IntOrString,
    #[serde(rename = "$ref")]
    Ref,
    #[serde(rename = "properties")]
    Properties,
    #[serde(rename = "required")]
    Required,
    #[serde(rename = "additionalProperties")]
    Values,
    #[serde(rename = "items")]
    Items,
    #[serde(rename = "format")]
    Format,
    #[serde(rename = "enum")]
    Enum,
    #[serde(rename = "pattern")]
    Pattern,
    #[serde(rename = "minimum")]
    Minimum,
    #[serde(rename = "maximum")]
    Maximum,
    #[serde(rename = "exclusiveMinimum")]
    ExclusiveMinimum,
    #[serde(rename = "exclusiveMaximum")]
    ExclusiveMaximum,
    #[serde(rename = "multipleOf")]
    MultipleOf,
    #[serde(rename = "minLength")]
    MinLength,
    #[serde(rename = "maxLength")]
    MaxLength,
    #[serde(rename = "minItems")]
    MinItems,
    #[serde(rename = "maxItems")]
    MaxItems,
    #[serde(rename = "minProperties")]
    MinProperties,
    #[serde(rename = "maxProperties")]
    MaxProperties,
    #[serde(rename = "uniqueItems")]
    UniqueItems,
    #[serde(rename = "x-kubernetes-list-type")]
    ListType,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    ListKeys,
    #[serde(rename = "default")]
    Default,
    #[serde(rename = "anyOf")]
    AnyOf,
    #[serde(rename = "oneOf")]
    OneOf,
    #[serde(rename = "allOf")]
    AllOf,
    #[serde(rename = "not")]
    Not,
    #[serde(rename = "x-kubernetes-embedded-resource")]
    Embedded,
    #[serde(rename = "x-kubernetes-validations")]
    Rules,
    #[serde(rename = "x-minors")]
    XMinors,
    #[serde(rename = "x-required-minors")]
    XRequired,
    #[serde(rename = "x-enum-minors")]
    XAllowed,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(match &*text {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "object" => Self::Object,
            "array" => Self::Array,
            other => return Err(de::Error::custom(format!("unknown type `{other}`"))),
        })
    }
}

/// Properties in the order of their names.
struct Properties(Vec<(Box<str>, Schema)>);

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertiesVisitor;
        impl<'de> Visitor<'de> for PropertiesVisitor {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the schemas of properties")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut list: Vec<(Box<str>, Schema)> = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(entry) = map.next_entry()? {
                    list.push(entry);
                }
                if !list.is_sorted_by(|(a, _), (b, _)| a < b) {
                    list.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                Ok(Properties(list))
            }
        }
        deserializer.deserialize_map(PropertiesVisitor)
    }
}

/// `additionalProperties`: a schema, or whether there may be any.
enum ValuesSchema {
    Schema(Box<Schema>),
    Open(bool),
}

impl<'de> Deserialize<'de> for ValuesSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;
        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = ValuesSchema;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schema or a boolean")
            }

            fn visit_bool<E>(self, open: bool) -> Result<ValuesSchema, E> {
                Ok(ValuesSchema::Open(open))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValuesSchema, A::Error> {
                SchemaVisitor
                    .visit_map(map)
                    .map(|schema| ValuesSchema::Schema(Box::new(schema)))
            }
        }
        deserializer.deserialize_any(ValuesVisitor)
    }
}

struct MinorsText(Minors);

impl<'de> Deserialize<'de> for MinorsText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Minors::parse(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom(format!("no minors: `{text}`")))
    }
}

fn minors_by_name(map: std::collections::BTreeMap<String, MinorsText>) -> Vec<(String, Minors)> {
    map.into_iter().map(|(name, minors)| (name, minors.0)).collect()
}
