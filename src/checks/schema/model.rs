//! A structural schema in memory: what `schemas/upstream` and a CustomResourceDefinition say, ready to be walked.

use std::fmt;
use std::sync::OnceLock;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Number, Value};

use super::cel::Rule;
use super::embedded::{self, Definition};
use super::rules::FieldCheck;
use super::version::Minors;

/// What a value must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Type {
    /// Anything: the schema does not say.
    #[default]
    Any,
    Boolean,
    Integer,
    Number,
    String,
    Object,
    Array,
    /// `x-kubernetes-int-or-string`: a port, a percentage, a quantity.
    IntOrString,
    /// A quantity of a built-in type: text or a number.
    Quantity,
}

/// One schema: of a kind, of a field, of the items of a list.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) kind: Type,
    pub(super) nullable: bool,
    /// Unknown fields are kept (`x-kubernetes-preserve-unknown-fields`).
    pub(super) open: bool,
    /// The Kubernetes versions that have this field.
    pub(super) minors: Minors,
    /// Sorted by name.
    pub(super) properties: Vec<(Box<str>, Schema)>,
    /// The fields that must be there, and in which versions they must.
    pub(super) required: Vec<(Box<str>, Minors)>,
    /// Of the values of a mapping whose keys are free.
    pub(super) values: Option<Box<Schema>>,
    pub(super) items: Option<Box<Schema>>,
    /// What few schemas have.
    pub(super) extra: Option<Box<Extra>>,
    /// The definition that stands here instead (built-in kinds).
    pub(super) reference: Option<Box<Reference>>,
    /// What the API server checks of this field in code.
    pub(super) check: Option<FieldCheck>,
}

/// What few schemas have.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) format: Option<Box<str>>,
    pub(super) allowed: Vec<(Value, Minors)>,
    pub(super) pattern: Option<Pattern>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) multiple_of: Option<Number>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) min_properties: Option<u64>,
    pub(super) max_properties: Option<u64>,
    pub(super) unique_items: bool,
    pub(super) set: bool,
    /// The fields that tell the items of a list apart.
    pub(super) keys: Vec<Box<str>>,
    pub(super) default: Option<Value>,
    pub(super) any_of: Vec<Schema>,
    pub(super) one_of: Vec<Schema>,
    pub(super) all_of: Vec<Schema>,
    pub(super) not: Option<Schema>,
    pub(super) embedded: bool,
    pub(super) rules: Vec<Rule>,
}

impl Default for Schema {
    fn default() -> Self {
        Self {
            kind: Type::Any,
            nullable: false,
            open: false,
            minors: Minors::ALL,
            properties: Vec::new(),
            required: Vec::new(),
            values: None,
            items: None,
            extra: None,
            reference: None,
            check: None,
        }
    }
}

impl Schema {
    /// The schema of a field.
    pub(super) fn property(&self, name: &str) -> Option<&Schema> {
        let index = self.properties.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        self.properties.get(index).map(|(_, schema)| schema)
    }

    /// The value that the API server writes where the field is missing.
    pub(super) fn default_value(&self) -> Option<&Value> {
        self.extra.as_ref()?.default.as_ref()
    }
}

/// The name of a definition, looked up when it is first needed.
pub(super) struct Reference {
    pub(super) name: Box<str>,
    target: OnceLock<Option<&'static Definition>>,
}

impl Reference {
    pub(super) fn target(&self) -> Option<&'static Definition> {
        *self.target.get_or_init(|| embedded::definition(&self.name))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A regular expression of a schema, compiled when it is first needed.
pub(super) struct Pattern {
    pub(super) text: Box<str>,
    compiled: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    /// Whether the text matches; `None` if the expression cannot be compiled.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        self.compiled
            .get_or_init(|| compile_regex(&self.text))
            .as_ref()
            .map(|regex| regex.is_match(text))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Compiles an expression of Go's syntax (RE2), in which `\d`, `\s` and `\w` mean ASCII only.
pub(super) fn compile_regex(text: &str) -> Option<regex::Regex> {
    let build = |unicode| {
        regex::RegexBuilder::new(text)
            .unicode(unicode)
            .size_limit(1 << 20)
            .build()
    };
    // Without Unicode, what could match part of a character (`.`, `[^x]`) is refused; then the classes are Unicode's.
    build(false).or_else(|_| build(true)).ok()
}

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
                    let name = map.next_value()?;
                    schema.reference = Some(Box::new(Reference {
                        name,
                        target: OnceLock::new(),
                    }));
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
        if schema.kind == Type::IntOrString {
            if let Some(extra) = &mut schema.extra {
                extra.any_of.clear();
            }
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
        Keyword::Pattern => {
            extra.pattern = Some(Pattern {
                text: map.next_value()?,
                compiled: OnceLock::new(),
            })
        }
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
