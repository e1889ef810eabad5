//! Everything that a reference can name in one cluster, and everything that a selector can match.

use std::collections::HashMap;

use serde_json::Value;

use super::json::{each, entries, text};
use super::objects::Objects;
use super::pods::{Pods, Port, ordinal, port};
use super::selector::{Labels, Selector};
use super::table::Provision;

/// What a reference found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An object, by its number.
    Object(usize),
    /// Something provided, by its number.
    Provided(usize),
    /// Nothing is known of such things there, so it is taken on trust.
    Trusted,
}

/// A namespace: of an object, or provided.
pub(super) struct Namespace<'a> {
    pub(super) name: &'a str,
    labels: Labels<'a>,
}

impl<'a> Namespace<'a> {
    /// Whether a selector picks it; each namespace carries its own name as a label.
    pub(super) fn is_selected_by(&self, selector: &Selector<'a>) -> bool {
        selector.matches(|key| match key {
            "kubernetes.io/metadata.name" => Some(self.name),
            _ => self.labels.get(key),
        })
    }
}

/// One cluster.
pub(super) struct Index<'a> {
    pub(super) objects: &'a Objects<'a>,
    pub(super) provisions: &'a [Provision],
    pub(super) pods: Pods<'a>,
    /// Sorted by name.
    pub(super) namespaces: Vec<Namespace<'a>>,
    provided: HashMap<(&'a str, &'a str, &'a str), usize>,
    prefixes: Vec<usize>,
    claims: HashMap<(&'a str, String), (u64, u64)>,
    services: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(objects: &'a Objects<'a>, provisions: &'a [Provision]) -> Self {
        let mut provided = HashMap::with_capacity(provisions.len());
        let mut prefixes = Vec::new();
        for (i, p) in provisions.iter().enumerate() {
            if p.name.len() > 1 && p.name.ends_with('*') {
                prefixes.push(i);
            } else {
                provided
                    .entry((p.kind.as_str(), p.ns.as_str(), p.name.as_str()))
                    .or_insert(i);
            }
        }
        let pods = Pods::new(objects, provisions);
        let namespaces = namespaces(objects, provisions);
        let mut this = Self {
            objects,
            provisions,
            pods,
            namespaces,
            provided,
            prefixes,
            claims: claims(objects),
            services: HashMap::new(),
        };
        this.index_services();
        this
    }

    fn index_services(&mut self) {
        for i in self.objects.of("", "Service") {
            let head = self.objects.heads[*i];
            for (key, value) in Labels::of(&self.objects.value(*i)["metadata"]).iter() {
                self.services.entry((head.ns, key, value)).or_default().push(*i);
            }
        }
    }

    /// What has that identity. The group is not asked for what is provided: kinds there are unambiguous.
    pub(super) fn find(&self, group: &str, kind: &str, ns: &str, name: &str) -> Option<Found> {
        if let Some(i) = self.objects.find(group, kind, ns, name) {
            return Some(Found::Object(i));
        }
        let exact = [(kind, ns, name), (kind, "*", name)];
        if let Some(i) = exact.iter().find_map(|key| self.provided.get(key)) {
            return Some(Found::Provided(*i));
        }
        let prefixed = self.prefixes.iter().find(|i| {
            let p = &self.provisions[**i];
            p.kind == kind && p.ns == ns && p.name.strip_suffix('*').is_some_and(|start| name.starts_with(start))
        });
        if let Some(i) = prefixed {
            return Some(Found::Provided(*i));
        }
        if kind == "PersistentVolumeClaim" && self.is_template_claim(ns, name) {
            return Some(Found::Trusted);
        }
        self.is_trusted(kind, ns).then_some(Found::Trusted)
    }

    /// Whether a `StatefulSet` makes a claim of that name.
    fn is_template_claim(&self, ns: &str, name: &str) -> bool {
        let Some((stem, number)) = ordinal(name) else {
            return false;
        };
        let counted = self.claims.get(&(ns, stem.to_owned()));
        counted.is_some_and(|(first, count)| number >= *first && number < first.saturating_add(*count))
    }

    /// Whether things of this kind exist in a namespace without being listed anywhere.
    pub(super) fn is_trusted(&self, kind: &str, ns: &str) -> bool {
        !ns.is_empty()
            && [kind, "*"]
                .iter()
                .any(|kind| self.provided.contains_key(&(*kind, ns, "*")))
    }

    /// The namespace of that name.
    pub(super) fn namespace(&self, name: &str) -> Option<&Namespace<'a>> {
        self.namespaces
            .binary_search_by(|n| n.name.cmp(name))
            .ok()
            .map(|i| &self.namespaces[i])
    }

    /// The namespaces that a selector picks.
    pub(super) fn select_namespaces(&self, selector: &Selector<'a>) -> Vec<&Namespace<'a>> {
        let named = selector
            .equal
            .iter()
            .find(|(key, _)| *key == "kubernetes.io/metadata.name");
        match named {
            Some((_, name)) => self
                .namespace(name)
                .into_iter()
                .filter(|n| n.is_selected_by(selector))
                .collect(),
            None => self.namespaces.iter().filter(|n| n.is_selected_by(selector)).collect(),
        }
    }

    /// The Services of a namespace whose labels a selector picks.
    pub(super) fn select_services(&self, ns: &str, selector: &Selector<'a>) -> Vec<Found> {
        let matches = |i: &usize| {
            let labels = Labels::of(&self.objects.value(*i)["metadata"]);
            self.objects.heads[*i].ns == ns && selector.matches(|key| labels.get(key))
        };
        let narrow = selector
            .equal
            .iter()
            .map(|(k, v)| self.services.get(&(ns, *k, *v)).map_or(&[][..], Vec::as_slice));
        let candidates = narrow
            .min_by_key(|list| list.len())
            .unwrap_or_else(|| self.objects.of("", "Service"));
        let given = candidates.iter().filter(|i| matches(i)).map(|i| Found::Object(*i));
        let provided = self.provisions.iter().enumerate().filter(|(_, p)| {
            p.kind == "Service" && p.ns == ns && selector.matches(|key| Labels::Given(&p.labels).get(key))
        });
        given.chain(provided.map(|(i, _)| Found::Provided(i))).collect()
    }

    /// The keys of a ConfigMap or Secret; `None` if they are not known.
    pub(super) fn keys(&self, found: Found) -> Option<Vec<&'a str>> {
        match found {
            Found::Object(i) => {
                let value = self.objects.value(i);
                let parts = ["data", "stringData", "binaryData"];
                let keys = parts.iter().flat_map(|part| entries(&value[*part])).map(|(key, _)| key);
                let token = text(&value["type"]) == "kubernetes.io/service-account-token";
                let added: &[&str] = if token { &["token", "ca.crt", "namespace"] } else { &[] };
                Some(keys.chain(added.iter().copied()).collect())
            }
            Found::Provided(i) => {
                let keys = &self.provisions[i].keys;
                (!keys.is_empty()).then(|| keys.iter().map(String::as_str).collect())
            }
            Found::Trusted => None,
        }
    }

    /// The ports of a Service; `None` if they are not known.
    pub(super) fn service_ports(&self, found: Found) -> Option<Vec<Port<'a>>> {
        match found {
            Found::Object(i) => {
                let spec = &self.objects.value(i)["spec"];
                let external = text(&spec["type"]) == "ExternalName" && spec["ports"].is_null();
                (!external).then(|| each(&spec["ports"]).filter_map(port).collect())
            }
            Found::Provided(i) => {
                let ports = &self.provisions[i].ports;
                let given = ports.iter().map(|p| Port {
                    name: &p.name,
                    number: p.number,
                    protocol: &p.protocol,
                });
                (!ports.is_empty()).then(|| given.collect())
            }
            Found::Trusted => None,
        }
    }

    /// Whether a group's CRDs are installed by a chart, a repository or a declaration.
    pub(super) fn has_api(&self, group: &str) -> bool {
        self.provided.contains_key(&("API", "", group))
    }
}

fn namespaces<'a>(objects: &Objects<'a>, provisions: &'a [Provision]) -> Vec<Namespace<'a>> {
    let given = objects.of("", "Namespace").iter().map(|i| Namespace {
        name: objects.heads[*i].name,
        labels: Labels::of(&objects.value(*i)["metadata"]),
    });
    let provided = provisions.iter().filter(|p| p.kind == "Namespace");
    let mut all: Vec<_> = given
        .chain(provided.map(|p| Namespace {
            name: &p.name,
            labels: Labels::Given(&p.labels),
        }))
        .collect();
    all.sort_by(|a, b| a.name.cmp(b.name));
    all.dedup_by(|later, earlier| later.name == earlier.name);
    all
}

/// The claims that stateful sets make: by namespace and `TEMPLATE-NAME`, the first ordinal and how many.
fn claims<'a>(objects: &Objects<'a>) -> HashMap<(&'a str, String), (u64, u64)> {
    let mut claims = HashMap::new();
    for i in objects.of("apps", "StatefulSet") {
        let (head, spec) = (objects.heads[*i], &objects.value(*i)["spec"]);
        let first = spec["ordinals"]["start"].as_u64().unwrap_or(0);
        let count = spec["replicas"].as_u64().unwrap_or(1);
        for template in each(&spec["volumeClaimTemplates"]) {
            let stem = format!("{}-{}", text(&template["metadata"]["name"]), head.name);
            claims.insert((head.ns, stem), (first, count));
        }
    }
    claims
}

/// A value that is nowhere: what a finding about a whole object points at.
pub(super) static NOWHERE: Value = Value::Null;
