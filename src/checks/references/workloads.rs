//! What pods name: ConfigMaps, Secrets and their keys, accounts, claims, classes, volumes, ports.

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{each, is_true, or, text};
use super::pods::{PodSet, containers};
use super::report::{Check, Target, did_you_mean, listed};
use super::targets::{CLAIM, CONFIG_MAP, PRIORITY_CLASS, RUNTIME_CLASS, SECRET, SERVICE_ACCOUNT, STORAGE_CLASS};
use crate::finding::Finding;

const KEY_EFFECT: &str = "the pods do not start: the key is not optional";

/// A volume of a pod, and what it gives where that is a ConfigMap or a Secret.
struct Volume<'a> {
    name: &'a str,
    value: &'a Value,
    source: Option<(&'a Value, Found)>,
    mounted: bool,
}

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    for set in &ix.pods.sets {
        let Some(item) = set.item else { continue };
        identity(c, item, set);
        let templates = &ix.objects.value(item)["spec"]["volumeClaimTemplates"];
        let mut volumes: Vec<_> = each(&set.spec["volumes"])
            .map(|volume| read_volume(c, item, set.ns, volume))
            .collect();
        volumes.extend(each(templates).map(|value| Volume {
            name: text(&value["metadata"]["name"]),
            value,
            source: None,
            mounted: false,
        }));
        for container in containers(set.spec) {
            environment(c, item, set.ns, container);
            mounts(c, item, container, &mut volumes);
            named_ports(c, item, container);
        }
        for volume in volumes
            .iter()
            .filter(|volume| !volume.mounted && !volume.name.is_empty())
        {
            let message = format!("no container mounts the volume `{}`", volume.name);
            let finding =
                Finding::warning(codes::VOLUME, message).because("it is made and attached, and has no effect");
            c.say(
                item,
                volume.value,
                finding.mend("mount it in a container, or take it away"),
            );
        }
    }
    accounts(c);
}

fn identity<'a>(c: &mut Check<'a>, item: usize, set: &PodSet<'a>) {
    let (spec, ns) = (set.spec, set.ns);
    let account = or(&spec["serviceAccountName"], &spec["serviceAccount"]);
    if text(account).is_empty() {
        c.look(&SERVICE_ACCOUNT, ns, "default");
    } else {
        c.expect(item, account, &SERVICE_ACCOUNT, ns);
    }
    pull_secrets(c, item, ns, &spec["imagePullSecrets"]);
    c.expect(item, &spec["priorityClassName"], &PRIORITY_CLASS, "");
    c.expect(item, &spec["runtimeClassName"], &RUNTIME_CLASS, "");
}

fn pull_secrets<'a>(c: &mut Check<'a>, item: usize, ns: &str, list: &'a Value) {
    let target = Target {
        effect: "images of a private registry cannot be pulled: ImagePullBackOff",
        ..SECRET
    };
    for secret in each(list) {
        c.expect(item, &secret["name"], &target, ns);
    }
}

fn environment<'a>(c: &mut Check<'a>, item: usize, ns: &str, container: &'a Value) {
    for variable in each(&container["env"]) {
        let from = &variable["valueFrom"];
        for (field, target) in [("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)] {
            keyed(c, item, ns, &from[field], &target, "name");
        }
    }
    for source in each(&container["envFrom"]) {
        for (field, target) in [("configMapRef", CONFIG_MAP), ("secretRef", SECRET)] {
            let reference = &source[field];
            c.expect_unless(is_true(&reference["optional"]), item, &reference["name"], &target, ns);
        }
    }
}

/// A reference with a name and perhaps a key, unless it is optional.
fn keyed<'a>(c: &mut Check<'a>, item: usize, ns: &str, reference: &'a Value, target: &Target<'_>, name: &str) {
    let optional = is_true(&reference["optional"]);
    let Some(found) = c.expect_unless(optional, item, &reference[name], target, ns) else {
        return;
    };
    if !optional {
        let title = format!("the {} `{}`", target.kind, text(&reference[name]));
        c.expect_key(item, &reference["key"], found, &title, KEY_EFFECT);
    }
}

fn read_volume<'a>(c: &mut Check<'a>, item: usize, ns: &str, volume: &'a Value) -> Volume<'a> {
    let mut source = None;
    for (field, target, name) in [("configMap", CONFIG_MAP, "name"), ("secret", SECRET, "secretName")] {
        let found = projected(c, item, ns, &volume[field], &target, name);
        source = source.or(found.map(|found| (&volume[field], found)));
    }
    for part in each(&volume["projected"]["sources"]) {
        for (field, target) in [("configMap", CONFIG_MAP), ("secret", SECRET)] {
            projected(c, item, ns, &part[field], &target, "name");
        }
    }
    c.expect(item, &volume["persistentVolumeClaim"]["claimName"], &CLAIM, ns);
    c.expect(item, &volume["csi"]["nodePublishSecretRef"]["name"], &SECRET, ns);
    c.expect(
        item,
        &volume["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"],
        &STORAGE_CLASS,
        "",
    );
    Volume {
        name: text(&volume["name"]),
        value: volume,
        source,
        mounted: false,
    }
}

/// A ConfigMap or Secret that becomes files, all of them or those in `items`.
fn projected<'a>(
    c: &mut Check<'a>,
    item: usize,
    ns: &str,
    source: &'a Value,
    target: &Target<'_>,
    name: &str,
) -> Option<Found> {
    let optional = is_true(&source["optional"]);
    let found = c.expect_unless(optional, item, &source[name], target, ns)?;
    if !optional {
        let title = format!("the {} `{}`", target.kind, text(&source[name]));
        for file in each(&source["items"]) {
            c.expect_key(item, &file["key"], found, &title, KEY_EFFECT);
        }
    }
    Some(found)
}

fn mounts<'a>(c: &mut Check<'a>, item: usize, container: &'a Value, volumes: &mut [Volume<'a>]) {
    for mount in each(&container["volumeMounts"]).chain(each(&container["volumeDevices"])) {
        let name = text(&mount["name"]);
        let Some(volume) = volumes.iter_mut().find(|volume| volume.name == name) else {
            let names: Vec<_> = volumes.iter().map(|volume| volume.name).collect();
            let message = format!("the pod has no volume `{name}`");
            let mend = format!("{}the volumes are {}", did_you_mean(name, &names), listed(&names));
            let finding = Finding::error(codes::VOLUME, message).because("the API server refuses the pod");
            c.say(item, &mount["name"], finding.mend(mend));
            continue;
        };
        volume.mounted = true;
        let (path, Some((source, found))) = (&mount["subPath"], volume.source) else {
            continue;
        };
        let renamed = !source["items"].is_null();
        if !renamed && !is_true(&source["optional"]) && !text(path).contains('/') {
            let title = format!("what the volume `{name}` shows");
            c.expect_key(
                item,
                path,
                found,
                &title,
                "the mount makes an empty directory instead of that file",
            );
        }
    }
}

/// Named ports in probes and hooks: the API server takes any name, and the probe then fails for ever.
fn named_ports(c: &mut Check<'_>, item: usize, container: &Value) {
    let lifecycle = &container["lifecycle"];
    let handlers = [
        &container["livenessProbe"],
        &container["readinessProbe"],
        &container["startupProbe"],
        &lifecycle["postStart"],
        &lifecycle["preStop"],
    ];
    for port in handlers
        .iter()
        .flat_map(|h| [&h["httpGet"]["port"], &h["tcpSocket"]["port"]])
    {
        let Some(name) = port.as_str().filter(|name| name.parse::<u16>().is_err()) else {
            continue;
        };
        let names: Vec<_> = each(&container["ports"])
            .map(|p| text(&p["name"]))
            .filter(|n| !n.is_empty())
            .collect();
        if !names.contains(&name) {
            let message = format!("the container `{}` has no port `{name}`", text(&container["name"]));
            let mend = format!("{}its named ports are {}", did_you_mean(name, &names), listed(&names));
            let finding = Finding::error(codes::CONTAINER_PORT, message).because("the probe or hook always fails");
            c.say(item, port, finding.mend(mend));
        }
    }
}

fn accounts(c: &mut Check<'_>) {
    let ix = c.ix;
    for i in ix.objects.of("", "ServiceAccount") {
        let (ns, value) = (ix.objects.heads[*i].ns, ix.objects.value(*i));
        pull_secrets(c, *i, ns, &value["imagePullSecrets"]);
        for secret in each(&value["secrets"]) {
            c.expect(*i, &secret["name"], &SECRET, ns);
        }
    }
    for i in ix.objects.of("", "Secret") {
        let (ns, value) = (ix.objects.heads[*i].ns, ix.objects.value(*i));
        if text(&value["type"]) == "kubernetes.io/service-account-token" {
            let account = &value["metadata"]["annotations"]["kubernetes.io/service-account.name"];
            let target = Target {
                effect: "no token is issued, and the Secret is deleted again",
                ..SERVICE_ACCOUNT
            };
            c.expect(*i, account, &target, ns);
        }
    }
}
