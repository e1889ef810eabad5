//! Which pods a change replaces, and which it would have to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::Pair;
use super::{Class, Effect};
use crate::bundle::{Item, Object};

/// Who reads which ConfigMap or Secret only when it starts: cluster, namespace, kind and name to the readers.
pub(super) struct Readers<'a> {
    readers: BTreeMap<(&'a str, &'a str, &'static str, &'a str), BTreeSet<String>>,
}

impl<'a> Readers<'a> {
    /// From all objects as they become.
    pub(super) fn new(all: &'a [Item]) -> Self {
        let mut readers: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for item in all.iter().filter(|item| is_workload(&item.object)) {
            let Some(pod) = item.object.at("/spec/template/spec") else {
                continue;
            };
            // Whoever carries a digest of what it reads is replaced when that changes.
            if carries_digest(&item.object) {
                continue;
            }
            for (kind, name) in read_at_start(pod) {
                readers
                    .entry((&*item.cluster, item.object.namespace(), kind, name))
                    .or_default()
                    .insert(item.object.id().to_string());
            }
        }
        Self { readers }
    }

    fn of(&self, item: &Item) -> Option<String> {
        let kind = match item.object.kind() {
            "ConfigMap" => "ConfigMap",
            "Secret" => "Secret",
            _ => return None,
        };
        let key = (&*item.cluster, item.object.namespace(), kind, item.object.name());
        let readers = self.readers.get(&key)?;
        Some(readers.iter().cloned().collect::<Vec<_>>().join(", "))
    }
}

fn is_workload(object: &Object) -> bool {
    object.group() == "apps" && matches!(object.kind(), "Deployment" | "StatefulSet" | "DaemonSet")
}

/// Whether the pods of a workload carry an annotation with a SHA-256: what they read is part of what they are.
fn carries_digest(object: &Object) -> bool {
    object
        .at("/spec/template/metadata/annotations")
        .and_then(Value::as_object)
        .is_some_and(|all| {
            all.values()
                .filter_map(Value::as_str)
                .any(|text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
        })
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// What containers get as environment variables or as single files (`subPath`): neither follows a change.
fn read_at_start(pod: &Value) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    let mut volumes = BTreeSet::new();
    for container in ["initContainers", "containers"]
        .into_iter()
        .flat_map(|kind| list(pod, kind))
    {
        for source in list(container, "envFrom") {
            found.extend(text(source, "/configMapRef/name").map(|name| ("ConfigMap", name)));
            found.extend(text(source, "/secretRef/name").map(|name| ("Secret", name)));
        }
        for variable in list(container, "env") {
            found.extend(text(variable, "/valueFrom/configMapKeyRef/name").map(|name| ("ConfigMap", name)));
            found.extend(text(variable, "/valueFrom/secretKeyRef/name").map(|name| ("Secret", name)));
        }
        let single = |mount: &&Value| mount.get("subPath").is_some() || mount.get("subPathExpr").is_some();
        volumes.extend(
            list(container, "volumeMounts")
                .filter(single)
                .filter_map(|mount| text(mount, "/name")),
        );
    }
    for volume in list(pod, "volumes").filter(|v| text(v, "/name").is_some_and(|name| volumes.contains(name))) {
        found.extend(text(volume, "/configMap/name").map(|name| ("ConfigMap", name)));
        found.extend(text(volume, "/secret/secretName").map(|name| ("Secret", name)));
    }
    found
}

/// Which pods are replaced, or should be.
pub(super) fn effects(item: &Item, pair: Pair<'_>, readers: &Readers<'_>, effects: &mut Vec<Effect>) {
    let object = &item.object;
    match (object.group(), object.kind()) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => workload(object, pair, effects),
        ("", "ConfigMap" | "Secret") => content(item, pair, readers, effects),
        ("", "Service") if pair.at("/spec/selector").differs() => effects.push(Effect {
            class: Class::Rolling,
            code: "upgrade/traffic-moved",
            pointer: "/spec/selector".to_owned(),
            message: "sends new connections to other pods".to_owned(),
            reason: "connections that are open stay where they are until they end".into(),
            mend: "".into(),
        }),
        ("ceph.rook.io" | "monitoring.coreos.com", kind) if rolls(kind) && pair.at("/spec").differs() => {
            effects.push(Effect {
                class: Class::Rolling,
                code: "upgrade/operator",
                pointer: "/spec".to_owned(),
                message: "is rolled out by its operator".to_owned(),
                reason: "the operator replaces the pods that it makes of it, one after the other".into(),
                mend: "".into(),
            });
        }
        ("argoproj.io", "Application")
            if pair.at("/spec/source").differs() && pair.new.pointer("/spec/source/chart").is_some() =>
        {
            effects.push(Effect {
                class: Class::Rolling,
                code: "upgrade/chart",
                pointer: "/spec/source".to_owned(),
                message: "installs its chart anew".to_owned(),
                reason: "what the chart makes of it is rendered by Argo CD and is not known here".into(),
                mend: "".into(),
            });
        }
        _ => {}
    }
}

fn rolls(kind: &str) -> bool {
    matches!(
        kind,
        "CephCluster" | "CephFilesystem" | "CephObjectStore" | "Prometheus" | "Alertmanager"
    )
}

fn workload(object: &Object, pair: Pair<'_>, effects: &mut Vec<Effect>) {
    if !pair.at("/spec/template").differs() {
        return;
    }
    let replicas = object.at("/spec/replicas").and_then(Value::as_i64);
    let stops = match object.kind() {
        "Deployment" if object.str_at("/spec/strategy/type") == "Recreate" => {
            Some("its strategy is `Recreate`: every pod stops before the first new one starts")
        }
        "StatefulSet" | "DaemonSet" if object.str_at("/spec/updateStrategy/type") == "OnDelete" => {
            Some("its strategy is `OnDelete`: pods stay as they are until somebody deletes them")
        }
        "StatefulSet" if replicas.unwrap_or(1) == 1 => Some("its only pod stops before the new one starts"),
        _ => None,
    };
    effects.push(Effect {
        class: if stops.is_some() {
            Class::Restart
        } else {
            Class::Rolling
        },
        code: if stops.is_some() {
            "upgrade/restart"
        } else {
            "upgrade/rolling"
        },
        pointer: "/spec/template".to_owned(),
        message: "replaces its pods".to_owned(),
        reason: stops.unwrap_or("a few at a time, as its strategy says").into(),
        mend: "".into(),
    });
}

fn content(item: &Item, pair: Pair<'_>, readers: &Readers<'_>, effects: &mut Vec<Effect>) {
    let changed = ["/data", "/binaryData", "/stringData"]
        .into_iter()
        .find(|p| pair.at(p).differs());
    if let Some(pointer) = changed
        && let Some(who) = readers.of(item)
    {
        effects.push(Effect {
            class: Class::Restart,
            code: "upgrade/not-read-again",
            pointer: pointer.to_owned(),
            message: format!("changes what {who} read when they started"),
            reason:
                "environment variables and single files (`subPath`) do not follow a change: the pods go on with the \
                     old content"
                    .into(),
            mend: "put a digest of the content into an annotation of the pod template".into(),
        });
    }
}
