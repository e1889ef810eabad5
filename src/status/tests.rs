//! A small cluster, and what is said of it.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Asked, Objects, Status, assemble, text};

const NOW: &str = "2026-03-02T08:00:00Z";

fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a fixture is a Kubernetes object")
}

fn node(name: &str, zone: &str, ready: bool) -> Value {
    json!({"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
           "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "Unknown" }}]}})
}

fn pod(component: &str, owner: &str, name: &str, node: Option<&str>, ready: bool) -> Value {
    let labels = match component {
        "database" => json!({"app.kubernetes.io/component": component, "app.kubernetes.io/name": "mariadb",
                             "galeno.dev/generation": "0"}),
        _ => json!({"app.kubernetes.io/component": component}),
    };
    json!({
        "metadata": {"name": name, "namespace": "clinic-data", "labels": labels,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": owner, "name": "o", "uid": "u", "controller": true}]},
        "spec": {"nodeName": node, "containers": []},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
    })
}

fn keeper(state: &str, size: u64, why: &Value) -> Value {
    json!({"why": why, "ready": {"ok": true},
           "database": {"primary": state == "Synced", "state": state, "size": size, "committed": 1207}})
}

/// Three zones, all well.
fn objects() -> Objects {
    let set = |name: &str, component: &str, wanted: i32, ready: i32| {
        json!({"metadata": {"name": name, "labels": {"app.kubernetes.io/component": component}},
               "spec": {"replicas": wanted, "selector": {}, "serviceName": name, "template": {}},
               "status": {"replicas": wanted, "readyReplicas": ready}})
    };
    let mut objects = Objects {
        nodes: ["a", "b", "c"]
            .iter()
            .map(|zone| of(node(&format!("node-{zone}"), &format!("zone-{zone}"), true)))
            .collect(),
        deployments: vec![of(set("api", "api", 3, 3))],
        stateful_sets: vec![of(set("mariadb-g0", "database", 3, 3))],
        cron_jobs: vec![
            of(json!({"metadata": {"name": "backup-daily"},
                "spec": {"schedule": "0 2 * * *", "jobTemplate": {}},
                "status": {"lastScheduleTime": "2026-03-02T02:00:00Z", "lastSuccessfulTime": "2026-03-02T02:04:10Z"}})),
            of(json!({"metadata": {"name": "backup-rehearsal"},
                "spec": {"schedule": "0 5 * * 0", "jobTemplate": {}},
                "status": {"lastScheduleTime": "2026-02-28T05:00:00Z", "lastSuccessfulTime": "2026-02-28T05:31:00Z"}})),
        ],
        intent: Some(of(
            json!({"metadata": {"name": "database-intent"}, "data": {"intent.yaml": "{\"active\": 0}\n"}}),
        )),
        ..Objects::default()
    };
    for (number, zone) in ["a", "b", "c"].iter().enumerate() {
        let on = format!("node-{zone}");
        let member = format!("mariadb-g0-{number}");
        objects
            .pods
            .push(of(pod("database", "StatefulSet", &member, Some(&on), true)));
        objects.keepers.insert(member, Ok(keeper("Synced", 3, &Value::Null)));
        let api = format!("api-5d9c-{zone}");
        objects.pods.push(of(pod("api", "ReplicaSet", &api, Some(&on), true)));
    }
    objects
        .pods
        .push(of(pod("backup", "Job", "backup-daily-1", Some("node-a"), false)));
    objects
}

fn status(objects: &Objects) -> Status {
    let asked = Asked {
        environment: "prod".into(),
        region: "eu".into(),
        zones: ["zone-a", "zone-b", "zone-c"].map(str::to_owned).to_vec(),
        generation: 0,
    };
    assemble(&asked, objects)
}

fn told(status: &Status) -> String {
    let now: Timestamp = NOW.parse().expect("a time");
    text(status, now, false)
}

#[test]
fn all_is_well() {
    let status = status(&objects());
    assert_eq!(status.problems, Vec::<String>::new());
    insta::assert_snapshot!(told(&status));
}

#[test]
fn a_zone_is_lost() {
    let mut objects = objects();
    objects.nodes[1] = of(node("node-b", "zone-b", false));
    objects.pods[2] = of(pod("database", "StatefulSet", "mariadb-g0-1", Some("node-b"), false));
    objects.pods[3] = of(pod("api", "ReplicaSet", "api-5d9c-b", Some("node-b"), false));
    objects
        .pods
        .push(of(pod("api", "ReplicaSet", "api-5d9c-d", None, false)));
    for (pod, answer) in &mut objects.keepers {
        *answer = if pod == "mariadb-g0-1" {
            Err("no route to host".into())
        } else {
            Ok(keeper("Synced", 2, &Value::Null))
        };
    }
    objects.deployments[0].status.as_mut().expect("given").ready_replicas = Some(2);
    objects.stateful_sets[0].status.as_mut().expect("given").ready_replicas = Some(2);
    let status = status(&objects);
    assert!(status.database.is_open(), "two of three serve on");
    insta::assert_snapshot!(told(&status));
}

#[test]
fn a_zone_that_was_cut_off_just_now_is_told_before_kubernetes_knows() {
    let mut objects = objects();
    for (pod, answer) in &mut objects.keepers {
        *answer = if pod == "mariadb-g0-1" {
            Err("timed out".into())
        } else {
            Ok(keeper("Synced", 2, &Value::Null))
        };
    }
    let status = status(&objects);
    assert!(status.database.is_open());
    assert_eq!(
        status.problems,
        [
            "mariadb-g0-1: its keeper does not answer: timed out",
            "Galera: the component that serves has 2 of 3 members"
        ]
    );
}

#[test]
fn replicas_that_crowd_in_one_zone_are_told_and_what_was_evicted_is_not_shown() {
    let mut objects = objects();
    for (number, zone) in ["a", "b", "c"].iter().enumerate() {
        let name = format!("api-5d9c-{zone}");
        objects.pods[2 * number + 1] = of(pod("api", "ReplicaSet", &name, Some("node-b"), true));
    }
    let mut evicted = pod("api", "ReplicaSet", "api-5d9c-z", Some("node-a"), false);
    evicted["status"]["phase"] = "Failed".into();
    objects.pods.push(of(evicted));
    let crowded = status(&objects);
    assert_eq!(crowded.problems.len(), 1);
    assert!(
        crowded.problems[0].starts_with("all 3 replicas of api stand in zone zone-b"),
        "{:?}",
        crowded.problems
    );
    assert!(!told(&crowded).contains("api-5d9c-z"));
    // Where no other zone has a node that takes pods, there is nothing to be done.
    for zone in ["a", "c"] {
        let at = if zone == "a" { 0 } else { 2 };
        objects.nodes[at] = of(node(&format!("node-{zone}"), &format!("zone-{zone}"), false));
    }
    assert!(
        status(&objects)
            .problems
            .iter()
            .all(|one| !one.contains("replicas of api"))
    );
}

#[test]
fn a_generation_that_stands_by_is_no_problem() {
    let mut objects = objects();
    let mut standing = pod("database", "StatefulSet", "mariadb-g1-0", Some("node-a"), false);
    standing["metadata"]["labels"]["galeno.dev/generation"] = "1".into();
    objects.pods.push(of(standing));
    let mut set = objects.stateful_sets[0].clone();
    set.metadata.name = Some("mariadb-g1".into());
    set.status.as_mut().expect("given").ready_replicas = Some(0);
    objects.stateful_sets.push(set);
    assert_eq!(status(&objects).problems, Vec::<String>::new());
}

#[test]
fn the_gate_is_shut_for_each_reason() {
    let problem = |change: &dyn Fn(&mut Objects)| {
        let mut objects = objects();
        change(&mut objects);
        let status = status(&objects);
        assert!(!status.database.is_open() || status.database.active != Some(0));
        status.problems.join("\n")
    };
    assert_eq!(
        problem(&|o| o.intent = None),
        "the cluster has no intent: the database's gate is shut"
    );
    let other = json!({"metadata": {"name": "database-intent"}, "data": {"intent.yaml": "{\"active\": 1}"}});
    assert_eq!(
        problem(&|o| o.intent = Some(of(other.clone()))),
        "generation 1 of the database serves, and the environment asks for 0: not synchronised yet"
    );
    let waits = problem(&|o| {
        for (number, zone) in ["a", "b", "c"].iter().enumerate() {
            let name = format!("mariadb-g0-{number}");
            let on = format!("node-{zone}");
            o.pods[number * 2] = of(pod("database", "StatefulSet", &name, Some(&on), false));
            o.keepers
                .insert(name, Ok(keeper("Initialized", 0, &json!("waiting for mariadb-g0-2"))));
        }
    });
    assert!(
        waits.contains("no member of the database's generation 0 takes clients"),
        "{waits}"
    );
    assert!(waits.contains("mariadb-g0-0: waiting for mariadb-g0-2"), "{waits}");
}

#[test]
fn it_is_the_same_as_json() {
    insta::assert_json_snapshot!(status(&objects()).database);
}
