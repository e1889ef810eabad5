//! Any bytes: reading never panics, every finding has a place in the text, and what was read is written and read back the
//! same.
#![no_main]

use galeno::bundle::{Object, write_yaml};
use galeno::yaml::{Limits, decode, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::ENVIRONMENT;
    let Ok(text) = decode("fuzz", bytes, &limits) else { return };
    let stream = read("fuzz", text, &limits);
    for finding in &stream.findings {
        if let Some(span) = finding.place.span {
            assert!(span.line >= 1 && span.column >= 1 && span.offset <= text.len() + 1, "{finding:?}");
        }
    }
    for document in stream.documents {
        assert!(document.positions.nearest("").is_some());
        let wrapped = serde_json::json!({"apiVersion": "v1", "kind": "K", "metadata": {}, "spec": document.value});
        let object = Object::new(wrapped).unwrap();
        let Ok(yaml) = write_yaml(&object) else { continue };
        let again = read("again", &yaml, &Limits::MANIFESTS);
        // A level more than was read, and keys of any length, may be too much for the reader: never another value.
        if again.findings.is_empty() {
            assert_eq!(&again.documents[0].value, object.value(), "{yaml}");
        }
    }
});
