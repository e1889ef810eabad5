//! The Job that brings the API's tables up to date.
//!
//! A Job and not an init step: it must also run when another generation becomes active, which restarts no pod, and its
//! account owns the tables, which no pod that serves requests should be able to use. It is named by its content, so that
//! the same work is never done twice by a retry, and needs no place in any order: until it is done, replicas of the new
//! version are not ready and those of the old one serve on.

use std::collections::BTreeMap;

use galeno_contract::api::Database;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{COMPONENT, paths};
use crate::components::Output;
use crate::components::common::{
    config_volume, container, mount, namespaced, of_program, pod_security, scratch_volume, secret_keys_volume,
    secret_volume, template,
};
use crate::components::output::because;
use crate::components::stateless::{NOBODY, named_by_content};
use crate::topology::names::{GENERATION_LABEL, Program, certificates, objects, priorities, secrets};
use crate::topology::{DataRegion, Topology};

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    let generation = topology.database.active;
    let spec = spec(topology);
    let stem = format!("{}-g{generation}", Program::Migration.name());
    // Other generations, which come and go, are nothing to the tables of this one: no migration runs again for them.
    let database = Database {
        other_generations: Vec::new(),
        ..super::config::database(topology)
    };
    let name = named_by_content(&stem, &(&spec, database));
    let mut metadata = of_program(
        namespaced(Program::Migration.namespace(), name, COMPONENT),
        Program::Migration,
    );
    metadata
        .labels
        .get_or_insert_default()
        .insert(GENERATION_LABEL.to_owned(), generation.to_string());
    let job = Job {
        metadata,
        spec: Some(spec),
        status: None,
    };
    let whole = because(
        "brings the tables of the active generation to what this version of the API needs; the name tells the content, \
         so that the same work is not done twice and other work is another Job; it has no time to live, since Argo CD \
         would make again what Kubernetes took away",
    )
    .from("/api/image");
    let parts = [
        because("tried until the generation is accepted and reachable; an alert tells when that takes long")
            .on("/spec/backoffLimit"),
        because("the account that owns the tables, which no pod that serves requests has")
            .on("/spec/template/spec/volumes/2"),
        because("one more for each generation: after a switch its tables may be older")
            .on("/metadata/labels/galeno.dev~1generation")
            .from("/database/active"),
    ];
    output.add(region.region(), COMPONENT, &job, whole, parts);
}

fn spec(topology: &Topology) -> JobSpec {
    let mut container = Container {
        args: Some(
            ["migrate", "--config", galeno_contract::api::CONFIG_FILE]
                .map(str::to_owned)
                .into(),
        ),
        volume_mounts: Some(vec![
            mount("config", paths::CONFIG, false),
            mount("database-tls", paths::DATABASE_TLS, false),
            mount("secrets", paths::MIGRATION_SECRETS, false),
            mount("scratch", "/tmp", true),
        ]),
        ..container("migrate", &topology.api.image)
    };
    let memory = Quantity("256Mi".to_owned());
    container.resources = Some(k8s_openapi::api::core::v1::ResourceRequirements {
        requests: Some(BTreeMap::from([
            ("cpu".to_owned(), Quantity("100m".to_owned())),
            ("memory".to_owned(), memory.clone()),
        ])),
        limits: Some(BTreeMap::from([("memory".to_owned(), memory)])),
        claims: None,
    });
    JobSpec {
        completions: Some(1),
        parallelism: Some(1),
        backoff_limit: Some(1000),
        template: PodTemplateSpec {
            metadata: Some(template(Program::Migration.labels(COMPONENT))),
            spec: Some(PodSpec {
                restart_policy: Some("OnFailure".to_owned()),
                service_account_name: Some(Program::Migration.name().to_owned()),
                automount_service_account_token: Some(false),
                enable_service_links: Some(false),
                priority_class_name: Some(priorities::APPLICATION.to_owned()),
                security_context: Some(pod_security(NOBODY)),
                containers: vec![container],
                volumes: Some(vec![
                    config_volume("config", objects::API_CONFIG),
                    secret_volume("database-tls", certificates::API_DATABASE_CLIENT),
                    secret_keys_volume("secrets", secrets::API_MIGRATION, &secrets::API_MIGRATION_KEYS),
                    scratch_volume("scratch", "64Mi"),
                ]),
                ..PodSpec::default()
            }),
        },
        ..JobSpec::default()
    }
}
