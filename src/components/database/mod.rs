//! Component `database`: one `StatefulSet` a generation, with its Services, its disruption budget and its configuration,
//! and the intent that says which generation serves.

mod config;
mod services;
mod stateful_set;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Output;
use super::common::{namespaced, selecting};
use super::output::because;
use crate::topology::names::{GENERATION_LABEL, Namespace, objects};
use crate::topology::{DataRegion, Generation, PodGroup, Topology};

pub(super) use config::file as config_file;
pub(super) use config::paths::VOLUME;
pub(super) use stateful_set::from_field;

const COMPONENT: &str = "database";

/// User and group of the database's processes: `mysql` in the platform's image.
pub(super) const MYSQL_USER: i64 = 999;

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    intent(topology, region, output);
    services::client(topology, region, output);
    for generation in &topology.database.generations {
        config::render(topology, generation, region, output);
        services::headless(topology, generation, region, output);
        stateful_set::render(topology, generation, region, output);
        disruption_budget(generation, region, output);
    }
}

fn generation_meta(
    generation: &Generation,
    name: String,
) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    let mut meta = namespaced(Namespace::Data, name, COMPONENT);
    meta.labels
        .get_or_insert_default()
        .insert(GENERATION_LABEL.to_owned(), generation.number.to_string());
    meta
}

fn intent(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    let database = &topology.database;
    let forced = database.forced_recovery.as_ref();
    let intent = galeno_contract::keeper::Intent {
        active: database.active,
        recovery: forced.map(|forced| galeno_contract::keeper::Recovery {
            generation: forced.generation,
            number: forced.epoch,
            start_from: forced.node.clone(),
            discard: forced.discard.clone(),
        }),
    };
    let map = ConfigMap {
        metadata: namespaced(Namespace::Data, objects::INTENT, COMPONENT),
        data: Some(config::file(objects::INTENT_KEY, &intent)),
        ..ConfigMap::default()
    };
    let whole = because(
        "every keeper watches this file: a generation that is not named here is read-only and refuses the application's \
         accounts, so that traffic follows what git says, whatever else has or has not been applied",
    );
    let active = because("the generation that serves")
        .on("/data")
        .from("/database/active");
    output.add(&region, COMPONENT, &map, whole.from("/database/active"), [active]);
}

fn disruption_budget(generation: &Generation, region: DataRegion<'_>, output: &mut Output) {
    let budget = PodDisruptionBudget {
        metadata: generation_meta(generation, generation.name()),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selecting(PodGroup::generation(generation).labels)),
            unhealthy_pod_eviction_policy: Some("IfHealthyBudget".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    };
    let whole = because("draining nodes may take one database node at a time: the others keep the majority");
    let parts = [
        because("a node that is receiving its state is not ready; evicting it would start the transfer anew")
            .on("/spec/unhealthyPodEvictionPolicy"),
    ];
    output.add(&region, COMPONENT, &budget, whole, parts);
}
