//! Secrets and ConfigMaps that an operator makes from another object.

use std::sync::Arc;

use serde_json::Value;

use super::json::{annotation, each, entries, is_true, or, text};
use super::objects::Objects;
use super::provided::{names, trust_namespace};
use super::selector::{Labels, Selector};
use super::table::Provision;
use super::world::World;

/// Annotations by which cert-manager makes a Certificate for an Ingress or a Gateway.
pub(super) const ISSUER_ANNOTATIONS: [&str; 2] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"];

/// Adds what the objects of a cluster produce.
pub(super) fn collect(
    objects: &Objects<'_>,
    world: &World<'_>,
    cluster: &str,
    complete: bool,
    list: &mut Vec<Provision>,
) {
    let by = |i: usize| -> Arc<str> { objects.heads[i].to_string().into() };
    for i in objects.of("cert-manager.io", "Certificate") {
        let (head, spec) = (objects.heads[*i], &objects.value(*i)["spec"]);
        let keys = certificate_keys(spec, is_acme(objects, head.ns, &spec["issuerRef"]));
        list.push(
            Provision::new("Secret", head.ns, text(&spec["secretName"]), &by(*i))
                .with_keys(keys)
                .from(*i),
        );
    }
    for kind in ["Issuer", "ClusterIssuer"] {
        for i in objects.of("cert-manager.io", kind) {
            let ns = if kind == "Issuer" {
                objects.heads[*i].ns
            } else {
                trust_namespace(world, cluster)
            };
            let name = text(&objects.value(*i)["spec"]["acme"]["privateKeySecretRef"]["name"]);
            list.push(Provision::new("Secret", ns, name, &by(*i)).with_keys(["tls.key"]));
        }
    }
    for (group, kind) in [
        ("networking.k8s.io", "Ingress"),
        ("gateway.networking.k8s.io", "Gateway"),
    ] {
        for i in objects.of(group, kind) {
            let (value, ns) = (objects.value(*i), objects.heads[*i].ns);
            if ISSUER_ANNOTATIONS
                .iter()
                .any(|name| annotation(value, name).is_string())
            {
                let ingress = names(&value["spec"]["tls"], "secretName");
                let listeners = each(&value["spec"]["listeners"]);
                let gateway = listeners.flat_map(|listener| names(&listener["tls"]["certificateRefs"], "name"));
                for name in ingress.chain(gateway) {
                    list.push(Provision::new("Secret", ns, name, &by(*i)).with_keys(["tls.crt", "tls.key", "ca.crt"]));
                }
            }
        }
    }
    for i in objects.of("external-secrets.io", "ExternalSecret") {
        let head = objects.heads[*i];
        external_secret(&objects.value(*i)["spec"], head.name, head.ns, &by(*i), *i, list);
    }
    for i in objects.of("external-secrets.io", "ClusterExternalSecret") {
        let spec = &objects.value(*i)["spec"];
        let name = or(&spec["externalSecretName"], &objects.value(*i)["metadata"]["name"]);
        for ns in namespaces_of(objects, spec) {
            external_secret(&spec["externalSecretSpec"], text(name), ns, &by(*i), *i, list);
        }
    }
    for i in objects.of("bitnami.com", "SealedSecret") {
        let (head, spec) = (objects.heads[*i], &objects.value(*i)["spec"]);
        let named = text(&spec["template"]["metadata"]["name"]);
        let keys = entries(&spec["encryptedData"])
            .chain(entries(&spec["template"]["data"]))
            .map(|(key, _)| key);
        let name = if named.is_empty() { head.name } else { named };
        list.push(
            Provision::new("Secret", head.ns, name, &by(*i))
                .with_keys(keys)
                .from(*i),
        );
    }
    for (group, kind) in [
        ("trust.cert-manager.io", "Bundle"),
        ("trust-manager.io", "ClusterBundle"),
    ] {
        for i in objects.of(group, kind) {
            bundle(objects, *i, &by(*i), complete, list);
        }
    }
    list.retain(|provision| !provision.name.is_empty());
}

/// Whether a certificate's issuer is an ACME one, which gives no `ca.crt`.
fn is_acme(objects: &Objects<'_>, ns: &str, reference: &Value) -> bool {
    let (kind, ns) = match text(&reference["kind"]) {
        "ClusterIssuer" => ("ClusterIssuer", ""),
        _ => ("Issuer", ns),
    };
    let issuer = objects.find("cert-manager.io", kind, ns, text(&reference["name"]));
    issuer.is_some_and(|i| objects.value(i)["spec"]["acme"].is_object())
}

fn certificate_keys(spec: &Value, acme: bool) -> Vec<&'static str> {
    let mut keys = vec!["tls.crt", "tls.key"];
    if !acme {
        keys.push("ca.crt");
    }
    if is_true(&spec["keystores"]["jks"]["create"]) {
        keys.extend(["keystore.jks", "truststore.jks"]);
    }
    if is_true(&spec["keystores"]["pkcs12"]["create"]) {
        keys.extend(["keystore.p12", "truststore.p12"]);
    }
    keys.extend(
        each(&spec["additionalOutputFormats"]).filter_map(|format| match text(&format["type"]) {
            "CombinedPEM" => Some("tls-combined.pem"),
            "DER" => Some("key.der"),
            _ => None,
        }),
    );
    keys
}

fn external_secret(spec: &Value, own: &str, ns: &str, by: &Arc<str>, item: usize, list: &mut Vec<Provision>) {
    let target = &spec["target"];
    if text(&target["creationPolicy"]) == "None" {
        return;
    }
    let name = if text(&target["name"]).is_empty() {
        own
    } else {
        text(&target["name"])
    };
    let keys = external_secret_keys(spec).unwrap_or_default();
    list.push(Provision::new("Secret", ns, name, by).with_keys(keys).from(item));
}

/// The keys of the Secret that an `ExternalSecret` makes; `None` where they depend on what the store holds.
fn external_secret_keys(spec: &Value) -> Option<Vec<&str>> {
    let template = &spec["target"]["template"];
    let fetched = || {
        let keys = each(&spec["data"]).map(|entry| text(&entry["secretKey"]));
        each(&spec["dataFrom"])
            .next()
            .is_none()
            .then(|| keys.collect::<Vec<_>>())
    };
    if text(&spec["target"]["creationPolicy"]) == "Merge" || each(&template["templateFrom"]).next().is_some() {
        return None;
    }
    let mut keys: Vec<_> = entries(&template["data"]).map(|(key, _)| key).collect();
    if keys.is_empty() || text(&template["mergePolicy"]) == "Merge" {
        keys.extend(fetched()?);
    }
    Some(keys)
}

/// The namespaces that a `ClusterExternalSecret` names or selects.
fn namespaces_of<'a>(objects: &Objects<'a>, spec: &'a Value) -> Vec<&'a str> {
    let mut found: Vec<_> = each(&spec["namespaces"]).map(text).collect();
    let selectors = each(&spec["namespaceSelectors"]).chain(Some(&spec["namespaceSelector"]).filter(|s| s.is_object()));
    for selector in selectors.map(Selector::of) {
        found.extend(selected(objects, &selector));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn selected<'a>(objects: &Objects<'a>, selector: &Selector<'a>) -> Vec<&'a str> {
    let namespaces = objects
        .of("", "Namespace")
        .iter()
        .map(|i| (objects.heads[*i].name, objects.value(*i)));
    let matching = namespaces.filter(|(name, value)| {
        let labels = Labels::of(&value["metadata"]);
        selector.matches(|key| {
            if key == "kubernetes.io/metadata.name" {
                Some(*name)
            } else {
                labels.get(key)
            }
        })
    });
    matching.map(|(name, _)| name).collect()
}

/// trust-manager writes a bundle into every namespace that its target selects.
fn bundle(objects: &Objects<'_>, item: usize, by: &Arc<str>, complete: bool, list: &mut Vec<Provision>) {
    let (name, target) = (objects.heads[item].name, &objects.value(item)["spec"]["target"]);
    let selector = Selector::of(&target["namespaceSelector"]);
    let namespaces = if selector.is_empty() || !complete {
        vec!["*"]
    } else {
        selected(objects, &selector)
    };
    for (field, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
        let made = &target[field];
        if !made.is_object() {
            continue;
        }
        let formats = &target["additionalFormats"];
        let mut keys: Vec<_> = names(&made["data"], "key").collect();
        keys.extend(
            [&made["key"], &formats["jks"]["key"], &formats["pkcs12"]["key"]]
                .into_iter()
                .filter_map(Value::as_str),
        );
        for ns in &namespaces {
            list.push(
                Provision::new(kind, ns, name, by)
                    .with_keys(keys.iter().copied())
                    .from(item),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_keys_of_an_external_secret() {
        let data = json!([{"secretKey": "a"}, {"secretKey": "b"}]);
        for (spec, keys) in [
            (json!({"data": data}), Some(vec!["a", "b"])),
            (
                json!({"data": data, "target": {"template": {"type": "Opaque"}}}),
                Some(vec!["a", "b"]),
            ),
            (
                json!({"data": data, "target": {"template": {"data": {"dsn": "x"}}}}),
                Some(vec!["dsn"]),
            ),
            (
                json!({"data": data, "target": {"template": {"data": {"dsn": "x"}, "mergePolicy": "Merge"}}}),
                Some(vec!["dsn", "a", "b"]),
            ),
            (
                json!({"data": data, "target": {"template": {"templateFrom": [{}]}}}),
                None,
            ),
            (json!({"dataFrom": [{"extract": {"key": "k"}}]}), None),
            (json!({"data": data, "target": {"creationPolicy": "Merge"}}), None),
        ] {
            assert_eq!(external_secret_keys(&spec), keys, "{spec}");
        }
    }

    #[test]
    fn the_keys_of_a_certificate() {
        let spec =
            json!({"keystores": {"pkcs12": {"create": true}}, "additionalOutputFormats": [{"type": "CombinedPEM"}]});
        assert_eq!(
            certificate_keys(&spec, true),
            [
                "tls.crt",
                "tls.key",
                "keystore.p12",
                "truststore.p12",
                "tls-combined.pem"
            ]
        );
        assert_eq!(certificate_keys(&json!({}), false), ["tls.crt", "tls.key", "ca.crt"]);
    }
}
