use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::checks::upgrade::{Class, Effect};
use crate::finding::{Finding, ObjectId};
use crate::plan::diff;
use crate::plan::model::{Entry, EnvironmentChange, Revision, State, Target, Verb};

/// What GitHub takes in a comment.
const GITHUB: usize = 65_536;

fn target(name: &str) -> Target {
    Target {
        environment: name.to_owned(),
        region: name.to_owned(),
        component: name.to_owned(),
        object: ObjectId {
            api_version: "v1".to_owned(),
            kind: name.to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        },
    }
}

fn entry(class: Class, names: &[String], old: &Value, new: &Value) -> Entry {
    let effect = Effect {
        class,
        code: "upgrade/test",
        pointer: String::new(),
        message: names.join(" "),
        reason: "because".into(),
        mend: "otherwise".into(),
    };
    Entry {
        targets: names.iter().map(|name| target(name)).collect(),
        verb: Verb::Changed,
        class,
        effects: vec![effect],
        changes: diff::compare(old, new),
    }
}

fn plan(changed: Vec<Entry>, name: &str) -> Plan {
    Plan {
        base: Revision {
            name: name.to_owned(),
            commit: Some("0".repeat(40)),
        },
        head: Revision {
            name: "working tree".to_owned(),
            commit: None,
        },
        environments: vec![EnvironmentChange {
            name: name.to_owned(),
            state: State::Changed,
            written: Vec::new(),
            generator: None,
            untold: Some(name.to_owned()),
        }],
        restores: Vec::new(),
        survival: Vec::new(),
        changed,
        by_galeno: Vec::new(),
        findings: vec![Finding::error("plan/test", name).because(name)],
    }
}

/// JSON of any shape, with texts that a form could stumble over.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,40}",
        "[`<>|@#\\\\*_~\\[\\]\n\r\t]{0,12}",
        "(a|b|c|name|port|\u{202e})"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("(name|port|ports|containers|key|.{0,6})", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::None),
        Just(Class::Rolling),
        Just(Class::Recreate),
        Just(Class::DataAtRisk)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_two_values_are_compared(old in any_json(), new in any_json()) {
        prop_assert_eq!(diff::compare(&old, &old), Vec::new());
        let there = diff::compare(&old, &new);
        let back = diff::compare(&new, &old);
        prop_assert_eq!(there.is_empty(), back.is_empty());
    }

    #[test]
    fn any_plan_is_told_in_every_form_and_fits(
        entries in prop::collection::vec((any_class(), prop::collection::vec(".{1,300}", 1..4), any_json(), any_json()), 0..24),
        times in 1_usize..80,
        name in ".{0,2000}",
    ) {
        let entries: Vec<Entry> = entries.iter().map(|(class, names, old, new)| entry(*class, names, old, new)).collect();
        let many = entries.iter().cycle().take(entries.len() * times / 8).cloned().collect();
        let plan = plan(many, &name);
        let markdown = tell(&plan, Format::Markdown, false);
        prop_assert!(markdown.encode_utf16().count() <= GITHUB, "{}", markdown.len());
        let terminal = tell(&plan, Format::Terminal, false);
        prop_assert!(!terminal.contains('\u{1b}'), "nothing that was read steers the terminal");
        prop_assert!(tell(&plan, Format::Html, false).contains("</html>"));
        prop_assert!(serde_json::from_str::<Value>(&tell(&plan, Format::Json, false)).is_ok());
    }

    #[test]
    fn any_bytes_are_read_as_a_manifest(bytes in prop::collection::vec(any::<u8>(), 0..400), yaml in any_json()) {
        let file = "generated/prod/eu/api/deployment-api.yaml";
        crate::plan::objects::parse_one(file, &bytes);
        crate::plan::objects::parse_one(file, yaml.to_string().as_bytes());
    }
}

#[test]
fn what_is_left_out_is_said_and_the_most_dangerous_stays() {
    let (old, new) = (serde_json::json!({"a": 1}), serde_json::json!({"a": 2}));
    let mut entries = vec![entry(Class::DataAtRisk, &["the-dangerous-one".to_owned()], &old, &new)];
    entries.extend((0..5000).map(|i| entry(Class::None, &[format!("object-{i}")], &old, &new)));
    let markdown = tell(&plan(entries, "x"), Format::Markdown, false);
    assert!(markdown.encode_utf16().count() <= GITHUB);
    assert!(markdown.contains("the-dangerous-one"));
    assert!(
        markdown.contains("Left out, for GitHub's limit"),
        "{}",
        &markdown[markdown.len() - 300..]
    );
    let shown = markdown.matches("object-").count();
    assert!(shown > 100, "{shown}");
}

#[test]
fn names_mention_nobody_and_make_no_markup() {
    let name = "@everyone #1 <script>alert(1)</script> `x` **b**";
    let plan = plan(
        vec![entry(Class::DataAtRisk, &[name.to_owned()], &1.into(), &2.into())],
        name,
    );
    let markdown = tell(&plan, Format::Markdown, false);
    assert!(
        !markdown.contains("<script>alert") || markdown.contains("``"),
        "{markdown}"
    );
    assert!(!markdown.contains("in @everyone"), "{markdown}");
    assert!(!tell(&plan, Format::Html, false).contains("<script>"));
}
