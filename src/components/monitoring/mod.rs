//! Component `monitoring`: figures, rules and who is told.
//!
//! The Prometheus operator, kube-state-metrics and Grafana come from their chart; what is asked, what is watched and who
//! is told stands here, typed, and is checked. Figures are kept for days, on the nodes: they are for alerts, not records,
//! and no class of volumes that holds patients' data is opened to them.

mod alertmanager;
mod dashboard;
mod prometheus;
mod rights;
mod rules;
mod stack;
mod targets;

use super::Output;
use crate::topology::{Region, Topology};

/// The component's name.
pub(super) const COMPONENT: &str = "monitoring";

/// The name of Prometheus and Alertmanager objects.
const NAME: &str = "clinic";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let Some(monitoring) = &topology.monitoring else { return };
    stack::render(topology, region, output);
    rights::render(topology, region, output);
    prometheus::render(topology, region, monitoring, output);
    alertmanager::render(topology, region, output);
    for target in targets::of(topology, region) {
        targets::render(region, &target, output);
    }
    rules::render(topology, region, monitoring, output);
    dashboard::render(topology, region, output);
}
