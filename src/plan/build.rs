//! From two revisions to a plan.

use std::collections::BTreeMap;

use super::author::{self, Recompiled};
use super::diff::{self, Change};
use super::model::{Entry, Plan, Revision, Target, Verb};
use super::{fold, inputs, objects, survival};
use crate::bundle::Item;
use crate::checks::upgrade::{self, Class, Effect};
use crate::finding::{self, Finding};
use crate::gitops::{Repository, Side};
use crate::pipeline::folders;

/// Works out what differs between two revisions, and what that does.
pub fn plan(repository: &Repository, base: &Side, head: &Side) -> Result<Plan, Box<Finding>> {
    let changes = repository.changes(base, head, &[folders::GENERATED, folders::ENVIRONMENTS])?;
    let objects = objects::read(repository, &changes)?;
    let mut findings = objects.findings.clone();
    let mut environments = Vec::new();
    let mut recompiled = BTreeMap::new();
    let mut survived = Vec::new();
    for name in inputs::names(&changes) {
        let mut environment = inputs::environment(repository, base, head, &name, &mut findings)?;
        let again = author::recompile(repository, base, &name)?;
        if let Recompiled::Not(why) = &again {
            environment.untold = Some(why.clone());
        }
        let matrices = (
            survival::matrix(repository, base, &name)?,
            survival::matrix(repository, head, &name)?,
        );
        if let (Some(before), Some(after)) = &matrices {
            survived.extend(survival::compare(&name, before, after));
        }
        environments.push(environment);
        recompiled.insert(name, again);
    }
    let restores = inputs::restores(repository, &changes, &environments, &mut findings)?;

    let mut all = objects::readers(repository, head, &objects)?;
    all.extend(objects.head.iter().cloned());
    let (base_items, head_items): (Vec<&Item>, Vec<&Item>) =
        (objects.base.iter().collect(), objects.head.iter().collect());
    let mut parts = Parts::default();
    for change in upgrade::classify_among(&base_items, &head_items, &all) {
        parts.add(&change, &recompiled);
    }
    finding::sort(&mut findings);
    let revision = |side: &Side| Revision {
        name: side.name.clone(),
        commit: side.id(),
    };
    Ok(Plan {
        base: revision(base),
        head: revision(head),
        environments,
        restores,
        survival: survived,
        changed: fold::fold(parts.person),
        by_galeno: fold::fold(parts.galeno),
        findings,
    })
}

/// One entry for each object, parted by who made the change.
#[derive(Default)]
struct Parts {
    person: Vec<Entry>,
    galeno: Vec<Entry>,
}

impl Parts {
    fn add(&mut self, change: &upgrade::Change<'_>, recompiled: &BTreeMap<String, Recompiled>) {
        let Some(item) = change.head.or(change.base) else {
            return;
        };
        let Some(at) = objects::location(&item.file) else {
            return;
        };
        let again = recompiled.get(at.environment);
        let same = match again {
            Some(Recompiled::Objects(all)) => Some(all.get(&author::key(at.region, &item.object))),
            _ => None,
        };
        let mut entry = Entry {
            targets: vec![Target {
                environment: at.environment.to_owned(),
                region: at.region.to_owned(),
                component: at.component.to_owned(),
                object: item.object.id(),
            }],
            verb: Verb::Changed,
            class: change.class(),
            effects: change.effects.clone(),
            changes: Vec::new(),
        };
        let by_galeno = match (change.base, change.head) {
            (Some(old), Some(new)) => {
                let mut changes = diff::compare(old.object.value(), new.object.value());
                changes.extend(moved(old, new));
                hide_secrets(&item.object, &mut changes);
                let recompiled = same.flatten();
                let (person, galeno) = author::part(changes, &old.object, recompiled);
                self.split(entry, person, galeno);
                return;
            }
            (Some(_), None) => {
                entry.verb = Verb::Removed;
                same == Some(None)
            }
            (None, _) => {
                entry.verb = Verb::Added;
                same.flatten() == Some(&item.object)
            }
        };
        if by_galeno { &mut self.galeno } else { &mut self.person }.push(entry);
    }

    /// Gives each part its changes and what they do. What no single field does goes with the person's part.
    fn split(&mut self, entry: Entry, person: Vec<Change>, galeno: Vec<Change>) {
        if galeno.is_empty() || person.is_empty() {
            let (list, changes) = if person.is_empty() && !galeno.is_empty() {
                (&mut self.galeno, galeno)
            } else {
                (&mut self.person, person)
            };
            // Objects that only their files or the order of keys tell apart do not differ.
            if !changes.is_empty() {
                list.push(Entry { changes, ..entry });
            }
            return;
        }
        let by_galeno = |effect: &&Effect| touches(effect, &galeno) && !touches(effect, &person);
        let (theirs, mine): (Vec<&Effect>, Vec<&Effect>) = entry.effects.iter().partition(by_galeno);
        let with = |effects: Vec<&Effect>, changes: Vec<Change>| Entry {
            class: effects.iter().map(|effect| effect.class).max().unwrap_or(Class::None),
            effects: effects.into_iter().cloned().collect(),
            changes,
            ..entry.clone()
        };
        let (mine, theirs) = (with(mine, person), with(theirs, galeno));
        self.person.push(mine);
        self.galeno.push(theirs);
    }
}

/// Whether a field that does something is, holds, or is inside one that differs.
pub(super) fn touches(effect: &Effect, changes: &[Change]) -> bool {
    let below = |a: &str, b: &str| {
        a.strip_prefix(b)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    changes
        .iter()
        .any(|change| below(&effect.pointer, &change.pointer) || below(&change.pointer, &effect.pointer))
}

/// An object that another component holds now is applied by another Application of Argo CD.
fn moved(old: &Item, new: &Item) -> Option<Change> {
    let of = |item: &Item| objects::location(&item.file).map(|at| at.component.to_owned());
    let (old, new) = (of(old)?, of(new)?);
    (old != new).then(|| Change {
        path: "(component)".to_owned(),
        pointer: "(component)".to_owned(),
        what: diff::What::Changed {
            old: old.into(),
            new: new.into(),
        },
    })
}

/// No value of a Secret is ever told, though Galeno writes none: somebody else may have.
fn hide_secrets(object: &crate::bundle::Object, changes: &mut [Change]) {
    if object.kind() != "Secret" || !object.group().is_empty() {
        return;
    }
    let secret = |change: &&mut Change| ["/data", "/stringData"].iter().any(|p| change.pointer.starts_with(p));
    for change in changes.iter_mut().filter(secret) {
        let hidden = || serde_json::Value::from("(a secret: not shown)");
        change.what = match change.what {
            diff::What::Added { .. } => diff::What::Added { new: hidden() },
            diff::What::Removed { .. } => diff::What::Removed { old: hidden() },
            _ => diff::What::Changed {
                old: hidden(),
                new: hidden(),
            },
        };
    }
}
