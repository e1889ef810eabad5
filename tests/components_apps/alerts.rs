//! Alerts, checked and run by Prometheus's own `promtool` (Debian package `prometheus`); and who is told.

use std::collections::BTreeSet;
use std::path::Path;

use galeno::components::Output;
use serde_json::{Value, json};

use crate::platform::{changed, component, object, rendered, tool, topology};

/// The rules of a region as Prometheus reads them.
fn rules(output: &Output, region: &str) -> Value {
    let groups: Vec<Value> = component(output, region, "monitoring")
        .into_iter()
        .filter(|m| m.object.kind() == "PrometheusRule")
        .flat_map(|m| m.object.at("/spec/groups").unwrap().as_array().unwrap().clone())
        .collect();
    json!({ "groups": groups })
}

fn promtool(directory: &Path, arguments: &[&str]) {
    let text = tool("promtool", directory, arguments);
    assert!(text.contains("SUCCESS"), "{text}");
}

#[test]
fn prometheus_accepts_the_rules_of_every_region() {
    for environment in ["prod", "staging"] {
        let topology = topology(environment);
        let output = rendered(&topology);
        for region in &topology.regions {
            let rules = rules(&output, region.name.as_str());
            assert!(
                rules["groups"].as_array().unwrap().len() >= 3,
                "{environment} {}",
                region.name
            );
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join("rules.yaml"), rules.to_string()).unwrap();
            promtool(directory.path(), &["check", "rules", "rules.yaml"]);
        }
    }
}

#[test]
fn each_alert_comes_when_it_should_and_not_before() {
    let output = rendered(&topology("prod"));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("rules.yaml"),
        rules(&output, "eu-central").to_string(),
    )
    .unwrap();
    for (name, text) in [
        ("alerts.test.yaml", include_str!("alerts.test.yaml")),
        ("days.test.yaml", include_str!("days.test.yaml")),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
        promtool(directory.path(), &["test", "rules", name]);
    }
}

#[test]
fn every_alert_says_what_is_wrong_and_what_to_do() {
    let output = rendered(&topology("prod"));
    let rules = rules(&output, "eu-central");
    let mut names = BTreeSet::new();
    for group in rules["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let name = rule["alert"].as_str().unwrap();
            assert!(names.insert(name), "{name} twice");
            for key in ["summary", "description"] {
                let text = rule["annotations"][key].as_str().unwrap();
                assert!(text.len() > 10 && !text.contains("  "), "{name}: {text}");
            }
            assert!(["critical", "warning", "info", "none"].contains(&rule["labels"]["severity"].as_str().unwrap()));
            assert_eq!(rule["labels"]["topic"], group["name"]);
        }
    }
    assert!(names.len() >= 35, "{}", names.len());
}

#[test]
fn no_alert_watches_a_figure_of_ours_that_nobody_exports() {
    use galeno_contract::metrics::{api, keeper};
    let exported = [
        keeper::READY,
        keeper::PRIMARY,
        keeper::SYNCED,
        keeper::CLUSTER_SIZE,
        keeper::EXPECTED_SIZE,
        keeper::FLOW_CONTROL_PAUSED,
        keeper::RECEIVE_QUEUE,
        keeper::ACTIVE,
        keeper::OPEN,
        keeper::WAITING_FOR,
        keeper::NEEDS_A_PERSON,
        api::REQUESTS,
        api::REQUEST_SECONDS,
        api::REQUESTS_IN_FLIGHT,
        api::DATABASE_NODE_FIT,
        api::RETRIES,
        api::SIGN_IN_FAILURES,
        api::EMERGENCY_ACCESSES,
    ];
    let output = rendered(&topology("prod"));
    let dashboard = object(&output, "eu-central", "ConfigMap", "dashboard-clinic")
        .str_at("/data/clinic.json")
        .to_owned();
    let text = format!("{}{dashboard}", rules(&output, "eu-central"));
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mut seen = 0;
    for name in text
        .split(word)
        .filter(|name| name.starts_with("galeno_keeper_") || name.starts_with("galeno_api_"))
    {
        seen += 1;
        assert!(
            exported.contains(&name.strip_suffix("_bucket").unwrap_or(name)),
            "{name}"
        );
    }
    assert!(seen > 15);
}

#[test]
fn the_dashboard_is_one_that_grafana_can_load() {
    for region in ["eu-central", "eu-west", "us-east"] {
        let output = rendered(&topology("prod"));
        let map = object(&output, region, "ConfigMap", "dashboard-clinic");
        assert_eq!(map.str_at("/metadata/labels/grafana_dashboard"), "1");
        let board: Value = serde_json::from_str(map.str_at("/data/clinic.json")).unwrap();
        let panels = board["panels"].as_array().unwrap();
        assert!(!panels.is_empty());
        let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len());
        assert!(
            panels
                .iter()
                .all(|panel| !panel["targets"][0]["expr"].as_str().unwrap().is_empty())
        );
    }
}

/// Values as a store may hold them: with whatever YAML, JSON and Go's templates could stumble over.
const STORED: [(&str, &str); 3] = [
    ("webhook-url", "https://hooks.example.org/clinic?a=1&b=%20"),
    ("smtp-user", "account-of-alerts"),
    ("smtp-password", "p\"a\\s's: #{{ <word>"),
];

/// Alertmanager's configuration as External Secrets fills it in: actions of Go's text/template, whose strings stand between
/// backticks, since a backslash outside of a string is a syntax error.
fn filled(output: &Output, region: &str) -> String {
    let secret = object(output, region, "ExternalSecret", "alertmanager-config");
    let mut text = secret.str_at("/spec/target/template/data/alertmanager.yaml").to_owned();
    for (key, value) in STORED {
        assert!(!text.contains(value), "a secret stands in git");
        let action = format!("{{{{ index . `{key}` | toJson }}}}");
        assert!(text.contains(&action), "{key} is not filled in:\n{text}");
        text = text.replace(&action, &json!(value).to_string());
    }
    text
}

fn routing(output: &Output, region: &str) -> Value {
    serde_saphyr::from_str(&filled(output, region)).unwrap()
}

#[test]
fn people_are_told_by_every_way_that_is_written_and_no_secret_stands_in_git() {
    let output = rendered(&topology("prod"));
    let routing = routing(&output, "eu-central");
    let people = &routing["receivers"][0];
    assert_eq!(people["email_configs"][0]["to"], "oncall@clinic.example.org");
    assert_eq!(people["email_configs"][0]["require_tls"], true);
    assert_eq!(people["email_configs"][0]["auth_password"], STORED[2].1);
    assert_eq!(people["webhook_configs"][0]["url"], STORED[0].1);
    assert_eq!(routing["route"]["routes"][0]["receiver"], "watchdog");
    let secret = object(&output, "eu-central", "ExternalSecret", "alertmanager-config");
    let keys: Vec<&str> = secret
        .at("/spec/data")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["secretKey"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["webhook-url", "smtp-user", "smtp-password"]);
    // Whatever receiver a route names exists.
    let receivers: Vec<&Value> = routing["receivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["name"])
        .collect();
    for route in routing["route"]["routes"].as_array().unwrap() {
        assert!(receivers.contains(&&route["receiver"]));
    }
}

#[test]
fn without_monitoring_nothing_of_it_is_rendered() {
    let output = rendered(&topology("local"));
    assert!(component(&output, "here", "monitoring").is_empty());
    let topology = changed("prod", |environment| environment.monitoring.enabled = false);
    let output = rendered(&topology);
    assert!(
        output
            .manifests
            .iter()
            .all(|m| m.object.group() != "monitoring.coreos.com")
    );
}

#[test]
fn every_program_of_ours_is_asked_by_a_port_that_its_pods_have() {
    let output = rendered(&topology("prod"));
    for (name, kind) in [("api", "Deployment"), ("web", "Deployment"), ("mariadb", "StatefulSet")] {
        let monitor = object(&output, "eu-central", "PodMonitor", name);
        let port = monitor.str_at("/spec/podMetricsEndpoints/0/port");
        let pods: Vec<_> = output
            .manifests
            .iter()
            .filter(|m| *m.region == *"eu-central" && m.object.kind() == kind)
            .filter(|m| {
                m.object
                    .str_at("/spec/template/metadata/labels/app.kubernetes.io~1name")
                    == name
            })
            .collect();
        assert!(!pods.is_empty(), "{name}");
        for pod in pods {
            let containers = pod.object.at("/spec/template/spec/containers").unwrap().to_string();
            assert!(containers.contains(&format!("\"name\":\"{port}\"")), "{name}: {port}");
            assert_eq!(
                monitor.str_at("/spec/namespaceSelector/matchNames/0"),
                pod.object.namespace()
            );
        }
    }
}

/// Alertmanager's own judge (Debian package `prometheus-alertmanager`) reads the configuration as External Secrets fills it in.
#[test]
fn alertmanager_accepts_its_configuration_and_tells_the_right_people() {
    let output = rendered(&topology("prod"));
    let text = filled(&output, "eu-central");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("alertmanager.yaml"), &text).unwrap();
    let amtool = |arguments: &[&str]| tool("amtool", directory.path(), arguments);
    let said = amtool(&["check-config", "alertmanager.yaml"]);
    assert!(said.contains("SUCCESS") && said.contains("2 receivers"), "{said}");
    for (labels, receiver) in [
        ("alertname=Watchdog", "watchdog"),
        ("severity=critical", "people"),
        ("severity=warning", "people"),
    ] {
        let routed = amtool(&["config", "routes", "test", "--config.file=alertmanager.yaml", labels]);
        assert_eq!(routed.lines().next(), Some(receiver), "{labels}");
    }
}
