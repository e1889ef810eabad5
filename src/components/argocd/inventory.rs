//! What an Application makes: the kinds, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Output;
use super::super::charts::Chart;
use super::deployers;
use crate::bundle::Object;
use crate::topology::Region;
use crate::topology::names::Namespace;

/// A group ("" for the core) and a kind.
pub(super) type GroupKind = (String, String);

/// What one Application makes.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// The component or the chart.
    pub unit: String,
    /// Where its source comes from, if not from the repository of this environment.
    pub repositories: Vec<String>,
    /// Cluster-wide kinds, with the names of the objects where they are known.
    pub clustered: BTreeMap<GroupKind, Option<BTreeSet<String>>>,
    /// Kinds by namespace, with the names of the objects where they are known.
    pub namespaced: BTreeMap<String, BTreeMap<GroupKind, Option<BTreeSet<String>>>>,
    /// The namespace that a chart is installed in.
    pub home: Option<Namespace>,
}

impl Inventory {
    /// Every component of a region, by name, from what it rendered.
    pub(super) fn of_components(region: &Region, output: &Output) -> Vec<Self> {
        let mut units: BTreeMap<&str, Self> = BTreeMap::new();
        let mine = |component: &str| component == super::COMPONENT || component == deployers::COMPONENT;
        for manifest in &output.manifests {
            if *manifest.region != *region.name.as_str() || mine(manifest.component) {
                continue;
            }
            let unit = units.entry(manifest.component).or_insert_with(|| Self {
                unit: manifest.component.to_owned(),
                ..Self::default()
            });
            unit.add(&manifest.object);
        }
        units.into_values().collect()
    }

    /// Counts an object in, by its name.
    pub(super) fn add(&mut self, object: &Object) {
        let kind = (object.group().to_owned(), object.kind().to_owned());
        let kinds = match object.namespace() {
            "" => &mut self.clustered,
            namespace => self.namespaced.entry(namespace.to_owned()).or_default(),
        };
        if let Some(names) = kinds.entry(kind).or_insert_with(|| Some(BTreeSet::new())) {
            names.insert(object.name().to_owned());
        }
    }

    /// What a chart says that it makes.
    pub(super) fn of_chart(chart: &Chart) -> Self {
        let kinds = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(group, kind)| (((*group).to_owned(), (*kind).to_owned()), None))
                .collect::<BTreeMap<_, _>>()
        };
        let mut namespaced = BTreeMap::from([(chart.namespace.name().to_owned(), kinds(chart.namespaced))]);
        for (namespace, list) in chart.elsewhere {
            namespaced
                .entry((*namespace).to_owned())
                .or_default()
                .extend(kinds(list));
        }
        Self {
            unit: chart.name.to_owned(),
            repositories: vec![chart.repository.to_owned()],
            clustered: kinds(chart.clustered),
            namespaced,
            home: Some(chart.namespace),
        }
    }

    /// The namespace that the Application names as its destination: a chart's own, else the first that it has objects in.
    pub(super) fn home(&self) -> &str {
        let first = || self.namespaced.keys().next().map(String::as_str);
        self.home
            .map(Namespace::name)
            .or_else(first)
            .unwrap_or(Namespace::ArgoCd.name())
    }
}
