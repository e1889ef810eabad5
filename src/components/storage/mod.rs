//! Component `storage`: what holds the database's volumes, in the regions where data may be.

mod ceph;
mod classes;
mod longhorn;

pub(super) use ceph::{MONITOR_MEBIBYTES, monitors};

use super::Output;
use crate::topology::{DataRegion, StorageKind, Topology};

pub(super) const COMPONENT: &str = "storage";

/// Argo CD leaves an object alone even when git no longer has it: what holds data goes only by a person's hand.
pub(super) const NEVER_DELETED: (&str, &str) = ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false");

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    match &topology.storage.kind {
        StorageKind::Ceph(settings) => ceph::render(topology, region, settings, output),
        StorageKind::Longhorn { .. } => longhorn::render(topology, region, output),
        // The cluster's own class is there already: nothing to make.
        StorageKind::Class(_) => {}
    }
}
