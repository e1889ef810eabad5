//! The Prometheus operator, kube-state-metrics and Grafana, from the `kube-prometheus-stack` chart; its own Prometheus,
//! Alertmanager and rules are off, since this platform's stand beside it.

use serde_json::{Value, json};

use super::super::charts::Chart;
use super::super::output::because;
use super::Output;
use crate::topology::names::{Namespace, priorities, secrets};
use crate::topology::versions::PROMETHEUS_STACK_CHART;
use crate::topology::{Region, Topology};

/// The label of a `ConfigMap` that Grafana loads as a dashboard.
pub(super) const DASHBOARD: (&str, &str) = ("grafana_dashboard", "1");

const NAMESPACED: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
];

const CLUSTERED: &[(&str, &str)] = &[
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
];

pub(super) fn render(_topology: &Topology, region: &Region, output: &mut Output) {
    let chart = Chart {
        name: "prometheus-stack",
        repository: "https://prometheus-community.github.io/helm-charts",
        chart: "kube-prometheus-stack",
        version: PROMETHEUS_STACK_CHART.to_string(),
        namespace: Namespace::Monitoring,
        values: values(),
        namespaced: NAMESPACED,
        clustered: CLUSTERED,
        // The operator keeps a Service for the kubelets there.
        elsewhere: &[("kube-system", &[("", "Service")])],
    };
    let whole =
        because("the operator that runs Prometheus and Alertmanager, the figures of Kubernetes itself, and Grafana")
            .from("/monitoring");
    let parts = [
        because("this platform's Prometheus, Alertmanager and rules stand beside it, where they are checked")
            .on("/prometheus"),
        because("no hook prepares a webhook: rules are checked before they are committed").on("/prometheusOperator"),
        because("managed control planes hide these; where they do not, their alerts are not this platform's")
            .on("/kubeEtcd"),
        because("it would need the nodes' file systems; the kubelet tells how full volumes are").on("/nodeExporter"),
        because("the password comes from the secret store; a made-up one would change with each sync")
            .on("/grafana/admin"),
    ];
    output.install(region, chart, whole, parts);
}

fn values() -> Value {
    let off = json!({"enabled": false});
    let resources =
        |cpu: &str, memory: &str| json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}});
    json!({
        "fullnameOverride": "prometheus-stack",
        "crds": off,
        "defaultRules": {"create": false},
        "prometheus": off,
        "alertmanager": off,
        "nodeExporter": off,
        "kubeApiServer": off,
        "kubeControllerManager": off,
        "kubeEtcd": off,
        "kubeScheduler": off,
        "kubeProxy": off,
        "coreDns": off,
        "kubelet": {"enabled": true},
        "kubeStateMetrics": {"enabled": true},
        "kube-state-metrics": {
            "resources": resources("50m", "128Mi"),
            "priorityClassName": priorities::APPLICATION,
            "prometheus": {"monitor": {"enabled": true}},
        },
        "prometheusOperator": {
            "admissionWebhooks": off,
            "tls": off,
            "resources": resources("50m", "128Mi"),
            "priorityClassName": priorities::APPLICATION,
        },
        "grafana": {
            "enabled": true,
            "defaultDashboardsEnabled": false,
            "admin": {"existingSecret": secrets::GRAFANA, "userKey": secrets::GRAFANA_KEYS[0], "passwordKey": secrets::GRAFANA_KEYS[1]},
            "persistence": off,
            "resources": resources("50m", "256Mi"),
            "sidecar": {"dashboards": {"enabled": true, "label": DASHBOARD.0, "labelValue": DASHBOARD.1}},
            "grafana.ini": {"analytics": {"check_for_updates": false, "reporting_enabled": false}},
        },
    })
}
