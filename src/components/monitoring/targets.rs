//! Whom Prometheus asks.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::kinds::prometheus::{
    PodMonitor, PodMonitorNamespaceSelector, PodMonitorPodMetricsEndpoints, PodMonitorSpec,
};

use super::super::common::namespaced;
use super::super::output::because;
use super::{COMPONENT, Output};
use crate::spec::Role;
use crate::topology::names::{GENERATION_LABEL, Namespace, Port, Program, ports};
use crate::topology::{Region, StorageKind, Topology};

/// Pods that are asked for figures.
pub(super) struct Target {
    /// The name of the monitor; the `job` of its series.
    pub name: &'static str,
    pub namespace: Namespace,
    pub labels: BTreeMap<String, String>,
    /// By its name where the pods are this platform's, by its number where a chart names it.
    pub port: By,
    /// Labels of pods that their series carry.
    pub carry: &'static [&'static str],
}

pub(super) enum By {
    Name(Port),
    Number(u16),
}

impl Target {
    fn program(program: Program, port: Port, carry: &'static [&'static str]) -> Self {
        Self {
            name: program.name(),
            namespace: program.namespace(),
            labels: program.selector(),
            port: By::Name(port),
            carry,
        }
    }

    fn upstream(name: &'static str, namespace: Namespace, label: (&str, &str), port: u16) -> Self {
        let labels = BTreeMap::from([(label.0.to_owned(), label.1.to_owned())]);
        Self {
            name,
            namespace,
            labels,
            port: By::Number(port),
            carry: &[],
        }
    }
}

/// Everybody that has figures in a region, besides what the chart of the operator asks itself (kubelets,
/// kube-state-metrics).
pub(super) fn of(topology: &Topology, region: &Region) -> Vec<Target> {
    let name = "app.kubernetes.io/name";
    let mut targets = vec![
        Target {
            port: By::Number(ports::EDGE_METRICS.number),
            ..Target::program(Program::Traefik, ports::EDGE_METRICS, &[])
        },
        Target::upstream(
            "cert-manager",
            Namespace::CertManager,
            (name, "cert-manager"),
            ports::CERT_MANAGER_METRICS.number,
        ),
        Target::upstream(
            "external-secrets",
            Namespace::ExternalSecrets,
            (name, "external-secrets"),
            8080,
        ),
        Target::upstream(
            "argocd",
            Namespace::ArgoCd,
            (name, "argocd-application-controller"),
            ports::ARGOCD_METRICS.number,
        ),
        Target::upstream(
            "prometheus",
            Namespace::Monitoring,
            (name, "prometheus"),
            ports::PROMETHEUS.number,
        ),
        Target::upstream(
            "alertmanager",
            Namespace::Monitoring,
            (name, "alertmanager"),
            ports::ALERTMANAGER.number,
        ),
    ];
    if region.role != Role::Recovery {
        targets.push(Target::program(Program::Web, ports::WEB_STATUS, &[]));
    }
    if region.role == Role::Primary {
        targets.push(Target::program(Program::Api, ports::API_STATUS, &[]));
        targets.push(Target::program(
            Program::Database,
            ports::KEEPER_STATUS,
            &[GENERATION_LABEL],
        ));
    }
    if region.as_data().is_some() {
        match topology.storage.kind {
            StorageKind::Ceph(_) => {
                let ceph = Namespace::RookCeph;
                targets.push(Target::upstream(
                    "ceph",
                    ceph,
                    ("app", "rook-ceph-mgr"),
                    ports::CEPH_METRICS.number,
                ));
                targets.push(Target::upstream(
                    "ceph-daemons",
                    ceph,
                    ("app", "rook-ceph-exporter"),
                    9926,
                ));
            }
            StorageKind::Longhorn { .. } => {
                targets.push(Target::upstream(
                    "longhorn",
                    Namespace::Longhorn,
                    ("app", "longhorn-manager"),
                    9500,
                ));
            }
            StorageKind::Class(_) => {}
        }
    }
    targets
}

pub(super) fn render(region: &Region, target: &Target, output: &mut Output) {
    let (port, port_number) = match target.port {
        By::Name(port) => (Some(port.name.to_owned()), None),
        By::Number(number) => (None, Some(i32::from(number))),
    };
    let monitor = PodMonitor {
        metadata: namespaced(Namespace::Monitoring, target.name, COMPONENT),
        spec: PodMonitorSpec {
            namespace_selector: Some(PodMonitorNamespaceSelector {
                match_names: Some(vec![target.namespace.name().to_owned()]),
            }),
            selector: LabelSelector {
                match_labels: Some(target.labels.clone()),
                match_expressions: None,
            },
            pod_metrics_endpoints: Some(vec![PodMonitorPodMetricsEndpoints {
                port,
                port_number,
                path: Some("/metrics".to_owned()),
                interval: Some("30s".to_owned()),
            }]),
            pod_target_labels: (!target.carry.is_empty())
                .then(|| target.carry.iter().map(|label| (*label).to_owned()).collect()),
        },
    };
    let whole = because(format!(
        "figures of `{}` in `{}`; pod by pod, ready or not, since those that are not ready matter most",
        target.name,
        target.namespace.name()
    ));
    output.add(region, COMPONENT, &monitor, whole, []);
}
