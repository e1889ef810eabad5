//! What is written is read back as it was, whatever texts an object holds.
#![no_main]

use galeno::bundle::{Object, write_yaml};
use galeno::yaml::{self, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|texts: Vec<(String, String)>| {
    let data: Map<String, Value> = texts
        .into_iter()
        .map(|(key, value)| (key, Value::String(value)))
        .collect();
    let whole = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any"}, "data": data});
    let Ok(object) = Object::new(whole) else { return };
    let Ok(text) = write_yaml(&object) else { return };
    let stream = yaml::read("written.yaml", &text, &Limits::MANIFESTS);
    assert_eq!(stream.documents.len(), 1, "{text}");
    assert_eq!(&stream.documents[0].value, object.value(), "{text}");
});
