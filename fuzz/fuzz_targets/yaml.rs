//! The YAML reader: any bytes give documents or findings, soon.
#![no_main]

use galeno::yaml::{self, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::MANIFESTS;
    if let Ok(text) = yaml::decode("input.yaml", bytes, &limits) {
        let _ = yaml::read("input.yaml", text, &limits);
    }
});
