//! Pods and their templates.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Here, child, integer, list, maps, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::checks::schema::version::Minors;
use crate::finding::Severity;

pub(super) fn pod_template(here: &mut Here<'_, '_>) {
    if !here.has("template") {
        here.needed(at!["template"], "an object of this kind is nothing without it");
    }
}

pub(super) fn template(here: &mut Here<'_, '_>) {
    if !here.has("spec") {
        here.needed(at!["spec"], "a template without it makes no pod");
    }
    if here
        .child("spec")
        .is_some_and(|spec| !list(spec, "ephemeralContainers").is_empty())
    {
        here.forbidden(
            at!["spec", "ephemeralContainers"],
            "ephemeral containers are put into running pods only",
        );
    }
}

pub(super) fn pod_spec(here: &mut Here<'_, '_>) {
    let servers = here.child("dnsConfig").map_or(&[][..], |dns| list(dns, "nameservers"));
    if here.text("dnsPolicy") == "None" && servers.is_empty() {
        here.needed(
            at!["dnsConfig", "nameservers"],
            "with `dnsPolicy: None` the pod would have no name server",
        );
    }
    if servers.len() > 3 {
        here.error(
            "schema/length",
            at!["dnsConfig", "nameservers"],
            Fault::new("may have at most 3 name servers"),
        );
    }
    let searches = here.child("dnsConfig").map_or(&[][..], |dns| list(dns, "searches"));
    if searches.len() > 32 {
        here.error(
            "schema/length",
            at!["dnsConfig", "searches"],
            Fault::new("may have at most 32 domains"),
        );
    }
    for (index, search) in searches.iter().enumerate() {
        let Some(text) = search.as_str() else { continue };
        let plain = text.strip_suffix('.').unwrap_or(text).replace('_', "-");
        if text != "." && formats::dns_subdomain(plain.trim_matches('-')).is_err() {
            let fault = Fault::new(format!("is {}, and must be a DNS name", quoted(text)));
            here.error("schema/name", at!["dnsConfig", "searches", index], fault);
        }
    }
    if here
        .integer("terminationGracePeriodSeconds")
        .is_some_and(|seconds| seconds < 0)
    {
        let fault =
            Fault::new("is negative").because("the API server takes it for one second: no time to stop in order");
        here.walk.tell(
            Severity::Warning,
            "schema/out-of-range",
            at!["terminationGracePeriodSeconds"],
            fault,
        );
    }
    if here.flag("shareProcessNamespace") && here.flag("hostPID") {
        let fault = Fault::new("and `hostPID` are both true").because("a pod shares the processes of one or the other");
        here.error("schema/exclusive", at!["shareProcessNamespace"], fault);
    }
    if here.has("hostnameOverride") {
        for field in ["setHostnameAsFQDN", "hostNetwork"] {
            if here.flag(field) {
                here.forbidden(
                    at!["hostnameOverride"],
                    "the host name comes from elsewhere in this pod",
                );
            }
        }
    }
    if here.get("hostUsers") == Some(&Value::Bool(false)) {
        for field in ["hostPID", "hostIPC"] {
            if here.flag(field) {
                here.forbidden(at![field], "`hostUsers: false` gives the pod users of its own");
            }
        }
    }
}

/// What a pod in the node's own network must keep.
pub(super) fn host(here: &mut Here<'_, '_>) {
    if !here.flag("hostNetwork") {
        return;
    }
    for (index, container) in here.maps("containers") {
        for (number, port) in maps(list(container, "ports")) {
            let host = integer(port, "hostPort").filter(|p| *p != 0);
            if host.is_some() && host != integer(port, "containerPort") {
                let fault = Fault::new("must be the same as `containerPort`")
                    .because("a pod in the node's network has no ports of its own")
                    .mend("remove `hostPort`, or make them equal");
                here.error(
                    "schema/port",
                    at!["containers", index, "ports", number, "hostPort"],
                    fault,
                );
            }
        }
    }
}

/// All containers of a pod together.
pub(super) fn containers(here: &mut Here<'_, '_>) {
    if here.list("containers").is_empty() && here.has("containers") {
        here.error(
            "schema/missing-field",
            at!["containers"],
            Fault::new("must have a container"),
        );
    }
    let mut host_ports = HashSet::new();
    for (index, container) in here.maps("containers") {
        repeated_host_ports(here, index, container, &mut host_ports);
        regular(here, index, container);
    }
    repeated_port_names(here);
    let mut names: HashMap<&str, &str> = here
        .maps("containers")
        .map(|(_, c)| (text(c, "name"), "a container"))
        .filter(|(n, _)| !n.is_empty())
        .collect();
    for (index, container) in here.maps("initContainers") {
        let name = text(container, "name");
        // Two init containers of one name are told by the key of the list.
        if names.get(name) == Some(&"a container") {
            let fault = Fault::new(format!("is {}, as a container's name is", quoted(name)))
                .because("containers and init containers of a pod share their names");
            here.error("schema/duplicate", at!["initContainers", index, "name"], fault);
        }
        names.entry(name).or_insert("an init container");
        init(here, index, container);
    }
    sleeping(here);
    root_user(here);
}

fn repeated_host_ports<'a>(
    here: &mut Here<'_, 'a>,
    index: usize,
    container: &'a Map<String, Value>,
    seen: &mut HashSet<(i64, &'a str, &'a str)>,
) {
    for (number, port) in maps(list(container, "ports")) {
        let Some(host) = integer(port, "hostPort").filter(|p| *p != 0) else {
            continue;
        };
        let protocol = Some(text(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
        if !seen.insert((host, protocol, text(port, "hostIP"))) {
            let fault = Fault::new(format!("is {host}, which another port of this pod has taken"));
            here.error(
                "schema/duplicate",
                at!["containers", index, "ports", number, "hostPort"],
                fault,
            );
        }
    }
}

/// A Service that names a port finds the first container's only.
fn repeated_port_names(here: &mut Here<'_, '_>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, container) in here.maps("containers") {
        for (number, port) in maps(list(container, "ports")) {
            let name = text(port, "name");
            if name.is_empty() {
                continue;
            }
            match seen.get(name) {
                None => {
                    seen.insert(name, index);
                }
                Some(first) if *first == index => {
                    let fault = Fault::new(format!(
                        "is {}, as another port of this container is called",
                        quoted(name)
                    ));
                    here.error(
                        "schema/duplicate",
                        at!["containers", index, "ports", number, "name"],
                        fault,
                    );
                }
                Some(first) => {
                    let fault = Fault::new(format!("is {}, as a port of container {first} is called", quoted(name)))
                        .because("a Service or probe that names the port would find one of them only");
                    let path = at!["containers", index, "ports", number, "name"];
                    here.walk.tell(Severity::Warning, "schema/repeated-item", path, fault);
                }
            }
        }
    }
}

fn regular(here: &mut Here<'_, '_>, index: usize, container: &Map<String, Value>) {
    let before = here.walk.versions.before(35);
    if container.contains_key("restartPolicy") && !before.is_empty() {
        let fault = Fault::new(format!(
            "cannot be set for a container that is no init container in Kubernetes {before}"
        ))
        .because(format!("it can in {}", Minors::since(35)));
        here.error("schema/not-allowed", at!["containers", index, "restartPolicy"], fault);
    }
}

/// An init container ends before the pod starts, unless it is a sidecar.
fn init(here: &mut Here<'_, '_>, index: usize, container: &Map<String, Value>) {
    let policy = text(container, "restartPolicy");
    if policy == "Always" {
        return;
    }
    let before = here.walk.versions.before(35);
    if !policy.is_empty() && !before.is_empty() {
        let fault = Fault::new(format!(
            "is {}, and must be \"Always\" in Kubernetes {before}",
            quoted(policy)
        ));
        here.error(
            "schema/restart-policy",
            at!["initContainers", index, "restartPolicy"],
            fault,
        );
    }
    for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
        if container.get(field).is_some_and(|v| !v.is_null()) {
            here.forbidden(
                at!["initContainers", index, field],
                "an init container ends before anybody could probe it, unless it is a sidecar (`restartPolicy: Always`)",
            );
        }
    }
}

/// A pause before a container stops must fit into the time that stopping may take.
fn sleeping(here: &mut Here<'_, '_>) {
    let grace = here.integer("terminationGracePeriodSeconds").unwrap_or(30);
    for (index, container) in here.maps("containers") {
        let seconds = child(container, "lifecycle")
            .and_then(|lifecycle| child(lifecycle, "preStop"))
            .and_then(|hook| child(hook, "sleep"))
            .and_then(|sleep| integer(sleep, "seconds"));
        if let Some(seconds) = seconds.filter(|s| *s > grace || *s < 0) {
            let fault = Fault::new(format!("is {seconds}, and must be from 0 to {grace}"))
                .because("the container is killed when `terminationGracePeriodSeconds` are over");
            here.error(
                "schema/out-of-range",
                at!["containers", index, "lifecycle", "preStop", "sleep", "seconds"],
                fault,
            );
        }
    }
}

/// A container that must not run as root, told to run as root, never starts.
fn root_user(here: &mut Here<'_, '_>) {
    let pod = here.child("securityContext");
    for field in ["initContainers", "containers"] {
        for (index, container) in here.maps(field) {
            let own = child(container, "securityContext");
            let setting = |name: &str| {
                own.and_then(|c| super::get(c, name))
                    .or_else(|| pod.and_then(|c| super::get(c, name)))
            };
            let non_root = setting("runAsNonRoot") == Some(&Value::Bool(true));
            if non_root && setting("runAsUser").and_then(Value::as_i64) == Some(0) {
                let fault = Fault::new("runs as user 0 and must not run as root")
                    .because("the kubelet refuses to start it: `runAsNonRoot` is true and `runAsUser` is 0");
                here.error("schema/exclusive", at![field, index, "securityContext"], fault);
            }
        }
    }
}

pub(super) fn security(here: &mut Here<'_, '_>) {
    let mut seen = HashSet::new();
    for (index, sysctl) in here.maps("sysctls") {
        let name = text(sysctl, "name");
        let valid = !name.is_empty()
            && name.len() <= 253
            && name.split(['.', '/']).all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
            });
        if !valid {
            let fault = Fault::new(format!(
                "is {}, and must be the name of a kernel parameter",
                quoted(name)
            ));
            here.error("schema/name", at!["sysctls", index, "name"], fault);
        }
        if !seen.insert(name) {
            let fault = Fault::new(format!("is {}, which is set twice", quoted(name)));
            here.error("schema/duplicate", at!["sysctls", index, "name"], fault);
        }
    }
}
