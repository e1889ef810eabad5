//! The parts of the platform: each one module and one folder under `generated/`, each a function from the topology and
//! a region to typed objects.

mod access;
mod api;
mod argocd;
mod backup;
mod certificates;
mod charts;
mod common;
mod database;
mod ingress;
mod kinds;
mod monitoring;
mod namespaces;
mod network;
mod output;
mod policies;
mod rbac;
mod restore;
mod secrets;
mod stateless;
mod storage;
mod used;
mod web;

pub use output::Output;

use crate::spec::Role;
use crate::topology::{DataRegion, Region, Topology};

/// Renders every object of an environment, region by region.
pub fn render(topology: &Topology) -> Output {
    let mut output = Output::default();
    for region in &topology.regions {
        everywhere(topology, region, &mut output);
        if let Some(data) = region.as_data() {
            where_data_may_be(topology, data, &mut output);
        }
        match region.role {
            Role::Primary => primary(topology, topology.primary(), &mut output),
            Role::Recovery => {}
            Role::Access => access::render(topology, region, &mut output),
        }
        // What was rendered says which certificates and Secrets are used.
        certificates::render(topology, region, &mut output);
        secrets::render(topology, region, &mut output);
        // Last: an Application, its project and its deployer's rights follow from what was rendered.
        argocd::render(topology, region, &mut output);
    }
    output
}

fn everywhere(topology: &Topology, region: &Region, output: &mut Output) {
    namespaces::render(topology, region, output);
    network::render(topology, region, output);
    rbac::render(topology, region, output);
    policies::render(topology, region, output);
    ingress::render(topology, region, output);
    web::render(topology, region, output);
    monitoring::render(topology, region, output);
}

fn where_data_may_be(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    storage::render(topology, region, output);
    backup::render(topology, region, output);
}

fn primary(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    database::render(topology, region, output);
    restore::render(topology, region, output);
    api::render(topology, region, output);
}
