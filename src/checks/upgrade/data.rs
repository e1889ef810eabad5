//! Changes that put data, their copies or their protection at risk.

use std::borrow::Cow;

use serde_json::Value;

use super::fields::{Pair, shown};
use super::{Class, Effect, GENERATION_SWITCHED};
use crate::topology::names::jobs;

/// What the change does to data.
pub(super) fn effects(group_kind: (&str, &str), pair: Pair<'_>, effects: &mut Vec<Effect>) {
    let mut risks = Risks { pair, effects };
    risks.guards();
    match group_kind {
        ("apps", "StatefulSet") => stateful_set(&mut risks),
        ("", "PersistentVolumeClaim") => risks.shrunk("/spec/resources/requests/storage"),
        ("", "PersistentVolume") => {
            risks.shrunk("/spec/capacity/storage");
            risks.deletes("/spec/persistentVolumeReclaimPolicy");
        }
        ("storage.k8s.io", "StorageClass") => {
            risks.deletes("/reclaimPolicy");
            risks.unencrypted("/parameters/encrypted");
        }
        ("snapshot.storage.k8s.io", "VolumeSnapshotClass") => risks.deletes("/deletionPolicy"),
        ("external-secrets.io", "ExternalSecret") => risks.deletes("/spec/target/deletionPolicy"),
        ("ceph.rook.io", "CephCluster") => super::data_ceph::cluster(&mut risks),
        ("ceph.rook.io", "CephBlockPool") => super::data_ceph::pool(&mut risks, "/spec"),
        ("ceph.rook.io", "CephFilesystem") => super::data_ceph::filesystem(&mut risks),
        ("ceph.rook.io", "CephObjectStore") => super::data_ceph::object_store(&mut risks),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(&mut risks),
        ("", "ConfigMap") => config_map(&mut risks),
        _ => {}
    }
}

/// Collects what is at risk.
pub(super) struct Risks<'a, 'e> {
    pub(super) pair: Pair<'a>,
    effects: &'e mut Vec<Effect>,
}

impl Risks<'_, '_> {
    pub(super) fn add(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        reason: impl Into<Cow<'static, str>>,
        mend: impl Into<Cow<'static, str>>,
    ) {
        self.effects.push(Effect {
            class: Class::DataAtRisk,
            code,
            pointer: pointer.into(),
            message: message.into(),
            reason: reason.into(),
            mend: mend.into(),
        });
    }

    /// `FROM to TO`, for a sentence.
    pub(super) fn difference(&self, pointer: &str) -> String {
        let field = self.pair.at(pointer);
        format!("from {} to {}", shown(field.old), shown(field.new))
    }

    /// Argo CD's and Helm's options that keep an object.
    fn guards(&mut self) {
        const OPTIONS: &str = "/metadata/annotations/argocd.argoproj.io~1sync-options";
        const POLICY: &str = "/metadata/annotations/helm.sh~1resource-policy";
        let field = self.pair.at(OPTIONS);
        for guard in ["Prune=false", "Delete=false"] {
            if has_option(field.old, guard) && !has_option(field.new, guard) {
                self.add(
                    "upgrade/guard-removed",
                    OPTIONS,
                    format!("loses the option `{guard}`"),
                    "Argo CD would remove the object, and what it holds, as soon as git does not name it any more",
                    format!("keep `argocd.argoproj.io/sync-options: {guard}` on what holds data"),
                );
            }
        }
        let field = self.pair.at(POLICY);
        if field.old == "keep" && field.differs() {
            self.add(
                "upgrade/guard-removed",
                POLICY,
                "loses the annotation `helm.sh/resource-policy: keep`",
                "Helm and Argo CD would remove the object, and what it holds, with its chart",
                "keep the annotation on what holds data",
            );
        }
    }

    /// A volume that is to be smaller.
    pub(super) fn shrunk(&mut self, pointer: &str) {
        if self.pair.at(pointer).is_lowered() {
            let message = format!("shrinks a volume {}", self.difference(pointer));
            self.add(
                "upgrade/volume-shrunk",
                pointer,
                message,
                "no volume can be made smaller: the change is refused, or the volume is lost with a new one",
                "make a smaller volume with another name and copy the data over",
            );
        }
    }

    /// A policy that kept, and deletes now.
    fn deletes(&mut self, pointer: &str) {
        let field = self.pair.at(pointer);
        if field.new == "Delete" && field.old != "Delete" && !field.old.is_null() {
            let message = format!("changes `{}` {}", name_of(pointer), self.difference(pointer));
            self.add(
                "upgrade/reclaim-deletes",
                pointer,
                message,
                "what it stands for is removed with the object, without a way back",
                "leave it at `Retain`, and remove by hand what is not needed any more",
            );
        }
    }

    /// A switch of encryption that is off now.
    pub(super) fn unencrypted(&mut self, pointer: &str) {
        if self.pair.at(pointer).is_switched_off() {
            self.add(
                "upgrade/encryption-lowered",
                pointer,
                format!("switches off `{}`", pointer.trim_start_matches('/').replace('/', ".")),
                "patients' data would lie, or travel, in the clear from then on",
                "leave encryption on",
            );
        }
    }

    /// A number of copies or of members that is less now.
    pub(super) fn fewer(
        &mut self,
        code: &'static str,
        pointer: &str,
        what: &str,
        default: Option<i64>,
        why: &'static str,
    ) {
        if let Some((old, new)) = self.pair.at(pointer).numbers(default)
            && new < old
        {
            self.add(
                code,
                pointer,
                format!("lowers {what} from {old} to {new}"),
                why,
                "leave it; to take a member away, first see that nothing depends on it, one at a time",
            );
        }
    }
}

fn has_option(value: &Value, option: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.split(',').any(|part| part.trim() == option))
}

fn name_of(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or(pointer)
}

fn stateful_set(risks: &mut Risks<'_, '_>) {
    risks.fewer(
        "upgrade/replicas-lowered",
        "/spec/replicas",
        "the number of replicas",
        Some(1),
        "the members with the highest numbers leave for good: each takes a copy of the data and a vote with it",
    );
    for when in ["whenDeleted", "whenScaled"] {
        let pointer = format!("/spec/persistentVolumeClaimRetentionPolicy/{when}");
        let field = risks.pair.at(&pointer);
        if field.new == "Delete" && field.old != "Delete" {
            risks.add(
                "upgrade/reclaim-deletes",
                pointer,
                format!("sets `{when}` to `Delete`"),
                "claims, and the data in them, are removed with the pods that used them",
                "leave it at `Retain`",
            );
        }
    }
    for (pointer, name, template) in risks.pair.named("/spec/volumeClaimTemplates", "/metadata/name") {
        let Some(template) = template else { continue };
        let size = template.at("/spec/resources/requests/storage");
        if size.is_lowered() {
            risks.add(
                "upgrade/volume-shrunk",
                format!("{pointer}/spec/resources/requests/storage"),
                format!(
                    "shrinks the volumes `{name}` from {} to {}",
                    shown(size.old),
                    shown(size.new)
                ),
                "no volume can be made smaller",
                "make a new generation with smaller volumes beside it and switch to it",
            );
        }
    }
}

fn definition(risks: &mut Risks<'_, '_>) {
    for (pointer, name, version) in risks.pair.named("/spec/versions", "/name") {
        if version.is_none() {
            risks.add(
                "upgrade/version-removed",
                pointer,
                format!("removes the version `{name}`"),
                "objects that are stored in it could not be read any more",
                "serve the new version beside it first, and store every object anew (`kubectl get … | kubectl replace`)",
            );
        }
    }
}

/// The longest text that is taken for a program's configuration.
const LONGEST: usize = 1 << 20;

/// What programs are told: how long backups are kept, and which generation of the database is active.
fn config_map(risks: &mut Risks<'_, '_>) {
    let both = risks.pair.at("/data");
    let (Some(old), Some(new)) = (both.old.as_object(), both.new.as_object()) else {
        return;
    };
    for (key, old) in old {
        let read = |value: Option<&Value>| {
            let text = value?
                .as_str()
                .filter(|text| text.len() <= LONGEST && text.trim_start().starts_with('{'))?;
            serde_json::from_str::<Value>(text).ok()
        };
        let (Some(old), Some(new)) = (read(Some(old)), read(new.get(key))) else {
            continue;
        };
        let pointer = format!("/data/{}", key.replace('~', "~0").replace('/', "~1"));
        settings(risks, &pointer, Pair { old: &old, new: &new });
    }
}

/// Where the keeper's configuration says which bucket.
const PLACES: [&str; 2] = ["storage", "secondary"];

fn which(place: &Value) -> (&Value, &Value) {
    (&place["endpoint"], &place["bucket"])
}

/// Said once, at the Job of every night, for all that speak to the bucket.
fn moved_bucket(risks: &mut Risks<'_, '_>, pointer: &str, pair: Pair<'_>) {
    let [old, new] = [which(&pair.old["storage"]), which(&pair.new["storage"])];
    if old.1.is_null() || old == new || risks.pair.at("/metadata/name").new != jobs::BACKUP_DAILY {
        return;
    }
    risks.add(
        "upgrade/bucket-moved",
        pointer,
        format!("sends backups to another bucket: {} instead of {}", shown(new.1), shown(old.1)),
        "it holds no backup yet, and no binary logs to go on from: until the next backup nothing can be restored from it",
        "leave it, or make a backup right after the merge",
    );
}

/// Where the bucket that stood at `place` stands now: after a promotion they have changed places. One that is gone is compared
/// with what took its place.
fn now_at(pair: Pair<'_>, place: &'static str) -> &'static str {
    let old = which(&pair.old[place]);
    let same = PLACES.into_iter().find(|at| which(&pair.new[*at]) == old);
    same.unwrap_or(place)
}

fn settings(risks: &mut Risks<'_, '_>, pointer: &str, pair: Pair<'_>) {
    for class in ["daily", "weekly", "monthly"] {
        let kept = pair.at(&format!("/retention/{class}"));
        if kept.is_lowered() {
            risks.add(
                "upgrade/retention-lowered",
                pointer,
                format!("keeps {} {class} backups instead of {}", kept.new, kept.old),
                "the next run removes the backups that are above it",
                "leave it, or agree with the data's owner that the older backups may go",
            );
        }
    }
    moved_bucket(risks, pointer, pair);
    for place in PLACES {
        let lock = Pair {
            old: &pair.old[place]["objectLock"],
            new: &pair.new[now_at(pair, place)]["objectLock"],
        };
        let days = lock.at("/days");
        let gone = !lock.old.is_null() && lock.new.is_null();
        let weaker = lock.at("/mode").old == "COMPLIANCE" && lock.at("/mode").new == "GOVERNANCE";
        if gone || weaker || days.is_lowered() {
            risks.add(
                "upgrade/retention-lowered",
                pointer,
                format!("weakens the object lock of backups in `{place}`"),
                "backups could be removed, or encrypted by an intruder, sooner than was promised",
                "leave the lock as it is",
            );
        }
    }
    let active = pair.at("/active");
    if let Some((old, new)) = active.numbers(None)
        && old != new
    {
        risks.add(
            GENERATION_SWITCHED,
            pointer,
            format!("makes generation {new} of the database active instead of {old}"),
            format!("what was written to generation {old} after the backup that {new} comes from is not in it"),
            "see that the generation to be was accepted, and that the loss is agreed to; `galeno restore switch --to N` writes \
             the change together with its acknowledgement",
        );
    }
}
