//! Accounts and rights of Ceph's CSI drivers.
//!
//! The rules follow what upstream's chart grants (ceph-csi-operator 1.0, `ceph-csi-drivers`), less what is not used here
//! (groups of snapshots, replication, csi-addons, Vault tokens of tenants), and with Secrets readable in `rook-ceph`
//! alone: the classes name no other.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use crate::components::Output;
use crate::components::common::{clustered, namespaced, used_by};
use crate::components::output::because;
use crate::components::storage::COMPONENT;
use crate::topology::Region;
use crate::topology::names::{Namespace, objects};

/// As upstream names it: the driver's name with hyphens, and its part.
fn part_name(driver: &str, part: &str) -> String {
    format!("{}-{part}", driver.replace('.', "-"))
}

/// The account of a driver's controller.
pub(super) fn controller_account(driver: &str) -> String {
    part_name(driver, "ctrlplugin-sa")
}

/// The account of a driver's plugin on each node.
pub(super) fn node_account(driver: &str) -> String {
    part_name(driver, "nodeplugin-sa")
}

const READ: &[&str] = &["get", "list", "watch"];

/// API group, resources, verbs.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

const CONTROLLER: &[Rule] = &[
    ("", &["nodes"], READ),
    (
        "",
        &["persistentvolumes"],
        &["get", "list", "watch", "create", "delete", "patch", "update"],
    ),
    (
        "",
        &["persistentvolumeclaims"],
        &["get", "list", "watch", "patch", "update"],
    ),
    ("", &["persistentvolumeclaims/status"], &["patch", "update"]),
    ("", &["events"], &["list", "watch", "create", "update", "patch"]),
    (
        "storage.k8s.io",
        &["csinodes", "storageclasses", "volumeattributesclasses"],
        READ,
    ),
    (
        "storage.k8s.io",
        &["volumeattachments"],
        &["get", "list", "watch", "patch"],
    ),
    ("storage.k8s.io", &["volumeattachments/status"], &["patch"]),
    (
        "snapshot.storage.k8s.io",
        &["volumesnapshotclasses", "volumesnapshots"],
        READ,
    ),
    (
        "snapshot.storage.k8s.io",
        &["volumesnapshotcontents"],
        &["get", "list", "watch", "patch", "update"],
    ),
    (
        "snapshot.storage.k8s.io",
        &["volumesnapshotcontents/status"],
        &["patch", "update"],
    ),
];

const CONTROLLER_HERE: &[Rule] = &[
    ("", &["secrets", "configmaps"], &["get"]),
    ("", &["pods"], &["get"]),
    ("apps", &["replicasets"], &["get"]),
    (
        "coordination.k8s.io",
        &["leases"],
        &["get", "list", "watch", "create", "update", "delete"],
    ),
];

const NODE: &[Rule] = &[
    ("", &["nodes"], &["get"]),
    ("", &["persistentvolumes"], &["get", "list"]),
    ("storage.k8s.io", &["volumeattachments"], &["get", "list"]),
];

const NODE_HERE: &[Rule] = &[("", &["secrets", "configmaps"], &["get"])];

fn rules(list: &[Rule]) -> Vec<PolicyRule> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let rule = |(group, resources, verbs): &Rule| PolicyRule {
        api_groups: Some(vec![(*group).to_owned()]),
        resources: Some(texts(resources)),
        verbs: texts(verbs),
        ..PolicyRule::default()
    };
    list.iter().map(rule).collect()
}

pub(super) fn render(region: &Region, output: &mut Output) {
    for driver in [objects::CEPHFS_DRIVER, objects::RBD_DRIVER] {
        account(region, driver, "ctrlplugin", CONTROLLER, CONTROLLER_HERE, output);
        account(region, driver, "nodeplugin", NODE, NODE_HERE, output);
    }
}

fn account(region: &Region, driver: &str, part: &str, everywhere: &[Rule], here: &[Rule], output: &mut Output) {
    let namespace = Namespace::RookCeph;
    let account = part_name(driver, &format!("{part}-sa"));
    let name = part_name(driver, part);
    let object = ServiceAccount {
        metadata: used_by(namespaced(namespace, &account, COMPONENT), format!("Driver {driver}")),
        ..ServiceAccount::default()
    };
    let whole = because("the account of a part of a CSI driver, by the name that upstream's operator looks for");
    output.add(region, COMPONENT, &object, whole, []);
    let subject = Subject {
        kind: "ServiceAccount".to_owned(),
        name: account,
        namespace: Some(namespace.name().to_owned()),
        api_group: None,
    };
    let reference = |kind: &str| RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: name.clone(),
    };
    let role = ClusterRole {
        metadata: clustered(&name, COMPONENT),
        rules: Some(rules(everywhere)),
        aggregation_rule: None,
    };
    let whole =
        because("what a CSI driver must see and change everywhere: volumes, claims and attachments, but no Secret");
    output.add(region, COMPONENT, &role, whole, []);
    let binding = ClusterRoleBinding {
        metadata: clustered(&name, COMPONENT),
        role_ref: reference("ClusterRole"),
        subjects: Some(vec![subject.clone()]),
    };
    let whole = because("gives the driver's account what it must see and change everywhere");
    output.add(region, COMPONENT, &binding, whole, []);
    let role = Role {
        metadata: namespaced(namespace, &name, COMPONENT),
        rules: Some(rules(here)),
    };
    let whole = because(
        "Ceph's keys are read here and nowhere else. Upstream lets drivers read every Secret of the cluster, the database's \
         passwords among them",
    );
    output.add(region, COMPONENT, &role, whole, []);
    let binding = RoleBinding {
        metadata: namespaced(namespace, &name, COMPONENT),
        role_ref: reference("Role"),
        subjects: Some(vec![subject]),
    };
    let whole = because("gives the driver's account what it needs in its own namespace");
    output.add(region, COMPONENT, &binding, whole, []);
}
