//! Prometheus.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_monitoring_coreos_com::v1::prometheuses::{
    Prometheus, PrometheusAlerting, PrometheusAlertingAlertmanagers, PrometheusAlertingAlertmanagersApiVersion,
    PrometheusPodMonitorSelector, PrometheusResources, PrometheusRuleSelector, PrometheusSecurityContext,
    PrometheusSecurityContextSeccompProfile, PrometheusServiceMonitorSelector, PrometheusSpec, PrometheusStorage,
    PrometheusStorageEmptyDir, PrometheusTopologySpreadConstraints, PrometheusTopologySpreadConstraintsLabelSelector,
};

use super::super::common::{ZONE, namespaced};
use super::super::output::because;
use super::super::stateless::NOBODY;
use super::{COMPONENT, NAME, Output, rights};
use crate::spec::Promise;
use crate::topology::names::{Namespace, priorities};
use crate::topology::{Monitoring, Region, Topology};

/// Disk that samples may take on a node; older ones go first.
const DISK: &str = "20Gi";

pub(super) fn render(topology: &Topology, region: &Region, monitoring: &Monitoring, output: &mut Output) {
    let mut labels = monitoring.labels.clone();
    labels.insert("environment".to_owned(), topology.name.to_string());
    labels.insert("region".to_owned(), region.name.to_string());
    let prometheus = Prometheus {
        metadata: namespaced(Namespace::Monitoring, NAME, COMPONENT),
        spec: PrometheusSpec {
            replicas: Some(if topology.promise == Promise::None { 1 } else { 2 }),
            service_account_name: Some(rights::NAME.to_owned()),
            retention: Some(format!("{}h", monitoring.retention.to_std().as_secs().div_ceil(3600))),
            retention_size: Some("18GiB".to_owned()),
            scrape_interval: Some("30s".to_owned()),
            evaluation_interval: Some("30s".to_owned()),
            external_labels: Some(labels),
            // Empty selectors mean everything; no selector of namespaces means this one.
            service_monitor_selector: Some(PrometheusServiceMonitorSelector::default()),
            pod_monitor_selector: Some(PrometheusPodMonitorSelector::default()),
            rule_selector: Some(PrometheusRuleSelector::default()),
            alerting: Some(PrometheusAlerting {
                alertmanagers: vec![alertmanager()],
            }),
            storage: Some(PrometheusStorage {
                empty_dir: Some(PrometheusStorageEmptyDir {
                    size_limit: Some(IntOrString::String(DISK.to_owned())),
                    medium: None,
                }),
                ..PrometheusStorage::default()
            }),
            resources: Some(PrometheusResources {
                requests: Some([text("cpu", "250m"), text("memory", "2Gi")].into()),
                limits: Some([text("memory", "2Gi")].into()),
                claims: None,
            }),
            security_context: Some(PrometheusSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(NOBODY),
                run_as_group: Some(NOBODY),
                fs_group: Some(NOBODY),
                seccomp_profile: Some(PrometheusSecurityContextSeccompProfile {
                    r#type: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PrometheusSecurityContext::default()
            }),
            priority_class_name: Some(priorities::APPLICATION.to_owned()),
            topology_spread_constraints: Some(vec![spread()]),
            ..PrometheusSpec::default()
        },
        status: None,
    };
    let whole =
        because("asks every program of this region for its figures and evaluates the rules").from("/monitoring");
    let parts = [
        because("one more than may be lost").on("/spec/replicas").from("/promise"),
        because("how long samples are kept").on("/spec/retention").from("/monitoring/retention"),
        because("every alert says which environment and region it comes from").on("/spec/externalLabels").from("/monitoring/labels"),
        because("on the node: figures are for alerts and days, not records, and no volume of patients' data is opened to them")
            .on("/spec/storage"),
    ];
    output.add(region, COMPONENT, &prometheus, whole, parts);
}

fn text(key: &str, value: &str) -> (String, IntOrString) {
    (key.to_owned(), IntOrString::String(value.to_owned()))
}

fn alertmanager() -> PrometheusAlertingAlertmanagers {
    PrometheusAlertingAlertmanagers {
        // The Service that the operator makes for every Alertmanager.
        name: "alertmanager-operated".to_owned(),
        namespace: Some(Namespace::Monitoring.name().to_owned()),
        // The operator's name for the port of whatever it runs.
        port: IntOrString::String("web".to_owned()),
        api_version: Some(PrometheusAlertingAlertmanagersApiVersion::V2),
        ..PrometheusAlertingAlertmanagers::default()
    }
}

fn spread() -> PrometheusTopologySpreadConstraints {
    PrometheusTopologySpreadConstraints {
        max_skew: 1,
        topology_key: ZONE.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(PrometheusTopologySpreadConstraintsLabelSelector {
            match_labels: Some([("app.kubernetes.io/name".to_owned(), "prometheus".to_owned())].into()),
            match_expressions: None,
        }),
        ..PrometheusTopologySpreadConstraints::default()
    }
}
