//! Component `storage`: what holds the database's volumes, in the regions where data may be.

mod ceph;
mod classes;
mod longhorn;

pub(super) use ceph::{MONITOR_MEBIBYTES, monitors};

use super::Output;
use crate::topology::{DataRegion, StorageKind, Topology};

pub(super) const COMPONENT: &str = "storage";

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    match &topology.storage.kind {
        StorageKind::Ceph(settings) => ceph::render(topology, region, settings, output),
        StorageKind::Longhorn { version } => longhorn::render(topology, region, *version, output),
        // The cluster's own class is there already: nothing to make.
        StorageKind::Class(_) => {}
    }
}
