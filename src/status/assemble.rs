//! From the cluster's objects to a status, and to what is wrong in it.

use std::collections::BTreeMap;

use galeno_contract::keeper::Intent;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use serde_json::Value;

use super::{Asked, Database, Member, Node, Objects, Pod, Schedule, Status, Workload, Zone};
use crate::topology::names::objects;

const ZONE: &str = "topology.kubernetes.io/zone";
const COMPONENT: &str = "app.kubernetes.io/component";
const GENERATION: &str = "galeno.dev/generation";

/// Whether a pod is a database node.
pub(super) fn is_member(pod: &core::Pod) -> bool {
    label(pod, "app.kubernetes.io/name") == "mariadb" && controller(pod) == Some("StatefulSet")
}

/// The status of a region: what there is beside what is asked.
pub fn assemble(asked: &Asked, read: &Objects) -> Status {
    let (zones, unplaced) = zones(asked, read);
    let mut status = Status {
        environment: asked.environment.clone(),
        region: asked.region.clone(),
        zones,
        workloads: workloads(read),
        unplaced,
        database: Database {
            declared: asked.generation,
            active: active(read),
            members: read
                .pods
                .iter()
                .filter(|pod| is_member(pod))
                .map(|pod| member(pod, read))
                .collect(),
        },
        schedules: read.cron_jobs.iter().map(schedule).collect(),
        jobs: read
            .pods
            .iter()
            .filter(|pod| controller(pod) == Some("Job") && phase(pod) == "Running")
            .map(ResourceExt::name_any)
            .collect(),
        problems: Vec::new(),
    };
    status.database.members.sort_by(|a, b| a.pod.cmp(&b.pod));
    status.schedules.sort_by(|a, b| a.name.cmp(&b.name));
    status.jobs.sort();
    status.problems = problems(&status);
    status
}

fn zones(asked: &Asked, read: &Objects) -> (Vec<Zone>, Vec<Pod>) {
    let empty = |name: &str| Zone {
        name: name.to_owned(),
        nodes: Vec::new(),
        pods: Vec::new(),
    };
    let mut zones: Vec<Zone> = asked.zones.iter().map(|name| empty(name)).collect();
    let mut zone_of = BTreeMap::new();
    let mut nodes: Vec<&core::Node> = read.nodes.iter().collect();
    nodes.sort_by_key(|node| node.name_any());
    for node in nodes {
        let zone = label(node, ZONE);
        let at = zones.iter().position(|known| known.name == zone).unwrap_or_else(|| {
            zones.push(empty(zone));
            zones.len() - 1
        });
        zone_of.insert(node.name_any(), at);
        let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
        zones[at].nodes.push(Node {
            name: node.name_any(),
            ready: conditions.is_some_and(|all| all.iter().any(|c| c.type_ == "Ready" && c.status == "True")),
        });
    }
    let mut unplaced = Vec::new();
    for pod in read
        .pods
        .iter()
        .filter(|pod| matches!(controller(pod), Some("ReplicaSet" | "StatefulSet" | "DaemonSet")))
        // What was evicted stays in the list, as a record.
        .filter(|pod| !matches!(phase(pod), "Failed" | "Succeeded"))
    {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
        match node.and_then(|node| zone_of.get(node)) {
            Some(&at) => zones[at].pods.push(shown(pod)),
            None => unplaced.push(shown(pod)),
        }
    }
    for pods in zones.iter_mut().map(|zone| &mut zone.pods).chain([&mut unplaced]) {
        pods.sort_by(|a, b| (&a.component, &a.name).cmp(&(&b.component, &b.name)));
    }
    (zones, unplaced)
}

fn shown(pod: &core::Pod) -> Pod {
    let status = pod.status.as_ref();
    let containers = status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
    let ready = is_ready(pod);
    let waiting = containers.iter().find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        waiting.reason.clone()
    });
    let condition = status
        .and_then(|s| s.conditions.as_deref())
        .unwrap_or_default()
        .iter()
        .find(|c| c.status != "True" && c.message.is_some())
        .and_then(|c| c.message.clone());
    let ending = pod.metadata.deletion_timestamp.is_some().then(|| "ending".to_owned());
    Pod {
        component: label(pod, COMPONENT).to_owned(),
        name: pod.name_any(),
        ready,
        restarts: containers.iter().map(|container| container.restart_count).sum(),
        why: if ready { None } else { ending.or(waiting).or(condition) },
    }
}

fn workloads(read: &Objects) -> Vec<Workload> {
    let deployments = read.deployments.iter().map(|each| {
        let wanted = each.spec.as_ref().and_then(|spec| spec.replicas);
        workload(each, wanted, each.status.as_ref().and_then(|s| s.ready_replicas))
    });
    let sets = read.stateful_sets.iter().map(|each| {
        let wanted = each.spec.as_ref().and_then(|spec| spec.replicas);
        workload(each, wanted, each.status.as_ref().and_then(|s| s.ready_replicas))
    });
    let mut all: Vec<Workload> = deployments.chain(sets).collect();
    all.sort_by(|a, b| (&a.component, &a.name).cmp(&(&b.component, &b.name)));
    all
}

/// Without a number, Kubernetes runs one.
fn workload(object: &impl ResourceExt, wanted: Option<i32>, ready: Option<i32>) -> Workload {
    Workload {
        component: label(object, COMPONENT).to_owned(),
        name: object.name_any(),
        wanted: wanted.unwrap_or(1),
        ready: ready.unwrap_or(0),
    }
}

fn active(read: &Objects) -> Option<u32> {
    let text = read.intent.as_ref()?.data.as_ref()?.get(objects::INTENT_KEY)?;
    serde_saphyr::from_str::<Intent>(text).ok().map(|intent| intent.active)
}

fn member(pod: &core::Pod, read: &Objects) -> Member {
    let pod_name = pod.name_any();
    let silent = Err("its keeper was not asked".to_owned());
    let said = read.keepers.get(&pod_name).unwrap_or(&silent);
    let database = |key: &str| said.as_ref().ok().and_then(|said| said["database"].get(key));
    Member {
        generation: label(pod, GENERATION).parse().unwrap_or_default(),
        ready: is_ready(pod),
        state: database("state").and_then(Value::as_str).map(str::to_owned),
        primary: database("primary").and_then(Value::as_bool).unwrap_or_default(),
        size: database("size").and_then(Value::as_u64),
        committed: database("committed").and_then(Value::as_i64),
        why: match said {
            Ok(said) => said["why"]
                .as_str()
                .or(said["ready"]["why"].as_str())
                .map(str::to_owned),
            Err(why) => Some(format!("its keeper does not answer: {why}")),
        },
        pod: pod_name,
    }
}

fn schedule(job: &CronJob) -> Schedule {
    let status = job.status.as_ref();
    Schedule {
        name: job.name_any(),
        suspended: job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or_default(),
        last_begun: status.and_then(|s| s.last_schedule_time.as_ref()).map(|time| time.0),
        last_done: status.and_then(|s| s.last_successful_time.as_ref()).map(|time| time.0),
    }
}

fn problems(status: &Status) -> Vec<String> {
    let mut found = Vec::new();
    for zone in &status.zones {
        if zone.nodes.is_empty() {
            found.push(format!("zone {} has no node", zone.name));
        }
        for node in zone.nodes.iter().filter(|node| !node.ready) {
            found.push(format!("node {} in zone {} is not ready", node.name, zone.name));
        }
    }
    let database = &status.database;
    // A generation that stands by takes no clients, and its members say so by not being ready.
    let stands_by = |name: &str| {
        database
            .members
            .iter()
            .any(|member| Some(member.generation) != database.active && member.pod.starts_with(&format!("{name}-")))
    };
    for each in status
        .workloads
        .iter()
        .filter(|each| each.ready < each.wanted && !stands_by(&each.name))
    {
        found.push(format!("{}: {} of {} are ready", each.name, each.ready, each.wanted));
    }
    found.extend(crowded(&status.zones));
    match database.active {
        None => found.push("the cluster has no intent: the database's gate is shut".to_owned()),
        Some(active) if active != database.declared => found.push(format!(
            "generation {active} of the database serves, and the environment asks for {}: not synchronised yet",
            database.declared
        )),
        Some(active) if !database.is_open() => {
            found.push(format!("no member of the database's generation {active} takes clients"));
        }
        Some(_) => {}
    }
    for member in database.serving() {
        // Kubernetes takes most of a minute to see that a node is gone; who cannot be reached is told at once.
        if let Some(why) = member.why.as_ref().filter(|_| !member.is_well()) {
            found.push(format!("{}: {why}", member.pod));
        }
    }
    let members = database.serving().count();
    let largest = database.serving().filter_map(|member| member.size).max();
    if let Some(size) = largest.filter(|size| (1..members as u64).contains(size)) {
        found.push(format!(
            "Galera: the component that serves has {size} of {members} members"
        ));
    }
    for schedule in status.schedules.iter().filter(|schedule| schedule.suspended) {
        found.push(format!("{} is suspended", schedule.name));
    }
    found
}

/// Programs whose replicas all stand in one zone while others could take some: Kubernetes moves nothing that runs.
fn crowded(zones: &[Zone]) -> Vec<String> {
    let places = zones
        .iter()
        .filter(|zone| zone.nodes.iter().any(|node| node.ready))
        .count();
    let mut ready: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for zone in zones {
        for pod in zone.pods.iter().filter(|pod| pod.ready) {
            *ready.entry(&pod.component).or_default().entry(&zone.name).or_default() += 1;
        }
    }
    let tell = |(component, zones): (&&str, &BTreeMap<&str, usize>)| {
        let (zone, count) = zones
            .iter()
            .next()
            .filter(|(_, count)| zones.len() == 1 && **count > 1)?;
        Some(format!(
            "all {count} replicas of {component} stand in zone {zone}: its loss would take them all; restart them one by one \
             (`kubectl rollout restart`), and they spread again"
        ))
    };
    if places > 1 {
        ready.iter().filter_map(tell).collect()
    } else {
        Vec::new()
    }
}

fn label<'a>(object: &'a impl ResourceExt, key: &str) -> &'a str {
    object.labels().get(key).map_or("", String::as_str)
}

fn controller(pod: &core::Pod) -> Option<&str> {
    let owners = pod.metadata.owner_references.as_ref()?;
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| owner.kind.as_str())
}

fn phase(pod: &core::Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or_default()
}

fn is_ready(pod: &core::Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|all| all.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
}
