//! Objects that nothing uses.

use std::collections::{BTreeMap, HashSet};

use super::codes;
use super::json::{entries, text};
use super::report::{Check, USED_BY};
use super::routes::is_default;
use super::world::{Delivery, World};
use crate::finding::Finding;

/// The kinds whose only purpose is to be named by something else.
const KINDS: [(&str, &str); 25] = [
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("", "PersistentVolumeClaim"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("networking.k8s.io", "IngressClass"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("traefik.io", "Middleware"),
    ("traefik.io", "MiddlewareTCP"),
    ("traefik.io", "ServersTransport"),
    ("traefik.io", "TLSOption"),
    ("cert-manager.io", "Issuer"),
    ("cert-manager.io", "ClusterIssuer"),
    ("external-secrets.io", "SecretStore"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("ceph.rook.io", "CephFilesystem"),
    ("ceph.rook.io", "CephBlockPool"),
    ("argoproj.io", "AppProject"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
];

pub(super) fn check(c: &mut Check<'_>, world: &World<'_>, cluster: &str) {
    let ix = c.ix;
    let charts = words(world, cluster);
    let in_chart = |ns: &str, name: &str| {
        charts
            .iter()
            .any(|(there, words)| (ns.is_empty() || ns == *there) && words.contains(name))
    };
    for (group, kind) in KINDS {
        for i in ix.objects.of(group, kind) {
            let head = ix.objects.heads[*i];
            if !c.is_used(*i) && !has_its_own_reader(c, *i) && !in_chart(head.ns, head.name) {
                orphan(c, *i, &format!("nothing uses this {kind}"));
            }
        }
    }
    let mut idle: BTreeMap<usize, bool> = BTreeMap::new();
    for (i, provision) in ix.provisions.iter().enumerate() {
        if let Some(item) = provision.from {
            let used = c.is_provision_used(i) || in_chart(&provision.ns, &provision.name);
            *idle.entry(item).or_insert(false) |= used || c.is_used(item);
        }
    }
    for (item, _) in idle.into_iter().filter(|(_, used)| !used) {
        orphan(
            c,
            item,
            &format!("nothing uses what this {} makes", ix.objects.heads[item].kind),
        );
    }
    namespaces(c, world, cluster);
}

/// The words in the values of the charts installed in a cluster, by their namespaces: what a chart names, it uses.
fn words<'a>(world: &'a World<'a>, cluster: &str) -> Vec<(&'a str, HashSet<&'a str>)> {
    let apps = world.apps_to(cluster);
    let charts = apps.flat_map(|app| app.sources.iter().map(move |source| (app, source)));
    let named = charts.filter_map(|(app, source)| match &source.what {
        Delivery::Chart { values, .. } => Some((app.ns, values.words())),
        _ => None,
    });
    named.collect()
}

fn orphan(c: &mut Check<'_>, item: usize, says: &str) {
    let finding = Finding::warning(codes::ORPHAN, format!("{says} (`{}`)", c.ix.objects.heads[item].name))
        .because("it has no effect, or what should use it names something else")
        .mend(format!(
            "take it away, or name who uses it in the annotation `{USED_BY}`"
        ));
    c.say(item, &c.ix.objects.value(item)["metadata"]["name"], finding);
}

/// Objects that are read by convention: by name, label or annotation.
fn has_its_own_reader(c: &Check<'_>, item: usize) -> bool {
    let (head, value) = (c.ix.objects.heads[item], c.ix.objects.value(item));
    let metadata = &value["metadata"];
    let labelled = |prefix: &str| entries(&metadata["labels"]).any(|(key, _)| key.starts_with(prefix));
    if head.ns == "kube-system"
        || head.ns == "kube-public"
        || text(&metadata["labels"]["app.kubernetes.io/part-of"]) == "argocd"
    {
        return true;
    }
    match head.kind {
        "ConfigMap" => {
            let rook = [
                "rook-ceph-operator-config",
                "rook-config-override",
                "rook-ceph-csi-kms-config",
            ];
            let argo = head.name.starts_with("argocd-") && head.name.ends_with("-cm");
            labelled("grafana_") || rook.contains(&head.name) || argo || head.name == "kube-root-ca.crt"
        }
        "Secret" => {
            let kept = [
                "kubernetes.io/service-account-token",
                "helm.sh/release.v1",
                "bootstrap.kubernetes.io/token",
            ];
            let alertmanager = head.name.strip_prefix("alertmanager-").is_some_and(|name| {
                c.ix.objects
                    .find("monitoring.coreos.com", "Alertmanager", head.ns, name)
                    .is_some()
            });
            kept.contains(&text(&value["type"])) || labelled("argocd.argoproj.io/secret-type") || alertmanager
        }
        "ServiceAccount" => head.name == "default" || is_of_driver(c, item),
        "TLSOption" => head.name == "default",
        "ClusterRole" => labelled("rbac.authorization.k8s.io/aggregate-to-"),
        "PriorityClass" => value["globalDefault"] == true,
        "StorageClass" => is_default(value, "storageclass.kubernetes.io/is-default-class"),
        "IngressClass" => is_default(value, "ingressclass.kubernetes.io/is-default-class"),
        "CephBlockPool" => text(&value["spec"]["name"]).starts_with('.'),
        _ => false,
    }
}

/// The CSI operator runs a driver's pods as accounts that it names after the driver, with hyphens for dots.
fn is_of_driver(c: &Check<'_>, item: usize) -> bool {
    let head = c.ix.objects.heads[item];
    let drivers =
        c.ix.objects
            .of("csi.ceph.io", "Driver")
            .iter()
            .map(|i| c.ix.objects.heads[*i]);
    drivers
        .into_iter()
        .any(|driver| driver.ns == head.ns && head.name.starts_with(&driver.name.replace('.', "-")))
}

/// A namespace in which nothing stands and into which nothing is delivered.
fn namespaces(c: &mut Check<'_>, world: &World<'_>, cluster: &str) {
    let ix = c.ix;
    let objects = ix.objects.heads.iter().map(|head| head.ns);
    let apps = world.apps_to(cluster).map(|app| app.ns);
    let provided = ix.provisions.iter().map(|provision| provision.ns.as_str());
    let lived_in: HashSet<&str> = objects.chain(apps).chain(provided).collect();
    for i in ix.objects.of("", "Namespace") {
        if !lived_in.contains(ix.objects.heads[*i].name) && !c.is_used(*i) {
            orphan(c, *i, "nothing is in this Namespace");
        }
    }
}
