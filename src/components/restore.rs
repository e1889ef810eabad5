//! Component `restore`: what a restored generation needs besides its `StatefulSet`: the step that fetches its data, and
//! the Job that accepts it.

use k8s_openapi::api::batch::v1::{
    Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSpec, PodTemplateSpec, Volume};

use super::Output;
use super::backup::{Purpose, keeper_files, volume_mounts, volumes as backup_volumes};
use super::common::{container, namespaced, pod_security, resources, template};
use super::database::{MYSQL_USER, from_field};
use super::output::because;
use super::stateless::named_by_content;
use crate::topology::names::{GENERATION_LABEL, Namespace, Program, priorities};
use crate::topology::{DataRegion, Generation, GenerationSource, Topology};

const COMPONENT: &str = "restore";

/// The first eight digits of the request's digest, on which the name of the Job that accepts depends.
fn request(generation: &Generation) -> Option<&str> {
    match &generation.source {
        GenerationSource::Empty => None,
        GenerationSource::Restored { request, .. } => Some(&request[..8]),
    }
}

fn config_map(generation: &Generation, purpose: &str) -> String {
    format!("{}-{purpose}", generation.name())
}

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    for generation in &topology.database.generations {
        let Some(request) = request(generation) else { continue };
        let source = "/database/active";
        for (name, purpose) in [("restore", Purpose::Restore), ("acceptance", Purpose::Accept)] {
            let map = ConfigMap {
                metadata: namespaced(Namespace::Data, config_map(generation, name), COMPONENT),
                data: Some(keeper_files(topology, generation, purpose)),
                ..ConfigMap::default()
            };
            let whole = because(
                "what is restored, where it is read and whose signature is believed: as the request in the ledger says",
            );
            output.add(&region, COMPONENT, &map, whole.from(source), []);
        }
        acceptance(topology, generation, request, region, output);
    }
}

/// The volumes of the step that fetches a restored generation's data.
pub(super) fn volumes(topology: &Topology, generation: &Generation) -> Vec<Volume> {
    if request(generation).is_none() {
        return Vec::new();
    }
    backup_volumes(
        topology,
        generation,
        Purpose::Restore,
        &config_map(generation, "restore"),
    )
}

/// The step that fetches a restored generation's data before its first node starts. It does nothing on the other nodes,
/// which take the first one's state, and nothing where data already is.
pub(super) fn init_container(topology: &Topology, generation: &Generation) -> Option<Container> {
    request(generation)?;
    let first = generation.members.first()?;
    Some(Container {
        args: Some(
            [
                "restore",
                "--config",
                "/etc/backup/backup.json",
                "--only-on",
                &first.name,
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
        env: Some(vec![from_field("KEEPER_NODE", "metadata.name")]),
        resources: Some(resources(&topology.database.resources)),
        volume_mounts: Some(volume_mounts(topology, generation, Purpose::Restore)),
        ..container("restore", &topology.database.image)
    })
}

fn acceptance(
    topology: &Topology,
    generation: &Generation,
    request: &str,
    region: DataRegion<'_>,
    output: &mut Output,
) {
    let spec = acceptance_spec(topology, generation);
    let name = named_by_content(&format!("acceptance-g{}", generation.number), &(&spec, request));
    let job = Job {
        metadata: namespaced(Namespace::Data, name, COMPONENT),
        spec: Some(spec),
        status: None,
    };
    let whole = because(
        "waits until every node of the restored generation is in sync, compares it with what the backup recorded, and only then \
         writes the row that lets traffic in",
    );
    let parts = [
        because(
            "named by its request and its content: applied again, it is the same Job, and runs once; with another image it is \
             another one, which finds the row and does nothing more",
        )
        .on("/metadata/name"),
        because("a failed check stays failed and goes on keeping the gate shut").on("/spec/backoffLimit"),
    ];
    output.add(&region, COMPONENT, &job, whole, parts);
}

fn acceptance_spec(topology: &Topology, generation: &Generation) -> JobSpec {
    let mut labels = Program::Acceptance.labels(COMPONENT);
    labels.insert(GENERATION_LABEL.to_owned(), generation.number.to_string());
    JobSpec {
        active_deadline_seconds: Some(24 * 3600),
        backoff_limit: Some(0),
        // A drained node is no verdict on the data: only the check's own failure is.
        pod_failure_policy: Some(PodFailurePolicy {
            rules: vec![PodFailurePolicyRule {
                action: "Ignore".to_owned(),
                on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                    type_: "DisruptionTarget".to_owned(),
                    status: Some("True".to_owned()),
                }]),
                on_exit_codes: None,
            }],
        }),
        template: PodTemplateSpec {
            metadata: Some(template(labels)),
            spec: Some(PodSpec {
                service_account_name: Some(Program::Acceptance.name().to_owned()),
                automount_service_account_token: Some(false),
                enable_service_links: Some(false),
                restart_policy: Some("Never".to_owned()),
                security_context: Some(pod_security(MYSQL_USER)),
                priority_class_name: Some(priorities::DATABASE.to_owned()),
                containers: vec![Container {
                    args: Some(
                        ["accept", "--config", "/etc/backup/backup.json"]
                            .map(str::to_owned)
                            .to_vec(),
                    ),
                    resources: Some(resources(&topology.database.resources.at_most(1000, 512))),
                    volume_mounts: Some(volume_mounts(topology, generation, Purpose::Accept)),
                    ..container("keeper", &topology.database.image)
                }],
                volumes: Some(backup_volumes(
                    topology,
                    generation,
                    Purpose::Accept,
                    &config_map(generation, "acceptance"),
                )),
                ..PodSpec::default()
            }),
        },
        ..JobSpec::default()
    }
}
