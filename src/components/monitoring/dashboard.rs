//! A dashboard: what somebody looks at first.

use galeno_contract::metrics::{api, keeper};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use super::super::common::namespaced;
use super::super::output::because;
use super::stack::DASHBOARD;
use super::{COMPONENT, Output};
use crate::spec::Role;
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

struct Panel {
    title: &'static str,
    /// Grafana's name of the unit.
    unit: &'static str,
    expr: String,
    /// How a series is called.
    legend: &'static str,
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut metadata = namespaced(Namespace::Monitoring, "dashboard-clinic", COMPONENT);
    metadata
        .labels
        .get_or_insert_default()
        .insert(DASHBOARD.0.to_owned(), DASHBOARD.1.to_owned());
    let text = match serde_json::to_string_pretty(&dashboard(topology, region)) {
        Ok(text) => text,
        Err(error) => {
            output
                .broken
                .push(format!("{COMPONENT} in {}: the dashboard: {error}", region.name));
            return;
        }
    };
    let map = ConfigMap {
        metadata,
        data: Some([("clinic.json".to_owned(), text)].into()),
        ..ConfigMap::default()
    };
    let whole = because("what somebody looks at first: the way of a request, the database behind it, and its backups");
    let parts = [because("Grafana loads what carries this label").on(format!("/metadata/labels/{}", DASHBOARD.0))];
    output.add(region, COMPONENT, &map, whole.from("/monitoring"), parts);
}

fn dashboard(topology: &Topology, region: &Region) -> Value {
    let panels: Vec<Value> = panels(region)
        .iter()
        .enumerate()
        .map(|(index, panel)| {
            json!({
                "id": index + 1,
                "type": "timeseries",
                "title": panel.title,
                "datasource": {"type": "prometheus", "uid": "${source}"},
                "gridPos": {"x": (index % 2) * 12, "y": (index / 2) * 8, "w": 12, "h": 8},
                "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
                "targets": [{"refId": "A", "expr": panel.expr, "legendFormat": panel.legend}],
            })
        })
        .collect();
    json!({
        "uid": format!("clinic-{}", region.name),
        "title": format!("{} {}", topology.name, region.name),
        "tags": ["clinic"],
        "schemaVersion": 39,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}]},
        "panels": panels,
    })
}

fn panels(region: &Region) -> Vec<Panel> {
    let panel = |title, unit, expr: String, legend| Panel {
        title,
        unit,
        expr,
        legend,
    };
    let mut panels = vec![panel(
        "Requests at the edge",
        "reqps",
        "sum by (code) (rate(traefik_entrypoint_requests_total[5m]))".to_owned(),
        "{{code}}",
    )];
    if region.role == Role::Primary {
        panels.extend([
            panel(
                "The API's answers",
                "reqps",
                format!("sum by (status) (rate({}[5m]))", api::REQUESTS),
                "{{status}}",
            ),
            panel(
                "Time of the slowest hundredth, by route",
                "s",
                format!(
                    "histogram_quantile(0.99, sum by (le, route) (rate({}_bucket[5m])))",
                    api::REQUEST_SECONDS
                ),
                "{{route}}",
            ),
            panel(
                "Database nodes in sync",
                "short",
                format!("sum by (galeno_dev_generation) ({})", keeper::SYNCED),
                "g{{galeno_dev_generation}}",
            ),
            panel(
                "Replication held by flow control",
                "percentunit",
                keeper::FLOW_CONTROL_PAUSED.to_owned(),
                "{{pod}}",
            ),
            panel(
                "Write-sets to apply",
                "short",
                keeper::RECEIVE_QUEUE.to_owned(),
                "{{pod}}",
            ),
            panel(
                "Transactions run again",
                "ops",
                format!("sum(rate({}[5m]))", api::RETRIES),
                "retries",
            ),
            panel(
                "Requests at work",
                "short",
                format!("sum by (pod) ({})", api::REQUESTS_IN_FLIGHT),
                "{{pod}}",
            ),
            panel(
                "Age of the last success, by schedule",
                "s",
                "time() - max by (cronjob) (kube_cronjob_status_last_successful_time)".to_owned(),
                "{{cronjob}}",
            ),
        ]);
    }
    if region.as_data().is_some() {
        panels.push(panel(
            "Free space of the database's volumes",
            "percentunit",
            format!(
                "kubelet_volume_stats_available_bytes{{namespace=\"{0}\"}} / kubelet_volume_stats_capacity_bytes{{namespace=\"{0}\"}}",
                Namespace::Data.name()
            ),
            "{{persistentvolumeclaim}}",
        ));
    }
    panels
}
