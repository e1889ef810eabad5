//! Prometheus.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, ResourceRequirements, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::common::{ZONE, namespaced, pod_security, selecting};
use super::super::kinds::prometheus::{Alerting, AlertmanagerEndpoints, Prometheus, PrometheusSpec, Storage};
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
            service_monitor_selector: Some(LabelSelector::default()),
            pod_monitor_selector: Some(LabelSelector::default()),
            rule_selector: Some(LabelSelector::default()),
            alerting: Some(Alerting {
                alertmanagers: vec![alertmanager()],
            }),
            storage: Some(Storage {
                empty_dir: Some(EmptyDirVolumeSource {
                    size_limit: Some(Quantity(DISK.to_owned())),
                    medium: None,
                }),
            }),
            resources: Some(ResourceRequirements {
                requests: Some([text("cpu", "250m"), text("memory", "2Gi")].into()),
                limits: Some([text("memory", "2Gi")].into()),
                claims: None,
            }),
            security_context: Some(pod_security(NOBODY)),
            priority_class_name: Some(priorities::APPLICATION.to_owned()),
            topology_spread_constraints: Some(vec![spread()]),
        },
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

fn text(key: &str, value: &str) -> (String, Quantity) {
    (key.to_owned(), Quantity(value.to_owned()))
}

fn alertmanager() -> AlertmanagerEndpoints {
    AlertmanagerEndpoints {
        // The Service that the operator makes for every Alertmanager.
        name: "alertmanager-operated".to_owned(),
        namespace: Some(Namespace::Monitoring.name().to_owned()),
        // The operator's name for the port of whatever it runs.
        port: IntOrString::String("web".to_owned()),
        api_version: Some("v2"),
    }
}

fn spread() -> TopologySpreadConstraint {
    let labels = [("app.kubernetes.io/name".to_owned(), "prometheus".to_owned())].into();
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: ZONE.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(selecting(labels)),
        ..TopologySpreadConstraint::default()
    }
}
