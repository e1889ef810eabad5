//! The way in.

use galeno::bundle::Manifest;
use galeno::spec::{IngressKind, Role};
use serde_json::{Value, json};

use crate::platform::{ENVIRONMENTS, changed, component, object, rendered, topology};

fn values(output: &galeno::components::Output, region: &str, environment: &str) -> Value {
    let application = object(output, region, "Application", &format!("{environment}-traefik"));
    assert_eq!(application.str_at("/spec/source/targetRevision"), "41.3.0");
    application.at("/spec/source/helm/valuesObject").unwrap().clone()
}

#[test]
fn listeners_lead_where_traefik_listens_and_the_service_leads_there_too() {
    let output = rendered(&topology("prod"));
    let values = values(&output, "eu-central", "prod");
    let gateway = object(&output, "eu-central", "Gateway", "public");
    for listener in gateway.at("/spec/listeners").unwrap().as_array().unwrap() {
        let ports: Vec<&Value> = ["web", "websecure", "traefik"]
            .iter()
            .map(|entry| &values["ports"][entry]["port"])
            .collect();
        assert!(ports.contains(&&listener["port"]), "{listener}");
    }
    assert_eq!(values["ports"]["websecure"]["exposedPort"], 443);
    assert_eq!(values["ports"]["web"]["exposedPort"], 80);
    let service = &values["service"]["spec"];
    assert_eq!(service["externalTrafficPolicy"], "Local");
    assert_eq!(service["allocateLoadBalancerNodePorts"], false);
    assert_eq!(service["loadBalancerIP"], "203.0.113.10");
}

#[test]
fn tls_goes_from_the_client_to_the_program() {
    for environment in ENVIRONMENTS {
        let topology = topology(environment);
        let region = topology.primary().region().name.as_str().to_owned();
        let output = rendered(&topology);
        for program in ["api", "web"] {
            let policy = object(&output, &region, "BackendTLSPolicy", program);
            assert_eq!(
                policy.str_at("/spec/validation/hostname"),
                format!("{program}.clinic-app.svc")
            );
            assert_eq!(policy.str_at("/spec/validation/caCertificateRefs/0/name"), "clinic-ca");
            let service = object(&output, &region, "Service", program);
            assert_eq!(
                policy.at("/spec/targetRefs/0/sectionName"),
                service.at("/spec/ports/0/name")
            );
            let route = object(&output, &region, "HTTPRoute", program);
            assert_eq!(
                route.at("/spec/rules/0/backendRefs/0/port"),
                service.at("/spec/ports/0/port")
            );
        }
        let option = object(&output, &region, "TLSOption", "default");
        assert_eq!(
            (option.str_at("/spec/minVersion"), option.at("/spec/sniStrict")),
            ("VersionTLS12", Some(&json!(true)))
        );
    }
}

#[test]
fn every_filter_of_a_route_is_a_middleware_beside_it() {
    for kind in [IngressKind::Gateway, IngressKind::Traefik] {
        let topology = changed("prod", |environment| environment.ingress.kind = kind);
        let output = rendered(&topology);
        for region in topology.regions.iter().filter(|region| region.role != Role::Recovery) {
            let objects = component(&output, region.name.as_str(), "ingress");
            let names = |kind: &str| -> Vec<&str> {
                objects
                    .iter()
                    .filter(|m| m.object.kind() == kind)
                    .map(|m| m.object.name())
                    .collect()
            };
            let middlewares = names("Middleware");
            let mut used = 0;
            for Manifest { object, .. } in &objects {
                match object.kind() {
                    "HTTPRoute" => {
                        let filters = object.at("/spec/rules/0/filters").and_then(Value::as_array);
                        for filter in filters.into_iter().flatten() {
                            if let Some(name) = filter["extensionRef"]["name"].as_str() {
                                assert!(middlewares.contains(&name), "{name}");
                                used += 1;
                            }
                        }
                    }
                    "Ingress" => {
                        let list =
                            object.str_at("/metadata/annotations/traefik.ingress.kubernetes.io~1router.middlewares");
                        for entry in list.split(',') {
                            let name = entry
                                .strip_prefix("clinic-app-")
                                .unwrap()
                                .strip_suffix("@kubernetescrd")
                                .unwrap();
                            assert!(middlewares.contains(&name), "{name}");
                            used += 1;
                        }
                    }
                    _ => {}
                }
            }
            assert!(used >= middlewares.len(), "{used} uses of {middlewares:?}");
            for middleware in objects.iter().filter(|m| m.object.kind() == "Middleware") {
                if let Some(transport) = middleware.object.at("/spec/errors/service/serversTransport") {
                    assert!(names("ServersTransport").contains(&transport.as_str().unwrap()));
                }
            }
        }
    }
}

#[test]
fn ingress_objects_are_as_safe_as_gateway_api() {
    let topology = changed("prod", |environment| environment.ingress.kind = IngressKind::Traefik);
    let output = rendered(&topology);
    let values = values(&output, "eu-central", "prod");
    let redirect = &values["ports"]["web"]["http"]["redirections"]["entryPoint"];
    assert_eq!(
        (&redirect["to"], &redirect["scheme"], &redirect["priority"]),
        (&json!("websecure"), &json!("https"), &json!(1))
    );
    assert_eq!(values["providers"]["kubernetesGateway"]["enabled"], false);
    let api = object(&output, "eu-central", "Ingress", "api");
    let annotation = |name| api.str_at(&format!("/metadata/annotations/traefik.ingress.kubernetes.io~1{name}"));
    assert_eq!(
        (annotation("router.entrypoints"), annotation("router.tls")),
        ("websecure", "true")
    );
    let service = object(&output, "eu-central", "Service", "api");
    let transport = service.str_at("/metadata/annotations/traefik.ingress.kubernetes.io~1service.serverstransport");
    assert_eq!(transport, "clinic-app-api@kubernetescrd");
    let transport = object(&output, "eu-central", "ServersTransport", "api");
    assert_eq!(transport.str_at("/spec/serverName"), "api.clinic-app.svc");
    assert!(
        component(&output, "eu-central", "ingress")
            .iter()
            .all(|m| m.object.kind() != "HTTPRoute" && m.object.kind() != "Gateway")
    );
}

/// Traefik's own answer comes before it has read a route: everybody would get a 404 meanwhile.
#[test]
fn traefik_is_ready_where_its_routes_are_read() {
    for (kind, route, path) in [
        (IngressKind::Gateway, "HTTPRoute", "/spec/rules/0/matches/0/path/value"),
        (IngressKind::Traefik, "IngressRoute", "/spec/routes/0/match"),
    ] {
        let topology = changed("prod", |environment| environment.ingress.kind = kind);
        let output = rendered(&topology);
        for region in &topology.regions {
            let values = values(&output, region.name.as_str(), "prod");
            let asked = values["deployment"]["readinessPath"].as_str();
            let objects = component(&output, region.name.as_str(), "ingress");
            let ready = objects
                .iter()
                .find(|m| m.object.kind() == route && m.object.name() == "ready");
            assert_eq!(ready.is_none(), region.role == Role::Recovery, "{}", region.name);
            match (asked, ready) {
                (None, None) => {}
                (Some(asked), Some(ready)) => assert!(ready.object.str_at(path).contains(asked)),
                one_without_the_other => panic!("{one_without_the_other:?}"),
            }
        }
    }
}

#[test]
fn the_answer_in_maintenance_is_fetched_where_the_web_application_gives_it() {
    let output = rendered(&topology("prod"));
    let errors = object(&output, "eu-central", "Middleware", "maintenance");
    let text = object(&output, "eu-central", "ConfigMap", "web-config").str_at("/data/web.yaml");
    let config: galeno_contract::web::WebConfig = serde_saphyr::from_str(text).unwrap();
    assert_eq!(errors.str_at("/spec/errors/query"), config.maintenance.path);
    assert_eq!(errors.at("/spec/errors/statusRewrites"), Some(&json!({"502-504": 503})));
    assert!(config.maintenance.retry_after.to_std().as_secs() > 0);
}

#[test]
fn traefik_reads_no_secret_outside_two_namespaces() {
    let output = rendered(&topology("prod"));
    let cluster = object(&output, "eu-central", "ClusterRole", "traefik-routes");
    assert!(!cluster.value().to_string().contains("secrets"));
    let with_secrets: Vec<&str> = component(&output, "eu-central", "ingress")
        .iter()
        .filter(|m| m.object.kind() == "Role" && m.object.value().to_string().contains("secrets"))
        .map(|m| m.object.namespace())
        .collect();
    assert_eq!(with_secrets, ["clinic-app", "clinic-edge"]);
    assert_eq!(values(&output, "eu-central", "prod")["rbac"], json!({"enabled": false}));
}

#[test]
fn a_recovery_region_stands_ready_and_answers_nobody() {
    let output = rendered(&topology("prod"));
    let kinds: Vec<&str> = component(&output, "eu-west", "ingress")
        .iter()
        .map(|m| m.object.kind())
        .collect();
    assert!(
        kinds.contains(&"ServiceAccount") && !kinds.contains(&"Gateway") && !kinds.contains(&"HTTPRoute"),
        "{kinds:?}"
    );
    assert!(component(&output, "eu-west", "web").is_empty() && component(&output, "eu-west", "api").is_empty());
    let values = values(&output, "eu-west", "prod");
    assert_eq!(values["deployment"]["replicas"], 3);
    assert_eq!(values.get("autoscaling"), None);
}

#[test]
fn a_header_is_believed_only_from_proxies_that_are_named() {
    let topology = changed("prod", |environment| {
        environment.ingress.trusted_proxies = 1;
        environment.ingress.allowed_clients = vec!["192.0.2.0/24".to_owned()];
    });
    let output = rendered(&topology);
    let values = values(&output, "eu-central", "prod");
    assert_eq!(
        values["ports"]["websecure"]["forwardedHeaders"]["trustedIPs"],
        json!(["192.0.2.0/24"])
    );
    assert_eq!(values["service"]["loadBalancerSourceRanges"], json!(["192.0.2.0/24"]));
    let limit = object(&output, "eu-central", "Middleware", "rate-limit");
    assert_eq!(
        limit.at("/spec/rateLimit/sourceCriterion/ipStrategy/depth"),
        Some(&json!(1))
    );
    let output = rendered(&crate::platform::topology("prod"));
    let limit = object(&output, "eu-central", "Middleware", "rate-limit");
    assert_eq!(limit.at("/spec/rateLimit/sourceCriterion/ipStrategy/depth"), None);
}
