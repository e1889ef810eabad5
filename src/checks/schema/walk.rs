//! Walks an object along the schema of its kind.

use serde_json::{Map, Value};

use super::catalog::Root;
use super::constraints;
use super::embedded::{self, Definition};
use super::fields;
use super::model::{Extra, Schema, Type};
use super::path::{Step, pointer, words};
use super::rules::{self, Here};
use super::value::{self, Fault};
use super::version::Minors;
use crate::bundle::Item;
use crate::finding::{Finding, Severity};

/// How deep an object may be nested: far beyond what any kind needs, and far from the end of a thread's stack.
const MAX_DEPTH: usize = 100;

/// One object on its way through its schema.
pub(super) struct Walk<'a> {
    pub(super) item: &'a Item,
    /// The Kubernetes versions that the object must be valid in.
    pub(super) versions: Minors,
    pub(super) findings: Vec<Finding>,
    path: Vec<Step<'a>>,
    /// The schemas of the mappings above, outermost first, and how long the path to each is: to tell where a misplaced
    /// field belongs.
    above: Vec<(&'a Schema, usize)>,
    /// Names of the CEL rules that could not be evaluated.
    pub(super) not_evaluated: Vec<(&'a str, String)>,
    /// Whether the thread has the stack that rules in CEL need.
    pub(super) deep_stack: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(item: &'a Item, versions: Minors, deep_stack: bool) -> Self {
        let (findings, path, above, not_evaluated) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            item,
            versions,
            findings,
            path,
            above,
            not_evaluated,
            deep_stack,
        }
    }

    /// How many steps the present value is below the whole object.
    pub(super) fn depth(&self) -> usize {
        self.path.len()
    }

    /// The name of the field whose value is looked at, if it is one of a mapping.
    pub(super) fn field(&self) -> Option<&'a str> {
        match self.path.last() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Whether the present value is one that a Secret keeps.
    fn is_secret(&self) -> bool {
        matches!(self.path.first(), Some(Step::Key("data" | "stringData"))) && self.item.object.kind() == "Secret"
    }

    /// Walks the whole object.
    pub(super) fn object(&mut self, root: Root<'a>) {
        let value = self.item.object.value();
        match root {
            Root::BuiltIn(definition) => self.definition(definition, value),
            Root::Custom(schema) => self.custom(schema, value),
        }
    }

    /// Tells a fault of the value at `path` below the present one; `problem` completes the sentence that starts with
    /// the path.
    pub(super) fn tell(&mut self, severity: Severity, code: &'static str, path: &[Step<'_>], fault: Fault) {
        let steps = || self.path.iter().chain(path).copied();
        let mend = if fault.mend.is_empty() {
            usual_mend(code).into()
        } else {
            fault.mend
        };
        let place = self.item.place(&pointer(steps()));
        let subject = match words(steps()) {
            text if text.is_empty() => "the object".to_owned(),
            text => format!("`{text}`"),
        };
        self.findings.push(
            Finding::new(severity, code, format!("{subject} {}", fault.problem))
                .because(fault.reason)
                .mend(mend)
                .at(place),
        );
    }

    /// Whether a finding of that code was told of a field of the present value.
    pub(super) fn told(&self, code: &str, field: &str) -> bool {
        let here = pointer(self.path.iter().copied());
        self.findings.iter().any(|finding| {
            let place = finding.place.pointer.as_deref();
            finding.code == code && place.and_then(|p| p.strip_prefix(here.as_str())?.strip_prefix('/')) == Some(field)
        })
    }

    pub(super) fn error(&mut self, code: &'static str, path: &[Step<'_>], fault: Fault) {
        self.tell(Severity::Error, code, path, fault);
    }

    fn definition(&mut self, definition: &'static Definition, value: &'a Value) {
        self.structure(&definition.schema, value);
        if let Value::Object(map) = value {
            for rule in definition.rules {
                rule(&mut Here { walk: self, map });
            }
        }
    }

    /// A custom resource: its `metadata` are Kubernetes' own, whatever its schema says of them.
    fn custom(&mut self, schema: &'a Schema, value: &'a Value) {
        self.structure(schema, value);
        if let (Some(metadata), Some(definition)) = (value.get("metadata"), embedded::definition("meta.v1.ObjectMeta"))
        {
            self.below("metadata".into(), |walk| walk.definition(definition, metadata));
        }
        rules::custom::check(self);
    }

    fn below(&mut self, step: Step<'a>, visit: impl FnOnce(&mut Self)) {
        self.path.push(step);
        visit(self);
        self.path.pop();
    }

    /// One value against its schema.
    fn visit(&mut self, schema: &'a Schema, value: &'a Value) {
        if self.path.len() > MAX_DEPTH {
            let fault = Fault::new("is nested too deep").because("no kind of Kubernetes has that many levels");
            return self.error("schema/too-deep", &[], fault);
        }
        match &schema.reference {
            Some(reference) => match reference.target() {
                Some(definition) if definition.schema.kind != Type::Object => self.structure(&definition.schema, value),
                Some(definition) => self.definition(definition, value),
                None => {}
            },
            None => self.structure(schema, value),
        }
        if let Some(check) = schema.check {
            fields::check(self, check, value);
        }
    }

    fn structure(&mut self, schema: &'a Schema, value: &'a Value) {
        let before = self.findings.len();
        if value.is_null() && schema.nullable {
            return;
        }
        if let Some(mut fault) = value::wrong_type(schema, value) {
            if self.is_secret() {
                fault = value::wrong_type_unseen(&fault, value);
            }
            let code = if schema.kind == Type::Quantity {
                "schema/quantity"
            } else {
                "schema/wrong-type"
            };
            return self.error(code, &[], fault);
        }
        if let Some(extra) = &schema.extra {
            self.constraints(schema, extra, value);
        }
        match value {
            Value::Object(map) if schema.kind == Type::Object || schema.kind == Type::Any => self.mapping(schema, map),
            Value::Array(items) => {
                if let Some(item_schema) = &schema.items {
                    for (index, item) in items.iter().enumerate() {
                        self.below(index.into(), |walk| walk.visit(item_schema, item));
                    }
                }
            }
            _ => {}
        }
        if let Some(extra) = &schema.extra {
            // A rule may take for granted what the schema demands.
            if !extra.rules.is_empty() && self.findings.len() == before {
                super::cel::evaluate(self, schema, &extra.rules, value);
            }
        }
    }

    fn mapping(&mut self, schema: &'a Schema, map: &'a Map<String, Value>) {
        let is_root = self.path.is_empty();
        self.above.push((schema, self.path.len()));
        for (key, value) in map {
            match schema.property(key) {
                // The metadata of a custom resource are looked at by `custom`; here only what its schema adds.
                Some(property) if is_root && key == "metadata" && property.reference.is_none() => {
                    self.below("metadata".into(), |walk| walk.declared_only(property, value));
                }
                // For a null the API server writes the default, or nothing.
                Some(property) if value.is_null() && !property.nullable => self.in_versions(key, property),
                Some(property) => {
                    self.in_versions(key, property);
                    self.below(key.as_str().into(), |walk| walk.visit(property, value));
                }
                None => self.other_key(schema, key, value, is_root),
            }
        }
        self.missing(schema, map);
        self.above.pop();
    }

    /// The fields that a schema declares, whatever else there is.
    fn declared_only(&mut self, schema: &'a Schema, value: &'a Value) {
        for (name, property) in &schema.properties {
            if let Some(value) = value.get(&**name).filter(|v| !v.is_null()) {
                self.below((**name).into(), |walk| walk.visit(property, value));
            }
        }
    }

    /// A key that is no declared field.
    fn other_key(&mut self, schema: &'a Schema, key: &'a str, value: &'a Value, is_root: bool) {
        if let Some(values) = &schema.values {
            self.below(key.into(), |walk| {
                if value.is_null() && !values.nullable {
                    let fault = Fault::new("has no value")
                        .because("the API server takes it for an empty one or drops it")
                        .mend("give it a value, or remove the key");
                    walk.tell(Severity::Warning, "schema/null", &[], fault);
                } else {
                    walk.visit(values, value);
                }
            });
            return;
        }
        // Every object may have these; `status` is dropped by the API server.
        let whole = is_root || schema.extra.as_ref().is_some_and(|extra| extra.embedded);
        let always = whole && matches!(key, "apiVersion" | "kind" | "metadata" | "status");
        // A value whose schema says nothing of fields may have any.
        let free = schema.kind == Type::Any && schema.properties.is_empty();
        if always || schema.open || free {
            return;
        }
        let mut fault = Fault::new("is no field of this kind")
            .because("the API server refuses it, or drops it without a word: it would have no effect");
        if let Some(hint) = self.where_it_belongs(schema, key) {
            fault = fault.mend(hint);
        }
        self.error("schema/unknown-field", &[key.into()], fault);
    }

    /// What was probably meant by an unknown field.
    fn where_it_belongs(&self, schema: &'a Schema, key: &str) -> Option<String> {
        if let Some(near) = value::nearest(key, schema.properties.iter().map(|(name, _)| &**name)) {
            return Some(format!("did you mean `{near}`?"));
        }
        for (parent, length) in self.above.iter().rev().skip(1) {
            if parent.property(key).is_some() {
                let path = words(self.path.iter().copied().take(*length));
                let place = if path.is_empty() {
                    "at the top level".to_owned()
                } else {
                    format!("directly under `{path}`")
                };
                return Some(format!("`{key}` belongs {place}"));
            }
        }
        if let Some(path) = below(schema, key, 1).or_else(|| below(schema, key, 2)) {
            return Some(format!("`{key}` belongs into `{path}`"));
        }
        if schema.properties.len() <= 12 && !schema.properties.is_empty() {
            let names: Vec<String> = schema.properties.iter().map(|(name, _)| format!("`{name}`")).collect();
            return Some(format!("the fields here are {}", names.join(", ")));
        }
        None
    }

    fn in_versions(&mut self, key: &'a str, property: &Schema) {
        let missing = self.versions.without(property.minors);
        if !missing.is_empty() {
            let fault = Fault::new(format!("does not exist in Kubernetes {missing}"))
                .because(format!("the field exists in {} only", property.minors))
                .mend("leave it out, or raise the Kubernetes version of the environment");
            self.error("schema/field-not-in-version", &[key.into()], fault);
        }
    }

    fn missing(&mut self, schema: &Schema, map: &Map<String, Value>) {
        for (name, minors) in &schema.required {
            let present = map
                .get(&**name)
                .is_some_and(|v| !v.is_null() || is_nullable(schema, name));
            let defaulted = schema.property(name).is_some_and(|p| p.default_value().is_some());
            // Without a version to go by, what any version demands is demanded.
            let demanded = self.versions.is_empty() || !self.versions.and(*minors).is_empty();
            if !present && !defaulted && demanded {
                let fault = Fault::new("is missing")
                    .because("the API server refuses the object without it")
                    .mend(format!("add `{name}`"));
                self.error("schema/missing-field", &[Step::from(&**name)], fault);
            }
        }
    }

    fn constraints(&mut self, schema: &'a Schema, extra: &'a Extra, value: &'a Value) {
        for (code, fault) in constraints::faults(schema, extra, value, self.versions) {
            self.error(code, &[], fault);
        }
        if extra.embedded {
            self.embedded_object(value);
        }
        if let Value::Array(items) = value {
            if !extra.keys.is_empty() {
                rules::lists::duplicate_keys(self, &extra.keys, items);
            } else if extra.set {
                rules::lists::duplicates(self, items);
            }
        }
    }

    /// A whole object inside a custom resource.
    fn embedded_object(&mut self, value: &'a Value) {
        for key in ["apiVersion", "kind"] {
            if value.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
                let fault = Fault::new("is missing")
                    .because("what stands here is a whole object, which needs it")
                    .mend(format!("add `{key}`"));
                self.error("schema/missing-field", &[Step::from(key)], fault);
            }
        }
        if let (Some(metadata), Some(definition)) = (value.get("metadata"), embedded::definition("meta.v1.ObjectMeta"))
        {
            self.below("metadata".into(), |walk| walk.definition(definition, metadata));
        }
    }
}

/// What to do about a fault that says in its own words what it wants.
fn usual_mend(code: &str) -> &'static str {
    match code {
        "schema/name"
        | "schema/label"
        | "schema/annotation"
        | "schema/config-key"
        | "schema/port-name"
        | "schema/env-name"
        | "schema/namespace"
        | "schema/resource-name" => "write a name of that form",
        "schema/address" | "schema/path" | "schema/duration" | "schema/pattern" | "schema/format"
        | "schema/schedule" | "schema/time-zone" | "schema/share" | "schema/image" => "write the value in that form",
        "schema/out-of-range"
        | "schema/port"
        | "schema/quantity"
        | "schema/length"
        | "schema/name-length"
        | "schema/probe" => "write a value within these bounds",
        "schema/wrong-type" => "write a value of that type",
        "schema/exclusive" | "schema/combination" => "keep the one that is meant",
        "schema/duplicate" | "schema/repeated-item" => "remove one of them, or rename it",
        "schema/missing-field" => "add it",
        "schema/not-allowed" => "remove it",
        "schema/rule" => "change the object so that the rule holds",
        _ => "correct the value",
    }
}

/// The path to the mapping that has the field, at the given depth below.
fn below(schema: &Schema, key: &str, depth: usize) -> Option<String> {
    schema.properties.iter().find_map(|(name, child)| {
        let child = child
            .reference
            .as_ref()
            .and_then(|r| r.target())
            .map_or(child, |d| &d.schema);
        match depth {
            1 => child.property(key).map(|_| name.to_string()),
            _ => below(child, key, depth - 1).map(|path| format!("{name}.{path}")),
        }
    })
}

fn is_nullable(schema: &Schema, name: &str) -> bool {
    schema.property(name).is_some_and(|property| property.nullable)
}
