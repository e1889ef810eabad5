//! A restore request: any bytes are refused with a reason, or are a request.
#![no_main]

use galeno::finding::has_errors;
use galeno::spec::{self, RestoreRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (parsed, findings) = spec::parse::<RestoreRequest>("restores/0001.yaml", bytes, spec::restore_schema());
    assert!(parsed.is_some() || has_errors(&findings), "refused without a reason");
});
