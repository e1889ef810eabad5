//! Volumes of pods, and where containers mount them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Here, child, container, get, integer, list, maps, text};
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, nearest, quoted};
use crate::finding::Severity;

/// One volume: exactly one source.
pub(super) fn volume(here: &mut Here<'_, '_>) {
    let sources: Vec<&str> = here
        .map
        .iter()
        .filter(|(key, value)| *key != "name" && !value.is_null())
        .map(|(key, _)| key.as_str())
        .collect();
    match sources[..] {
        [_] => {}
        [] => {
            let fault = Fault::new("has no source").because("the API server makes it an empty directory");
            let fault = fault.mend("write `emptyDir: {}` if that is meant");
            here.walk.tell(Severity::Warning, "schema/no-source", &[], fault);
        }
        _ => {
            let fault = Fault::new(format!(
                "has {} together, and may have one source",
                super::names(&sources)
            ));
            here.error("schema/exclusive", &[], fault.mend("keep the one that is meant"));
        }
    }
    for (field, name) in [
        ("configMap", "name"),
        ("secret", "secretName"),
        ("persistentVolumeClaim", "claimName"),
    ] {
        if here.child(field).is_some_and(|source| text(source, name).is_empty()) {
            here.needed(
                at![field, name],
                "the volume takes its contents from an object with a name",
            );
        }
    }
    if here
        .child("ephemeral")
        .is_some_and(|source| child(source, "volumeClaimTemplate").is_none())
    {
        here.needed(at!["ephemeral", "volumeClaimTemplate"], "the claim is made from it");
    }
    let path = here.child("hostPath").map_or("", |source| text(source, "path"));
    if path.split('/').any(|part| part == "..") {
        here.error(
            "schema/path",
            at!["hostPath", "path"],
            Fault::new("must not have `..` in it"),
        );
    }
    if let Some(source) = here.child("projected") {
        repeated_paths(here, source);
    }
}

/// Two files of a projected volume at the same path.
fn repeated_paths(here: &mut Here<'_, '_>, projected: &Map<String, Value>) {
    let mut seen = HashSet::new();
    for (index, source) in maps(list(projected, "sources")) {
        let files = ["configMap", "secret", "downwardAPI"]
            .into_iter()
            .filter_map(|field| child(source, field))
            .flat_map(|source| maps(list(source, "items")))
            .map(|(_, item)| text(item, "path"));
        let token = child(source, "serviceAccountToken").map(|token| text(token, "path"));
        for path in files.chain(token).filter(|path| !path.is_empty()) {
            if !seen.insert(path) {
                let fault = Fault::new(format!("puts a second file at {}", quoted(path)))
                    .because("one of the two would be lost");
                here.error("schema/duplicate", at!["projected", "sources", index], fault);
            }
        }
    }
}

/// One source of a projected volume.
pub(super) fn projection(here: &mut Here<'_, '_>) {
    let map = here.map;
    let sources = [
        "clusterTrustBundle",
        "configMap",
        "downwardAPI",
        "podCertificate",
        "secret",
        "serviceAccountToken",
    ];
    here.at_most_one(&[], map, &sources);
    if !sources.iter().any(|source| here.has(source)) {
        let fault = Fault::new("has no source")
            .because("it adds no file")
            .mend("add one, or remove the item");
        here.walk.tell(Severity::Warning, "schema/no-source", &[], fault);
    }
    for field in ["configMap", "secret"] {
        if here.child(field).is_some_and(|source| text(source, "name").is_empty()) {
            here.needed(
                at![field, "name"],
                "the volume takes its contents from an object with a name",
            );
        }
    }
    if let Some(token) = here.child("serviceAccountToken") {
        let seconds = integer(token, "expirationSeconds");
        if let Some(seconds) = seconds.filter(|s| !(600..=1 << 32).contains(s)) {
            let fault = Fault::new(format!("is {seconds}, and must be from 600 to 4294967296"))
                .because("a token lives ten minutes at least");
            here.error(
                "schema/out-of-range",
                at!["serviceAccountToken", "expirationSeconds"],
                fault,
            );
        }
    }
}

const FILE_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "metadata.uid",
];

/// One file about the pod itself.
pub(super) fn downward_file(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["fieldRef", "resourceFieldRef"]);
    if let Some(field) = here.child("fieldRef") {
        container::field_path(here, text(field, "fieldPath"), FILE_FIELDS);
    }
    if let Some(field) = here.child("resourceFieldRef") {
        container::resource_field(here, text(field, "resource"));
        if text(field, "containerName").is_empty() {
            here.needed(
                at!["resourceFieldRef", "containerName"],
                "a volume belongs to no container in particular",
            );
        }
    }
}

/// One place where a volume is mounted.
pub(super) fn mount(here: &mut Here<'_, '_>) {
    if !here.text("subPath").is_empty() && !here.text("subPathExpr").is_empty() {
        let fault = Fault::new("must not be set together with `subPath`").mend("keep one of them");
        here.error("schema/exclusive", at!["subPathExpr"], fault);
    }
    if here.text("mountPath").contains(':') {
        here.error("schema/path", at!["mountPath"], Fault::new("must not have a `:` in it"));
    }
    if matches!(here.text("recursiveReadOnly"), "Enabled" | "IfPossible") && !here.flag("readOnly") {
        here.needed(
            at!["readOnly"],
            "`recursiveReadOnly` speaks of a mount that is read only",
        );
    }
}

/// Every volume that a container uses must be one of the pod's.
pub(super) fn mounts(here: &mut Here<'_, '_>) {
    let mut known: Vec<&str> = here.maps("volumes").map(|(_, volume)| text(volume, "name")).collect();
    known.extend(claim_templates(here));
    for field in ["initContainers", "containers"] {
        for (index, user) in here.maps(field) {
            for (list, number, name) in container::used_volumes(user) {
                if !name.is_empty() && !known.contains(&name) {
                    let mut fault = Fault::new(format!("is {}, and the pod has no volume of that name", quoted(name)));
                    fault = match nearest(name, known.iter().copied()) {
                        Some(near) => fault.mend(format!("did you mean {near:?}?")),
                        None => fault.mend("add it under `volumes`"),
                    };
                    here.error("schema/unknown-name", at![field, index, list, number, "name"], fault);
                }
            }
            block_only(here, field, index, user);
        }
    }
}

/// Raw devices come from claims only.
fn block_only(here: &mut Here<'_, '_>, field: &str, index: usize, user: &Map<String, Value>) {
    for (number, device) in maps(list(user, "volumeDevices")) {
        let name = text(device, "name");
        let source = here
            .maps("volumes")
            .find(|(_, volume)| text(volume, "name") == name)
            .map(|(_, volume)| volume);
        let claimed = |volume: &Map<String, Value>| {
            get(volume, "persistentVolumeClaim").is_some() || get(volume, "ephemeral").is_some()
        };
        if source.is_some_and(|volume| !claimed(volume)) {
            let fault = Fault::new(format!("is {}, which is no claim", quoted(name)))
                .because("only a volume claim can be given as a raw device");
            here.error(
                "schema/exclusive",
                at![field, index, "volumeDevices", number, "name"],
                fault,
            );
        }
    }
}

/// The names of the claims that a StatefulSet makes for each pod.
fn claim_templates<'a>(here: &Here<'_, 'a>) -> Vec<&'a str> {
    let object = &here.walk.item.object;
    if object.kind() != "StatefulSet" || object.group() != "apps" {
        return Vec::new();
    }
    let templates = object
        .at("/spec/volumeClaimTemplates")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    maps(templates)
        .filter_map(|(_, claim)| child(claim, "metadata"))
        .map(|metadata| text(metadata, "name"))
        .collect()
}
