//! What objects name must exist, what they select must match, and nothing may be silently without effect.
//!
//! Objects refer to each other by name (a Secret, an issuer, a class), by selector (Services, budgets, network policies)
//! and by port. No schema and no API server checks that: a Deployment whose Secret is missing is accepted and waits for
//! ever. This check knows all objects of a cluster at once, and by rule also what exists without a manifest: what
//! Kubernetes brings, what Helm charts install, what operators make (`provided.txt`, `produced.rs`).
//!
//! It trusts objects to have the form that their schema asks for, and passes over what has not: the schema check says so.

mod apis;
mod argocd;
mod certificates;
mod codes;
mod files;
mod identity;
mod index;
mod json;
mod monitoring;
mod network;
mod objects;
mod orphans;
mod placement;
mod pods;
mod policies;
mod produced;
mod provided;
mod rbac;
mod report;
mod routes;
mod selector;
mod services;
mod storage;
mod table;
mod targets;
mod traefik;
mod values;
mod workloads;
mod world;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::bundle::Item;
use crate::finding::Finding;

pub use codes::CODES;

/// How to judge.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the items are all that their clusters hold. Where they are, a missing object is an error and an unused one
    /// a warning; where they are not, a missing one may be elsewhere and is a warning, and unused ones are not told.
    pub complete: bool,
    /// What else exists, by cluster ("" for every one): lines `KIND [NAMESPACE/]NAME FACT...`, as in the annotation
    /// `galeno.dev/provides`. For example `StorageClass standard`.
    pub provides: BTreeMap<String, Vec<String>>,
}

/// Checks the references between the objects of each cluster. The findings come cluster by cluster, and in each in the
/// order of the items.
pub fn check(items: &[Item], options: &Options) -> Vec<Finding> {
    let world = world::World::new(items);
    let clusters: Vec<_> = world.clusters.iter().collect();
    let findings: Vec<_> = clusters
        .par_iter()
        .map(|(name, numbers)| cluster(&world, name, numbers, options))
        .collect();
    findings.into_iter().flatten().collect()
}

fn cluster(world: &world::World<'_>, name: &str, numbers: &[usize], options: &Options) -> Vec<Finding> {
    let objects = objects::Objects::new(numbers.iter().map(|number| &world.items[*number]).collect());
    let provided = provided::collect(&objects, world, name, options);
    let index = index::Index::new(&objects, &provided.list);
    let mut c = report::Check::new(&index, options.complete);
    let mut loose = Vec::new();
    identity::problems(&mut c, &provided.problems, &mut loose);
    identity::check(&mut c);
    workloads::check(&mut c);
    placement::check(&mut c);
    services::check(&mut c);
    routes::check(&mut c);
    traefik::check(&mut c);
    network::check(&mut c);
    rbac::check(&mut c);
    policies::check(&mut c);
    storage::check(&mut c);
    certificates::check(&mut c, provided::trust_namespace(world, name));
    certificates::producers(&mut c);
    monitoring::check(&mut c, world, name);
    argocd::check(&mut c, world, name);
    if options.complete {
        orphans::check(&mut c, world, name);
    }
    loose.extend(c.finish());
    loose
}
