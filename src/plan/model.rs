//! What a plan says.

use serde::Serialize;

use super::diff::Change;
use crate::checks::upgrade::{Class, Effect};
use crate::finding::{Finding, ObjectId};
use crate::spec::RestoreRequest;

/// Everything that a change does.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it is compared with.
    pub base: Revision,
    /// What it becomes.
    pub head: Revision,
    /// Environments of which something differs, by name.
    pub environments: Vec<EnvironmentChange>,
    /// Restores that are asked for.
    pub restores: Vec<Requested>,
    /// What is survived otherwise than before, the worst first.
    pub survival: Vec<super::SurvivalChange>,
    /// What a person changed, the most dangerous first.
    pub changed: Vec<Entry>,
    /// What this Galeno makes of the same environment files otherwise than the one that compiled the base did.
    pub by_galeno: Vec<Entry>,
    /// What could not be read, or is not as it should be.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// The most dangerous thing that it does.
    pub fn worst(&self) -> Class {
        let all = self.changed.iter().chain(&self.by_galeno);
        all.map(|entry| entry.class).max().unwrap_or(Class::None)
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.environments.is_empty() && self.restores.is_empty() && self.findings.is_empty()
    }

    /// How many objects of a verb there are.
    pub fn count(&self, verb: Verb) -> usize {
        let all = self
            .changed
            .iter()
            .chain(&self.by_galeno)
            .filter(|entry| entry.verb == verb);
        let objects: std::collections::BTreeSet<&Target> = all.flat_map(|entry| &entry.targets).collect();
        objects.len()
    }
}

/// One side of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// As a person would call it.
    pub name: String,
    /// Its commit; none for the files on the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// Whether an environment came, went or is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The base does not have it.
    Added,
    /// Both have it.
    Changed,
    /// The base alone has it.
    Removed,
}

/// One environment of which something differs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentChange {
    /// Its name.
    pub name: String,
    /// Whether it came, went or is another.
    pub state: State,
    /// What differs in its file.
    pub written: Vec<Change>,
    /// The Galeno that compiled the base and the one that compiled the head, where these are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<(String, String)>,
    /// Why it cannot be told who made a change, where it cannot: then all counts as the person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untold: Option<String>,
}

/// A restore that is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Requested {
    /// The environment.
    pub environment: String,
    /// The request's file.
    pub file: String,
    /// What it asks for.
    pub request: RestoreRequest,
    /// Whether the same change makes it active: traffic stops until the restored generation is accepted.
    pub now: bool,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It goes.
    Removed,
    /// It becomes another.
    Changed,
    /// It is new.
    Added,
}

/// An object in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// The environment.
    pub environment: String,
    /// The region.
    pub region: String,
    /// The component.
    pub component: String,
    /// The object.
    pub object: ObjectId,
}

/// One change, and every object that it happens to.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The objects, in order; never empty.
    pub targets: Vec<Target>,
    /// What happens to them.
    pub verb: Verb,
    /// The most dangerous thing that it does.
    pub class: Class,
    /// What it does.
    pub effects: Vec<Effect>,
    /// What differs; empty for what is added or removed.
    pub changes: Vec<Change>,
}
