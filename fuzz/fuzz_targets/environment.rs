//! An environment file: any bytes are refused or mean something, and what means something is rendered.
#![no_main]

use galeno::spec::{self, Environment};
use galeno::topology::{Ledger, resolve};
use galeno::{components, finding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (parsed, findings) = spec::parse::<Environment>("environments/any.yaml", bytes, spec::environment_schema());
    let Some((environment, source)) = parsed else {
        assert!(finding::has_errors(&findings), "refused without a reason");
        return;
    };
    let (topology, findings) = resolve(&environment, &Ledger::default(), &|pointer| source.written(pointer));
    match topology {
        Some(topology) => assert_eq!(components::render(&topology).broken, [""; 0]),
        None => assert!(finding::has_errors(&findings), "refused without a reason"),
    }
});
