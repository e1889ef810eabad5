//! What the platform must do, and which object of this environment carries it.

use serde::Serialize;

use crate::bundle::Manifest;
use crate::topology::Topology;

/// A requirement of an environment.
#[derive(Serialize)]
pub(super) struct Requirement {
    group: &'static str,
    what: &'static str,
    /// The files that carry it; empty where this environment does not have it.
    files: Vec<String>,
}

/// What is required, and the objects that carry it: kind and the beginning of the name.
type Line = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const LINES: &[Line] = &[
    (
        "The platform",
        "A web application for patients and staff",
        &[("Deployment", "web")],
    ),
    ("The platform", "A clinical API", &[("Deployment", "api")]),
    (
        "The platform",
        "Scales by load",
        &[("HorizontalPodAutoscaler", "api"), ("HorizontalPodAutoscaler", "web")],
    ),
    (
        "The platform",
        "Replaced a few at a time, never all",
        &[("PodDisruptionBudget", "")],
    ),
    (
        "The platform",
        "Other regions relay, and decrypt nothing",
        &[("TLSRoute", "api-relay")],
    ),
    (
        "Storage",
        "Copies of each block over zones",
        &[("CephCluster", ""), ("CephFilesystem", ""), ("CephBlockPool", "")],
    ),
    (
        "Storage",
        "A class of volumes that grow and are kept",
        &[("StorageClass", "clinic")],
    ),
    (
        "Storage",
        "Only the database's namespace may use it",
        &[("ResourceQuota", "volumes")],
    ),
    (
        "Database",
        "Galera, each node on its own volume",
        &[("StatefulSet", "mariadb")],
    ),
    (
        "Database",
        "Clients reach the generation that serves",
        &[("Service", "mariadb")],
    ),
    (
        "Database",
        "Only one generation takes writes",
        &[("ConfigMap", "database-intent")],
    ),
    (
        "Ingress",
        "A load balancer with TLS",
        &[("Gateway", ""), ("Certificate", "public")],
    ),
    ("Backups", "A full backup every night", &[("CronJob", "backup-daily")]),
    (
        "Backups",
        "A snapshot of the system every week",
        &[("CronJob", "backup-weekly")],
    ),
    (
        "Backups",
        "A copy in the recovery region every month",
        &[("CronJob", "backup-monthly")],
    ),
    (
        "Backups",
        "What was written since, every few minutes",
        &[("Deployment", "backup-ship"), ("CronJob", "backup-ship")],
    ),
    ("Backups", "Restores are rehearsed", &[("CronJob", "backup-rehearsal")]),
    (
        "Backups",
        "Old ones go only when newer ones are verified",
        &[("CronJob", "backup-prune")],
    ),
    (
        "Security",
        "Nothing may speak that is not named",
        &[("NetworkPolicy", "default-deny")],
    ),
    ("Security", "Secrets are references", &[("ExternalSecret", "")]),
    (
        "Security",
        "TLS between the parts",
        &[
            ("Certificate", "mariadb"),
            ("Certificate", "api"),
            ("Certificate", "web"),
        ],
    ),
    (
        "Watching",
        "Alerts for what fails, and for silence",
        &[("PrometheusRule", "")],
    ),
    ("Delivery", "Argo CD applies what was committed", &[("Application", "")]),
];

/// Files of one requirement that are named; the others are counted.
const MOST: usize = 3;

pub(super) fn table(topology: &Topology, manifests: &[Manifest], files: &[String]) -> Vec<Requirement> {
    let folder = format!("generated/{}/", topology.name);
    let carries = |manifest: &Manifest, objects: &[(&str, &str)]| {
        let object = &manifest.object;
        objects
            .iter()
            .any(|(kind, name)| object.kind() == *kind && object.name().starts_with(name))
    };
    let requirement = |(group, what, objects): &Line| {
        let found = manifests
            .iter()
            .zip(files)
            .filter(|(manifest, _)| carries(manifest, objects));
        let mut files: Vec<String> = found
            .map(|(_, file)| file.trim_start_matches(&folder).to_owned())
            .collect();
        if files.len() > MOST {
            let more = files.len() - MOST;
            files.truncate(MOST);
            files.push(format!("and {more} more"));
        }
        Requirement { group, what, files }
    };
    LINES.iter().map(requirement).collect()
}
