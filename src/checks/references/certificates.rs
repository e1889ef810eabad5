//! cert-manager, trust-manager and External Secrets: issuers, stores, and what these read.

use serde_json::Value;

use super::codes;
use super::index::Found;
use super::json::{each, members, text};
use super::placement::nothing;
use super::report::{Check, Target};
use super::selector::{Labels, Selector};
use super::targets::{
    CLUSTER_ISSUER, CLUSTER_SECRET_STORE, GATEWAY, INGRESS_CLASS, ISSUER, SECRET_STORE, SERVICE_ACCOUNT,
    USED_CONFIG_MAP, USED_SECRET,
};
use crate::finding::Finding;

/// `trust` is the namespace in which cert-manager reads what cluster-wide objects name.
pub(super) fn check(c: &mut Check<'_>, trust: &str) {
    let ix = c.ix;
    for i in ix.objects.of("cert-manager.io", "Certificate") {
        certificate(c, *i);
    }
    for (kind, cluster) in [("Issuer", false), ("ClusterIssuer", true)] {
        for i in ix.objects.of("cert-manager.io", kind) {
            issuer(c, *i, if cluster { trust } else { ix.objects.heads[*i].ns });
        }
    }
    for (group, kind) in [
        ("trust.cert-manager.io", "Bundle"),
        ("trust-manager.io", "ClusterBundle"),
    ] {
        for i in ix.objects.of(group, kind) {
            bundle(c, *i, trust);
        }
    }
    for i in ix.objects.of("external-secrets.io", "ExternalSecret") {
        external_secret(c, *i, &ix.objects.value(*i)["spec"], Some(ix.objects.heads[*i].ns));
    }
    for i in ix.objects.of("external-secrets.io", "ClusterExternalSecret") {
        external_secret(c, *i, &ix.objects.value(*i)["spec"]["externalSecretSpec"], None);
    }
    for (kind, cluster) in [("SecretStore", false), ("ClusterSecretStore", true)] {
        for i in ix.objects.of("external-secrets.io", kind) {
            provider(c, *i, cluster);
        }
    }
}

fn certificate(c: &mut Check<'_>, item: usize) {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let reference = &spec["issuerRef"];
    let group = reference["group"]
        .as_str()
        .filter(|group| !group.is_empty())
        .unwrap_or("cert-manager.io");
    // Issuers of other groups are made by issuers that this check does not know.
    if group == "cert-manager.io" {
        match reference["kind"].as_str() {
            Some("ClusterIssuer") => c.require(item, &reference["name"], &CLUSTER_ISSUER, ""),
            _ => c.require(item, &reference["name"], &ISSUER, ns),
        }
    }
    for store in ["jks", "pkcs12"] {
        secret_key(
            c,
            item,
            &spec["keystores"][store]["passwordSecretRef"],
            ns,
            "the keystore is never made",
        );
    }
}

/// A reference `{name, key}` to a Secret.
fn secret_key<'a>(c: &mut Check<'a>, item: usize, reference: &'a Value, ns: &str, effect: &'static str) {
    let target = Target { effect, ..USED_SECRET };
    if let Some(found) = c.expect(item, &reference["name"], &target, ns) {
        c.expect_key(
            item,
            &reference["key"],
            found,
            &format!("the Secret `{}`", text(&reference["name"])),
            effect,
        );
    }
}

fn issuer(c: &mut Check<'_>, item: usize, ns: &str) {
    let spec = &c.ix.objects.value(item)["spec"];
    let effect = "the issuer never becomes ready, and no certificate is issued";
    c.expect(item, &spec["ca"]["secretName"], &Target { effect, ..USED_SECRET }, ns);
    for solver in each(&spec["acme"]["solvers"]) {
        for parent in each(&solver["http01"]["gatewayHTTPRoute"]["parentRefs"]) {
            c.expect(
                item,
                &parent["name"],
                &GATEWAY,
                parent["namespace"].as_str().unwrap_or(ns),
            );
        }
        let ingress = &solver["http01"]["ingress"];
        c.expect(item, &ingress["ingressClassName"], &INGRESS_CLASS, "");
    }
    let mut references = Vec::new();
    for part in ["acme", "vault", "venafi"] {
        members(&spec[part], |key, value| {
            if is_secret_reference(key) && key != "privateKeySecretRef" {
                references.push(value);
            }
        });
    }
    for reference in references {
        secret_key(c, item, reference, ns, effect);
    }
}

fn is_secret_reference(key: &str) -> bool {
    key == "secretRef" || key.ends_with("SecretRef")
}

fn bundle(c: &mut Check<'_>, item: usize, trust: &str) {
    let ix = c.ix;
    let spec = &ix.objects.value(item)["spec"];
    let effect = "the bundle is not written anywhere";
    for source in each(&spec["sources"]).chain(each(&spec["sourceRefs"])) {
        let (secret, map) = (
            Target { effect, ..USED_SECRET },
            Target {
                effect,
                ..USED_CONFIG_MAP
            },
        );
        let own = match text(&source["kind"]) {
            "Secret" => [(source, secret)],
            _ => [(source, map)],
        };
        for (reference, target) in own
            .iter()
            .chain(&[(&source["secret"], secret), (&source["configMap"], map)])
        {
            let Some(found) = c.expect(item, &reference["name"], target, trust) else {
                continue;
            };
            if !text(&reference["key"]).contains('*') {
                let title = format!("the {} `{}`", target.kind, text(&reference["name"]));
                c.expect_key(item, &reference["key"], found, &title, effect);
            }
        }
    }
    let at = &spec["target"]["namespaceSelector"];
    let selector = Selector::of(at);
    if at.is_object() && ix.select_namespaces(&selector).is_empty() {
        nothing(c, item, at, "namespaces", &selector, "", effect);
    }
}

/// `ns` is `None` for what is made in several namespaces.
fn external_secret<'a>(c: &mut Check<'a>, item: usize, spec: &'a Value, ns: Option<&'a str>) {
    let sources = each(&spec["data"])
        .chain(each(&spec["dataFrom"]))
        .map(|entry| &entry["sourceRef"]["storeRef"]);
    for reference in sources.chain([&spec["secretStoreRef"]]) {
        match (reference["kind"].as_str(), ns) {
            (Some("ClusterSecretStore"), _) => {
                let found = c.expect(item, &reference["name"], &CLUSTER_SECRET_STORE, "");
                if let (Some(Found::Object(store)), Some(ns)) = (found, ns) {
                    serves(c, item, &reference["name"], store, ns);
                }
            }
            (_, Some(ns)) => c.require(item, &reference["name"], &SECRET_STORE, ns),
            (_, None) => {}
        }
    }
}

/// A `ClusterSecretStore` may be restricted to some namespaces.
fn serves(c: &mut Check<'_>, item: usize, at: &Value, store: usize, ns: &str) {
    let ix = c.ix;
    let conditions = &ix.objects.value(store)["spec"]["conditions"];
    let allows = |condition: &Value| {
        let named = each(&condition["namespaces"]).any(|name| name == ns);
        let selector = &condition["namespaceSelector"];
        let selected = selector.is_object() && {
            let labels = ix
                .objects
                .find("", "Namespace", "", ns)
                .map(|i| Labels::of(&ix.objects.value(i)["metadata"]));
            let own = |key: &str| (key == "kubernetes.io/metadata.name").then_some(ns);
            // The labels of a namespace without an object are not known.
            let chosen = Selector::of(selector);
            labels.is_none_or(|labels| {
                chosen
                    .equal
                    .iter()
                    .all(|(k, v)| labels.get(k).or_else(|| own(k)) == Some(*v))
            })
        };
        named || selected || each(&condition["namespaceRegexes"]).next().is_some()
    };
    if each(conditions).next().is_some() && !each(conditions).any(allows) {
        let message = format!("the ClusterSecretStore `{}` does not serve namespace `{ns}`", text(at));
        let finding = Finding::error(codes::SECRET_STORE, message).because("the Secret is never made");
        c.say(
            item,
            at,
            finding.mend("add the namespace to the store's `conditions`, or use another store"),
        );
    }
}

/// What a store's provider reads: secrets, accounts and certificate authorities, at whatever depth.
fn provider(c: &mut Check<'_>, item: usize, cluster: bool) {
    let ix = c.ix;
    let own = ix.objects.heads[item].ns;
    let mut references = Vec::new();
    members(&ix.objects.value(item)["spec"]["provider"], |key, value| {
        if is_secret_reference(key) || ["serviceAccountRef", "caProvider"].contains(&key) {
            references.push((key, value));
        }
    });
    let effect = "the store never becomes ready, and none of its Secrets is made";
    for (key, reference) in references {
        let ns = if cluster { text(&reference["namespace"]) } else { own };
        if ns.is_empty() && cluster {
            continue;
        }
        match (key, reference["type"].as_str()) {
            ("serviceAccountRef", _) => {
                c.expect(
                    item,
                    &reference["name"],
                    &Target {
                        effect,
                        ..SERVICE_ACCOUNT
                    },
                    ns,
                );
            }
            ("caProvider", Some("ConfigMap")) => {
                let target = Target {
                    effect,
                    ..USED_CONFIG_MAP
                };
                if let Some(found) = c.expect(item, &reference["name"], &target, ns) {
                    let title = format!("the ConfigMap `{}`", text(&reference["name"]));
                    c.expect_key(item, &reference["key"], found, &title, effect);
                }
            }
            _ => secret_key(c, item, reference, ns, effect),
        }
    }
}

/// Says so where two objects make the same Secret or ConfigMap: each undoes what the other wrote.
pub(super) fn producers(c: &mut Check<'_>) {
    let ix = c.ix;
    let mut makers: std::collections::HashMap<(&str, &str, &str), usize> = std::collections::HashMap::new();
    for provision in ix.provisions {
        let Some(item) = provision.from else { continue };
        let merges = text(&ix.objects.value(item)["spec"]["target"]["creationPolicy"]) == "Merge";
        if merges || provision.ns == "*" {
            continue;
        }
        let key = (provision.kind.as_str(), provision.ns.as_str(), provision.name.as_str());
        let written = ix.objects.find("", key.0, key.1, key.2);
        let other = written.or_else(|| makers.get(&key).copied().filter(|other| *other != item));
        makers.entry(key).or_insert(item);
        if let Some(other) = other {
            let other = ix.objects.heads[other].to_string();
            let message = format!("the {} `{}` is made by {other} too", key.0, key.2);
            let finding = Finding::error(codes::TWO_PRODUCERS, message)
                .because("each overwrites what the other wrote, again and again")
                .mend("let one of them make it, or give each a name of its own");
            let spec = &ix.objects.value(item)["spec"];
            let at = if spec["secretName"].is_string() {
                &spec["secretName"]
            } else {
                &spec["target"]["name"]
            };
            c.say(item, at, finding);
        }
    }
}
