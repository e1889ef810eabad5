//! Prometheus operator (`monitoring.coreos.com/v1`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    EmptyDirVolumeSource, PodSecurityContext, ResourceRequirements, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;

use super::kind;

kind! {
    /// A Prometheus.
    Prometheus, PrometheusSpec, "monitoring.coreos.com/v1"
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct PrometheusSpec {
    pub replicas: Option<i32>,
    pub service_account_name: Option<String>,
    pub retention: Option<String>,
    pub retention_size: Option<String>,
    pub scrape_interval: Option<String>,
    pub evaluation_interval: Option<String>,
    pub external_labels: Option<BTreeMap<String, String>>,
    pub service_monitor_selector: Option<LabelSelector>,
    pub pod_monitor_selector: Option<LabelSelector>,
    pub rule_selector: Option<LabelSelector>,
    pub alerting: Option<Alerting>,
    pub storage: Option<Storage>,
    pub resources: Option<ResourceRequirements>,
    pub security_context: Option<PodSecurityContext>,
    pub priority_class_name: Option<String>,
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
}

#[derive(Serialize)]
pub(in crate::components) struct Alerting {
    pub alertmanagers: Vec<AlertmanagerEndpoints>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct AlertmanagerEndpoints {
    pub name: String,
    pub namespace: Option<String>,
    pub port: IntOrString,
    pub api_version: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct Storage {
    pub empty_dir: Option<EmptyDirVolumeSource>,
}

kind! {
    /// An Alertmanager.
    Alertmanager, AlertmanagerSpec, "monitoring.coreos.com/v1"
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct AlertmanagerSpec {
    pub replicas: Option<i32>,
    pub config_secret: Option<String>,
    pub retention: Option<String>,
    pub automount_service_account_token: Option<bool>,
    pub storage: Option<Storage>,
    pub resources: Option<ResourceRequirements>,
    pub security_context: Option<PodSecurityContext>,
    pub priority_class_name: Option<String>,
}

kind! {
    /// Pods that are asked for figures.
    PodMonitor, PodMonitorSpec, "monitoring.coreos.com/v1"
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct PodMonitorSpec {
    pub namespace_selector: Option<PodMonitorNamespaceSelector>,
    pub selector: LabelSelector,
    pub pod_metrics_endpoints: Option<Vec<PodMonitorPodMetricsEndpoints>>,
    pub pod_target_labels: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct PodMonitorNamespaceSelector {
    pub match_names: Option<Vec<String>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::components) struct PodMonitorPodMetricsEndpoints {
    pub port: Option<String>,
    pub port_number: Option<i32>,
    pub path: Option<String>,
    pub interval: Option<String>,
}

kind! {
    /// Rules of alerts.
    PrometheusRule, PrometheusRuleSpec, "monitoring.coreos.com/v1"
}

#[derive(Serialize)]
pub(in crate::components) struct PrometheusRuleSpec {
    pub groups: Option<Vec<PrometheusRuleGroups>>,
}

#[derive(Default, Serialize)]
pub(in crate::components) struct PrometheusRuleGroups {
    pub name: String,
    pub rules: Option<Vec<PrometheusRuleGroupsRules>>,
}

#[derive(Serialize)]
pub(in crate::components) struct PrometheusRuleGroupsRules {
    pub alert: Option<String>,
    pub expr: IntOrString,
    pub r#for: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<BTreeMap<String, String>>,
}
