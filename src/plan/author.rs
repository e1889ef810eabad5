//! Who made a change: the person, or a newer Galeno.
//!
//! The environment as the base has it is worked out by this Galeno. Where that differs from what the base holds, a newer
//! Galeno changed it; everything else the person did.

use std::collections::BTreeMap;

use super::diff::{self, Change};
use crate::bundle::Object;
use crate::finding::{Finding, has_errors};
use crate::gitops::{Repository, Side};
use crate::{components, report};

/// Region, group, kind, namespace and name.
pub(super) type Key = (String, String, String, String, String);

pub(super) fn key(region: &str, object: &Object) -> Key {
    let own = [object.group(), object.kind(), object.namespace(), object.name()].map(str::to_owned);
    let [group, kind, namespace, name] = own;
    (region.to_owned(), group, kind, namespace, name)
}

/// What this Galeno makes of the base's environment file.
pub(super) enum Recompiled {
    /// Its objects.
    Objects(BTreeMap<Key, Object>),
    /// Nothing, and why.
    Not(String),
    /// The base does not have the environment: everything is the person's.
    New,
}

/// Works out the base's environment.
pub(super) fn recompile(repository: &Repository, base: &Side, name: &str) -> Result<Recompiled, Box<Finding>> {
    let Some((loaded, findings)) = repository.load(base, name)? else {
        return Ok(Recompiled::New);
    };
    let Some(loaded) = loaded else {
        let errors: Vec<Finding> = findings
            .into_iter()
            .filter(|f| has_errors(std::slice::from_ref(f)))
            .collect();
        let first = errors.first().map_or("", |finding| finding.message.as_str());
        return Ok(Recompiled::Not(format!(
            "this Galeno refuses the environment file as it was ({}; first: {first})",
            report::count(&errors)
        )));
    };
    let manifests = components::render(&loaded.topology).manifests;
    let objects = manifests.into_iter().map(|m| (key(&m.region, &m.object), m.object));
    Ok(Recompiled::Objects(objects.collect()))
}

/// Parts the changes of an object: the person's, and Galeno's.
pub(super) fn part(changes: Vec<Change>, old: &Object, recompiled: Option<&Object>) -> (Vec<Change>, Vec<Change>) {
    let Some(recompiled) = recompiled else {
        return (changes, Vec::new());
    };
    let own = diff::compare(old.value(), recompiled.value());
    let (galeno, person) = changes.into_iter().partition(|change| {
        // Places in lists may differ: the path and what happens there is what counts.
        own.iter().any(|own| own.path == change.path && own.what == change.what)
    });
    (person, galeno)
}
