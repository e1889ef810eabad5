//! ConfigMaps and Secrets.

use serde_json::{Map, Value};

use super::{Here, get, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::finding::Severity;

/// What the API server keeps of one ConfigMap or Secret, in bytes.
const LIMIT: usize = 1024 * 1024;

/// The bytes that base64 texts hold.
fn decoded(map: Option<&Map<String, Value>>) -> usize {
    map.into_iter()
        .flatten()
        .filter_map(|(_, value)| formats::base64(value.as_str()?).map(|bytes| bytes.len()))
        .sum()
}

fn plain(map: Option<&Map<String, Value>>) -> usize {
    map.into_iter()
        .flatten()
        .map(|(_, value)| value.as_str().map_or(0, str::len))
        .sum()
}

fn too_large(here: &mut Here<'_, '_>, size: usize) {
    if size > LIMIT {
        let fault = Fault::new(format!("holds {size} bytes, and may hold {LIMIT}"))
            .because("the API server keeps no more in one object")
            .mend("split it, or keep the data elsewhere");
        here.error("schema/too-large", &[], fault);
    }
}

pub(super) fn config_map(here: &mut Here<'_, '_>) {
    let size = plain(here.child("data")) + decoded(here.child("binaryData"));
    too_large(here, size);
    let data = here.child("data");
    for key in here.child("binaryData").into_iter().flatten().map(|(key, _)| key) {
        if data.is_some_and(|data| data.contains_key(key)) {
            let fault = Fault::new("is also a key of `data`").because("each key has one value");
            here.error("schema/duplicate", at!["binaryData", key.as_str()], fault);
        }
    }
}

pub(super) fn secret(here: &mut Here<'_, '_>) {
    let size = decoded(here.child("data")) + plain(here.child("stringData"));
    too_large(here, size);
    let kind = here.text("type");
    let (all, any): (&[&str], &[&str]) = match kind {
        "kubernetes.io/tls" => (&["tls.crt", "tls.key"], &[]),
        "kubernetes.io/dockerconfigjson" => (&[".dockerconfigjson"], &[]),
        "kubernetes.io/dockercfg" => (&[".dockercfg"], &[]),
        "kubernetes.io/ssh-auth" => (&["ssh-privatekey"], &[]),
        "kubernetes.io/basic-auth" => (&[], &["username", "password"]),
        _ => (&[], &[]),
    };
    let present = |key: &&str| {
        ["data", "stringData"]
            .iter()
            .any(|f| here.child(f).is_some_and(|m| get(m, key).is_some()))
    };
    let missing: Vec<&str> = all.iter().copied().filter(|key| !present(key)).collect();
    let none = !any.is_empty() && !any.iter().any(present);
    for key in missing {
        let fault = Fault::new(format!("has no `{key}`")).because(format!("a Secret of type {kind} must have it"));
        here.error("schema/missing-field", at!["data"], fault);
    }
    if none {
        let fault = Fault::new(format!("has none of {}", super::names(any)))
            .because(format!("a Secret of type {kind} must have one of them"));
        here.error("schema/missing-field", at!["data"], fault);
    }
    if kind == "kubernetes.io/service-account-token" {
        let annotations = here.child("metadata").and_then(|m| super::child(m, "annotations"));
        if annotations.is_none_or(|a| text(a, "kubernetes.io/service-account.name").is_empty()) {
            let fault = Fault::new("is missing").because(format!("a Secret of type {kind} names its account there"));
            let path = at!["metadata", "annotations", "kubernetes.io/service-account.name"];
            here.error("schema/missing-field", path, fault);
        }
    }
    docker_config(here, kind);
    both(here);
}

/// The credentials of registries are JSON.
fn docker_config(here: &mut Here<'_, '_>, kind: &str) {
    let key = match kind {
        "kubernetes.io/dockerconfigjson" => ".dockerconfigjson",
        "kubernetes.io/dockercfg" => ".dockercfg",
        _ => return,
    };
    let plain = here
        .child("stringData")
        .and_then(|data| get(data, key))
        .and_then(Value::as_str);
    let encoded = here
        .child("data")
        .and_then(|data| get(data, key))
        .and_then(Value::as_str);
    let bytes = plain
        .map(|text| text.as_bytes().to_vec())
        .or_else(|| formats::base64(encoded?));
    if bytes.is_some_and(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).is_err()) {
        let field = if plain.is_some() { "stringData" } else { "data" };
        let fault = Fault::new("is no mapping in JSON").because(format!("a Secret of type {kind} holds one"));
        here.error("schema/format", at![field, key], fault);
    }
}

/// A key in both fields: `stringData` wins without a word.
fn both(here: &mut Here<'_, '_>) {
    let data = here.child("data");
    for key in here.child("stringData").into_iter().flatten().map(|(key, _)| key) {
        if data.is_some_and(|data| data.contains_key(key)) {
            let fault = Fault::new(format!("has {} as `data` has", quoted(key)))
                .because("the value under `data` is lost without a word");
            here.walk.tell(
                Severity::Warning,
                "schema/repeated-item",
                at!["stringData", key.as_str()],
                fault,
            );
        }
    }
}
