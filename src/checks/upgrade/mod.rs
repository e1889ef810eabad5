//! *upgrade*: what a change of the objects does to a cluster that runs the objects of before.
//!
//! Each object that changes is compared with itself, by kind and field: nothing restarts, pods are replaced one after
//! the other, everything stops for a moment, the object cannot be changed and would have to be made again, or data may
//! be lost. The last two stop a compile unless the environment file accepts that very change. Argo CD may say *Synced*
//! although the API server refused an immutable field (argo-cd #28722), so this has to be known before the merge.
//!
//! Not seen is what only the cluster knows: volumes that were grown by hand, objects that nobody renders any more.

mod data;
mod data_ceph;
mod fields;
mod immutable;
mod moved;
mod removal;
mod rollout;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::Item;
use crate::finding::{Finding, ObjectId};
use fields::Pair;

/// The code of a removal of what holds data.
pub const DATA_REMOVED: &str = "upgrade/data-removed";
/// The code of the database being served from another cluster.
pub const PRIMARY_MOVED: &str = "upgrade/primary-moved";
const BACKUP_REMOVED: &str = "upgrade/backup-removed";
/// The code of another generation of the database becoming the active one.
pub const GENERATION_SWITCHED: &str = "upgrade/generation-switched";

/// What a change does, the most dangerous last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Taken over in place: no pod is replaced.
    None,
    /// Pods are replaced a few at a time; what they serve goes on.
    Rolling,
    /// What runs stops before it starts again, or goes on with what it read before until somebody restarts it.
    Restart,
    /// The API server refuses the change: the object would have to be removed and made again.
    Recreate,
    /// Data, copies of data or their protection would be lost.
    DataAtRisk,
}

impl Class {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rolling => "rolling",
            Self::Restart => "restart",
            Self::Recreate => "recreate needed",
            Self::DataAtRisk => "data at risk",
        }
    }

    /// Whether it stops a compile that nobody acknowledged it for.
    pub fn is_refused(self) -> bool {
        self >= Self::Recreate
    }
}

/// One effect of a changed object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What it does.
    pub class: Class,
    /// A stable code that an environment file can acknowledge, such as `upgrade/claim-template`.
    pub code: &'static str,
    /// JSON pointer of the field that does it; "" for the whole object.
    pub pointer: String,
    /// What happens, in one sentence that follows the object's name.
    pub message: String,
    /// Why.
    pub reason: Cow<'static, str>,
    /// The safe way to the same end; "" where nothing is to be done.
    pub mend: Cow<'static, str>,
}

/// One object that is added, removed or changed.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The object as it was.
    pub base: Option<&'a Item>,
    /// The object as it becomes.
    pub head: Option<&'a Item>,
    /// What that does, the most dangerous first; never empty.
    pub effects: Vec<Effect>,
}

impl Change<'_> {
    /// The most dangerous thing that it does.
    pub fn class(&self) -> Class {
        self.effects.first().map_or(Class::None, |effect| effect.class)
    }

    /// The object's identity, as it becomes, or was.
    pub fn id(&self) -> ObjectId {
        // One of both is always there.
        self.head.or(self.base).map(|item| item.object.id()).unwrap_or_default()
    }
}

/// Classifies every object that differs between two sets of objects. Objects are the same by cluster, API group, kind,
/// namespace and name: neither the file that they stand in counts, nor the version of their API.
///
/// The changes come by danger, the most dangerous first, then by cluster and object.
pub fn classify<'a>(base: &'a [Item], head: &'a [Item]) -> Vec<Change<'a>> {
    let differing = |items: &'a [Item]| items.iter().collect::<Vec<_>>();
    classify_among(&differing(base), &differing(head), head)
}

/// As [`classify`], where `base` and `head` are only those objects that may differ, and `all` is everything that is
/// wanted.
pub fn classify_among<'a>(base: &[&'a Item], head: &[&'a Item], all: &[Item]) -> Vec<Change<'a>> {
    let before = by_identity(base);
    let after = by_identity(head);
    let readers = rollout::Readers::new(all);
    let mut changes = Vec::new();
    for (identity, old) in &before {
        match after.get(identity) {
            None => changes.push(Change {
                base: Some(old),
                head: None,
                effects: vec![removal::effect(&old.object)],
            }),
            Some(new) if new.object == old.object => {}
            Some(new) => changes.push(Change {
                base: Some(old),
                head: Some(new),
                effects: changed(old, new, &readers),
            }),
        }
    }
    let added = after.iter().filter(|(identity, _)| !before.contains_key(*identity));
    changes.extend(added.map(|(_, new)| Change {
        base: None,
        head: Some(new),
        effects: vec![ADDED.clone()],
    }));
    moved::tell(&mut changes);
    changes.sort_by(|a, b| {
        let key = |change: &Change<'_>| {
            let item = change.head.or(change.base);
            (
                std::cmp::Reverse(change.class()),
                item.map(|i| i.cluster.clone()),
                change.id(),
            )
        };
        key(a).cmp(&key(b))
    });
    changes
}

/// The findings of changes: an error for each effect that is refused, a note for each restart. They stand at the object
/// as it becomes, or where it is gone, as it was.
pub fn findings(changes: &[Change<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        let Some(item) = change.head.or(change.base) else {
            continue;
        };
        for effect in &change.effects {
            let message = format!("{}: {} {}", effect.class.name(), item.object.id(), effect.message);
            let finding = match effect.class {
                Class::None | Class::Rolling => continue,
                Class::Restart => Finding::note(effect.code, message),
                Class::Recreate | Class::DataAtRisk => Finding::error(effect.code, message),
            };
            let mend = if effect.class.is_refused() {
                format!(
                    "{}. If it is what you want, say so in the environment file: `acknowledge: [{{code: {}, about: \
                     \"{}\", reason: …}}]`",
                    effect.mend,
                    effect.code,
                    item.object.id()
                )
            } else {
                effect.mend.clone().into_owned()
            };
            findings.push(
                finding
                    .because(effect.reason.clone())
                    .mend(mend)
                    .at(item.place(&effect.pointer)),
            );
        }
    }
    findings
}

const ADDED: Effect = Effect {
    class: Class::None,
    code: "upgrade/added",
    pointer: String::new(),
    message: String::new(),
    reason: Cow::Borrowed("the object is new"),
    mend: Cow::Borrowed(""),
};

type Identity<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn by_identity<'a>(items: &[&'a Item]) -> BTreeMap<Identity<'a>, &'a Item> {
    items
        .iter()
        .map(|item| {
            let object = &item.object;
            let identity = (
                &*item.cluster,
                object.group(),
                object.kind(),
                object.namespace(),
                object.name(),
            );
            (identity, *item)
        })
        .collect()
}

fn changed(old: &Item, new: &Item, readers: &rollout::Readers<'_>) -> Vec<Effect> {
    let pair = Pair {
        old: old.object.value(),
        new: new.object.value(),
    };
    let group_kind = (new.object.group(), new.object.kind());
    let mut effects = Vec::new();
    data::effects(group_kind, pair, &mut effects);
    immutable::effects(group_kind, pair, &mut effects);
    rollout::effects(new, pair, readers, &mut effects);
    if effects.is_empty() {
        effects.push(Effect {
            class: Class::None,
            code: "upgrade/in-place",
            pointer: String::new(),
            message: "is changed in place".to_owned(),
            reason: Cow::Borrowed("no pod has to be replaced for it"),
            mend: Cow::Borrowed(""),
        });
    }
    effects.sort_by(|a, b| b.class.cmp(&a.class).then_with(|| a.pointer.cmp(&b.pointer)));
    effects
}
