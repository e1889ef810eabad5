//! YAML with positions, read as Go reads it.
//!
//! kubectl, Helm and Argo CD read YAML by Go's `sigs.k8s.io/yaml` (YAML 1.1 booleans and numbers). Everything that
//! Galeno reads goes through here, so that what it judges is what the cluster would see, and so that every value knows
//! its line and column.

use std::collections::BTreeMap;

use crate::finding::Span;

/// Where each value of a document stands, by JSON pointer (RFC 6901); the root is the empty pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    values: BTreeMap<String, Span>,
    keys: BTreeMap<String, Span>,
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its value, as Go would see it.
    pub value: serde_json::Value,
    /// Where each part of it stands.
    pub positions: Positions,
}

impl Positions {
    /// Where the value at `pointer` stands, or the nearest value above it that has a position.
    pub fn nearest(&self, pointer: &str) -> Option<Span> {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.values.get(pointer) {
                return Some(*span);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// Where the key of the value at `pointer` stands, if the value is in a mapping.
    pub fn key(&self, pointer: &str) -> Option<Span> {
        self.keys.get(pointer).copied()
    }
}
