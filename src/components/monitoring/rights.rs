//! What Prometheus may see of the cluster: which pods there are to ask, in the namespaces that have some, and the
//! kubelets' figures.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::super::common::{clustered, namespaced};
use super::super::output::because;
use super::{COMPONENT, Output, targets};
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

/// The name of the account and of its roles.
pub(super) const NAME: &str = "prometheus";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let account = ServiceAccount {
        metadata: namespaced(Namespace::Monitoring, NAME, COMPONENT),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    output.add(
        region,
        COMPONENT,
        &account,
        because("what Prometheus is to the cluster"),
        [],
    );
    let mut namespaces: Vec<&str> = targets::of(topology, region)
        .iter()
        .map(|target| target.namespace.name())
        .collect();
    namespaces.extend([Namespace::Monitoring.name(), "kube-system"]);
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        let mut metadata = clustered(NAME, COMPONENT);
        metadata.namespace = Some(namespace.to_owned());
        let role = Role {
            metadata: metadata.clone(),
            rules: Some(discovery()),
        };
        let whole = because("Prometheus looks here which pods there are to ask; it sees no Secret and no ConfigMap");
        output.add(region, COMPONENT, &role, whole, []);
        let binding = RoleBinding {
            metadata,
            role_ref: role_ref("Role"),
            subjects: Some(subjects()),
        };
        output.add(
            region,
            COMPONENT,
            &binding,
            because("gives Prometheus its rights in this namespace"),
            [],
        );
    }
    let role = ClusterRole {
        metadata: clustered(NAME, COMPONENT),
        rules: Some(vec![rule("", &["nodes/metrics"], &["get"])]),
        aggregation_rule: None,
    };
    let whole = because("the kubelets tell how full volumes are only to whom the API server lets ask");
    output.add(region, COMPONENT, &role, whole, []);
    let binding = ClusterRoleBinding {
        metadata: clustered(NAME, COMPONENT),
        role_ref: role_ref("ClusterRole"),
        subjects: Some(subjects()),
    };
    output.add(
        region,
        COMPONENT,
        &binding,
        because("gives Prometheus the kubelets' figures"),
        [],
    );
}

fn discovery() -> Vec<PolicyRule> {
    let read = ["get", "list", "watch"];
    vec![
        rule("", &["endpoints", "pods", "services"], &read),
        rule("discovery.k8s.io", &["endpointslices"], &read),
    ]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn role_ref(kind: &str) -> RoleRef {
    RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: NAME.to_owned(),
    }
}

fn subjects() -> Vec<Subject> {
    vec![Subject {
        kind: "ServiceAccount".to_owned(),
        name: NAME.to_owned(),
        namespace: Some(Namespace::Monitoring.name().to_owned()),
        api_group: None,
    }]
}
