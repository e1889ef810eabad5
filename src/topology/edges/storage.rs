//! Storage: its daemons among themselves, and the nodes that mount volumes.

use super::{Edges, Peer, all};
use crate::topology::model::Topology;
use crate::topology::names::{Namespace, ports};
use crate::topology::storage::StorageKind;

impl Edges<'_> {
    pub(super) fn storage(&mut self, topology: &Topology) {
        let source = Some("/storage/backend");
        let pods = match topology.storage.kind {
            StorageKind::Ceph(_) => all(Namespace::RookCeph),
            StorageKind::Longhorn { .. } => all(Namespace::Longhorn),
            StorageKind::Class(_) => return,
        };
        self.add(&pods, &pods, &[], "the storage's daemons speak to each other", source);
        self.add(
            &pods,
            &Peer::ApiServer,
            &[],
            "the storage's operator watches its objects",
            source,
        );
        if let StorageKind::Ceph(_) = topology.storage.kind {
            // The kernel's clients are on the nodes, not in pods; what daemons answer comes back on the same connection.
            let why = "nodes mount volumes";
            self.add(
                &Peer::Nodes,
                &pods,
                &[ports::CEPH_MONITOR, ports::CEPH_DAEMONS],
                why,
                source,
            );
            if let Some((vault, port)) = self.vault(topology) {
                let why = "the keys of encrypted disks are in Vault";
                self.add(&pods, &vault, &[port], why, Some("/storage/kms/address"));
            }
        } else {
            let why = "the API server calls admission webhooks";
            self.add(&Peer::ControlPlane, &pods, &[ports::LONGHORN_WEBHOOK], why, source);
        }
    }
}
