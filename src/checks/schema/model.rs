//! A structural schema in memory: what `schemas/upstream` and a `CustomResourceDefinition` say, ready to be walked.

use std::fmt;
use std::sync::OnceLock;

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
#[allow(
    clippy::struct_excessive_bools,
    reason = "they are the keywords of JSON Schema, each true or false"
)]
pub(super) struct Extra {
    pub(super) format: Option<Box<str>>,
    pub(super) allowed: Vec<(Value, Minors)>,
    /// An empty text is as good as none: the API server writes the default then.
    pub(super) blank: bool,
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
    pub(super) fn new(name: Box<str>) -> Self {
        Self {
            name,
            target: OnceLock::new(),
        }
    }

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
    pub(super) fn new(text: Box<str>) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
        }
    }

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
