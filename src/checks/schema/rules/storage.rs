//! Claims, volumes and classes of storage.

use std::collections::HashSet;

use serde_json::Value;

use super::{Here, child, get, list, text};
use crate::checks::schema::formats::{self, Quantity};
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted, shown};
use crate::finding::Severity;

/// The claim of a volume, also one in a template.
pub(super) fn claim(here: &mut Here<'_, '_>) {
    access_modes(here);
    let size = here
        .child("resources")
        .and_then(|r| child(r, "requests"))
        .and_then(|r| get(r, "storage"));
    match size {
        None => here.needed(at!["resources", "requests", "storage"], "a claim asks for some size"),
        Some(value) => {
            if Quantity::of(value).is_some_and(|size| size.is_zero() || size.is_negative()) {
                let fault = Fault::new(format!("is {}, and must be more than 0", shown(value)));
                here.error("schema/quantity", at!["resources", "requests", "storage"], fault);
            }
        }
    }
    if let (Some(source), Some(reference)) = (here.child("dataSource"), here.child("dataSourceRef")) {
        let same = ["apiGroup", "kind", "name"]
            .iter()
            .all(|field| text(source, field) == text(reference, field));
        if !same {
            let fault = Fault::new("must be the same as `dataSource`").mend("keep `dataSourceRef` alone");
            here.error("schema/exclusive", at!["dataSourceRef"], fault);
        }
    }
    for field in ["dataSource", "dataSourceRef"] {
        let Some(source) = here.child(field) else { continue };
        let kind = text(source, "kind");
        if text(source, "apiGroup").is_empty() && !kind.is_empty() && kind != "PersistentVolumeClaim" {
            let fault = Fault::new("is missing")
                .because(format!("{kind} is no kind of the core group"))
                .mend("add the group, such as `snapshot.storage.k8s.io` for a VolumeSnapshot");
            here.error("schema/missing-field", at![field, "apiGroup"], fault);
        }
    }
}

fn access_modes(here: &mut Here<'_, '_>) {
    let modes = here.list("accessModes");
    if modes.is_empty() {
        here.needed(at!["accessModes"], "a volume is accessed somehow");
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode.as_str() == Some("ReadWriteOncePod")) {
        let fault =
            Fault::new("must not have other modes beside ReadWriteOncePod").because("that mode is for one pod only");
        here.error("schema/exclusive", at!["accessModes"], fault);
    }
}

/// The fields of a volume that say where it is.
const VOLUME_SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

pub(super) fn volume(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, VOLUME_SOURCES);
    access_modes(here);
    let capacity = here.child("capacity").and_then(|capacity| get(capacity, "storage"));
    if capacity.and_then(Quantity::of).is_none_or(|size| size.sign() <= 0) {
        let fault = Fault::new("must be a size above 0");
        here.error("schema/quantity", at!["capacity", "storage"], fault);
    }
    if here.has("local")
        && here
            .child("nodeAffinity")
            .is_none_or(|affinity| !affinity.contains_key("required"))
    {
        here.needed(at!["nodeAffinity", "required"], "a local volume is on one node");
    }
    if here.text("persistentVolumeReclaimPolicy") == "Recycle" && !here.has("nfs") && !here.has("hostPath") {
        let fault = Fault::new("is \"Recycle\", which only nfs and hostPath volumes know")
            .because("the volume would stay as it is, and nobody could claim it again")
            .mend("write Delete or Retain");
        let path = at!["persistentVolumeReclaimPolicy"];
        here.walk.tell(Severity::Warning, "schema/no-effect", path, fault);
    }
}

pub(super) fn class(here: &mut Here<'_, '_>) {
    let provisioner = here.text("provisioner");
    if provisioner.is_empty() {
        here.needed(at!["provisioner"], "somebody makes the volumes");
    } else if formats::annotation_key(provisioner).is_err() {
        let fault = Fault::new(format!("is {}, and must be the name of a driver", quoted(provisioner)));
        here.error("schema/name", at!["provisioner"], fault);
    }
    if here.text("reclaimPolicy") == "Recycle" {
        let fault = Fault::new("is \"Recycle\", which no class can have").mend("write Delete or Retain");
        here.error("schema/bad-value", at!["reclaimPolicy"], fault);
    }
    topologies(here);
    let Some(parameters) = here.child("parameters") else {
        return;
    };
    let size: usize = parameters
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if parameters.len() > 512 || size > 256 * 1024 {
        let fault = Fault::new("may have at most 512 keys and 262144 bytes");
        here.error("schema/length", at!["parameters"], fault);
    }
    if parameters.keys().any(String::is_empty) {
        here.error(
            "schema/missing-field",
            at!["parameters"],
            Fault::new("has an empty key"),
        );
    }
}

/// Where the volumes of a class can be.
fn topologies(here: &mut Here<'_, '_>) {
    let mut terms = HashSet::new();
    for (index, term) in here.maps("allowedTopologies") {
        let expressions = list(term, "matchLabelExpressions");
        if expressions.is_empty() || !terms.insert(Value::from(expressions).to_string()) {
            let fault =
                Fault::new("is empty, or the same as another").because("it would allow nothing, or nothing more");
            here.error("schema/selector", at!["allowedTopologies", index], fault);
        }
        for (number, expression) in super::maps(expressions) {
            let mut seen = HashSet::new();
            let values = list(expression, "values");
            if values.is_empty() || !values.iter().all(|value| seen.insert(value.to_string())) {
                let fault = Fault::new("must have values, each once").because("no node would match without");
                let path = at!["allowedTopologies", index, "matchLabelExpressions", number, "values"];
                here.error("schema/selector", path, fault);
            }
        }
    }
}
