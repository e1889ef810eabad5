//! Objects that nothing uses.

use std::collections::HashSet;

use super::codes;
use super::json::{annotation, entries, text};
use super::report::{Check, USED_BY};
use super::routes::is_default;
use super::world::World;
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
    for (group, kind) in KINDS {
        for i in ix.objects.of(group, kind) {
            if !c.is_used(*i) && !has_its_own_reader(c, *i) {
                orphan(c, *i, &format!("nothing uses this {kind}"));
            }
        }
    }
    let mut idle: Vec<_> = c
        .producers()
        .into_iter()
        .filter(|(_, used)| !used)
        .map(|(item, _)| item)
        .collect();
    idle.sort_unstable();
    for item in idle
        .into_iter()
        .filter(|item| annotation(ix.objects.value(*item), USED_BY).is_null())
    {
        orphan(
            c,
            item,
            &format!("nothing uses what this {} makes", ix.objects.heads[item].kind),
        );
    }
    namespaces(c, world, cluster);
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
        "ServiceAccount" | "TLSOption" => head.name == "default",
        "ClusterRole" => labelled("rbac.authorization.k8s.io/aggregate-to-"),
        "PriorityClass" => value["globalDefault"] == true,
        "StorageClass" => is_default(value, "storageclass.kubernetes.io/is-default-class"),
        "IngressClass" => is_default(value, "ingressclass.kubernetes.io/is-default-class"),
        "CephBlockPool" => text(&value["spec"]["name"]).starts_with('.'),
        _ => false,
    }
}

/// A namespace in which nothing stands and into which nothing is delivered.
fn namespaces(c: &mut Check<'_>, world: &World<'_>, cluster: &str) {
    let ix = c.ix;
    let objects = ix.objects.heads.iter().map(|head| head.ns);
    let apps = world
        .apps
        .iter()
        .filter(|app| app.targets.contains(&cluster))
        .map(|app| app.ns);
    let provided = ix.provisions.iter().map(|provision| provision.ns.as_str());
    let lived_in: HashSet<&str> = objects.chain(apps).chain(provided).collect();
    for i in ix.objects.of("", "Namespace") {
        if !lived_in.contains(ix.objects.heads[*i].name) && !c.is_used(*i) {
            orphan(c, *i, "nothing is in this Namespace");
        }
    }
}
