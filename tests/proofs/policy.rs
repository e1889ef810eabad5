//! Policies are evaluated as the API server does, and what cannot be evaluated is never passed.

use std::collections::BTreeSet;
use std::fs;

use galeno::bundle::Item;
use galeno::checks::policy::{check, test};
use galeno::checks::schema::Catalog;
use galeno::finding::{Finding, Severity};
use galeno::policies::{Texts, texts};
use serde_json::{Value, json};

use crate::platform::{change, galeno, item, items};

fn catalog() -> Catalog {
    Catalog::upstream()
}

#[test]
fn every_policy_of_ours_passes_its_cases() {
    let names: Vec<&str> = galeno::policies::builtin().iter().map(|policy| policy.name).collect();
    insta::assert_snapshot!(names.join(" "), @"backups-run cluster-admin database-storage database-volumes host-access images keep-data namespace-labels pod-security probes rbac-wildcards resources secret-literals service-exposure spread tls-routes");
    for tested in test(&texts(), &catalog()) {
        assert_eq!(tested.findings, [], "{}", tested.name);
        assert!(tested.rejected > 0 && tested.admitted > 0, "{}", tested.name);
    }
}

fn errors(findings: &[Finding]) -> Vec<(&'static str, String)> {
    findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|f| {
            (
                f.code,
                f.place.object.as_ref().map(ToString::to_string).unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn what_is_rendered_keeps_every_policy() {
    for name in ["prod", "staging", "local"] {
        let items = items(name);
        let policies = items
            .iter()
            .filter(|i| i.object.kind() == "ValidatingAdmissionPolicy")
            .count();
        assert!(policies >= 16, "{name} has {policies}");
        assert_eq!(check(&items, &catalog(), false), [], "{name}");
    }
}

type Break = (&'static str, &'static str, &'static str, fn(&mut Value));

/// A rendered object, broken, and the policy that says so.
#[test]
fn a_mistake_in_what_is_rendered_is_caught_by_its_policy() {
    let cases: Vec<Break> = vec![
        ("images", "Deployment", "api", |v| {
            v["spec"]["template"]["spec"]["containers"][0]["image"] = json!("ghcr.io/galeno-platform/api:0.1.0")
        }),
        ("pod-security", "Deployment", "web", |v| {
            v["spec"]["template"]["spec"]["containers"][0]["securityContext"]["privileged"] = json!(true);
        }),
        ("resources", "StatefulSet", "mariadb-g0", |v| {
            v["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] = json!({});
        }),
        ("probes", "Deployment", "web", |v| {
            v["spec"]["template"]["spec"]["containers"][0]
                .as_object_mut()
                .unwrap()
                .remove("readinessProbe");
        }),
        ("spread", "StatefulSet", "mariadb-g0", |v| {
            v["spec"]["template"]["spec"]["topologySpreadConstraints"] = json!([])
        }),
        ("database-volumes", "StatefulSet", "mariadb-g0", |v| {
            v["spec"]["template"]["spec"]["serviceAccountName"] = json!("other")
        }),
        ("database-storage", "StatefulSet", "mariadb-g0", |v| {
            v["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = json!(["ReadWriteMany"]);
        }),
        ("service-exposure", "Service", "api", |v| {
            v["spec"]["type"] = json!("NodePort")
        }),
        ("host-access", "Deployment", "api", |v| {
            v["spec"]["template"]["spec"]["hostNetwork"] = json!(true)
        }),
        ("tls-routes", "HTTPRoute", "api", |v| {
            v["spec"]["parentRefs"][0]["sectionName"] = json!("http")
        }),
        ("rbac-wildcards", "ClusterRole", "clinic-snapshot", |v| {
            v["rules"][0]["verbs"] = json!(["*"])
        }),
        ("cluster-admin", "ClusterRoleBinding", "clinic-snapshot", |v| {
            v["roleRef"]["name"] = json!("cluster-admin")
        }),
        ("keep-data", "CephCluster", "rook-ceph", |v| {
            v["metadata"].as_object_mut().unwrap().remove("annotations");
        }),
        ("backups-run", "CronJob", "backup-daily", |v| {
            v["spec"]["suspend"] = json!(true)
        }),
        ("namespace-labels", "Namespace", "clinic-data", |v| {
            v["metadata"]["labels"]
                .as_object_mut()
                .unwrap()
                .remove("galeno.dev/owner");
        }),
    ];
    let sound = items("prod");
    let mut seen = BTreeSet::from(["secret-literals"]);
    for (policy, kind, name, broken) in cases {
        let mut items = sound.clone();
        change(&mut items, "/eu-central", kind, name, broken);
        let found = errors(&check(&items, &catalog(), false));
        assert!(
            found
                .iter()
                .any(|(code, about)| *code == format!("policy/{policy}") && about.contains(name)),
            "{policy}: {found:?}"
        );
        seen.insert(policy);
    }
    // Nothing that is rendered is a Secret: one that somebody adds is refused.
    let mut items = sound;
    let mut secret = item(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "clinic-app"}, "data": {"a": "Yg=="}}),
    );
    secret.cluster = items[0].cluster.clone();
    items.push(secret);
    assert_eq!(
        errors(&check(&items, &catalog(), false)),
        [("policy/secret-literals", "Secret clinic-app/s".to_owned())]
    );
    assert_eq!(seen.len(), galeno::policies::builtin().len());
}

#[test]
fn anybodys_manifests_are_held_against_them_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  type: NodePort\n  ports: [{port: 80}]\n---\n\
                    apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  \
                    template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - {name: web, image: nginx}\n";
    fs::write(folder.path().join("web.yaml"), manifest).unwrap();
    let output = galeno(folder.path(), &["validate", "web.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let policies: String = text
        .split("\n\n")
        .filter(|finding| finding.contains("[policy/"))
        .map(|finding| format!("{}\n\n", finding.trim()))
        .collect();
    insta::assert_snapshot!(policies);
    let output = galeno(folder.path(), &["validate", "--no-policies", "web.yaml"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("[policy/"));
}

fn policy(spec: Value, binding: Value) -> Vec<Item> {
    let mut bound = json!({"policyName": "p", "validationActions": ["Deny"]});
    bound
        .as_object_mut()
        .unwrap()
        .extend(binding.as_object().unwrap().clone());
    let rules =
        json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]);
    let mut full = json!({"matchConstraints": {"resourceRules": rules}});
    full.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let api = "admissionregistration.k8s.io/v1";
    vec![
        item(json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": full})),
        item(
            json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "p"}, "spec": bound}),
        ),
    ]
}

fn config(name: &str, labels: Value) -> Item {
    item(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ns", "labels": labels}, "data": {"k": "v"}}),
    )
}

fn says(spec: Value, binding: Value, more: Vec<Item>) -> Vec<String> {
    let mut items = policy(spec, binding);
    items.push(config("it", json!({"a": "b"})));
    items.extend(more);
    check(&items, &catalog(), false)
        .into_iter()
        .map(|f| {
            format!(
                "{:?} {}: {}",
                f.severity,
                f.place.object.map(|o| o.name).unwrap_or_default(),
                f.message
            )
        })
        .collect()
}

const NO: &str = "object.metadata.name != 'it'";

#[test]
fn a_policy_is_evaluated_as_the_api_server_does() {
    let no = json!({"validations": [{"expression": NO, "message": "no"}]});
    let with = |more: Value| {
        let mut spec = no.clone();
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let none = json!({});
    let nothing: [String; 0] = [];
    let refused = ["Error it: no"];
    // Actions.
    assert_eq!(says(no.clone(), none.clone(), vec![]), refused);
    assert_eq!(
        says(no.clone(), json!({"validationActions": ["Warn"]}), vec![]),
        ["Warning it: no"]
    );
    assert_eq!(
        says(no.clone(), json!({"validationActions": ["Audit"]}), vec![]),
        ["Note it: no"]
    );
    // Conditions: one that does not hold ends it, whatever the others fail at.
    let condition = |list: &[&str]| {
        let list: Vec<Value> = list
            .iter()
            .enumerate()
            .map(|(i, e)| json!({"name": format!("c{i}"), "expression": e}))
            .collect();
        json!({"matchConditions": list})
    };
    assert_eq!(
        says(with(condition(&["request.namespace == 'ns'"])), none.clone(), vec![]),
        refused
    );
    assert_eq!(
        says(with(condition(&["object.data.x == ''", "false"])), none.clone(), vec![]),
        nothing
    );
    assert_eq!(
        says(with(condition(&["object.data.x == ''"])), none.clone(), vec![]),
        ["Error it: the condition `c0` failed: No such key: x"]
    );
    // Variables are lazy: what fails and is not needed does not matter, what is needed fails for its own reason.
    let lazy = |expression: &str| {
        json!({"variables": [{"name": "bad", "expression": "object.data.x"}, {"name": "good", "expression": "object.data.k + '!'"}],
               "validations": [{"expression": expression, "message": "no"}]})
    };
    assert_eq!(
        says(
            lazy("variables.good == 'v!' || variables.bad == ''"),
            none.clone(),
            vec![]
        ),
        nothing
    );
    assert_eq!(
        says(lazy("variables.bad == ''"), none.clone(), vec![]),
        ["Error it: the expression `variables.bad == ''` failed: No such key: x"]
    );
    // A failure is ignored only where the policy says so, and then it is noted.
    let mut ignore = lazy("variables.bad == ''");
    ignore["failurePolicy"] = json!("Ignore");
    assert_eq!(
        says(ignore, none.clone(), vec![]),
        ["Note it: the expression `variables.bad == ''` failed: No such key: x"]
    );
    // Messages: the expression's, else the message, else the expression itself.
    let message = |validation: Value| says(json!({"validations": [validation]}), json!({}), vec![]);
    assert_eq!(
        message(json!({"expression": NO, "message": "m", "messageExpression": "'is ' + object.data.k"})),
        ["Error it: is v"]
    );
    assert_eq!(
        message(json!({"expression": NO, "message": "m", "messageExpression": "object.data.x"})),
        ["Error it: m"]
    );
    assert_eq!(
        message(json!({"expression": NO, "message": "m", "messageExpression": "'a\\nb'"})),
        ["Error it: m"]
    );
    assert_eq!(
        message(json!({"expression": NO})),
        [format!("Error it: failed expression: {NO}")]
    );
}

#[test]
fn a_policy_concerns_what_it_says() {
    let nothing: [String; 0] = [];
    let refused = ["Error it: no"];
    let concerns = |constraints: Value, binding: Value, more: Vec<Item>| {
        let mut rule =
            json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]});
        let mut matching = json!({});
        for (key, value) in constraints.as_object().unwrap() {
            let target = if key.ends_with("Selector") || key.ends_with("Policy") || key.ends_with("Rules") {
                &mut matching
            } else {
                &mut rule
            };
            target[key] = value.clone();
        }
        matching["resourceRules"] = json!([rule]);
        says(
            json!({"matchConstraints": matching, "validations": [{"expression": NO, "message": "no"}]}),
            binding,
            more,
        )
    };
    let plain = |constraints: Value| concerns(constraints, json!({}), vec![]);
    assert_eq!(plain(json!({})), refused);
    assert_eq!(plain(json!({"operations": ["UPDATE", "DELETE"]})), nothing);
    assert_eq!(
        plain(json!({"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]})),
        refused
    );
    assert_eq!(plain(json!({"apiGroups": ["apps"]})), nothing);
    assert_eq!(plain(json!({"scope": "Cluster"})), nothing);
    assert_eq!(plain(json!({"scope": "Namespaced"})), refused);
    assert_eq!(plain(json!({"resourceNames": ["other"]})), nothing);
    assert_eq!(plain(json!({"apiVersions": ["v2"], "matchPolicy": "Exact"})), nothing);
    // Another version of the same resource would be converted: that is not done here, and is not passed.
    let converted = plain(json!({"apiVersions": ["v2"]}));
    assert!(
        converted[0].contains("cannot be evaluated: it is about another version of `configmaps`"),
        "{converted:?}"
    );
    let exclude = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]);
    assert_eq!(plain(json!({"excludeResourceRules": exclude})), nothing);
    assert_eq!(plain(json!({"objectSelector": {"matchLabels": {"a": "b"}}})), refused);
    assert_eq!(plain(json!({"objectSelector": {"matchLabels": {"a": "c"}}})), nothing);
    assert_eq!(
        plain(json!({"objectSelector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}})),
        nothing
    );
    // A namespace has its name as a label, and those that its object has.
    let namespace =
        item(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns", "labels": {"x": "y"}}}));
    let by_name = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}});
    let by_label = json!({"namespaceSelector": {"matchLabels": {"x": "y"}}});
    assert_eq!(plain(by_name.clone()), refused);
    assert_eq!(plain(by_label.clone()), nothing);
    assert_eq!(concerns(by_label, json!({}), vec![namespace]), refused);
    // A binding narrows its policy.
    let elsewhere =
        json!({"matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}});
    assert_eq!(concerns(json!({}), elsewhere, vec![]), nothing);
    assert_eq!(concerns(json!({}), json!({"matchResources": by_name}), vec![]), refused);
}

#[test]
fn parameters_are_those_that_the_binding_names() {
    let spec = |kind: &str| {
        json!({"paramKind": {"apiVersion": "v1", "kind": kind},
               "validations": [{"expression": "object.metadata.name != params.data.k || params.metadata.name == object.metadata.name", "messageExpression": "'not ' + params.data.k"}]})
    };
    let params = |name: &str, namespace: &str, label: &str| {
        item(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, "labels": {"l": label}}, "data": {"k": "it"}}),
        )
    };
    let by = |reference: Value| json!({"paramRef": reference});
    // Parameters are ConfigMaps themselves: only what is said of the one in question counts.
    let says = |spec: Value, binding: Value, more: Vec<Item>| -> Vec<String> {
        says(spec, binding, more)
            .into_iter()
            .filter(|said| said.contains(" it: "))
            .collect()
    };
    let all = || vec![params("a", "ns", "1"), params("b", "far", "1"), params("c", "far", "2")];
    assert_eq!(
        says(
            spec("ConfigMap"),
            by(json!({"name": "a", "parameterNotFoundAction": "Deny"})),
            all()
        ),
        ["Error it: not it"]
    );
    assert_eq!(
        says(
            spec("ConfigMap"),
            by(json!({"name": "b", "namespace": "far", "parameterNotFoundAction": "Deny"})),
            all()
        ),
        ["Error it: not it"]
    );
    let selector =
        json!({"selector": {"matchLabels": {"l": "2"}}, "namespace": "far", "parameterNotFoundAction": "Deny"});
    assert_eq!(says(spec("ConfigMap"), by(selector), all()), ["Error it: not it"]);
    let missing = says(
        spec("ConfigMap"),
        by(json!({"name": "x", "namespace": "far", "parameterNotFoundAction": "Deny"})),
        vec![],
    );
    assert_eq!(
        missing,
        ["Error it: the policy failed: there is no ConfigMap x, which holds its parameters"]
    );
    let allowed = by(json!({"name": "x", "namespace": "far", "parameterNotFoundAction": "Allow"}));
    assert_eq!(says(spec("ConfigMap"), allowed, vec![]), [""; 0]);
    let other = says(
        spec("Thing"),
        by(json!({"name": "x", "namespace": "far", "parameterNotFoundAction": "Allow"})),
        vec![],
    );
    assert_eq!(
        other,
        ["Error it: `paramKind` cannot be evaluated: parameters of the kind Thing are not supported"]
    );
}

#[test]
fn what_cannot_be_evaluated_is_named_and_not_passed() {
    let mut told = String::new();
    for expression in [
        "authorizer.group('').resource('pods').check('get').allowed()",
        "false && semver('1.0.0').major() == 1",
        "true || object.data.k.frobnicate()",
        "variables.later == ''",
        "subject.name == ''",
        "object.metadata.name",
        "object.",
        "object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, object.data.all(e, object.data.all(f, true))))))",
    ] {
        let mut large = config("large", json!({}));
        let mut value = large.object.value().clone();
        value["data"] = (0..40)
            .map(|i| (format!("k{i}"), json!("v")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        large.object = galeno::bundle::Object::new(value).unwrap();
        let spec = json!({"validations": [{"expression": expression}], "variables": []});
        let found = says(spec, json!({}), vec![large]);
        assert!(
            !found.is_empty() && found.iter().all(|f| f.starts_with("Error")),
            "{expression}: {found:?}"
        );
        told += &format!("{expression}\n  {}\n", found.last().unwrap().lines().next().unwrap());
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_workloads_pods_are_judged() {
    let spec = json!({
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
        "validations": [{"expression": "false", "messageExpression": "request.userInfo.username + ' ' + object.spec.serviceAccountName + (has(object.spec.volumes) ? ' ' + object.spec.volumes[0].persistentVolumeClaim.claimName : '')"}],
    });
    let pod = json!({"metadata": {"labels": {}}, "spec": {"containers": []}});
    for (api, kind, body, who) in [
        (
            "apps/v1",
            "Deployment",
            json!({"template": pod}),
            "replicaset-controller default",
        ),
        (
            "apps/v1",
            "DaemonSet",
            json!({"template": pod}),
            "daemon-set-controller default",
        ),
        ("batch/v1", "Job", json!({"template": pod}), "job-controller default"),
        (
            "batch/v1",
            "CronJob",
            json!({"jobTemplate": {"spec": {"template": pod}}}),
            "job-controller default",
        ),
        (
            "apps/v1",
            "StatefulSet",
            json!({"template": pod, "ordinals": {"start": 4}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
            "statefulset-controller default data-w-4",
        ),
    ] {
        let workload =
            item(json!({"apiVersion": api, "kind": kind, "metadata": {"name": "w", "namespace": "ns"}, "spec": body}));
        assert_eq!(
            says(spec.clone(), json!({}), vec![workload]),
            [format!("Error w: system:serviceaccount:kube-system:{who}")]
        );
    }
}

fn texts_of(policy: &str, cases: Option<&str>) -> Texts {
    Texts {
        name: "p".to_owned(),
        file: "policies/p.yaml".to_owned(),
        policy: policy.to_owned(),
        cases: cases.map(str::to_owned),
    }
}

#[test]
fn policies_that_show_nothing_are_refused() {
    let good = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}\n  validations: [{expression: \"object.metadata.name != 'wrong'\", message: not that}]\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: p}\nspec: {policyName: p, validationActions: [Deny]}\n";
    let object =
        |name: &str| format!("object: {{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: a}}}}");
    let rejects = format!("rejects: [{{name: bad, {}, message: not that}}]\n", object("wrong"));
    let alone = good.split("---\n").next().unwrap();
    let mut told = String::new();
    for (what, policy, cases) in [
        ("no cases", good.to_owned(), None),
        (
            "no rejecting case",
            good.to_owned(),
            Some(format!("admits: [{{name: good, {}}}]\n", object("right"))),
        ),
        (
            "not rejected",
            good.to_owned(),
            Some(format!(
                "rejects: [{{name: bad, {}, message: not that}}]\n",
                object("right")
            )),
        ),
        (
            "another message",
            good.to_owned(),
            Some(format!("rejects: [{{name: bad, {}, message: other}}]\n", object("wrong"))),
        ),
        (
            "no message",
            good.to_owned(),
            Some(format!("rejects: [{{name: bad, {}}}]\n", object("wrong"))),
        ),
        (
            "not admitted",
            good.to_owned(),
            Some(format!("admits: [{{name: good, {}}}]\n{rejects}", object("wrong"))),
        ),
        (
            "not concerned",
            good.to_owned(),
            Some(
                "rejects: [{name: bad, object: {apiVersion: v1, kind: Pod, metadata: {name: wrong}}, message: not that}]\n"
                    .to_owned(),
            ),
        ),
        ("unknown field", good.to_owned(), Some("rejekts: []\n".to_owned())),
        ("no binding", alone.to_owned(), Some(rejects.clone())),
        (
            "another name",
            good.replace("metadata: {name: p}", "metadata: {name: q}")
                .replace("policyName: p", "policyName: q"),
            Some(rejects.clone()),
        ),
        (
            "no such function",
            good.replace("object.metadata.name !=", "authorizer.path('/') !="),
            Some(rejects.clone()),
        ),
        (
            "unknown field of the policy",
            good.replace("validations:", "validation:"),
            Some(rejects.clone()),
        ),
    ] {
        let tested = test(&[texts_of(&policy, cases.as_deref())], &catalog());
        assert!(!tested[0].findings.is_empty(), "{what}");
        for finding in &tested[0].findings {
            told += &format!(
                "{what}: [{}] {}\n",
                finding.code,
                finding.message.lines().next().unwrap_or_default()
            );
        }
    }
    insta::assert_snapshot!(told);
    assert_eq!(test(&[texts_of(good, Some(&rejects))], &catalog())[0].findings, []);
}

#[test]
fn the_program_runs_the_cases_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("policies");
    fs::create_dir(&own).unwrap();
    let output = galeno(folder.path(), &["policy", "test"]);
    assert_eq!(output.status.code(), Some(4), "an empty folder shows nothing");
    for texts in texts().iter().take(2) {
        fs::write(own.join(format!("{}.yaml", texts.name)), &texts.policy).unwrap();
        fs::write(
            own.join(format!("{}.cases.yaml", texts.name)),
            texts.cases.as_ref().unwrap(),
        )
        .unwrap();
    }
    let output = galeno(folder.path(), &["policy", "test"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(own.join("cluster-admin.cases.yaml")).unwrap();
    let output = galeno(folder.path(), &["policy", "test", own.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("policy/no-rejecting-case"));
}
