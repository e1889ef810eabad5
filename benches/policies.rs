//! How long policies and survival take: 10,000 objects against all policies, 1,000 losses.
//!
//! `cargo bench -p galeno --bench policies`; the numbers of objects and losses are in the names.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panic")]

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use galeno::bundle::{Item, Object, paths};
use galeno::checks::schema::Catalog;
use galeno::checks::survival::Model;
use galeno::checks::{policy, upgrade};
use galeno::{components, pipeline};

fn environment() -> (pipeline::Loaded, Vec<Item>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (loaded, findings) = pipeline::load(root, "prod", jiff::Timestamp::UNIX_EPOCH);
    let loaded = loaded.unwrap_or_else(|| panic!("{findings:?}"));
    let manifests = components::render(&loaded.topology).manifests;
    let items = pipeline::items(&loaded, &manifests, &paths(&manifests));
    (loaded, items)
}

/// The primary region's objects, again and again under other names, with its policies once.
fn many(items: &[Item], wanted: usize) -> Vec<Item> {
    let mine: Vec<&Item> = items
        .iter()
        .filter(|item| &*item.cluster == "prod/eu-central")
        .collect();
    let is_policy = |item: &Item| {
        item.object.group() == "admissionregistration.k8s.io" || item.object.name().starts_with("policy-")
    };
    let mut all: Vec<Item> = mine
        .iter()
        .filter(|item| is_policy(item))
        .map(|item| (*item).clone())
        .collect();
    for (number, item) in mine
        .iter()
        .filter(|item| !is_policy(item))
        .cycle()
        .enumerate()
        .take(wanted)
    {
        let mut value = item.object.value().clone();
        value["metadata"]["name"] = format!("{}-{number}", item.object.name()).into();
        all.push(Item {
            object: Object::new(value).unwrap(),
            cluster: Arc::clone(&item.cluster),
            file: Arc::clone(&item.file),
            positions: None,
        });
    }
    all
}

fn benches(c: &mut Criterion) {
    let (loaded, items) = environment();
    let catalog = Catalog::upstream();
    let objects = many(&items, 10_000);
    c.bench_function("policies: 10,000 objects, all policies", |b| {
        b.iter(|| policy::check(&objects, &catalog, false));
    });
    c.bench_function("survival: 1,000 losses", |b| {
        let model = Model::new(&items, pipeline::world(&loaded));
        let zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "us-east-1a"];
        b.iter(|| {
            let losses = (0..1000).map(|i| {
                let (first, second) = (zones[i % 4], zones[i / 4 % 4]);
                model.lose(
                    model
                        .loss(&[format!("zone/{first}"), format!("node/{second}")])
                        .unwrap(),
                )
            });
            losses.collect::<Vec<_>>()
        });
    });
    c.bench_function("upgrade: 10,000 objects, all changed", |b| {
        let mut changed = objects.clone();
        for item in &mut changed {
            let mut value = item.object.value().clone();
            value["metadata"]["labels"]["changed"] = "yes".into();
            item.object = Object::new(value).unwrap();
        }
        b.iter(|| upgrade::classify(&objects, &changed).len());
    });
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(10);
    targets = benches
}
criterion_main!(all);
