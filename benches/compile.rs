//! The steps of a compile in one process: what reading, rendering, each check and writing of production cost.
//! Whole processes, copies of production and other generators: `bench/compile` and `bench/peers`.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark fails by panic, and its main is a macro's"
)]

use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use galeno::bundle::{Consent, Item, Tree};
use galeno::checks::{references, schema};
use galeno::{components, pipeline};

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn loaded() -> pipeline::Loaded {
    pipeline::load(Path::new(env!("CARGO_MANIFEST_DIR")), "prod", NOW)
        .0
        .unwrap()
}

/// What is committed for production, as `validate` reads it.
fn items() -> Vec<Item> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/generated/prod");
    pipeline::read_paths(&[folder.to_owned()]).items
}

fn steps(criterion: &mut Criterion) {
    let loaded = loaded();
    let manifests = components::render(&loaded.topology).manifests;
    let items = items();
    let catalog = schema::Catalog::upstream();
    let versions: Vec<schema::KubeVersion> = ["1.36", "1.35"].iter().map(|text| text.parse().unwrap()).collect();
    let tree = Tree::render("galeno", &loaded.input, &manifests, Vec::new()).unwrap();

    let mut group = criterion.benchmark_group("prod");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(manifests.len() as u64));
    group.bench_function("load", |b| b.iter(self::loaded));
    group.bench_function("render", |b| b.iter(|| components::render(&loaded.topology)));
    group.bench_function("check schema", |b| {
        b.iter(|| schema::check(&items, &catalog, &versions));
    });
    group.bench_function("check references", |b| {
        b.iter(|| references::check(&items, &references::Options::default()));
    });
    group.bench_function("to YAML", |b| {
        b.iter(|| Tree::render("galeno", &loaded.input, &manifests, Vec::new()).unwrap());
    });
    group.bench_function("write", |b| {
        b.iter_batched(
            || tempfile::tempdir().unwrap(),
            |folder| {
                tree.write(&folder.path().join("prod"), &Consent::default())
                    .map(|_| folder)
                    .unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
