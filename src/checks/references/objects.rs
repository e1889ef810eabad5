//! The objects of one cluster, by kind and by name.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::apis;
use super::json::text;
use crate::bundle::Item;

/// Who an object is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Head<'a> {
    /// `apps`; "" for the core group.
    pub(super) group: &'a str,
    /// `StatefulSet`.
    pub(super) kind: &'a str,
    /// "" for what is cluster-scoped, or where none is written.
    pub(super) ns: &'a str,
    /// Its name; "" where only `generateName` is given.
    pub(super) name: &'a str,
}

impl<'a> Head<'a> {
    fn of(value: &'a Value) -> Self {
        let version = text(&value["apiVersion"]);
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let metadata = &value["metadata"];
        let kind = text(&value["kind"]);
        let ns = if apis::is_cluster_scoped(group, kind) {
            ""
        } else {
            text(&metadata["namespace"])
        };
        Self {
            group,
            kind,
            ns,
            name: text(&metadata["name"]),
        }
    }
}

impl std::fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.ns.is_empty() {
            write!(f, "{} `{}`", self.kind, self.name)
        } else {
            write!(f, "{} `{}/{}`", self.kind, self.ns, self.name)
        }
    }
}

/// All objects of one cluster; an object is known by its number.
pub(super) struct Objects<'a> {
    /// The objects, in the order given.
    pub(super) items: Vec<&'a Item>,
    /// Who each is.
    pub(super) heads: Vec<Head<'a>>,
    /// Objects of an identity that an earlier one has already: (earlier, later).
    pub(super) duplicates: Vec<(usize, usize)>,
    /// Which of `lists` holds the objects of a group and kind.
    by_kind: HashMap<(&'a str, &'a str), usize>,
    lists: Vec<Vec<usize>>,
    by_head: HashMap<Head<'a>, usize>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(items: Vec<&'a Item>) -> Self {
        let mut heads: Vec<_> = items.iter().map(|item| Head::of(item.object.value())).collect();
        forget_namespaces(&items, &mut heads);
        let (mut by_kind, mut by_head) = (HashMap::new(), HashMap::with_capacity(heads.len()));
        let mut lists: Vec<Vec<usize>> = Vec::new();
        let mut duplicates = Vec::new();
        for (i, head) in heads.iter().enumerate() {
            let list = *by_kind.entry((head.group, head.kind)).or_insert(lists.len());
            if list == lists.len() {
                lists.push(Vec::new());
            }
            lists[list].push(i);
            if head.name.is_empty() {
                continue;
            }
            match by_head.entry(*head) {
                std::collections::hash_map::Entry::Occupied(earlier) => duplicates.push((*earlier.get(), i)),
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(i);
                }
            }
        }
        Self {
            items,
            heads,
            duplicates,
            by_kind,
            lists,
            by_head,
        }
    }

    /// The objects of one kind.
    pub(super) fn of(&self, group: &str, kind: &str) -> &[usize] {
        match self.by_kind.get(&(group, kind)) {
            Some(list) => &self.lists[*list],
            None => &[],
        }
    }

    /// The object of that identity.
    pub(super) fn find(&self, group: &str, kind: &str, ns: &str, name: &str) -> Option<usize> {
        self.by_head.get(&Head { group, kind, ns, name }).copied()
    }

    /// The groups and kinds present, each with its first object.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&'a str, &'a str, usize)> {
        self.by_kind
            .iter()
            .filter_map(|((group, kind), list)| Some((*group, *kind, *self.lists[*list].first()?)))
    }

    /// An object as JSON.
    pub(super) fn value(&self, i: usize) -> &'a Value {
        self.items[i].object.value()
    }
}

/// Takes the namespace from objects whose CRD, present among the items, says that they are cluster-scoped.
fn forget_namespaces(items: &[&Item], heads: &mut [Head<'_>]) {
    let mut scopes = HashSet::new();
    for (item, head) in items.iter().zip(&*heads) {
        if head.kind == "CustomResourceDefinition" {
            let spec = &item.object.value()["spec"];
            if text(&spec["scope"]) == "Cluster" {
                scopes.insert((text(&spec["group"]), text(&spec["names"]["kind"])));
            }
        }
    }
    if !scopes.is_empty() {
        for head in heads
            .iter_mut()
            .filter(|head| scopes.contains(&(head.group, head.kind)))
        {
            head.ns = "";
        }
    }
}
