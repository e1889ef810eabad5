//! Anybody's manifests, held against every check, rules in CEL among them.
#![no_main]

use std::sync::LazyLock;

use galeno::checks::{references, schema};
use galeno::pipeline::read_text;
use libfuzzer_sys::fuzz_target;

static CATALOG: LazyLock<schema::Catalog> = LazyLock::new(schema::Catalog::upstream);

fuzz_target!(|bytes: &[u8]| {
    let manifests = read_text("input.yaml", bytes);
    let versions: Vec<schema::KubeVersion> = "1.36".parse().into_iter().collect();
    let _ = schema::check(&manifests.items, &CATALOG, &versions);
    let _ = references::check(&manifests.items, &references::Options::default());
});
