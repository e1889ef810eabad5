//! Component `argocd`: how everything else gets into a region.
//!
//! Each region has an Argo CD of its own, so that no region's loss takes the deployment of another with it. Under it: one
//! root Application that makes the others; for each component and for each upstream chart one Application, one AppProject
//! and one account to act as, which can do exactly what was rendered and no more. Nothing is ordered: no hook, no wave;
//! what is not possible yet is tried again until it is.

mod application;
mod charts;
mod crds;
mod deployers;
mod inventory;
mod project;
mod resource;
mod root;
mod settings;
mod snapshots;

use super::Output;
use crate::topology::{Region, Topology};
use inventory::Inventory;

/// The component's name: its objects stand beside the regions, under `argocd/REGION`.
pub(super) const COMPONENT: &str = "argocd";

/// The cluster that Argo CD runs in.
const THIS_CLUSTER: &str = "https://kubernetes.default.svc";

/// Call it after every other component of the region: projects and rights follow from what was rendered.
pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for inventory in Inventory::of_components(region, output) {
        unit(topology, region, &inventory, output);
        let application = application::of_component(topology, region, &inventory);
        let (whole, parts) = application::reasons(&inventory);
        output.add(region, COMPONENT, &application, whole, parts);
    }
    for installed in output.charts_of(region) {
        let inventory = Inventory::of_chart(&installed.chart);
        unit(topology, region, &inventory, output);
        charts::render(topology, region, installed, output);
    }
    crds::render(topology, region, output);
    snapshots::render(topology, region, output);
    deployers::render(topology, region, output);
    root::render(topology, region, output);
    settings::render(topology, region, output);
}

/// What stands around an Application: its project and the account that it acts as.
fn unit(topology: &Topology, region: &Region, inventory: &Inventory, output: &mut Output) {
    project::render(topology, region, inventory, output);
    deployers::of_unit(region, inventory, output);
}

/// The name of an Application and of its project.
fn name_of(topology: &Topology, unit: &str) -> String {
    format!("{}-{unit}", topology.argocd.project)
}
