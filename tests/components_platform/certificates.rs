//! Certificates: who signs what, for whom, and for how long.

use galeno::bundle::Manifest;
use galeno::components::Output;
use serde_json::{Value, json};

use crate::platform::{ENVIRONMENTS, changed, component, object, rendered, topology};

const REGION: &str = "eu-central";

fn certificates<'a>(output: &'a Output, region: &str) -> Vec<&'a Manifest> {
    let all = component(output, region, "certificates");
    all.into_iter().filter(|m| m.object.kind() == "Certificate").collect()
}

fn authority(manifest: &Manifest) -> bool {
    manifest.object.at("/spec/isCA") == Some(&Value::Bool(true))
}

#[test]
fn leaves_get_a_new_key_each_time_and_authorities_keep_theirs() {
    for name in ENVIRONMENTS {
        let topology = topology(name);
        let output = rendered(&topology);
        for region in &topology.regions {
            for certificate in certificates(&output, region.name.as_str()) {
                let object = &certificate.object;
                let expected = if authority(certificate) { "Never" } else { "Always" };
                assert_eq!(
                    object.str_at("/spec/privateKey/rotationPolicy"),
                    expected,
                    "{}",
                    object.name()
                );
                assert_eq!(
                    object.str_at("/spec/privateKey/algorithm"),
                    "ECDSA",
                    "{}",
                    object.name()
                );
                assert!(!object.str_at("/spec/renewBefore").is_empty(), "{}", object.name());
            }
        }
    }
}

#[test]
fn a_generation_answers_by_every_name_it_is_called() {
    let output = rendered(&topology("prod"));
    let certificate = object(&output, REGION, "Certificate", "mariadb-g0-tls");
    let names = json!([
        "*.mariadb-g0.clinic-data.svc",
        "*.mariadb-g0.clinic-data.svc.cluster.local",
        "mariadb.clinic-data.svc",
        "mariadb.clinic-data.svc.cluster.local",
    ]);
    assert_eq!(certificate.at("/spec/dnsNames"), Some(&names));
    assert_eq!(
        certificate.at("/spec/usages"),
        Some(&json!(["digital signature", "server auth", "client auth"]))
    );
}

#[test]
fn whoever_could_join_the_database_is_of_its_own_authority() {
    let output = rendered(&topology("prod"));
    let mut signed: Vec<&str> = certificates(&output, REGION)
        .iter()
        .filter(|m| m.object.str_at("/spec/issuerRef/name") == "clinic-database")
        .map(|m| m.object.name())
        .collect();
    signed.sort_unstable();
    assert_eq!(
        signed,
        ["api-database-client-tls", "backup-client-tls", "mariadb-g0-tls"]
    );
    for region in ["us-east", "ap-northeast"] {
        let all = component(&output, region, "certificates");
        assert!(
            !all.iter().any(|m| m.object.name().starts_with("clinic-database")),
            "{region}"
        );
    }
}

#[test]
fn public_names_are_acmes_where_an_account_is_named() {
    let output = rendered(&topology("prod"));
    for name in ["public-app-tls", "public-api-tls"] {
        let certificate = object(&output, REGION, "Certificate", name);
        assert_eq!(certificate.str_at("/spec/issuerRef/name"), "clinic-public", "{name}");
        assert_eq!(certificate.namespace(), "clinic-edge");
    }
    let issuer = object(&output, REGION, "ClusterIssuer", "clinic-public");
    assert_eq!(
        issuer.str_at("/spec/acme/solvers/0/dns01/rfc2136/nameserver"),
        "192.0.2.53:53"
    );
    let output = rendered(&topology("staging"));
    let certificate = object(&output, REGION, "Certificate", "public-app-tls");
    assert_eq!(certificate.str_at("/spec/issuerRef/name"), "clinic-internal");
}

#[test]
fn without_a_name_server_the_proof_is_served_and_passed_on_to_the_primary_region() {
    let topology = changed("prod", |environment| environment.ingress.tls.dns = None);
    let output = rendered(&topology);
    let issuer = object(&output, REGION, "ClusterIssuer", "clinic-public");
    let route = "/spec/acme/solvers/0/http01/gatewayHTTPRoute";
    assert_eq!(issuer.str_at(&format!("{route}/parentRefs/0/name")), "public");
    assert_eq!(issuer.str_at(&format!("{route}/serviceType")), "ClusterIP");
    object(&output, "us-east", "HTTPRoute", "api-challenges");
    let policy = object(&output, "us-east", "NetworkPolicy", "traefik")
        .value()
        .to_string();
    assert!(
        policy.contains("203.0.113.10/32") && policy.contains("\"port\":80"),
        "{policy}"
    );
}

#[test]
fn an_access_region_has_no_key_for_the_apis_name() {
    let output = rendered(&topology("prod"));
    for region in ["us-east", "ap-northeast"] {
        for certificate in certificates(&output, region) {
            let names = certificate
                .object
                .at("/spec/dnsNames")
                .map(Value::to_string)
                .unwrap_or_default();
            assert!(
                !names.contains("api.clinic.example.org"),
                "{region}: {}",
                certificate.object.name()
            );
        }
        object(&output, region, "Certificate", "public-app-tls");
    }
}

#[test]
fn every_namespace_of_the_platform_trusts_its_authority() {
    let output = rendered(&topology("prod"));
    let bundle = object(&output, REGION, "ClusterBundle", "clinic-ca");
    assert_eq!(bundle.str_at("/spec/sourceRefs/0/name"), "clinic-internal-ca");
    let label = bundle
        .at("/spec/target/namespaceSelector/matchLabels")
        .and_then(Value::as_object)
        .unwrap();
    for namespace in component(&output, REGION, "namespaces") {
        if namespace.object.kind() == "Namespace" {
            for (key, value) in label {
                let found = namespace
                    .object
                    .at(&format!("/metadata/labels/{}", key.replace('/', "~1")));
                assert_eq!(found, Some(value), "{}", namespace.object.name());
            }
        }
    }
}

#[test]
fn a_second_way_to_write_routes_gets_its_own_solver() {
    let topology = changed("prod", |environment| {
        environment.ingress.kind = galeno::spec::IngressKind::Traefik;
        environment.ingress.tls.dns = None;
    });
    let output = rendered(&topology);
    let issuer = object(&output, REGION, "ClusterIssuer", "clinic-public");
    assert_eq!(
        issuer.str_at("/spec/acme/solvers/0/http01/ingress/ingressClassName"),
        "traefik"
    );
}
