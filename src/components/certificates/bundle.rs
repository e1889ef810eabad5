//! Who trusts the platform's authority: every namespace of the platform has its certificate.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::COMPONENT;
use crate::components::Output;
use crate::components::common::clustered;
use crate::components::output::because;
use crate::topology::Region;
use crate::topology::names::{certificates, common_labels};

/// `trust-manager.io/v1alpha2`, the part that is used here; no crate has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterBundle {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    source_refs: [SourceRef; 1],
    target: Target,
}

#[derive(Serialize)]
struct SourceRef {
    kind: &'static str,
    name: &'static str,
    key: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    config_map: ConfigMap,
    namespace_selector: Selector,
}

#[derive(Serialize)]
struct ConfigMap {
    data: [Entry; 1],
}

#[derive(Serialize)]
struct Entry {
    key: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    match_labels: BTreeMap<String, String>,
}

pub(super) fn render(region: &Region, output: &mut Output) {
    // The label that every namespace of the platform carries, and no other.
    let mut labels = common_labels(crate::components::namespaces::COMPONENT);
    labels.retain(|label, _| label == "app.kubernetes.io/part-of");
    let object = ClusterBundle {
        api_version: "trust-manager.io/v1alpha2",
        kind: "ClusterBundle",
        metadata: clustered(certificates::TRUST_BUNDLE, COMPONENT),
        spec: Spec {
            source_refs: [SourceRef {
                kind: "Secret",
                name: certificates::INTERNAL_CA,
                key: "tls.crt",
            }],
            target: Target {
                config_map: ConfigMap {
                    data: [Entry {
                        key: certificates::TRUST_BUNDLE_KEY,
                    }],
                },
                namespace_selector: Selector { match_labels: labels },
            },
        },
    };
    let whole =
        because("a ConfigMap of this name in every namespace of the platform: who is to be trusted inside the cluster");
    let parts = [
        because("the authority's certificate alone; its key stays in cert-manager's namespace")
            .on("/spec/sourceRefs/0"),
        because("the platform's own namespaces and no others").on("/spec/target/namespaceSelector"),
    ];
    output.add(region, COMPONENT, &object, whole, parts);
}
