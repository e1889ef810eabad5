//! What repeats is told once.

use std::collections::{BTreeMap, BTreeSet};

use super::build::touches;
use super::diff::Change;
use super::model::{Entry, Target, Verb};
use crate::checks::upgrade::{Class, Effect};
use crate::finding::ObjectId;

/// A change of so many different objects is one of its own, whatever else happens to each of them.
const OFTEN: usize = 4;

/// Folds entries of single objects into one for each change, and sorts them: the most dangerous first, then by place.
pub(super) fn fold(entries: Vec<Entry>) -> Vec<Entry> {
    let entries = split_common(entries);
    let mut groups: BTreeMap<String, Entry> = BTreeMap::new();
    for entry in entries {
        match groups.entry(signature(&entry)) {
            std::collections::btree_map::Entry::Occupied(mut group) => group.get_mut().targets.extend(entry.targets),
            std::collections::btree_map::Entry::Vacant(group) => drop(group.insert(entry)),
        }
    }
    let mut folded: Vec<Entry> = groups.into_values().collect();
    for entry in &mut folded {
        entry.targets.sort();
        entry.targets.dedup();
    }
    folded.sort_by(|a, b| {
        let key = |e: &Entry| {
            let first = e.targets.first();
            let place = first.map(|t| (t.environment.clone(), t.region.clone(), t.component.clone()));
            (
                std::cmp::Reverse(e.class),
                place,
                e.verb,
                first.map(|t| t.object.clone()),
            )
        };
        key(a).cmp(&key(b)).then_with(|| signature(a).cmp(&signature(b)))
    });
    folded
}

/// What makes two entries the same: what happens, and what it does. Objects that come or go are the same by identity.
fn signature(entry: &Entry) -> String {
    let object = (entry.verb != Verb::Changed).then(|| entry.targets.first().map(|t| (&t.component, &t.object)));
    // Pointers into lists count places, which may differ where the change does not.
    let changes: Vec<_> = entry.changes.iter().map(|c| (&c.path, &c.what)).collect();
    let effects: Vec<_> = entry.effects.iter().map(|e| (e.class, e.code, &e.message)).collect();
    serde_json::to_string(&(entry.verb, object, effects, changes)).unwrap_or_default()
}

fn change_signature(change: &Change) -> String {
    serde_json::to_string(&(&change.path, &change.what)).unwrap_or_default()
}

/// Takes what happens to many objects out of them. Objects that would be made anew, or whose data is at risk, keep all.
fn split_common(entries: Vec<Entry>) -> Vec<Entry> {
    let mut objects: BTreeMap<String, BTreeSet<ObjectId>> = BTreeMap::new();
    for entry in entries.iter().filter(|e| may_split(e)) {
        for change in &entry.changes {
            let ids = entry.targets.iter().map(|t| t.object.clone());
            objects.entry(change_signature(change)).or_default().extend(ids);
        }
    }
    let common: BTreeSet<String> = objects
        .into_iter()
        .filter(|(_, ids)| ids.len() >= OFTEN)
        .map(|(signature, _)| signature)
        .collect();
    let mut out = Vec::new();
    for mut entry in entries {
        if !may_split(&entry) || entry.changes.len() < 2 {
            out.push(entry);
            continue;
        }
        let (often, own): (Vec<Change>, Vec<Change>) = std::mem::take(&mut entry.changes)
            .into_iter()
            .partition(|c| common.contains(&change_signature(c)));
        for change in often {
            out.push(only(&entry.targets, &entry.effects, vec![change]));
        }
        if !own.is_empty() {
            out.push(only(&entry.targets, &entry.effects, own));
        }
    }
    out
}

fn may_split(entry: &Entry) -> bool {
    entry.verb == Verb::Changed && entry.class < Class::Recreate
}

/// An entry with some changes and what those do.
fn only(targets: &[Target], effects: &[Effect], changes: Vec<Change>) -> Entry {
    let effects: Vec<Effect> = effects
        .iter()
        .filter(|effect| touches(effect, &changes))
        .cloned()
        .collect();
    Entry {
        targets: targets.to_vec(),
        verb: Verb::Changed,
        class: effects.iter().map(|effect| effect.class).max().unwrap_or(Class::None),
        effects,
        changes,
    }
}
