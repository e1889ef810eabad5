//! One container: its environment, its security, its probes.

use serde_json::{Map, Value};

use super::{Here, child, integer, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::finding::Severity;

pub(super) fn container(here: &mut Here<'_, '_>) {
    let image = here.text("image");
    if image.trim().is_empty() {
        here.needed(at!["image"], "a container runs an image");
    } else if image.trim() != image {
        let fault = Fault::new(format!("is {}, and must not start or end with a blank", quoted(image)));
        here.error("schema/image", at!["image"], fault);
    }
    for field in ["livenessProbe", "startupProbe"] {
        let threshold = here.child(field).and_then(|probe| integer(probe, "successThreshold"));
        if let Some(threshold) = threshold.filter(|t| *t > 1) {
            let fault = Fault::new(format!("is {threshold}, and must be 1"))
                .because("one success suffices for this kind of probe")
                .mend("remove the field");
            here.error("schema/probe", at![field, "successThreshold"], fault);
        }
    }
    if here
        .child("readinessProbe")
        .is_some_and(|probe| probe.contains_key("terminationGracePeriodSeconds"))
    {
        here.forbidden(
            at!["readinessProbe", "terminationGracePeriodSeconds"],
            "a container that is not ready is not stopped",
        );
    }
    probe_ports(here);
    devices(here);
}

/// The port names of probes and hooks must be ports of the container, or the kubelet never finds them.
fn probe_ports(here: &mut Here<'_, '_>) {
    let known: Vec<&str> = here.maps("ports").map(|(_, port)| text(port, "name")).collect();
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for action in ["httpGet", "tcpSocket"] {
            let port = here
                .child(field)
                .and_then(|probe| child(probe, action))
                .and_then(|a| a.get("port"));
            let Some(name) = port.and_then(Value::as_str) else {
                continue;
            };
            if !known.contains(&name) && formats::port_name(name).is_ok() {
                let fault = Fault::new(format!(
                    "is {}, and no port of the container has that name",
                    quoted(name)
                ))
                .because("the probe would fail for ever")
                .mend("name a port under `ports`, or write the number");
                here.error("schema/unknown-name", at![field, action, "port"], fault);
            }
        }
    }
}

/// A volume is mounted as files or given as a device, not both.
fn devices(here: &mut Here<'_, '_>) {
    let mounts: Vec<(&str, &str)> = here
        .maps("volumeMounts")
        .map(|(_, mount)| (text(mount, "name"), text(mount, "mountPath")))
        .collect();
    for (index, device) in here.maps("volumeDevices") {
        let (name, path) = (text(device, "name"), text(device, "devicePath"));
        for (field, clash) in [
            ("name", mounts.iter().any(|(mounted, _)| *mounted == name)),
            ("devicePath", mounts.iter().any(|(_, mounted)| *mounted == path)),
        ] {
            if clash {
                let fault = Fault::new("is also under `volumeMounts`")
                    .because("a volume is either a file system or a raw device in a container");
                here.error("schema/exclusive", at!["volumeDevices", index, field], fault);
            }
        }
    }
}

pub(super) fn env(here: &mut Here<'_, '_>) {
    if here.has("valueFrom") && !here.text("value").is_empty() {
        let fault = Fault::new("must not be set together with `value`")
            .because("the value comes from one place")
            .mend("keep one of them");
        here.error("schema/exclusive", at!["valueFrom"], fault);
    }
}

const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

pub(super) fn env_source(here: &mut Here<'_, '_>) {
    let map = here.map;
    let sources = [
        "configMapKeyRef",
        "fieldRef",
        "resourceFieldRef",
        "secretKeyRef",
        "fileKeyRef",
    ];
    here.exactly_one(&[], map, &sources);
    if let Some(field) = here.child("fieldRef") {
        field_path(here, text(field, "fieldPath"), ENV_FIELDS);
    }
    if let Some(field) = here.child("resourceFieldRef") {
        resource_field(here, text(field, "resource"));
    }
}

/// The field of the pod that a variable or file takes its value from.
pub(super) fn field_path(here: &mut Here<'_, '_>, path: &str, known: &[&str]) {
    let of_map = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix("['")?.strip_suffix("']");
    let subscript = of_map("metadata.labels").or_else(|| of_map("metadata.annotations"));
    let valid = match subscript {
        Some(key) => formats::annotation_key(key).is_ok(),
        None => known.contains(&path),
    };
    if !valid {
        let fault = Fault::new(format!("is {}, which cannot be asked for here", quoted(path))).mend(format!(
            "write one of {}, `metadata.labels['KEY']` and `metadata.annotations['KEY']`",
            known.join(", ")
        ));
        here.error("schema/bad-value", at!["fieldRef", "fieldPath"], fault);
    }
}

/// The resource of the container that a variable or file takes its value from.
pub(super) fn resource_field(here: &mut Here<'_, '_>, resource: &str) {
    let name = resource
        .strip_prefix("limits.")
        .or_else(|| resource.strip_prefix("requests."));
    let known =
        name.is_some_and(|n| matches!(n, "cpu" | "memory" | "ephemeral-storage") || n.starts_with("hugepages-"));
    if !known && !resource.is_empty() {
        let fault = Fault::new(format!("is {}, which cannot be asked for", quoted(resource)))
            .mend("write `limits.` or `requests.` and one of cpu, memory and ephemeral-storage");
        here.error("schema/bad-value", at!["resourceFieldRef", "resource"], fault);
    }
}

pub(super) fn env_from(here: &mut Here<'_, '_>) {
    let map = here.map;
    here.exactly_one(&[], map, &["configMapRef", "secretRef"]);
    for field in ["configMapRef", "secretRef"] {
        if here.child(field).is_some_and(|source| text(source, "name").is_empty()) {
            here.needed(at![field, "name"], "the variables come from an object with a name");
        }
    }
}

pub(super) fn security(here: &mut Here<'_, '_>) {
    if here.get("allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
        return;
    }
    if here.flag("privileged") {
        let fault = Fault::new("is false, and `privileged` is true")
            .because("a privileged container has every privilege already");
        here.error("schema/exclusive", at!["allowPrivilegeEscalation"], fault);
    }
    let added = here
        .child("capabilities")
        .map_or(&[][..], |capabilities| list(capabilities, "add"));
    if added
        .iter()
        .any(|capability| matches!(capability.as_str(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN")))
    {
        let fault = Fault::new("is false, and the capability `SYS_ADMIN` is added")
            .because("that capability allows to raise privileges");
        here.error("schema/exclusive", at!["allowPrivilegeEscalation"], fault);
    }
    prefixed_capabilities(here, added);
}

/// Kubernetes names capabilities without `CAP_`.
fn prefixed_capabilities(here: &mut Here<'_, '_>, added: &[Value]) {
    for (index, capability) in added.iter().enumerate() {
        if let Some(short) = capability.as_str().and_then(|text| text.strip_prefix("CAP_")) {
            let fault = Fault::new(format!("is {capability}"))
                .because("capabilities are named without `CAP_` here, and policies would not recognise it")
                .mend(format!("write {short}"));
            here.walk.tell(
                Severity::Warning,
                "schema/capability",
                at!["capabilities", "add", index],
                fault,
            );
        }
    }
}

/// Profiles of seccomp and `AppArmor`.
pub(super) fn profile(here: &mut Here<'_, '_>) {
    let local = here.text("localhostProfile");
    match here.text("type") {
        "Localhost" if local.is_empty() => {
            here.needed(
                at!["localhostProfile"],
                "the type `Localhost` names a profile on the node",
            );
        }
        "Localhost" | "" => {}
        _ if here.has("localhostProfile") => {
            here.forbidden(
                at!["localhostProfile"],
                "only the type `Localhost` names a profile on the node",
            );
        }
        _ => {}
    }
}

/// The names of the volumes that a container uses, with where.
pub(super) fn used_volumes(container: &Map<String, Value>) -> Vec<(&'static str, usize, &str)> {
    ["volumeMounts", "volumeDevices"]
        .into_iter()
        .flat_map(|field| maps(list(container, field)).map(move |(index, used)| (field, index, text(used, "name"))))
        .collect()
}
