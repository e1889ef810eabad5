//! Monitoring: who is asked for figures, and who is told of alerts.

use super::{Edges, Peer, PodGroup, all, program};
use crate::spec::Role;
use crate::topology::model::Topology;
use crate::topology::names::{Namespace, Port, Program, ports};
use crate::topology::storage::StorageKind;

impl Edges<'_> {
    pub(super) fn monitoring(&mut self, topology: &Topology) {
        if topology.monitoring.is_none() {
            return;
        }
        let source = Some("/monitoring");
        let pods = all(Namespace::Monitoring);
        self.add(&pods, &pods, &[], "monitoring's parts speak to each other", source);
        self.add(&pods, &Peer::ApiServer, &[], "controllers watch their objects", source);
        let why = "the API server calls admission webhooks";
        self.add(&Peer::ControlPlane, &pods, &[ports::WEBHOOK], why, source);
        let prometheus = part("prometheus");
        for (target, ports) in self.targets(topology) {
            self.add(&prometheus, &target, &ports, "Prometheus reads metrics", source);
        }
        let why = ("alerts go out by mail", "alerts go out to the webhook");
        self.alerts(topology, &part("alertmanager"), why);
    }

    fn targets(&self, topology: &Topology) -> Vec<(Peer, Vec<Port>)> {
        let mut targets = vec![
            (program(Program::Traefik), vec![ports::EDGE_METRICS]),
            (all(Namespace::CertManager), vec![ports::CERT_MANAGER_METRICS]),
            (all(Namespace::ExternalSecrets), vec![ports::EXTERNAL_SECRETS_METRICS]),
            (all(Namespace::ArgoCd), vec![ports::ARGOCD_METRICS]),
            (Peer::Nodes, vec![ports::KUBELET]),
        ];
        if self.region.role != Role::Recovery {
            targets.push((program(Program::Web), vec![ports::WEB_STATUS]));
        }
        if self.region.role == Role::Primary {
            targets.push((program(Program::Api), vec![ports::API_STATUS]));
            let generations = topology.database.generations.iter();
            let database = |g| (Peer::Pods(PodGroup::generation(g)), vec![ports::KEEPER_STATUS]);
            targets.extend(generations.map(database));
        }
        if self.region.as_data().is_some() {
            match topology.storage.kind {
                StorageKind::Ceph(_) => {
                    let ports = vec![ports::CEPH_METRICS, ports::CEPH_EXPORTER];
                    targets.push((all(Namespace::RookCeph), ports));
                }
                StorageKind::Longhorn { .. } => {
                    targets.push((all(Namespace::Longhorn), vec![ports::LONGHORN_METRICS]));
                }
                StorageKind::Class(_) => {}
            }
        }
        targets
    }
}

/// One part of monitoring, by the name that the Prometheus operator labels its pods with.
fn part(name: &str) -> Peer {
    Peer::Pods(PodGroup::named(
        Namespace::Monitoring,
        name,
        "app.kubernetes.io/name",
        name,
    ))
}
