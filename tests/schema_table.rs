//! *schema*, shown on objects: the valid ones have no findings, and each seeded fault has exactly the expected ones.
#![allow(clippy::unwrap_used, reason = "a test may end where it fails")]

mod schema_support;

use galeno::checks::schema::{self, Catalog, KubeVersion};
use galeno::finding::Severity;
use schema_support::{base, change, findings, item, valid_objects};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    base: Option<String>,
    object: Option<Value>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    set: serde_json::Map<String, Value>,
    #[serde(default)]
    remove: Vec<String>,
    expect: Vec<String>,
}

impl Case {
    fn object(&self) -> Value {
        let mut object = match (&self.base, &self.object) {
            (Some(name), None) => base(name),
            (None, Some(object)) => object.clone(),
            _ => panic!("a case has `base` or `object`"),
        };
        for pointer in &self.remove {
            change(&mut object, pointer, None);
        }
        for (pointer, value) in &self.set {
            // `@1000` stands for a text of that many characters.
            let long = value
                .as_str()
                .and_then(|t| t.strip_prefix('@'))
                .and_then(|n| n.parse::<usize>().ok());
            change(
                &mut object,
                pointer,
                Some(long.map_or_else(|| value.clone(), |n| "x".repeat(n).into())),
            );
        }
        object
    }

    fn versions(&self) -> Vec<KubeVersion> {
        if self.versions.is_empty() {
            vec![KubeVersion::LATEST]
        } else {
            self.versions.iter().map(|v| v.parse().unwrap()).collect()
        }
    }
}

fn cases() -> Vec<Case> {
    serde_yaml::from_str(include_str!("fixtures/schema/faults.yaml")).unwrap()
}

#[test]
fn valid_objects_have_no_findings_in_any_version() {
    let objects = valid_objects();
    assert!(objects.len() > 70, "{}", objects.len());
    let items: Vec<_> = objects.into_iter().map(|(file, value)| item(&file, value)).collect();
    for version in KubeVersion::all() {
        let found = schema::check(&items, &Catalog::upstream(), &[version]);
        assert!(found.is_empty(), "{version}: {found:#?}");
    }
    let all: Vec<KubeVersion> = KubeVersion::all().collect();
    assert_eq!(schema::check(&items, &Catalog::upstream(), &all), []);
}

#[test]
fn every_seeded_fault_has_exactly_its_findings() {
    let cases = cases();
    assert!(cases.len() > 250, "{}", cases.len());
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let object = case.object();
        let found = findings(object, &case.versions());
        let mut told: Vec<String> = found
            .iter()
            .map(|f| format!("{} {}", f.code, f.place.pointer.as_deref().unwrap_or("?")))
            .map(|t| if t.ends_with(' ') { format!("{t}\"\"") } else { t })
            .collect();
        let mut expected = case.expect.clone();
        told.sort();
        expected.sort();
        if told != expected {
            let name = case.base.clone().unwrap_or_default();
            let messages: Vec<&String> = found.iter().map(|f| &f.message).collect();
            wrong.push(format!(
                "case {number} {name} {:?}{:?}\n  expected {expected:?}\n  found    {told:?}\n  {messages:?}",
                case.set, case.remove
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_finding_says_what_where_and_why() {
    for case in cases() {
        for finding in findings(case.object(), &case.versions()) {
            assert!(finding.code.starts_with("schema/"), "{finding:?}");
            assert!(
                finding.message.len() > 10 && !finding.message.ends_with('.'),
                "{finding:?}"
            );
            assert!(!finding.reason.is_empty() && !finding.mend.is_empty(), "{finding:?}");
            assert_eq!(finding.place.file.as_deref(), Some("test.yaml"), "{finding:?}");
            assert!(finding.place.object.is_some(), "{finding:?}");
        }
    }
}

#[test]
fn near_misses_are_named() {
    let mend = |name: &str, pointer: &str, value: Value| {
        let mut object = base(name);
        change(&mut object, pointer, Some(value));
        findings(object, &[KubeVersion::LATEST])
            .first()
            .map(|f| f.mend.clone())
            .unwrap_or_default()
    };
    assert_eq!(
        mend("Deployment/web", "/spec/replica", 3.into()),
        "did you mean `replicas`?"
    );
    let container = "/spec/template/spec/containers/0";
    assert_eq!(
        mend(
            "Deployment/web",
            &format!("{container}/imagepullpolicy"),
            "Always".into()
        ),
        "did you mean `imagePullPolicy`?"
    );
    assert_eq!(
        mend("Deployment/web", "/spec/template/spec/minReadySeconds", 3.into()),
        "`minReadySeconds` belongs directly under `spec`"
    );
    assert_eq!(
        mend("Deployment/web", "/spec/containers", Value::Null),
        "`containers` belongs into `template.spec`"
    );
    assert_eq!(
        mend("Deployment/web", "/spec/template/containers", Value::Array(vec![])),
        "`containers` belongs into `spec`"
    );
    assert_eq!(
        mend("Deployment/web", "/kind", "Deploymnet".into()),
        "did you mean `kind: Deployment`?"
    );
    assert_eq!(
        mend("Deployment/web", "/apiVersion", "v1".into()),
        "did you mean `apiVersion: apps/v1`?"
    );
    assert_eq!(
        mend(
            "Deployment/web",
            &format!("{container}/volumeMounts/0/name"),
            "confg".into()
        ),
        "did you mean \"config\"?"
    );
    assert_eq!(
        mend("Deployment/web", "/spec/replicas", "3".into()),
        "write it without quotes: 3"
    );
    assert_eq!(
        mend("Deployment/web", &format!("{container}/env/0/value"), true.into()),
        "write it in quotes: \"true\""
    );
    let mut unknown = base("Deployment/web");
    change(&mut unknown, "/apiVersion", Some("example.com/v1".into()));
    change(&mut unknown, "/kind", Some("Thing".into()));
    let found = findings(unknown, &[KubeVersion::LATEST]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].mend.contains("--crds DIR"), "{found:?}");
}

#[test]
fn values_of_secrets_are_never_shown() {
    for (pointer, value) in [
        ("/data/tls.key", serde_json::json!("hunter2!")),
        ("/stringData/a", serde_json::json!(12345)),
        ("/data/tls.crt", serde_json::json!(["hunter2!"])),
        ("/stringData/a", serde_json::json!({"k": "hunter2!"})),
    ] {
        let mut object = base("Secret/tls");
        change(&mut object, pointer, Some(value));
        let found = findings(object, &[KubeVersion::LATEST]);
        assert!(!found.is_empty(), "{pointer}");
        let told = format!("{found:?}");
        assert!(!told.contains("hunter2") && !told.contains("12345"), "{told}");
    }
}

#[test]
fn an_older_group_version_is_told_with_the_right_one() {
    let object = serde_json::json!({"apiVersion": "networking.k8s.io/v1beta1", "kind": "IPAddress",
        "metadata": {"name": "10.0.0.1"}, "spec": {"parentRef": {"resource": "services", "name": "a"}}});
    let found = findings(object, &[KubeVersion::LATEST]);
    let finding = found.iter().find(|f| f.code == "schema/kind-not-in-version").unwrap();
    assert_eq!(finding.mend, "write `apiVersion: networking.k8s.io/v1`");
    assert!(finding.message.contains("1.37"), "{finding:?}");
}

#[test]
fn rules_that_cannot_be_evaluated_are_told_once() {
    let rules = serde_json::json!([
        {"rule": "authorizer.path('/x').check('get').allowed()", "message": "never"},
        {"rule": "self.items.all(a, self.items.all(b, self.items.all(c, self.items.all(d, a != b || c != d))))"},
        {"rule": "self ="},
        {"rule": "self.size == oldSelf.size"},
        {"rule": "!oldSelf.hasValue() || self.size >= oldSelf.value().size", "optionalOldSelf": true},
    ]);
    let schema = serde_json::json!({"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-validations": rules,
        "properties": {"size": {"type": "integer"}, "items": {"type": "array", "items": {"type": "integer"}}}}}});
    let crd = serde_json::json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    let thing = |name: &str| {
        serde_json::json!({"apiVersion": "example.com/v1", "kind": "Thing",
        "metadata": {"name": name, "namespace": "a"}, "spec": {"size": 1, "items": (0..300).collect::<Vec<_>>()}})
    };
    let items = [
        item("a.yaml", crd),
        item("b.yaml", thing("one")),
        item("c.yaml", thing("two")),
    ];
    let found = schema::check(&items, &Catalog::upstream(), &[KubeVersion::LATEST]);
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|f| (f.code, f.place.file.as_deref().unwrap()))
        .collect();
    assert_eq!(told, [("schema/rule-not-evaluated", "b.yaml"); 3], "{found:#?}");
    assert!(found.iter().all(|f| f.severity == Severity::Note));
    assert!(found[0].message.contains("authorizer.path"), "{:?}", found[0]);
}
