//! Lists: items are matched by what tells them apart, as the API server merges them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::path::{Path, Step};
use super::{Change, What, push, values};

/// Fields that tell the items of certain lists apart: the merge keys of Kubernetes' types
/// (`x-kubernetes-patch-merge-key`, `x-kubernetes-list-map-keys`), and for lists without one, what names an item.
const KEYS_BY_LIST: &[(&str, &[&str])] = &[
    ("volumeMounts", &["/mountPath"]),
    ("volumeDevices", &["/devicePath"]),
    ("topologySpreadConstraints", &["/topologyKey", "/whenUnsatisfiable"]),
    ("hostAliases", &["/ip"]),
    ("volumeClaimTemplates", &["/metadata/name"]),
    ("ownerReferences", &["/uid"]),
    ("parentRefs", &["/name", "/sectionName"]),
];

/// The same for any list: the first that tells all items apart is taken.
const KEYS: &[&[&str]] = &[
    &["/name"],
    &["/alert"],
    &["/record"],
    &["/containerPort", "/protocol"],
    &["/port", "/protocol"],
    &["/containerPort"],
    &["/port"],
    &["/kind", "/name"],
    &["/secretKey"],
    &["/key"],
    &["/host"],
    &["/path"],
    &["/type"],
];

/// Lists of which the order says nothing.
const UNORDERED: &[&str] = &[
    "accessModes",
    "add",
    "apiGroups",
    "capabilities",
    "cidr",
    "containers",
    "dnsNames",
    "drop",
    "except",
    "finalizers",
    "from",
    "ipAddresses",
    "imagePullSecrets",
    "listeners",
    "nonResourceURLs",
    "parentRefs",
    "policyTypes",
    "ports",
    "resourceNames",
    "resources",
    "subjects",
    "syncOptions",
    "to",
    "tolerations",
    "topologySpreadConstraints",
    "usages",
    "verbs",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumes",
    "zones",
];

/// Lists of scalars longer than this are told by what came and went.
const SHORT: usize = 6;

pub(super) fn compare(old: &[Value], new: &[Value], path: &Path, found: &mut Vec<Change>) {
    let ordered = !UNORDERED.contains(&path.name());
    if let Some(keys) = keys(path.name(), old, new) {
        by_key(old, new, keys, ordered, path, found);
    } else {
        by_content(old, new, ordered, path, found);
    }
}

/// What tells the items of both lists apart, if anything does.
fn keys(name: &str, old: &[Value], new: &[Value]) -> Option<&'static [&'static str]> {
    let own = KEYS_BY_LIST
        .iter()
        .filter(|(list, _)| *list == name)
        .map(|(_, keys)| *keys);
    own.chain(KEYS.iter().copied())
        .find(|keys| tells_apart(keys, old) && tells_apart(keys, new))
}

fn tells_apart(keys: &[&str], items: &[Value]) -> bool {
    let names: Option<BTreeSet<String>> = items.iter().map(|item| label(keys, item)).collect();
    names.is_some_and(|names| names.len() == items.len())
}

/// What an item is called by its keys. The first must be there; the others have defaults.
fn label(keys: &[&str], item: &Value) -> Option<String> {
    let mut label = String::new();
    for (i, key) in keys.iter().enumerate() {
        let text = match item.as_object().and(item.pointer(key)) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            None if i > 0 => continue,
            _ => return None,
        };
        if i > 0 {
            label.push('/');
        }
        label.push_str(&text);
    }
    Some(label)
}

fn by_key(old: &[Value], new: &[Value], keys: &[&str], ordered: bool, path: &Path, found: &mut Vec<Change>) {
    // `keys` names every item of both lists.
    let name = |item: &Value| label(keys, item).unwrap_or_default();
    let before: BTreeMap<String, (usize, &Value)> = old
        .iter()
        .enumerate()
        .map(|(at, item)| (name(item), (at, item)))
        .collect();
    let after: BTreeSet<String> = new.iter().map(name).collect();
    for (key, (at, item)) in before.iter().filter(|(key, _)| !after.contains(*key)) {
        let path = path.below(Step::Item(key.clone(), *at));
        push(&path, What::Removed { old: (*item).clone() }, found);
    }
    for (at, item) in new.iter().enumerate() {
        let key = name(item);
        let path = path.below(Step::Item(key.clone(), at));
        match before.get(&key) {
            None => push(&path, What::Added { new: item.clone() }, found),
            Some((_, old)) => values(old, item, &path, found),
        }
    }
    let kept_before = old.iter().map(name).filter(|key| after.contains(key));
    let kept_after = new.iter().map(name).filter(|key| before.contains_key(key));
    if ordered && !kept_before.eq(kept_after) {
        push(path, What::Order, found);
    }
}

/// Items without names: what both lists hold is equal, the rest came or went, or changed where it stands.
fn by_content(old: &[Value], new: &[Value], ordered: bool, path: &Path, found: &mut Vec<Change>) {
    let scalars = |items: &[Value]| items.iter().all(|item| !item.is_object() && !item.is_array());
    let scalars = scalars(old) && scalars(new);
    if scalars && ordered && old.len().max(new.len()) <= SHORT {
        let (old, new) = (old.to_vec().into(), new.to_vec().into());
        push(path, What::Changed { old, new }, found);
        return;
    }
    let (gone, came) = (without(old, new), without(new, old));
    match (gone.as_slice(), came.as_slice()) {
        ([], []) if ordered => push(path, What::Order, found),
        ([], []) => {}
        (gone, came) if !scalars && gone.len() == came.len() => {
            for ((_, old), (at, new)) in gone.iter().zip(came) {
                values(old, new, &path.below(Step::Item(at.to_string(), *at)), found);
            }
        }
        (gone, came) => {
            let values = |items: &[(usize, &Value)]| items.iter().map(|(_, item)| (*item).clone()).collect();
            let (removed, added) = (values(gone), values(came));
            push(path, What::Items { added, removed }, found);
        }
    }
}

/// The items of one list that the other does not hold, counted, with their places.
fn without<'a>(items: &'a [Value], others: &[Value]) -> Vec<(usize, &'a Value)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for other in others {
        *counts.entry(other.to_string()).or_default() += 1;
    }
    let mut rest = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match counts.get_mut(&item.to_string()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => rest.push((at, item)),
        }
    }
    rest
}
