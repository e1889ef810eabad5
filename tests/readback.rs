//! What is written reads back the same: by our own reader, by `serde_yaml`, and by the kubectl that will apply it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use galeno::bundle::{Object, write_yaml};
use galeno::yaml::{Limits, read};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

/// Texts that some reader takes for something else, or that are hard to write.
const HOSTILE: &[&str] = &[
    ":\ta\n",
    "-\tb\n",
    "?\tb\nc\n",
    "",
    " ",
    "  ",
    "a ",
    " a",
    "\t",
    "a\t",
    "\ta",
    "\n",
    "\n\n",
    "a\n",
    "a\n\n",
    "\na",
    " a\nb",
    "a\n b\n",
    "a \nb",
    "a\t\nb",
    "\ta\nb",
    "a\n\tb",
    "a\n\n\nb\n",
    "a\r\nb",
    "a\rb",
    "\r",
    "no",
    "off",
    "y",
    "n",
    "Yes",
    "NO",
    "on",
    "Off",
    "true",
    "False",
    "null",
    "~",
    "Null",
    "1_000",
    "0",
    "-0",
    "0644",
    "0o644",
    "0x1F",
    "0b1",
    "0b-1",
    "1e3",
    "1.5",
    ".5",
    "1.",
    ".5_0",
    "+1",
    "-1",
    "08",
    "1:30",
    "190:20:30",
    "1:30.5",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    ".inf",
    "-.inf",
    ".nan",
    "NaN",
    "=",
    "<<",
    "<",
    "-",
    "--",
    "---",
    "...",
    "- a",
    "-a",
    "?",
    "? a",
    "?a",
    ":",
    ": a",
    ":a",
    "a:",
    "a: b",
    "a:b",
    "#",
    "a #b",
    "a#b",
    "# a",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "|-",
    "%a",
    "@a",
    "`a",
    "'",
    "\"",
    "'a'",
    "\"a\"",
    "a'b",
    "a\"b",
    "\\",
    "\\n",
    "a\\",
    "[",
    "]",
    "[]",
    "{",
    "}",
    "{}",
    ",",
    "a, b",
    "[a]",
    "{a: b}",
    "{{ .Values.x }}",
    "${X}",
    "$(X)",
    "é",
    "日本",
    "😀",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "a\u{85}b",
    "\u{9f}",
    "\u{a0}",
    "\u{a0}a\n",
    "\u{2028}",
    "a\u{2029}b",
    "\u{feff}",
    "a\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{200b}",
    "\u{202e}",
    "--- a\n",
    "---\nb",
    "a\n---\nb\n",
    "a\n...\n",
    "# a\nb\n",
    "a: b\nc: d\n",
    "key:\n  - x\n",
    "%YAML 1.2\n---\n",
    "\u{85}\n",
    "a\n\u{2028}b",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
    "0777777777777777777777",
    "1__0",
    "_1",
    "-_1",
    "1,000",
    "100m",
    "3Gi",
];

/// A text out of pieces that matter to YAML, or any characters.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(HOSTILE), 1..5).prop_map(|pieces| pieces.concat());
    prop_oneof![
        prop::sample::select(HOSTILE).prop_map(str::to_owned),
        pieces,
        prop::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect()),
        "[-a-z0-9:#.,_'\"\\n\\t \\[\\]{}&*!|>%@`~=<?]{0,24}",
        Just("long line ".repeat(40)),
        Just(format!("{}\n{}\n", "x".repeat(300), "y z ".repeat(100).trim_end())),
    ]
}

/// Numbers as Kubernetes holds them: whole in 64 bits with a sign, or a double with a fraction.
fn number() -> impl Strategy<Value = Value> {
    let double = any::<f64>().prop_filter("whole", |f| f.is_finite() && (f.fract() != 0.0 || f.abs() >= 1e21));
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        (-1000..1000_i64).prop_map(Value::from),
        double.prop_map(Value::from),
        prop::sample::select(&[0.5, 0.1, 1e-7, 1.5e300, 5e-324, 1e21, -2.5][..]).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::String),
        2 => number(),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(text(), inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object(name: &str, spec: &Value) -> Object {
    Object::new(json!({"apiVersion": "example.com/v1", "kind": "Probe", "metadata": {"name": name}, "spec": spec}))
        .unwrap()
}

/// What our reader sees; every document must be read without a complaint.
fn ours(file: &str, yaml: &str) -> Vec<Value> {
    let stream = read(file, yaml, &Limits::MANIFESTS);
    assert!(stream.findings.is_empty(), "{yaml}\n{:?}", stream.findings);
    stream.documents.into_iter().map(|document| document.value).collect()
}

/// kubectl reads a whole directory of objects at once.
fn kubectl(objects: &[Object]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    for (number, object) in objects.iter().enumerate() {
        std::fs::write(
            directory.path().join(format!("{number:06}.yaml")),
            write_yaml(object).unwrap(),
        )
        .unwrap();
    }
    common::kubectl_reads(directory.path()).unwrap()
}

fn by_name(values: Vec<Value>) -> BTreeMap<String, Value> {
    values
        .into_iter()
        .map(|value| (value["metadata"]["name"].as_str().unwrap().to_owned(), value))
        .collect()
}

#[test]
fn every_hostile_text_survives_as_value_key_and_item() {
    let objects: Vec<Object> = HOSTILE
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let mut spec = Map::new();
            spec.insert(
                (*text).to_owned(),
                json!([text, [text], {"name": text, "deep": {"deeper": [{"k": text}]}}]),
            );
            spec.insert("value".to_owned(), json!(text));
            object(&format!("p{number}"), &Value::Object(spec))
        })
        .collect();
    let theirs = by_name(kubectl(&objects));
    for object in &objects {
        let yaml = write_yaml(object).unwrap();
        assert_eq!(ours("f", &yaml), [object.value().clone()], "{yaml}");
        assert_eq!(&serde_yaml::from_str::<Value>(&yaml).unwrap(), object.value(), "{yaml}");
        assert_eq!(&theirs[object.name()], object.value(), "{yaml}");
    }
}

#[test]
fn any_object_is_read_back_by_two_readers() {
    let mut runner = TestRunner::new(Config {
        cases: 400,
        ..Config::default()
    });
    runner
        .run(&value(), |spec| {
            let object = object("p", &spec);
            let yaml = write_yaml(&object).unwrap();
            prop_assert!(yaml.ends_with('\n') && !yaml.ends_with("\n\n"));
            prop_assert_eq!(ours("f", &yaml), [object.value().clone()], "{}", &yaml);
            prop_assert_eq!(
                &serde_yaml::from_str::<Value>(&yaml).unwrap(),
                object.value(),
                "{}",
                &yaml
            );
            Ok(())
        })
        .unwrap();
}

/// kubectl is asked once for many objects: a process for each would take minutes.
#[test]
fn any_object_is_read_back_by_kubectl() {
    let mut runner = TestRunner::new(Config {
        cases: 4,
        max_shrink_iters: 60,
        ..Config::default()
    });
    runner
        .run(&prop::collection::vec(value(), 200..250), |specs| {
            let objects: Vec<Object> = specs
                .into_iter()
                .enumerate()
                .map(|(number, spec)| object(&format!("p{number}"), &spec))
                .collect();
            let theirs = by_name(kubectl(&objects));
            for object in &objects {
                prop_assert_eq!(
                    &theirs[object.name()],
                    object.value(),
                    "{}",
                    write_yaml(object).unwrap()
                );
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn keys_stand_in_their_order_and_texts_as_blocks() {
    let object = Object::new(json!({
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "immutable": true,
        "data": {"my.cnf": "[mysqld]\nbind = 0.0.0.0\n\n# end\n", "one": "a\n", "two": "x \ny\n", "no": "off"},
        "metadata": {
            "annotations": {"b": "1", "a": "2"},
            "zone": "z",
            "name": "config",
            "labels": {"x": "1"},
            "namespace": "db",
            "finalizers": [],
        },
        "list": [{"value": 1, "name": "n", "args": ["-c", "set -e\nexec x\n"]}],
        "templates": [{"spec": {"a": 1}, "metadata": {"namespace": "n", "name": "m"}, "kind": "K", "apiVersion": "v1"}],
    }))
    .unwrap();
    insta::assert_snapshot!(write_yaml(&object).unwrap());
}

/// Every manifest of a tree, read by all three readers. Returns how many it was.
fn check_tree(root: &Path) -> usize {
    let files = yaml_files(root);
    let mut expected = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.display().to_string();
        let [value] = &ours(&name, &text)[..] else {
            panic!("{name} holds not one document")
        };
        assert_eq!(&serde_yaml::from_str::<Value>(&text).unwrap(), value, "{name}");
        let object = Object::new(value.clone()).unwrap();
        assert_eq!(write_yaml(&object).unwrap(), text, "{name} is not as Galeno writes it");
        expected.push(value.clone());
    }
    // Beside the folders that Argo CD reads stands the index, which is no object.
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut theirs: Vec<Value> = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| common::kubectl_reads(&folder).unwrap())
        .collect();
    assert_eq!(theirs.len(), expected.len(), "kubectl sees another number of objects");
    for values in [&mut theirs, &mut expected] {
        values.sort_by_cached_key(ToString::to_string);
    }
    for (theirs, ours) in theirs.iter().zip(&expected) {
        assert_eq!(theirs, ours);
    }
    files.len()
}

fn yaml_files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_written_tree_is_read_back_whole() {
    let directory = tempfile::tempdir().unwrap();
    for (number, text) in HOSTILE.iter().enumerate() {
        let object = object(&format!("p{number}"), &json!({"text": text}));
        let folder = directory.path().join(format!("{}", number % 3));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join(format!("probe-p{number}.yaml")),
            write_yaml(&object).unwrap(),
        )
        .unwrap();
    }
    assert_eq!(check_tree(directory.path()), HOSTILE.len());
}

/// What is committed, whole: a missing tree, and a tree without files, fail.
#[test]
fn the_committed_trees_are_read_back_whole() {
    let generated = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    for environment in ["local", "prod", "staging"] {
        let count = check_tree(&generated.join(environment));
        assert!(count > 100, "{environment} has only {count} manifests");
    }
}
