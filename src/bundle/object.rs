//! One Kubernetes object, its place, and the reasons for its parts.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::finding::{ObjectId, Place};
use crate::yaml::Positions;

/// A Kubernetes object as JSON: a mapping with a non-empty `apiVersion` and `kind` and a mapping `metadata`.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Value);

/// Why a value is no Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Kubernetes object: {0}")]
pub struct NotAnObject(pub &'static str);

impl Object {
    /// Takes a value that has the form of an object.
    pub fn new(value: Value) -> Result<Self, NotAnObject> {
        let map = value.as_object().ok_or(NotAnObject("it is not a mapping"))?;
        for (key, complaint) in [("apiVersion", "it has no `apiVersion`"), ("kind", "it has no `kind`")] {
            if map.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(NotAnObject(complaint));
            }
        }
        if !map.get("metadata").is_some_and(Value::is_object) {
            return Err(NotAnObject("it has no `metadata`"));
        }
        Ok(Self(value))
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The part at a JSON pointer (RFC 6901).
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The text at a JSON pointer, or "".
    pub fn str_at(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// `apps/v1`.
    pub fn api_version(&self) -> &str {
        self.str_at("/apiVersion")
    }

    /// `apps`; "" for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// `StatefulSet`.
    pub fn kind(&self) -> &str {
        self.str_at("/kind")
    }

    /// `metadata.name`; "" where only `generateName` is given.
    pub fn name(&self) -> &str {
        self.str_at("/metadata/name")
    }

    /// `metadata.namespace`; "" where none is written.
    pub fn namespace(&self) -> &str {
        self.str_at("/metadata/namespace")
    }

    /// Its identity.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.api_version().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }
}

/// Why a part of an object is there: the rule that made it and the field of the environment file it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// JSON pointer into the object; the root ("") speaks for everything without a nearer reason.
    pub path: Cow<'static, str>,
    /// The rule, in a sentence.
    pub rule: Cow<'static, str>,
    /// JSON pointer into the environment file, where the rule follows something written (or its default).
    pub source: Option<Cow<'static, str>>,
}

/// One object that Galeno makes, with its place in `generated/` and its reasons.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The region, or `argocd`: the second folder under `generated/`.
    pub region: Arc<str>,
    /// The component: the third folder; empty under `argocd`.
    pub component: &'static str,
    /// The object.
    pub object: Object,
    /// Why its parts are there; never empty.
    pub reasons: Vec<Reason>,
}

/// An object as the checks see it: wherever it came from.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it can refer to: objects of the same cluster (`prod/eu-central`); one name for all files of a `validate`.
    pub cluster: Arc<str>,
    /// The file it stands in, or will stand in.
    pub file: Arc<str>,
    /// Where its parts stand in that file, if it was read from one.
    pub positions: Option<Arc<Positions>>,
    /// The object.
    pub object: Object,
}

impl Item {
    /// The place of the part at `pointer`, or of its nearest ancestor that has a position.
    pub fn place(&self, pointer: &str) -> Place {
        Place {
            file: Some(self.file.to_string()),
            span: self.positions.as_ref().and_then(|p| p.nearest(pointer)),
            object: Some(self.object.id()),
            pointer: Some(pointer.to_owned()),
        }
    }
}

/// Turns a typed object into its JSON form: nulls and `status` are left out.
pub fn to_object<T: Serialize>(typed: &T) -> Result<Object, NotAnObject> {
    let mut value = serde_json::to_value(typed).map_err(|_| NotAnObject("it cannot be written as JSON"))?;
    drop_nulls(&mut value);
    if let Some(map) = value.as_object_mut() {
        map.remove("status");
    }
    Object::new(value)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
