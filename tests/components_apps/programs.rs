//! The API and the web application.

use galeno::bundle::Manifest;
use galeno_contract::api::ApiConfig;
use galeno_contract::web::WebConfig;
use serde_json::json;

use crate::platform::{ENVIRONMENTS, changed, component, object, rendered, topology};

#[test]
fn every_reason_points_at_a_part_of_its_object() {
    for environment in ENVIRONMENTS {
        let output = rendered(&topology(environment));
        let mine = ["access", "api", "argocd", "deployers", "ingress", "monitoring", "web"];
        let mut objects = 0;
        for Manifest {
            component,
            object,
            reasons,
            ..
        } in &output.manifests
        {
            if !mine.contains(component) {
                continue;
            }
            objects += 1;
            assert_eq!(reasons[0].path, "", "{} {}", object.kind(), object.name());
            for reason in reasons {
                let found = object.at(&reason.path).is_some();
                assert!(found, "{} {}: {}", object.kind(), object.name(), reason.path);
                assert!(
                    !reason.rule.is_empty() && !reason.rule.contains("  "),
                    "{:?}",
                    reason.rule
                );
            }
        }
        assert!(objects > 30, "{environment} has {objects}");
    }
}

#[test]
fn the_api_reads_what_is_rendered_and_waits_for_the_active_generation() {
    for environment in ENVIRONMENTS {
        let topology = topology(environment);
        let region = topology.primary().region().name.to_string();
        let output = rendered(&topology);
        let text = object(&output, &region, "ConfigMap", "api-config")
            .str_at("/data/api.yaml")
            .to_owned();
        let config: ApiConfig = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(config.database.expected_generation, Some(topology.database.active));
        let hosts: Vec<&str> = config.database.nodes.iter().map(|node| node.host.as_str()).collect();
        assert_eq!(hosts.len(), usize::from(topology.database.nodes));
        assert_eq!(hosts[0], "mariadb-g0-0.mariadb-g0.clinic-data.svc");
        assert_eq!(config.server.public_url, format!("https://{}", topology.api_host()));
        assert!(config.database.require_galera && config.server.tls.is_some() && config.database.tls.is_some());
        let all = u32::from(topology.api.replicas.max) * 5 / 4 * config.database.connections_per_node;
        assert!(all < u32::from(topology.database.max_connections), "{all}");
        let text = object(&output, &region, "ConfigMap", "web-config")
            .str_at("/data/web.yaml")
            .to_owned();
        let config: WebConfig = serde_saphyr::from_str(&text).unwrap();
        assert!(
            config
                .content_security_policy
                .contains(&format!("connect-src 'self' https://{}", topology.api_host()))
        );
    }
}

#[test]
fn every_file_that_a_configuration_names_is_mounted() {
    let output = rendered(&topology("prod"));
    let text = object(&output, "eu-central", "ConfigMap", "api-config")
        .str_at("/data/api.yaml")
        .to_owned();
    let config: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let mut files = Vec::new();
    collect_files(&config, &mut files);
    assert!(files.len() >= 8, "{files:?}");
    let mounts = |object: &galeno::bundle::Object| -> Vec<String> {
        let at = "/spec/template/spec/containers/0/volumeMounts";
        object
            .at(at)
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["mountPath"].as_str().unwrap().to_owned())
            .collect()
    };
    let deployment = mounts(object(&output, "eu-central", "Deployment", "api"));
    let migration = component(&output, "eu-central", "api")
        .into_iter()
        .find(|m| m.object.kind() == "Job")
        .unwrap();
    let migration = mounts(&migration.object);
    for file in files {
        let within = |mounts: &[String]| mounts.iter().any(|mount| file.starts_with(&format!("{mount}/")));
        let expected = if file.contains("migration") {
            &migration
        } else {
            &deployment
        };
        assert!(within(expected), "{file} is not mounted: {expected:?}");
    }
    assert!(
        deployment.iter().all(|mount| !mount.contains("migration")),
        "requests never need the migration's password"
    );
}

fn collect_files(value: &serde_json::Value, files: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if text.starts_with("/etc/") => files.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_files(item, files)),
        serde_json::Value::Object(map) => map.values().for_each(|item| collect_files(item, files)),
        _ => {}
    }
}

#[test]
fn replicas_are_left_to_the_autoscaler_where_there_is_one() {
    let prod = rendered(&topology("prod"));
    let api = object(&prod, "eu-central", "Deployment", "api");
    assert_eq!(api.at("/spec/replicas"), None);
    let scaler = object(&prod, "eu-central", "HorizontalPodAutoscaler", "api");
    assert_eq!(
        (scaler.at("/spec/minReplicas"), scaler.at("/spec/maxReplicas")),
        (Some(&json!(3)), Some(&json!(12)))
    );
    let local = rendered(&topology("local"));
    assert_eq!(
        object(&local, "here", "Deployment", "api").at("/spec/replicas"),
        Some(&json!(3))
    );
    assert!(
        component(&local, "here", "api")
            .iter()
            .all(|m| m.object.kind() != "HorizontalPodAutoscaler")
    );
}

#[test]
fn no_request_is_lost_when_a_replica_goes() {
    let output = rendered(&topology("prod"));
    for name in ["api", "web"] {
        let deployment = object(&output, "eu-central", "Deployment", name);
        assert_eq!(
            deployment.at("/spec/strategy/rollingUpdate/maxUnavailable"),
            Some(&json!(0))
        );
        let grace = deployment
            .at("/spec/template/spec/terminationGracePeriodSeconds")
            .unwrap()
            .as_u64()
            .unwrap();
        let key = format!("/data/{name}.yaml");
        let text = object(&output, "eu-central", "ConfigMap", &format!("{name}-config"))
            .str_at(&key)
            .to_owned();
        let config: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let server = config.get("server").unwrap_or(&config);
        let seconds = |key: &str| {
            server[key]
                .as_str()
                .unwrap()
                .parse::<galeno_contract::Duration>()
                .unwrap()
                .to_std()
                .as_secs()
        };
        assert!(grace > seconds("drainDelay") + seconds("drainTimeout"), "{name}");
        let spread = deployment
            .at("/spec/template/spec/topologySpreadConstraints/0")
            .unwrap();
        assert_eq!(spread["whenUnsatisfiable"], "DoNotSchedule");
        assert_eq!(spread["matchLabelKeys"], json!(["pod-template-hash"]));
        assert_eq!(
            spread.get("minDomains"),
            None,
            "replicas must be able to gather in the zones that are left"
        );
        let budget = object(&output, "eu-central", "PodDisruptionBudget", name);
        assert_eq!(budget.str_at("/spec/unhealthyPodEvictionPolicy"), "AlwaysAllow");
    }
}

#[test]
fn a_switch_of_generations_restarts_no_pod_but_a_change_of_the_domain_does() {
    let annotation = "/spec/template/metadata/annotations/galeno.dev~1config-checksum";
    let of = |topology| {
        let output = rendered(&topology);
        let value = object(&output, "here", "Deployment", "api")
            .str_at(annotation)
            .to_owned();
        let job = component(&output, "here", "api")
            .into_iter()
            .find(|m| m.object.kind() == "Job")
            .unwrap();
        (value, job.object.name().to_owned())
    };
    let before = of(topology("local"));
    // More nodes: the list of nodes changes, as it does with another generation.
    let nodes = of(changed("local", |environment| environment.database.nodes = 5));
    assert_eq!(before.0, nodes.0);
    assert_ne!(
        before.1, nodes.1,
        "the migration runs against what it has not run against"
    );
    let domain = of(changed("local", |environment| {
        environment.domain = "other.localhost".to_owned();
    }));
    assert_ne!(before.0, domain.0);
    assert_eq!(before, of(topology("local")), "the same input gives the same names");
}
