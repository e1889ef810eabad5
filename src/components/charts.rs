//! Upstream software that is installed from its own Helm chart, pinned.
//!
//! A component says which chart with which values; `argocd` makes its Application, its AppProject and its deployer's
//! rights, so that a chart can do exactly what stands here.

use std::sync::Arc;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use serde_json::{Value, json};

use super::Output;
use super::common::{node_spread, stateless_zone_spread};
use crate::bundle::Reason;
use crate::spec::Promise;
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

/// A group ("" for the core) and a kind.
pub(super) type GroupKind = (&'static str, &'static str);

/// A pinned chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// Name of the release and, after the project's prefix, of the Application: a DNS label.
    pub name: &'static str,
    /// Address of the chart repository.
    pub repository: &'static str,
    /// Name of the chart in it.
    pub chart: &'static str,
    /// Version of the chart, exactly.
    pub version: String,
    /// Where it is installed.
    pub namespace: Namespace,
    /// Its values, a mapping.
    pub values: Value,
    /// Kinds that it makes in its namespace.
    pub namespaced: &'static [GroupKind],
    /// Kinds that it makes cluster-wide.
    pub clustered: &'static [GroupKind],
    /// Kinds that it makes in other namespaces, by the namespace's name.
    pub elsewhere: &'static [(&'static str, &'static [GroupKind])],
}

/// A chart in a region with the reasons for it.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    /// The region.
    pub region: Arc<str>,
    /// The chart.
    pub chart: Chart,
    /// Why; paths point into the Application. Values stand below [`VALUES`].
    pub reasons: Vec<Reason>,
}

/// Where a chart's values stand in its Application.
pub(super) const VALUES: &str = "/spec/source/helm/valuesObject";

/// A chart's `resources`: memory asked for and limited alike.
pub(super) fn resources(cpu: &str, memory: &str) -> Value {
    json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}})
}

/// How many replicas a controller has that elects a leader: one more than may be lost.
pub(super) fn replicas(topology: &Topology) -> u8 {
    if topology.promise == Promise::None { 1 } else { 2 }
}

/// A chart's `topologySpreadConstraints`: over zones as hard as the promise, and over nodes.
pub(super) fn spread(topology: &Topology, region: &Region, labels: &[(&str, &str)]) -> [TopologySpreadConstraint; 2] {
    let labels = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    [stateless_zone_spread(topology, region, &labels), node_spread(&labels)]
}

impl Output {
    /// Asks for a chart in a region. The first reason speaks for the whole Application; the others' paths point into the
    /// chart's values.
    pub(super) fn install(
        &mut self,
        region: &Region,
        chart: Chart,
        whole: Reason,
        values: impl IntoIterator<Item = Reason>,
    ) {
        let mut reasons = vec![whole];
        reasons.extend(values.into_iter().map(|mut reason| {
            reason.path = format!("{VALUES}{}", reason.path).into();
            reason
        }));
        self.charts.push(Installed {
            region: Arc::from(region.name.as_str()),
            chart,
            reasons,
        });
    }

    /// The charts of a region, by name.
    pub(super) fn charts_of(&self, region: &Region) -> Vec<Installed> {
        let mut charts: Vec<Installed> = self
            .charts
            .iter()
            .filter(|installed| *installed.region == *region.name.as_str())
            .cloned()
            .collect();
        charts.sort_by_key(|installed| installed.chart.name);
        charts
    }
}
