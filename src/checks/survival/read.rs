//! From a region's objects to groups of pods and copies of data.

use std::sync::Arc;

use serde_json::{Value, json};

use super::RegionOf;
use super::ceph::{self, Ceph};
use super::group::{Group, allowance, list, number, selects};
use crate::bundle::{Item, Object};

/// What runs in a region, as its objects state it.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) database: Option<Group>,
    pub(super) storage: Option<Storage>,
    pub(super) api: Option<Group>,
    pub(super) web: Option<Group>,
    pub(super) ingress: Option<Group>,
    pub(super) backups: Option<Backups>,
}

/// What keeps the volumes.
#[derive(Debug)]
pub(super) enum Storage {
    Ceph(Ceph),
    /// Longhorn: how many copies, and whether each is in another zone, and on another node.
    Longhorn {
        copies: usize,
        zones: bool,
        nodes: bool,
    },
    /// A class of somebody else's: its volumes are taken to be where their pods are.
    Other(String),
}

/// What makes backups.
#[derive(Debug, Default)]
pub(super) struct Backups {
    /// `CronJob`s that rest.
    pub(super) suspended: Vec<String>,
    /// Jobs that run beside one member of the database only, and that member.
    pub(super) beside: Option<(String, String)>,
    /// Where copies go that are kept in another place.
    pub(super) secondary: Option<String>,
}

impl Region {
    /// Whether a zone has disks that the region's storage is made of.
    pub(super) fn has_disks(&self, zone: &str) -> bool {
        matches!(&self.storage, Some(Storage::Ceph(ceph)) if ceph.has_disks(zone))
    }
}

/// The objects of one region, as they are looked up here.
pub(super) struct Objects<'a> {
    items: Vec<&'a Object>,
    pub(super) zones: &'a [String],
}

impl<'a> Objects<'a> {
    /// Those of a kind.
    pub(super) fn of_kind(&self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> + use<'_, 'a> {
        let wanted = move |object: &&&Object| object.group() == group && object.kind() == kind;
        self.items.iter().filter(wanted).copied()
    }

    fn of_component(&self, kind: &'a str, component: &'a str) -> impl Iterator<Item = &'a Object> + use<'_, 'a> {
        let label = "/metadata/labels/app.kubernetes.io~1component";
        self.of_kind("apps", kind)
            .filter(move |object| object.str_at(label) == component)
    }
}

/// Reads a region's objects.
pub(super) fn region(items: &[Item], region: &RegionOf) -> Region {
    let cluster: Arc<str> = Arc::from(region.cluster.as_str());
    let objects = Objects {
        items: items
            .iter()
            .filter(|item| item.cluster == cluster)
            .map(|item| &item.object)
            .collect(),
        zones: &region.zones,
    };
    let set = active_database(&objects);
    let class = set.map(|set| {
        set.str_at("/spec/volumeClaimTemplates/0/spec/storageClassName")
            .to_owned()
    });
    Region {
        database: set.map(|set| workload(&objects, set).bound()),
        storage: storage(&objects, class),
        api: objects
            .of_component("Deployment", "api")
            .next()
            .map(|found| workload(&objects, found)),
        web: objects
            .of_component("Deployment", "web")
            .next()
            .map(|found| workload(&objects, found)),
        ingress: ingress(&objects),
        backups: backups(&objects),
    }
}

/// The `StatefulSet` of the generation that is active, by the value that every keeper watches.
fn active_database<'a>(objects: &Objects<'a>) -> Option<&'a Object> {
    const GENERATION: &str = "/spec/template/metadata/labels/galeno.dev~1generation";
    let intent = objects.of_kind("", "ConfigMap").find_map(|map| {
        let text = map.at("/data/intent.yaml")?.as_str()?;
        serde_json::from_str::<Value>(text).ok()?.get("active")?.as_u64()
    });
    let mut sets = objects
        .of_component("StatefulSet", "database")
        .filter(|set| intent.is_none_or(|active| set.str_at(GENERATION) == active.to_string()));
    sets.next()
}

/// A workload's pods: how many there are at least, where they may be, what budgets let go.
fn workload(objects: &Objects<'_>, object: &Object) -> Group {
    let value = object.value();
    let scaled = objects
        .of_kind("autoscaling", "HorizontalPodAutoscaler")
        .find(|scaler| {
            scaler.namespace() == object.namespace()
                && scaler.str_at("/spec/scaleTargetRef/name") == object.name()
                && scaler.str_at("/spec/scaleTargetRef/kind") == object.kind()
        });
    let replicas = match scaled {
        Some(scaler) => number(&scaler.value()["spec"]["minReplicas"]),
        None => number(&value["spec"]["replicas"]),
    };
    let template = &value["spec"]["template"];
    let labels = &template["metadata"]["labels"];
    let mut group = Group::new(
        object.id().to_string(),
        replicas.unwrap_or(1),
        &template["spec"],
        labels,
        objects.zones,
    );
    group.budget = objects
        .of_kind("policy", "PodDisruptionBudget")
        .filter(|budget| budget.namespace() == object.namespace())
        .map(|budget| &budget.value()["spec"])
        .filter(|spec| selects(&spec["selector"], labels))
        .map(|spec| allowance(spec, group.replicas))
        .min();
    group
}

/// Traefik's pods, by the values that its chart is given, or a Deployment of the component.
fn ingress(objects: &Objects<'_>) -> Option<Group> {
    if let Some(found) = objects.of_component("Deployment", "ingress").next() {
        return Some(workload(objects, found));
    }
    let application = objects
        .of_kind("argoproj.io", "Application")
        .find(|application| application.str_at("/spec/source/chart") == "traefik")?;
    let values = application.at("/spec/source/helm/valuesObject")?;
    let scaling = &values["autoscaling"];
    let replicas = if scaling["enabled"] == true {
        number(&scaling["minReplicas"])
    } else {
        number(&values["deployment"]["replicas"])
    };
    // What the chart gives its pods as labels.
    let labels = json!({"app.kubernetes.io/name": "traefik"});
    let replicas = replicas.unwrap_or(1);
    let mut group = Group::new(application.id().to_string(), replicas, values, &labels, objects.zones);
    let budget = &values["podDisruptionBudget"];
    group.budget = (budget["enabled"] == true).then(|| allowance(budget, replicas));
    Some(group)
}

fn storage(objects: &Objects<'_>, class: Option<String>) -> Option<Storage> {
    let found = class.as_ref().and_then(|class| {
        objects
            .of_kind("storage.k8s.io", "StorageClass")
            .find(|c| c.name() == class)
    });
    let provisioner = found.map_or("", |class| class.str_at("/provisioner"));
    if provisioner == "driver.longhorn.io" {
        let parameter = |name: &str| found.map_or("", |class| class.str_at(&format!("/parameters/{name}")));
        return Some(Storage::Longhorn {
            copies: parameter("numberOfReplicas").parse().unwrap_or(1),
            zones: parameter("replicaZoneSoftAntiAffinity") == "disabled",
            nodes: parameter("replicaSoftAntiAffinity") != "enabled",
        });
    }
    let is_ceph = provisioner.ends_with(".csi.ceph.com");
    match (class, is_ceph) {
        (Some(class), false) => Some(Storage::Other(class)),
        _ => ceph::read(objects).map(Storage::Ceph),
    }
}

fn backups(objects: &Objects<'_>) -> Option<Backups> {
    let label = "/metadata/labels/app.kubernetes.io~1component";
    let jobs: Vec<&Object> = objects
        .of_kind("batch", "CronJob")
        .filter(|job| job.str_at(label) == "backup")
        .collect();
    if !jobs.iter().any(|job| job.name().ends_with("daily")) {
        return None;
    }
    let mut backups = Backups::default();
    for job in jobs {
        if job.at("/spec/suspend") == Some(&Value::Bool(true)) {
            backups.suspended.push(job.id().to_string());
        }
        let affinity = job
            .at("/spec/jobTemplate/spec/template/spec/affinity/podAffinity")
            .unwrap_or(&Value::Null);
        for term in list(affinity, "requiredDuringSchedulingIgnoredDuringExecution") {
            let pod = &term["labelSelector"]["matchLabels"]["statefulset.kubernetes.io/pod-name"];
            if let Some(pod) = pod.as_str() {
                backups
                    .beside
                    .get_or_insert_with(|| (job.id().to_string(), pod.to_owned()));
            }
        }
    }
    let configured = objects
        .of_kind("", "ConfigMap")
        .filter(|map| map.str_at(label) == "backup");
    backups.secondary = configured
        .filter_map(|map| serde_json::from_str::<Value>(map.at("/data/backup.json")?.as_str()?).ok())
        .find_map(|settings| Some(settings["secondary"]["region"].as_str()?.to_owned()));
    Some(backups)
}
