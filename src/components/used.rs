//! Which Secrets what was rendered speaks of: only those are made, so that no namespace holds a key that nothing in it
//! uses, and none is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Output;
use crate::topology::Region;
use crate::topology::names::Namespace;

/// Names that objects of a region speak of, by namespace, with who speaks of each.
pub(super) struct Used(BTreeMap<(String, String), BTreeSet<String>>);

impl Used {
    /// Looks for some names in everything that was rendered for a region so far. An object speaks of a name when one of its
    /// texts is just that name, outside its own metadata; a cluster-wide object or one of another namespace must name the
    /// namespace beside it.
    pub(super) fn find(output: &Output, region: &Region, names: &BTreeSet<String>) -> Self {
        let mut used = Self(BTreeMap::new());
        for manifest in output.manifests.iter().filter(|m| *m.region == *region.name.as_str()) {
            let object = &manifest.object;
            let who = format!("{} {}", object.kind(), object.name());
            let Some(map) = object.value().as_object() else {
                continue;
            };
            // cert-manager looks for the Secrets of a cluster's issuers in its own namespace.
            let namespace = match object.kind() {
                "ClusterIssuer" => Namespace::CertManager.name(),
                _ => object.namespace(),
            };
            for (_, value) in map.iter().filter(|(key, _)| *key != "metadata") {
                used.walk(value, namespace, &who, names);
            }
        }
        for installed in output.charts.iter().filter(|c| *c.region == *region.name.as_str()) {
            let chart = &installed.chart;
            let who = format!("chart {}", chart.name);
            used.walk(&chart.values, chart.namespace.name(), &who, names);
        }
        used
    }

    fn walk(&mut self, value: &Value, namespace: &str, who: &str, names: &BTreeSet<String>) {
        match value {
            Value::String(text) if names.contains(text) => {
                let place = (namespace.to_owned(), text.clone());
                self.0.entry(place).or_default().insert(who.to_owned());
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, namespace, who, names)),
            Value::Object(map) => {
                // `provisioner-secret-namespace` of a StorageClass, `namespace` of a reference.
                let beside = map
                    .iter()
                    .find(|(key, value)| key.ends_with("namespace") && value.is_string());
                let namespace = beside.and_then(|(_, value)| value.as_str()).unwrap_or(namespace);
                map.values().for_each(|item| self.walk(item, namespace, who, names));
            }
            _ => {}
        }
    }

    /// Who speaks of a name in a namespace, for people; `None` if nobody does.
    pub(super) fn by(&self, namespace: Namespace, name: &str) -> Option<String> {
        let who = self.0.get(&(namespace.name().to_owned(), name.to_owned()))?;
        let mut text = who.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        if who.len() > 3 {
            text.push_str(" and others");
        }
        Some(text)
    }
}
