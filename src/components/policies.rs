//! Component `policies`: what the API server refuses, whoever asks: the admission policies of `policies/`, with their
//! parameters as the environment has them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Output;
use super::output::because;
use crate::bundle::{Object, Reason};
use crate::policies::builtin;
use crate::topology::names::{Namespace, common_labels, objects};
use crate::topology::{Region, StorageKind, Topology};

const COMPONENT: &str = "policies";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for policy in builtin() {
        for item in &policy.items {
            let mut value = item.object.value().clone();
            label(&mut value);
            let (whole, parts) = match item.object.kind() {
                "ValidatingAdmissionPolicy" => (
                    because(format!("the same file is evaluated when compiling: {}", policy.file)),
                    Vec::new(),
                ),
                "ValidatingAdmissionPolicyBinding" => (
                    because(format!(
                        "puts the policy `{}` into force: who breaks it is refused, and noted in the audit log",
                        policy.name
                    )),
                    Vec::new(),
                ),
                _ => {
                    let parts = parameters(topology, policy.name, &item.object, &mut value);
                    let whole = because(format!(
                        "what the policy `{}` allows by name, and why: an exception is reviewed here and nowhere else",
                        policy.name
                    ));
                    (whole, parts)
                }
            };
            output.add(region, COMPONENT, &value, whole, parts);
        }
    }
}

fn label(value: &mut Value) {
    let metadata = value.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata
        && let Some(labels) = metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut()
    {
        let common = common_labels(COMPONENT).into_iter();
        labels.extend(common.map(|(key, value)| (key, Value::String(value))));
    }
}

/// Puts the environment's own parameters in the place of those that stand in the policy's file.
fn parameters(topology: &Topology, policy: &str, object: &Object, value: &mut Value) -> Vec<Reason> {
    let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    debug_assert_eq!(object.namespace(), Namespace::ArgoCd.name());
    match policy {
        "images" => {
            set(data, "registries", registries(topology));
            vec![because("where the environment's own images come from; nothing else runs").on("/data/registries")]
        }
        "database-storage" => {
            set(data, "classes", classes(topology));
            vec![
                because("claims of these classes hold the database, a rehearsal's copy of it, or the disks below both")
                    .on("/data/classes")
                    .from("/storage/backend"),
            ]
        }
        _ => Vec::new(),
    }
}

fn set(data: &mut Map<String, Value>, key: &str, lines: BTreeSet<String>) {
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    data.insert(key.to_owned(), Value::String(text));
}

/// The registries and paths that hold the environment's images.
fn registries(topology: &Topology) -> BTreeSet<String> {
    [&topology.database.image, &topology.api.image, &topology.web.image]
        .into_iter()
        .filter_map(|image| image.repository().rsplit_once('/'))
        .map(|(path, _)| format!("{path}/"))
        .collect()
}

/// Each class with the namespaces that may claim it.
fn classes(topology: &Topology) -> BTreeSet<String> {
    let mut classes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut allow = |class: &str, namespace: Namespace| {
        classes.entry(class.to_owned()).or_default().insert(namespace.name());
    };
    allow(topology.storage.database_class(), Namespace::Data);
    allow(topology.storage.rehearsal_class(), Namespace::Rehearsal);
    match &topology.storage.kind {
        StorageKind::Ceph(ceph) => {
            allow(objects::STORAGE_CLASS_CEPHFS, Namespace::Data);
            allow(objects::STORAGE_CLASS_RBD, Namespace::Data);
            allow(&ceph.disk_class.to_string(), Namespace::RookCeph);
        }
        StorageKind::Longhorn { .. } => allow(objects::STORAGE_CLASS_LONGHORN, Namespace::Data),
        StorageKind::Class(_) => {}
    }
    let line = |(class, namespaces): (String, BTreeSet<&str>)| {
        format!("{class} {}", namespaces.into_iter().collect::<Vec<_>>().join(" "))
    };
    classes.into_iter().map(line).collect()
}
