//! What survives is read from the objects: a mistake in any of them is seen.

use galeno::bundle::Item;
use galeno::checks::survival::{Model, Service, State, World, check, text};
use galeno::pipeline;
use serde_json::{Value, json};

use crate::platform::{change, galeno, items, loaded, root};

fn world(name: &str) -> World {
    pipeline::world(&loaded(name))
}

fn lost(items: &[Item], world: &World) -> Vec<String> {
    check(items, world)
        .iter()
        .map(|f| format!("{}: {}; {}", f.code, f.message, f.reason))
        .collect()
}

#[test]
fn what_is_shipped_keeps_its_promises() {
    for name in ["prod", "staging", "local"] {
        assert_eq!(lost(&items(name), &world(name)), [""; 0], "{name}");
        let (matrix, unknown) = Model::new(&items(name), world(name)).matrix();
        assert_eq!(unknown, []);
        insta::assert_snapshot!(format!("matrix_{name}"), text(&matrix));
    }
}

type Mutation = (&'static str, &'static str, &'static str, &'static str, fn(&mut Value));

/// What is broken: its name, the kind and name of the object, and the service that it must cost.
fn mutations() -> Vec<(Mutation, Service)> {
    fn pod(value: &mut Value) -> &mut Value {
        &mut value["spec"]["template"]["spec"]
    }
    vec![
        (
            ("database without spread", "StatefulSet", "mariadb-g0", "", |v| {
                pod(v)["topologySpreadConstraints"] = json!([])
            }),
            Service::DatabaseWrites,
        ),
        (
            (
                "database only preferably spread",
                "StatefulSet",
                "mariadb-g0",
                "",
                |v| pod(v)["topologySpreadConstraints"][0]["whenUnsatisfiable"] = json!("ScheduleAnyway"),
            ),
            Service::DatabaseWrites,
        ),
        (
            ("database with a skew of two", "StatefulSet", "mariadb-g0", "", |v| {
                pod(v)["topologySpreadConstraints"][0]["maxSkew"] = json!(2)
            }),
            Service::DatabaseWrites,
        ),
        (
            (
                "database that may gather while a zone is away",
                "StatefulSet",
                "mariadb-g0",
                "",
                |v| {
                    pod(v)["topologySpreadConstraints"][0]
                        .as_object_mut()
                        .unwrap()
                        .remove("minDomains");
                },
            ),
            Service::DatabaseWrites,
        ),
        (
            (
                "database spread by other labels",
                "StatefulSet",
                "mariadb-g0",
                "",
                |v| {
                    pod(v)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] =
                        json!("other")
                },
            ),
            Service::DatabaseWrites,
        ),
        (
            ("database of one member", "StatefulSet", "mariadb-g0", "", |v| {
                v["spec"]["replicas"] = json!(1)
            }),
            Service::DatabaseWrites,
        ),
        (
            ("database of two members", "StatefulSet", "mariadb-g0", "", |v| {
                v["spec"]["replicas"] = json!(2)
            }),
            Service::DatabaseReads,
        ),
        (
            ("database bound to one zone", "StatefulSet", "mariadb-g0", "", |v| {
                pod(v)["affinity"]["nodeAffinity"] = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-central-1a"]}]}]}});
            }),
            Service::DatabaseWrites,
        ),
        (
            (
                "budget that lets two members go",
                "PodDisruptionBudget",
                "mariadb-g0",
                "",
                |v| v["spec"]["maxUnavailable"] = json!(2),
            ),
            Service::DatabaseWrites,
        ),
        (
            (
                "budget that selects nobody",
                "PodDisruptionBudget",
                "mariadb-g0",
                "",
                |v| v["spec"]["selector"]["matchLabels"]["galeno.dev/generation"] = json!("7"),
            ),
            Service::DatabaseWrites,
        ),
        (
            (
                "active generation that is not there",
                "ConfigMap",
                "database-intent",
                "",
                |v| v["data"]["intent.yaml"] = json!("{\"active\": 9}"),
            ),
            Service::DatabaseWrites,
        ),
        (
            ("two monitors", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["mon"]["count"] = json!(2)
            }),
            Service::StorageWrites,
        ),
        (
            ("one monitor", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["mon"]["count"] = json!(1)
            }),
            Service::StorageWrites,
        ),
        (
            ("monitors in no zones", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["mon"].as_object_mut().unwrap().remove("zones");
            }),
            Service::StorageWrites,
        ),
        (
            ("monitors in two zones", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["mon"]["zones"].as_array_mut().unwrap().pop();
            }),
            Service::StorageWrites,
        ),
        (
            ("disks in two zones", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["storage"]["storageClassDeviceSets"]
                    .as_array_mut()
                    .unwrap()
                    .pop();
            }),
            Service::StorageWrites,
        ),
        (
            ("disks that may be anywhere", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["storage"]["storageClassDeviceSets"][0]["placement"]
                    .as_object_mut()
                    .unwrap()
                    .remove("nodeAffinity");
            }),
            Service::StorageWrites,
        ),
        (
            ("nodes emptied without budgets", "CephCluster", "rook-ceph", "", |v| {
                v["spec"]["disruptionManagement"]["managePodBudgets"] = json!(false)
            }),
            Service::StorageWrites,
        ),
        (
            ("one copy of data", "CephFilesystem", "clinic", "", |v| {
                v["spec"]["dataPools"][0]["replicated"]["size"] = json!(1)
            }),
            Service::StorageReads,
        ),
        (
            (
                "two copies of metadata, both needed",
                "CephFilesystem",
                "clinic",
                "",
                |v| {
                    v["spec"]["metadataPool"]["replicated"]["size"] = json!(2);
                    v["spec"]["metadataPool"]["parameters"] = json!({"min_size": "2"});
                },
            ),
            Service::DatabaseWrites,
        ),
        (
            ("copies spread over hosts only", "CephFilesystem", "clinic", "", |v| {
                v["spec"]["dataPools"][0]["failureDomain"] = json!("host")
            }),
            Service::StorageWrites,
        ),
        (
            ("no standby metadata server", "CephFilesystem", "clinic", "", |v| {
                v["spec"]["metadataServer"]["activeStandby"] = json!(false)
            }),
            Service::StorageWrites,
        ),
        (
            ("metadata servers in one zone", "CephFilesystem", "clinic", "", |v| {
                v["spec"]["metadataServer"].as_object_mut().unwrap().remove("placement");
            }),
            Service::StorageWrites,
        ),
        (
            (
                "two copies of a block pool, both needed",
                "CephBlockPool",
                "builtin-mgr",
                "",
                |v| v["spec"]["replicated"]["size"] = json!(1),
            ),
            Service::StorageWrites,
        ),
        (
            ("API not spread", "Deployment", "api", "", |v| {
                pod(v)["topologySpreadConstraints"] = json!([])
            }),
            Service::Api,
        ),
        (
            ("API only preferably spread", "Deployment", "api", "", |v| {
                pod(v)["topologySpreadConstraints"][0]["whenUnsatisfiable"] = json!("ScheduleAnyway")
            }),
            Service::Api,
        ),
        (
            ("API scaled to one", "HorizontalPodAutoscaler", "api", "", |v| {
                v["spec"]["minReplicas"] = json!(1)
            }),
            Service::Api,
        ),
        (
            (
                "API without an autoscaler's target",
                "HorizontalPodAutoscaler",
                "api",
                "",
                |v| v["spec"]["scaleTargetRef"]["name"] = json!("other"),
            ),
            Service::Api,
        ),
        (
            ("API in one zone", "Deployment", "api", "", |v| {
                pod(v)["nodeSelector"] = json!({"topology.kubernetes.io/zone": "eu-central-1b"})
            }),
            Service::Api,
        ),
        (
            ("API's budget gone", "PodDisruptionBudget", "api", "", |v| {
                v["metadata"]["namespace"] = json!("elsewhere")
            }),
            Service::Api,
        ),
        (
            ("web not spread", "Deployment", "web", "", |v| {
                pod(v)["topologySpreadConstraints"] = json!([])
            }),
            Service::Web,
        ),
        (
            ("web's budget lets all go", "PodDisruptionBudget", "web", "", |v| {
                v["spec"]["maxUnavailable"] = json!("100%")
            }),
            Service::Web,
        ),
        (
            ("ingress not spread", "Application", "prod-traefik", "", |v| {
                v["spec"]["source"]["helm"]["valuesObject"]["topologySpreadConstraints"] = json!([])
            }),
            Service::Ingress,
        ),
        (
            ("one ingress", "Application", "prod-traefik", "", |v| {
                v["spec"]["source"]["helm"]["valuesObject"]["autoscaling"]["minReplicas"] = json!(1)
            }),
            Service::Ingress,
        ),
        (
            ("ingress without budget", "Application", "prod-traefik", "", |v| {
                v["spec"]["source"]["helm"]["valuesObject"]["podDisruptionBudget"]["enabled"] = json!(false)
            }),
            Service::Ingress,
        ),
        (
            ("backup suspended", "CronJob", "backup-daily", "", |v| {
                v["spec"]["suspend"] = json!(true)
            }),
            Service::Backups,
        ),
    ]
}

#[test]
fn every_mistake_in_an_object_is_seen() {
    let sound = items("prod");
    let world = world("prod");
    let mut told = String::new();
    for ((what, kind, name, _, broken), service) in mutations() {
        let mut items = sound.clone();
        change(&mut items, "/eu-central", kind, name, broken);
        let findings = check(&items, &world);
        let code = format!("survival/{}", serde_json::to_value(service).unwrap().as_str().unwrap());
        let found = findings.iter().find(|f| f.code == code);
        let found = found.unwrap_or_else(|| panic!("{what}: {findings:#?}"));
        told += &format!("{what}\n  {}\n  {}\n", found.message, found.reason);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn an_object_that_is_missing_is_seen() {
    let world = world("prod");
    for (kind, name, code) in [
        ("StatefulSet", "mariadb-g0", "survival/database-writes"),
        ("Deployment", "api", "survival/api"),
        ("Deployment", "web", "survival/web"),
        ("Application", "prod-traefik", "survival/ingress"),
        ("CronJob", "backup-daily", "survival/backups"),
        ("PodDisruptionBudget", "api", "survival/api"),
    ] {
        let mut items = items("prod");
        items.retain(|i| !(i.cluster.ends_with("/eu-central") && i.object.kind() == kind && i.object.name() == name));
        assert!(check(&items, &world).iter().any(|f| f.code == code), "{kind} {name}");
    }
}

#[test]
fn several_losses_at_once() {
    let model = Model::new(&items("prod"), world("prod"));
    let lose = |written: &[&str]| {
        let written: Vec<String> = written.iter().map(|text| (*text).to_owned()).collect();
        let row = model.lose(model.loss(&written).unwrap());
        (
            row.services[&Service::DatabaseWrites].state,
            row.services[&Service::StorageWrites].state,
            row.promised,
        )
    };
    assert_eq!(lose(&["zone/eu-central-1a"]), (State::Degraded, State::Degraded, true));
    assert_eq!(
        lose(&["zone/eu-central-1a", "zone/eu-central-1b"]),
        (State::Lost, State::Lost, false)
    );
    assert_eq!(
        lose(&["zone/eu-central-1a", "node/eu-central-1b"]),
        (State::Lost, State::Lost, false)
    );
    assert_eq!(
        lose(&["disk/eu-central-1a", "disk/eu-central-1a"]),
        (State::Kept, State::Degraded, false)
    );
    assert_eq!(lose(&["disk/eu-central-1a", "disk/eu-central-1b"]).1, State::Lost);
    assert_eq!(lose(&["zone/us-east-1a"]), (State::Kept, State::Kept, true));
    assert_eq!(lose(&["region/eu-central"]), (State::Lost, State::Lost, false));
    let unknown = model.loss(&["zone/eu-central-1z".to_owned()]).unwrap_err();
    insta::assert_snapshot!(format!("{unknown}; {}", unknown.mend()), @"`zone/eu-central-1z` is nothing that can be lost here; did you mean `zone/eu-central-1a`?");
}

#[test]
fn what_an_environment_declares_is_checked_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("environments")).unwrap();
    let text = std::fs::read_to_string(root().join("environments/staging.yaml")).unwrap();
    let zone = world("staging").regions[0].zones[0].clone();
    let other = world("staging").regions[0].zones[1].clone();
    let write = |survive: &str| {
        std::fs::write(
            folder.path().join("environments/staging.yaml"),
            format!("{text}\nsurvive: {survive}\n"),
        )
        .unwrap();
        let output = galeno(folder.path(), &["compile"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, _) = write(&format!("[[disk/{zone}, disk/{zone}]]"));
    assert_eq!(code, Some(0));
    let (code, told) = write(&format!("[[zone/{zone}, zone/{other}]]"));
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("declared_and_not_kept", told);
    let (code, told) = write("[[zone/nowhere]]");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("declared_and_unknown", told);
}

#[test]
fn the_program_shows_the_matrix() {
    let output = galeno(
        &root(),
        &["survive", "prod", "--lose", "zone/eu-central-1a", "--format", "json"],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let matrix: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(matrix["rows"][0]["loss"], "zone/eu-central-1a");
    assert_eq!(matrix["rows"][0]["services"]["database-writes"]["state"], "degraded");
    let output = galeno(&root(), &["survive", "prod", "--lose", "planet/earth"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("is nothing that can be lost here")
    );
}
