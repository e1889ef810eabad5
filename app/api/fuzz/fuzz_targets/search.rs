#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| galeno_api::fuzz::search(data));
