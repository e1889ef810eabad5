//! Access regions: nothing of anybody is there.

use galeno::spec::{IngressKind, Role};
use serde_json::json;

use crate::platform::{changed, component, object, rendered, topology};

/// Kinds that hold data, make copies of it, or give a way to it.
const DATA: [&str; 14] = [
    "CephBlockPool",
    "CephCluster",
    "CephFilesystem",
    "CronJob",
    "Job",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "StatefulSet",
    "StorageClass",
    "VolumeSnapshotClass",
    "VolumeSnapshot",
    "CephObjectStore",
    "CephFilesystemSubVolumeGroup",
    "Driver",
];

#[test]
fn no_object_that_holds_data_or_opens_a_way_to_it_is_in_an_access_region() {
    let topology = topology("prod");
    let output = rendered(&topology);
    let access: Vec<_> = topology
        .regions
        .iter()
        .filter(|region| region.role == Role::Access)
        .collect();
    assert_eq!(access.len(), 2);
    for region in access {
        let mut objects = 0;
        let here = output.manifests.iter().filter(|m| *m.region == *region.name.as_str());
        // An admission policy names what nobody may reach.
        for manifest in here.filter(|m| m.component != "policies") {
            let object = &manifest.object;
            objects += 1;
            assert!(!DATA.contains(&object.kind()), "{} {}", object.kind(), object.name());
            assert!(
                !["clinic-data", "clinic-rehearsal"].contains(&object.namespace()),
                "{}",
                object.name()
            );
            let text = object.value().to_string();
            for word in [
                "mariadb",
                "api-secrets",
                "public-api-tls",
                "api-server-tls",
                "backup-openpgp",
                "backup-storage",
            ] {
                // Argo CD's projects and Prometheus's rules may not name them either.
                assert!(!text.contains(word), "{} {} names {word}", object.kind(), object.name());
            }
        }
        assert!(objects > 50, "{objects}");
    }
}

#[test]
fn the_api_is_relayed_by_the_name_in_tls_and_nothing_can_decrypt_it() {
    let output = rendered(&topology("prod"));
    let gateway = object(&output, "us-east", "Gateway", "public");
    let listeners = gateway.at("/spec/listeners").unwrap().as_array().unwrap();
    let api = listeners.iter().find(|listener| listener["name"] == "api").unwrap();
    assert_eq!(
        (&api["protocol"], &api["tls"]["mode"]),
        (&json!("TLS"), &json!("Passthrough"))
    );
    assert_eq!(api["tls"].get("certificateRefs"), None);
    let route = object(&output, "us-east", "TLSRoute", "api-relay");
    assert_eq!(route.at("/spec/hostnames"), Some(&json!(["api.clinic.example.org"])));
    let backend = route.at("/spec/rules/0/backendRefs/0").unwrap();
    let service = object(&output, "us-east", "Service", backend["name"].as_str().unwrap());
    assert_eq!(service.at("/spec/selector"), None);
    let slice = object(&output, "us-east", "EndpointSlice", "api-primary-ipv4");
    assert_eq!(slice.at("/endpoints/0/addresses"), Some(&json!(["203.0.113.10"])));
    assert_eq!(
        slice.str_at("/metadata/labels/kubernetes.io~1service-name"),
        service.name()
    );
    let ports = |object: &galeno::bundle::Object, at| {
        let list = object.at(at).unwrap().as_array().unwrap();
        list.iter()
            .map(|port| (port["name"].clone(), port["port"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(ports(service, "/spec/ports"), ports(slice, "/ports"));
    assert_eq!(ports(service, "/spec/ports")[0], (json!("https"), json!(443)));
}

#[test]
fn nothing_is_logged_on_the_way() {
    for environment in ["prod", "staging", "local"] {
        let topology = topology(environment);
        let output = rendered(&topology);
        for region in &topology.regions {
            let name = format!("{environment}-traefik");
            let traefik = object(&output, region.name.as_str(), "Application", &name);
            let values = traefik.at("/spec/source/helm/valuesObject").unwrap();
            assert_eq!(values["accessLog"], json!({"enabled": false}));
            assert!(!values.to_string().to_lowercase().contains("tracing"));
        }
    }
}

#[test]
fn traefiks_own_routes_relay_as_well() {
    let topology = changed("prod", |environment| environment.ingress.kind = IngressKind::Traefik);
    let output = rendered(&topology);
    let route = object(&output, "us-east", "IngressRouteTCP", "api-relay");
    assert_eq!(route.at("/spec/tls"), Some(&json!({"passthrough": true})));
    assert_eq!(
        route.str_at("/spec/routes/0/match"),
        "HostSNI(`api.clinic.example.org`)"
    );
    assert!(
        component(&output, "us-east", "access")
            .iter()
            .all(|m| m.object.kind() != "TLSRoute")
    );
}

#[test]
fn addresses_of_both_families_are_relayed_to() {
    let topology = changed("prod", |environment| {
        environment.regions[0].addresses = vec!["203.0.113.10".to_owned(), "2001:db8::10".to_owned()];
    });
    let output = rendered(&topology);
    let slice = object(&output, "us-east", "EndpointSlice", "api-primary-ipv6");
    assert_eq!(slice.at("/endpoints/0/addresses"), Some(&json!(["2001:db8::10"])));
    assert_eq!(slice.str_at("/addressType"), "IPv6");
}

#[test]
fn argo_cd_does_not_leave_the_relay_out() {
    let output = rendered(&topology("prod"));
    let exclusions = |region| {
        object(&output, region, "ConfigMap", "argocd-cm")
            .at("/data/resource.exclusions")
            .cloned()
    };
    let text = exclusions("us-east").unwrap();
    let list: Vec<serde_json::Value> = serde_saphyr::from_str(text.as_str().unwrap()).unwrap();
    assert!(
        list.len() >= 5
            && list
                .iter()
                .all(|entry| !entry["kinds"].to_string().contains("\"EndpointSlice\""))
    );
    assert_eq!(exclusions("eu-central"), None);
}
