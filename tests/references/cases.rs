//! Each rule by a bad case, which gives its finding, and a good one, which does not.

use std::collections::BTreeSet;

use galeno::bundle::Item;
use galeno::checks::references::CODES;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::support::{complete, fixtures, item, line};

/// One case of a fixture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The rule, in words.
    rule: String,
    /// The code that the bad case must give and the good one must not.
    code: String,
    /// What the finding must say.
    says: String,
    /// The pointer that it must be at.
    at: Option<String>,
    /// The objects of both cases.
    #[serde(default)]
    always: Vec<Map<String, Value>>,
    bad: Vec<Map<String, Value>>,
    good: Vec<Map<String, Value>>,
}

fn cases() -> Vec<(String, Case)> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(fixtures().join("cases")).expect("the cases") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let cases: Vec<Case> =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let topic = path.file_stem().expect("a name").to_string_lossy().into_owned();
        all.extend(cases.into_iter().map(|case| (topic.clone(), case)));
    }
    all
}

/// The API version of a kind, so that cases need not write it.
fn api_version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "PodDisruptionBudget" => "policy/v1",
        "EndpointSlice" => "discovery.k8s.io/v1",
        "RuntimeClass" => "node.k8s.io/v1",
        "PriorityClass" => "scheduling.k8s.io/v1",
        "StorageClass" | "CSIDriver" => "storage.k8s.io/v1",
        "Ingress" | "IngressClass" | "NetworkPolicy" => "networking.k8s.io/v1",
        "CiliumNetworkPolicy" => "cilium.io/v2",
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
        "APIService" => "apiregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding" => {
            "admissionregistration.k8s.io/v1"
        }
        "Gateway" | "GatewayClass" | "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "ReferenceGrant" | "BackendTLSPolicy" => {
            "gateway.networking.k8s.io/v1"
        }
        "Middleware" | "IngressRoute" | "ServersTransport" | "TLSOption" => "traefik.io/v1alpha1",
        "ServiceMonitor" | "PodMonitor" | "PrometheusRule" | "Prometheus" => "monitoring.coreos.com/v1",
        "AlertmanagerConfig" => "monitoring.coreos.com/v1beta1",
        "Certificate" | "Issuer" | "ClusterIssuer" => "cert-manager.io/v1",
        "ExternalSecret" | "ClusterExternalSecret" | "SecretStore" | "ClusterSecretStore" => "external-secrets.io/v1",
        "SealedSecret" => "bitnami.com/v1alpha1",
        "Bundle" => "trust.cert-manager.io/v1alpha1",
        "ClusterBundle" => "trust-manager.io/v1alpha2",
        "VolumeSnapshot" | "VolumeSnapshotClass" => "snapshot.storage.k8s.io/v1",
        "Driver" => "csi.ceph.io/v1",
        "Application" | "AppProject" => "argoproj.io/v1alpha1",
        kind if kind.starts_with("Ceph") => "ceph.rook.io/v1",
        _ => "v1",
    }
}

/// `KIND NAMESPACE/NAME: {the rest}` as an object in a file.
fn object(key: &str, rest: &Value) -> Item {
    let (kind, name) = key
        .split_once(' ')
        .unwrap_or_else(|| panic!("`{key}` is not `KIND NAMESPACE/NAME`"));
    let mut value = json!({"apiVersion": api_version(kind), "kind": kind, "metadata": {}});
    let (namespace, name) = name.split_once('/').map_or((None, name), |(ns, name)| (Some(ns), name));
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    for (field, part) in rest.as_object().expect("a mapping") {
        if field == "metadata" {
            for (key, part) in part.as_object().expect("a mapping") {
                metadata[key] = part.clone();
            }
        } else {
            value[field] = part.clone();
        }
    }
    let folder = metadata["annotations"]["folder"].as_str().unwrap_or("c").to_owned();
    value["metadata"] = metadata;
    item("c", &format!("generated/{folder}/{kind}-{name}.yaml"), value)
}

fn findings(case: &Case, objects: &[Map<String, Value>]) -> Vec<galeno::finding::Finding> {
    let written = case.always.iter().chain(objects).flatten();
    let items: Vec<_> = written.map(|(key, rest)| object(key, rest)).collect();
    complete(&items)
        .into_iter()
        .filter(|finding| finding.code == case.code)
        .collect()
}

#[test]
fn each_rule_finds_the_bad_and_leaves_the_good() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    for (topic, case) in &cases {
        let bad = findings(case, &case.bad);
        let found = bad.iter().any(|finding| {
            let at = case
                .at
                .as_deref()
                .is_none_or(|at| finding.place.pointer.as_deref() == Some(at));
            at && line(finding).contains(&case.says)
        });
        let lines = |findings: &[galeno::finding::Finding]| findings.iter().map(line).collect::<Vec<_>>().join("\n  ");
        if !found {
            let says = (&case.code, &case.says, case.at.as_deref().unwrap_or("anywhere"));
            wrong.push(format!(
                "{topic}: {}: the bad case gives no {says:?}:\n  {}",
                case.rule,
                lines(&bad)
            ));
        }
        let good = findings(case, &case.good);
        let spoken: Vec<_> = good
            .into_iter()
            .filter(|finding| line(finding).contains(&case.says))
            .collect();
        let strict = case.code != "references/orphan" && case.code != "references/namespace";
        let good = if strict { findings(case, &case.good) } else { spoken };
        if !good.is_empty() {
            wrong.push(format!(
                "{topic}: {}: the good case gives\n  {}",
                case.rule,
                lines(&good)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_code_has_a_case() {
    let tried: BTreeSet<_> = cases().into_iter().map(|(_, case)| case.code).collect();
    let known: BTreeSet<_> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(
        tried.difference(&known).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "cases of codes that do not exist"
    );
    assert_eq!(
        known.difference(&tried).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "codes without a case"
    );
}

#[test]
fn every_code_is_documented() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks/references.md");
    let page = std::fs::read_to_string(page).expect("the documentation");
    let rows: BTreeSet<_> = page.lines().filter(|line| line.starts_with("| `references/")).collect();
    let wanted: Vec<_> = CODES
        .iter()
        .map(|(code, what)| format!("| `{code}` | {what} |"))
        .collect();
    assert_eq!(rows, wanted.iter().map(String::as_str).collect());
}
