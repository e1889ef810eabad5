//! Argo CD: projects, accounts, and that nothing rests on an order.

use std::collections::BTreeSet;

use galeno::bundle::{Manifest, Object};
use galeno::components::Output;
use serde_json::{Value, json};

use crate::platform::{ENVIRONMENTS, changed, component, object, rendered, topology};

fn strings<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry[key].as_str())
        .collect()
}

/// Component, and its objects, in one region.
fn units<'a>(output: &'a Output, region: &str) -> Vec<(&'a str, Vec<&'a Object>)> {
    let names: BTreeSet<&str> = output
        .manifests
        .iter()
        .filter(|m| *m.region == *region)
        .map(|m| m.component)
        .collect();
    names
        .into_iter()
        .filter(|name| *name != "argocd")
        .map(|name| {
            (
                name,
                component(output, region, name).into_iter().map(|m| &m.object).collect(),
            )
        })
        .collect()
}

#[test]
fn every_component_has_an_application_and_its_project_allows_exactly_what_it_has() {
    for environment in ENVIRONMENTS {
        let topology = topology(environment);
        let output = rendered(&topology);
        for region in &topology.regions {
            let region = region.name.as_str();
            for (unit, objects) in units(&output, region) {
                let name = format!("{environment}-{unit}");
                let application = object(&output, region, "Application", &name);
                let path = format!("generated/{environment}/{region}/{unit}");
                assert_eq!(application.str_at("/spec/source/path"), path);
                assert_eq!(application.str_at("/spec/project"), name);
                let project = object(&output, region, "AppProject", &name);
                let spec = project.at("/spec").unwrap();
                assert_eq!(spec["sourceRepos"], json!([topology.argocd.repository]));
                let allowed: BTreeSet<(String, String)> = kinds(&spec["namespaceResourceWhitelist"]);
                let clustered: BTreeSet<(String, String)> = kinds(&spec["clusterResourceWhitelist"]);
                let own = |namespaced: bool| -> BTreeSet<(String, String)> {
                    objects
                        .iter()
                        .filter(|object| object.namespace().is_empty() != namespaced)
                        .map(|object| (object.group().to_owned(), object.kind().to_owned()))
                        .collect()
                };
                assert_eq!(allowed, own(true), "{name} in {region}");
                assert_eq!(clustered, own(false), "{name} in {region}");
                let destinations = strings(&spec["destinations"], "namespace");
                for object in &objects {
                    assert!(
                        object.namespace().is_empty() || destinations.contains(&object.namespace()),
                        "{name}"
                    );
                }
                assert!(
                    !allowed.is_empty() || spec["namespaceResourceBlacklist"] == json!([{"group": "*", "kind": "*"}])
                );
                assert!(
                    !spec
                        .to_string()
                        .replace("{\"group\":\"*\",\"kind\":\"*\"}", "")
                        .contains('*'),
                    "{name}"
                );
            }
        }
    }
}

fn kinds(list: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.as_array()
        .into_iter()
        .flatten()
        .map(|entry| (text(&entry["group"]), text(&entry["kind"])))
        .collect()
}

#[test]
fn every_project_acts_as_an_account_that_exists_and_has_no_more_than_it_needs() {
    for environment in ENVIRONMENTS {
        let topology = topology(environment);
        let output = rendered(&topology);
        for region in &topology.regions {
            let region = region.name.as_str();
            let mut projects = 0;
            for manifest in component(&output, region, "argocd")
                .into_iter()
                .filter(|m| m.object.kind() == "AppProject")
            {
                projects += 1;
                let accounts = manifest.object.at("/spec/destinationServiceAccounts").unwrap();
                assert_eq!(accounts.as_array().unwrap().len(), 1);
                let account = accounts[0]["defaultServiceAccount"].as_str().unwrap();
                let name = account.strip_prefix("argocd:").unwrap();
                assert_eq!(object(&output, region, "ServiceAccount", name).namespace(), "argocd");
                let application = object(&output, region, "Application", manifest.object.name());
                assert_eq!(
                    accounts[0]["namespace"],
                    application.str_at("/spec/destination/namespace")
                );
            }
            assert!(projects >= 8, "{projects}");
        }
    }
}

/// Every rule of every deployer.
fn rules(output: &Output) -> Vec<(&str, &Value)> {
    let roles = ["ClusterRole", "Role"];
    let deployers = |m: &&Manifest| roles.contains(&m.object.kind()) && m.object.name().starts_with("deploy-");
    let mut all = Vec::new();
    for manifest in output.manifests.iter().filter(deployers) {
        for rule in manifest.object.at("/rules").unwrap().as_array().unwrap() {
            all.push((manifest.object.name(), rule));
        }
    }
    all
}

#[test]
fn no_account_may_delete_what_holds_data() {
    let holds = [
        "namespaces",
        "persistentvolumeclaims",
        "statefulsets",
        "cephclusters",
        "cephfilesystems",
        "cephblockpools",
        "customresourcedefinitions",
    ];
    for environment in ENVIRONMENTS {
        let output = rendered(&topology(environment));
        let mut seen = 0;
        for (name, rule) in rules(&output) {
            let text = |key: &str| {
                rule[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_str().unwrap())
                    .collect::<Vec<_>>()
            };
            assert!(
                !text("verbs").contains(&"*") && !text("resources").contains(&"*"),
                "{name}"
            );
            if text("resources").iter().any(|resource| holds.contains(resource)) {
                seen += 1;
                assert!(
                    !text("verbs").iter().any(|verb| verb.starts_with("delete")),
                    "{name}: {rule}"
                );
            }
        }
        assert!(seen >= 2, "{seen}");
    }
}

#[test]
fn only_the_account_of_accounts_hands_out_rights_without_naming_the_role() {
    let output = rendered(&topology("prod"));
    for (name, rule) in rules(&output) {
        let escalates = rule["verbs"].to_string().contains("escalate");
        if escalates && rule.get("resourceNames").is_none() {
            let charts = [
                "deploy-prometheus-stack",
                "deploy-cert-manager",
                "deploy-external-secrets",
                "deploy-rook-ceph",
                "deploy-trust-manager",
                "deploy-longhorn",
            ];
            assert!(name == "deploy-deployers" || charts.contains(&name), "{name}: {rule}");
        }
    }
}

#[test]
fn no_order_no_hook_no_force_anywhere() {
    for environment in ENVIRONMENTS {
        let output = rendered(&topology(environment));
        for Manifest { object, .. } in &output.manifests {
            let annotations = object.at("/metadata/annotations").cloned().unwrap_or_default();
            for (key, value) in annotations.as_object().into_iter().flatten() {
                let name = format!("{} {}: {key}", object.kind(), object.name());
                assert!(
                    ![
                        "argocd.argoproj.io/hook",
                        "argocd.argoproj.io/sync-wave",
                        "helm.sh/hook",
                        "argocd.argoproj.io/manifest-generate-paths"
                    ]
                    .contains(&key.as_str()),
                    "{name}"
                );
                assert!(
                    !value.to_string().contains("Replace=true") && !value.to_string().contains("Force=true"),
                    "{name}"
                );
            }
            if object.kind() == "Application" {
                let options: Vec<&str> = object
                    .at("/spec/syncPolicy/syncOptions")
                    .unwrap()
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_str().unwrap())
                    .collect();
                for forbidden in [
                    "Replace=true",
                    "Force=true",
                    "ApplyOutOfSyncOnly=true",
                    "PruneLast=true",
                    "CreateNamespace=true",
                ] {
                    assert!(!options.contains(&forbidden), "{}: {forbidden}", object.name());
                }
                assert!(options.contains(&"ServerSideApply=true") && options.contains(&"FailOnSharedResource=true"));
                assert_eq!(object.at("/spec/syncPolicy/automated/allowEmpty"), Some(&json!(false)));
                assert_eq!(object.at("/spec/syncPolicy/automated/selfHeal"), Some(&json!(true)));
                assert_eq!(
                    object.at("/spec/syncPolicy/retry/limit"),
                    Some(&json!(-1)),
                    "{}",
                    object.name()
                );
                assert_eq!(object.at("/spec/syncPolicy/retry/refresh"), Some(&json!(true)));
                assert_eq!(
                    object.at("/metadata/finalizers"),
                    None,
                    "{} must take nothing with it",
                    object.name()
                );
            }
        }
    }
}

#[test]
fn what_holds_data_says_so_itself() {
    let kinds = [
        "Namespace",
        "PersistentVolumeClaim",
        "StatefulSet",
        "CephCluster",
        "CephFilesystem",
        "CephBlockPool",
        "CephFilesystemSubVolumeGroup",
    ];
    for environment in ENVIRONMENTS {
        let output = rendered(&topology(environment));
        let mut seen = 0;
        for Manifest { object, .. } in output.manifests.iter().filter(|m| kinds.contains(&m.object.kind())) {
            seen += 1;
            let options = object.str_at("/metadata/annotations/argocd.argoproj.io~1sync-options");
            for option in ["Prune=false", "Delete=false"] {
                assert!(
                    options.split(',').any(|o| o == option),
                    "{} {}: {options}",
                    object.kind(),
                    object.name()
                );
            }
        }
        assert!(seen >= 1, "{environment}");
    }
}

#[test]
fn definitions_are_pinned_and_never_pruned() {
    let output = rendered(&topology("prod"));
    let crds = object(&output, "eu-central", "Application", "prod-crds");
    assert_eq!(crds.at("/spec/syncPolicy/automated/prune"), Some(&json!(false)));
    let sources = crds.at("/spec/sources").unwrap();
    assert_eq!(
        strings(sources, "targetRevision"),
        ["v3.7.11", "v1.5.1", "v0.93.0", "v8.6.0"]
    );
    let project = object(&output, "eu-central", "AppProject", "prod-crds");
    assert_eq!(
        strings(sources, "repoURL"),
        project
            .at("/spec/sourceRepos")
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap())
            .collect::<Vec<_>>()
    );
    assert_eq!(kinds(project.at("/spec/clusterResourceWhitelist").unwrap()).len(), 1);
    let access = object(&output, "us-east", "Application", "prod-crds");
    assert_eq!(
        access.at("/spec/sources").unwrap().as_array().unwrap().len(),
        3,
        "no snapshots where no data are"
    );
}

#[test]
fn signed_commits_are_asked_for_where_keys_are_written() {
    let keys = || vec!["4AEE18F83AFDEB23".to_owned()];
    let topology = changed("prod", |environment| environment.argocd.signing_keys = keys());
    let output = rendered(&topology);
    let project = object(&output, "eu-central", "AppProject", "prod-database");
    let policy = project.at("/spec/sourceIntegrity/git/policies/0").unwrap();
    assert_eq!(policy["gpg"], json!({"mode": "head", "keys": ["4AEE18F83AFDEB23"]}));
    assert_eq!(
        policy["repos"],
        json!([{"url": "https://git.example.org/clinic/platform.git"}])
    );
    let chart = object(&output, "eu-central", "AppProject", "prod-traefik");
    assert_eq!(
        chart.at("/spec/sourceIntegrity"),
        None,
        "an upstream chart is not signed by us"
    );
    let topology = changed("prod", |environment| {
        environment.argocd.signing_keys = keys();
        environment.versions.argocd = Some("3.4.7".to_owned());
    });
    let output = rendered(&topology);
    let project = object(&output, "eu-central", "AppProject", "prod-database");
    assert_eq!(
        project.at("/spec/signatureKeys"),
        Some(&json!([{"keyID": "4AEE18F83AFDEB23"}]))
    );
    assert_eq!(project.at("/spec/sourceIntegrity"), None);
}

#[test]
fn the_root_makes_the_others_and_may_not_widen_its_own_rights() {
    let output = rendered(&topology("prod"));
    let root = object(&output, "us-east", "Application", "prod-root");
    assert_eq!(root.str_at("/spec/source/path"), "generated/prod/argocd/us-east");
    // Neither its source nor its rights touch a role: Kubernetes would not let it lay down one that it has not itself.
    assert_eq!(
        root.str_at("/spec/source/directory/exclude"),
        "{clusterrole,clusterrolebinding,role,rolebinding}-*"
    );
    let own = rules(&output).into_iter().filter(|(name, _)| *name == "deploy-root");
    for (_, rule) in own {
        assert!(!rule["apiGroups"].to_string().contains("rbac"), "{rule}");
    }
}

#[test]
fn whoever_makes_a_namespace_may_look_for_what_comes_into_it_before_it_is_there() {
    let output = rendered(&topology("prod"));
    let found = rules(&output).into_iter().find(|(name, rule)| {
        *name == "deploy-namespaces"
            && rule["resources"] == json!(["limitranges", "resourcequotas", "serviceaccounts"])
            && rule["verbs"] == json!(["get"])
    });
    assert!(found.is_some());
}
