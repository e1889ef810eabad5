//! The accounts that Argo CD acts as: one for each Application, with the rights to make what that Application has and to
//! delete none of what holds data.
//!
//! They are an Application of their own, and the only one that hands out rights. Whoever may change the repository may
//! change them too: review guards them, not Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::super::common::{HOLDS_DATA, clustered, namespaced};
use super::super::output::because;
use super::application;
use super::inventory::{GroupKind, Inventory};
use super::{Output, project, resource};
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

/// The component that the accounts stand in.
pub(super) const COMPONENT: &str = "deployers";

/// Group and kind of an admission policy.
const POLICY: [&str; 2] = ["admissionregistration.k8s.io", "ValidatingAdmissionPolicy"];

/// Group and kind of a namespace.
const NAMESPACE: [&str; 2] = ["", "Namespace"];

pub(super) const RBAC: &str = "rbac.authorization.k8s.io";

/// The name of an Application's account.
pub(super) fn account(unit: &str) -> String {
    format!("deploy-{unit}")
}

/// The Application of the accounts themselves. Its own account comes with the root: somebody must be first.
pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    let mut inventory = Inventory {
        unit: COMPONENT.to_owned(),
        ..Inventory::default()
    };
    for manifest in output
        .manifests
        .iter()
        .filter(|m| *m.region == *region.name.as_str() && m.component == COMPONENT)
    {
        inventory.add(&manifest.object);
    }
    project::render(topology, region, &inventory, output);
    let application = application::of_component(topology, region, &inventory);
    let (whole, parts) = application::reasons(&inventory);
    output.add(region, super::COMPONENT, &application, whole, parts);
}

/// The account of an Application and its rights.
pub(super) fn of_unit(region: &Region, inventory: &Inventory, output: &mut Output) {
    let name = account(&inventory.unit);
    service_account(region, &name, COMPONENT, output);
    let unit = &inventory.unit;
    if !inventory.clustered.is_empty() {
        let mut rules = rules(&inventory.clustered);
        if inventory.clustered.contains_key(&POLICY.map(str::to_owned).into()) {
            // Who makes a policy with parameters must be able to read all that could be its parameters.
            rules.push(rule("", vec![resource::of_kind("ConfigMap")], &["get"], None));
        }
        if inventory.clustered.contains_key(&NAMESPACE.map(str::to_owned).into()) {
            // Argo CD looks at every object before it makes the first, and a right in a namespace cannot be given before the
            // namespace is there: without this, neither would ever come.
            let inside: BTreeSet<String> = inventory
                .namespaced
                .values()
                .flat_map(|kinds| kinds.keys())
                .map(|(_, kind)| resource::of_kind(kind))
                .collect();
            rules.push(rule("", inside.into_iter().collect(), &["get"], None));
        }
        let role = ClusterRole {
            metadata: clustered(&name, COMPONENT),
            rules: Some(rules),
            aggregation_rule: None,
        };
        let whole = because(format!(
            "what `{unit}` has cluster-wide, and no right to delete what holds data"
        ));
        output.add(region, COMPONENT, &role, whole, []);
        let binding = ClusterRoleBinding {
            metadata: clustered(&name, COMPONENT),
            role_ref: role_ref("ClusterRole", &name),
            subjects: Some(subjects(&name)),
        };
        let whole = because(format!("gives the account of `{unit}` its cluster-wide rights"));
        output.add(region, COMPONENT, &binding, whole, []);
    }
    for (namespace, kinds) in &inventory.namespaced {
        let role = Role {
            metadata: placed(&name, namespace),
            rules: Some(rules(kinds)),
        };
        let whole = because(format!(
            "what `{unit}` has in `{namespace}`, and no right to delete what holds data"
        ));
        output.add(region, COMPONENT, &role, whole, []);
        let binding = RoleBinding {
            metadata: placed(&name, namespace),
            role_ref: role_ref("Role", &name),
            subjects: Some(subjects(&name)),
        };
        let whole = because(format!("gives the account of `{unit}` its rights in `{namespace}`"));
        output.add(region, COMPONENT, &binding, whole, []);
    }
}

pub(super) fn service_account(region: &Region, name: &str, component: &'static str, output: &mut Output) {
    let account = ServiceAccount {
        metadata: namespaced(Namespace::ArgoCd, name, component),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let whole = because("an account that Argo CD acts as; no pod ever runs as it, and it has no token");
    output.add(region, component, &account, whole, []);
}

fn placed(name: &str, namespace: &str) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    let mut metadata = clustered(name, COMPONENT);
    metadata.namespace = Some(namespace.to_owned());
    metadata
}

pub(super) fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: RBAC.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

pub(super) fn subjects(account: &str) -> Vec<Subject> {
    vec![Subject {
        kind: "ServiceAccount".to_owned(),
        name: account.to_owned(),
        namespace: Some(Namespace::ArgoCd.name().to_owned()),
        api_group: None,
    }]
}

const WRITE: [&str; 6] = ["create", "get", "list", "patch", "update", "watch"];

/// The rights to make objects of these kinds.
fn rules(kinds: &BTreeMap<GroupKind, Option<BTreeSet<String>>>) -> Vec<PolicyRule> {
    let mut rules = Vec::new();
    // Kinds of one group with the same verbs are one rule.
    let mut plain: BTreeMap<(&str, bool), Vec<String>> = BTreeMap::new();
    for ((group, kind), names) in kinds {
        let deletable = !HOLDS_DATA.contains(&(group.as_str(), kind.as_str()));
        plain
            .entry((group, deletable))
            .or_default()
            .push(resource::of_kind(kind));
        if group == RBAC {
            rules.extend(handing_out(kind, names.as_ref()));
        }
    }
    let mut all: Vec<PolicyRule> = plain
        .into_iter()
        .map(|((group, deletable), resources)| {
            let mut verbs = WRITE.to_vec();
            if deletable {
                verbs.push("delete");
            }
            rule(group, resources, &verbs, None)
        })
        .collect();
    all.extend(rules);
    all
}

/// Kubernetes lets nobody hand out rights that he has not, unless he may `escalate` the role and `bind` it: those of the
/// roles that this Application has, by name, and no others.
fn handing_out(kind: &str, names: Option<&BTreeSet<String>>) -> Option<PolicyRule> {
    let verbs = ["bind", "escalate"];
    matches!(kind, "Role" | "ClusterRole").then(|| {
        rule(
            RBAC,
            vec![resource::of_kind(kind)],
            &verbs,
            names.map(|names| names.iter().cloned().collect()),
        )
    })
}

pub(super) fn rule(group: &str, resources: Vec<String>, verbs: &[&str], names: Option<Vec<String>>) -> PolicyRule {
    let mut verbs: Vec<String> = verbs.iter().map(|verb| (*verb).to_owned()).collect();
    verbs.sort_unstable();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources),
        resource_names: names,
        verbs,
        ..PolicyRule::default()
    }
}
