//! The `StatefulSet` of a generation.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
    StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, EnvVar, EnvVarSource, ObjectFieldSelector, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PodSpec, PodTemplateSpec, Toleration, Volume, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::config::{self, GRACE_SECONDS, paths};
use super::{COMPONENT, MYSQL_USER, generation_meta};
use crate::bundle::Reason;
use crate::components::Output;
use crate::components::common::{
    config_volume, container, container_port, http_probe, mount, never_on_one_node, pod_security, resources,
    scratch_volume, secret_volume, selecting, template, zone_spread,
};
use crate::components::output::because;
use crate::components::restore;
use crate::digest::sha256;
use crate::spec::Promise;
use crate::topology::names::{GENERATION_LABEL, Program, objects, ports, priorities, secrets};
use crate::topology::{DataRegion, Generation, PodGroup, Topology};

pub(super) fn render(topology: &Topology, generation: &Generation, region: DataRegion<'_>, output: &mut Output) {
    let Ok(data) = config::data(topology, generation, &region) else {
        return;
    };
    let mut metadata = generation_meta(generation, generation.name());
    metadata.annotations = Some(keep());
    let set = StatefulSet {
        metadata,
        spec: Some(StatefulSetSpec {
            service_name: Some(generation.name()),
            replicas: Some(i32::from(topology.database.nodes)),
            pod_management_policy: Some("Parallel".to_owned()),
            selector: selecting(PodGroup::generation(generation).labels),
            template: pod(topology, generation, region, &sha256(format!("{data:?}").as_bytes())),
            volume_claim_templates: Some(vec![claim(topology, generation)]),
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some("Retain".to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateStatefulSetStrategy {
                    partition: Some(0),
                    max_unavailable: None,
                }),
            }),
            min_ready_seconds: Some(10),
            revision_history_limit: Some(5),
            ..StatefulSetSpec::default()
        }),
        status: None,
    };
    output.add(&region, COMPONENT, &set, because(whole(generation)), reasons(topology));
}

fn whole(generation: &Generation) -> String {
    match generation.number {
        0 => "the database's first generation: it started empty, once, by unanimity of all its nodes".to_owned(),
        n => format!(
            "generation {n} of the database, restored beside the one before it; it serves nobody until its acceptance is recorded in its own data"
        ),
    }
}

fn reasons(topology: &Topology) -> Vec<Reason> {
    let mut reasons = vec![
        because("odd, so that a cut leaves one side with a majority").on("/spec/replicas").from("/database/nodes"),
        because("all nodes start at once: after a full outage none may wait for another that waits for it").on("/spec/podManagementPolicy"),
        because("volumes outlive the StatefulSet and a smaller number of nodes: nothing here deletes data").on("/spec/persistentVolumeClaimRetentionPolicy"),
        because("each node's own volume, bound to its name and not to a machine").on("/spec/volumeClaimTemplates/0").from("/storage/backend"),
        because("size of each node's volume; it grows without a stop, and never shrinks").on("/spec/volumeClaimTemplates/0/spec/resources").from("/database/size"),
        because("one node at a time may mount it").on("/spec/volumeClaimTemplates/0/spec/accessModes"),
        because("an image by digest is what was reviewed, whatever its tag says later").on("/spec/template/spec/containers/0/image").from("/database/image"),
        because("memory asked for is memory had: the database is never the one that the kernel ends").on("/spec/template/spec/containers/0/resources").from("/database/resources"),
        because("recovery and state transfer are progress and may take long").on("/spec/template/spec/containers/0/startupProbe"),
        because("fails only if mariadbd neither answers nor transfers state: never because the quorum is lost").on("/spec/template/spec/containers/0/livenessProbe"),
        because("ready is: synced, in the primary component, of the expected history, active and accepted").on("/spec/template/spec/containers/0/readinessProbe"),
        because("a clean shutdown is waited for: 10 s for Services to forget the node, 300 s for InnoDB").on("/spec/template/spec/terminationGracePeriodSeconds"),
        because("no token of the Kubernetes API is needed").on("/spec/template/spec/automountServiceAccountToken"),
        because("a pod on a node that is gone is given up after a minute; its volume follows when the node is known to be off (taint node.kubernetes.io/out-of-service)").on("/spec/template/spec/tolerations"),
        because("changes with the configuration, so that nodes take it up one by one").on("/spec/template/metadata/annotations/galeno.dev~1config"),
    ];
    if topology.promise == Promise::Zone {
        let rule = "nodes are spread evenly over the zones, and minDomains keeps two of them from one zone when a zone's machines are gone from the API";
        reasons.push(
            because(rule)
                .on("/spec/template/spec/topologySpreadConstraints/0")
                .from("/promise"),
        );
    }
    reasons
}

/// Argo CD neither prunes nor deletes what holds data.
fn keep() -> BTreeMap<String, String> {
    BTreeMap::from([(
        "argocd.argoproj.io/sync-options".to_owned(),
        "Prune=false,Delete=false".to_owned(),
    )])
}

fn claim(topology: &Topology, generation: &Generation) -> PersistentVolumeClaim {
    let mut labels = Program::Database.selector();
    labels.insert(GENERATION_LABEL.to_owned(), generation.number.to_string());
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(objects::DATA_VOLUME.to_owned()),
            labels: Some(labels),
            annotations: Some(keep()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: Some(topology.storage.database_class().to_owned()),
            volume_mode: Some("Filesystem".to_owned()),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([(
                    "storage".to_owned(),
                    Quantity(topology.database.size.to_string()),
                )])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

fn pod(topology: &Topology, generation: &Generation, region: DataRegion<'_>, config_digest: &str) -> PodTemplateSpec {
    let selector = PodGroup::generation(generation).labels;
    let mut labels = Program::Database.labels(COMPONENT);
    labels.extend(selector.clone());
    let annotations = BTreeMap::from([("galeno.dev/config".to_owned(), config_digest.to_owned())]);
    let promised = topology.promise != Promise::None;
    let mut volumes = vec![
        config_volume("config", &generation.config()),
        config_volume("intent", objects::INTENT),
        secret_volume("tls", &generation.certificate()),
        secret_volume("accounts", secrets::DATABASE_ACCOUNTS),
        Volume {
            name: "run".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                medium: Some("Memory".to_owned()),
                size_limit: Some(Quantity("64Mi".to_owned())),
            }),
            ..Volume::default()
        },
        scratch_volume("tmp", "2Gi"),
    ];
    volumes.extend(restore::volumes(topology, generation));
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            annotations: Some(annotations),
            ..template(labels)
        }),
        spec: Some(PodSpec {
            service_account_name: Some(Program::Database.name().to_owned()),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(pod_security(MYSQL_USER)),
            priority_class_name: Some(priorities::DATABASE.to_owned()),
            termination_grace_period_seconds: Some(i64::from(GRACE_SECONDS)),
            affinity: promised.then(|| never_on_one_node(&selector)),
            // Where nothing is promised, several nodes are still better in several zones.
            topology_spread_constraints: (promised || topology.database.nodes > 1)
                .then(|| vec![zone_spread(topology, &region, &selector)]),
            tolerations: Some(vec![gone("not-ready"), gone("unreachable")]),
            init_containers: restore::init_container(topology, generation).map(|container| vec![container]),
            containers: vec![mariadb(topology)],
            volumes: Some(volumes),
            ..PodSpec::default()
        }),
    }
}

fn gone(condition: &str) -> Toleration {
    Toleration {
        key: Some(format!("node.kubernetes.io/{condition}")),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(60),
        value: None,
    }
}

pub(in crate::components) fn from_field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: path.to_owned(),
                api_version: Some("v1".to_owned()),
            }),
            ..EnvVarSource::default()
        }),
        value: None,
    }
}

fn mariadb(topology: &Topology) -> Container {
    let listened = [
        ports::MYSQL,
        ports::GALERA,
        ports::GALERA_UDP,
        ports::IST,
        ports::SST,
        ports::KEEPER,
        ports::KEEPER_STATUS,
    ];
    Container {
        args: Some(vec![
            "node".to_owned(),
            "--config".to_owned(),
            format!("{}/keeper.json", paths::CONFIG),
        ]),
        env: Some(vec![
            from_field("KEEPER_NODE", "metadata.name"),
            from_field("POD_IP", "status.podIP"),
        ]),
        ports: Some(listened.iter().map(|port| container_port(*port)).collect()),
        resources: Some(resources(&topology.database.resources)),
        startup_probe: Some(http_probe(ports::KEEPER_STATUS, "/startup", 10, 5, 6)),
        liveness_probe: Some(http_probe(ports::KEEPER_STATUS, "/live", 10, 5, 6)),
        readiness_probe: Some(http_probe(ports::KEEPER_STATUS, "/ready", 2, 2, 2)),
        volume_mounts: Some(vec![
            mount(objects::DATA_VOLUME, paths::VOLUME, true),
            mount("config", paths::CONFIG, false),
            mount("intent", paths::INTENT, false),
            mount("tls", paths::TLS, false),
            mount("accounts", paths::ACCOUNTS, false),
            mount("run", paths::RUN, true),
            mount("tmp", "/tmp", true),
        ]),
        ..container("mariadb", &topology.database.image)
    }
}
