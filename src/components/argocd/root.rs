//! What a person applies once by hand in a new region: the root Application, which makes all others, and the two accounts
//! that must exist before any other can be made. The rights of these two stay the person's: the root has none over them.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};

use super::super::common::{clustered, keep, namespaced};
use super::super::kinds::argocd::ApplicationSourceDirectory;
use super::super::output::because;
use super::application::{self, of_component};
use super::deployers::{self, RBAC, account, role_ref, rule, subjects};
use super::inventory::Inventory;
use super::{COMPONENT, Output, project};
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

const UNIT: &str = "root";

/// Files that the root leaves to a person: rights. To compare a role, Argo CD applies it (as a trial) as the root, and
/// Kubernetes lets nobody apply a role whose rights he has not, not even as it stands.
const BY_HAND: &str = "{clusterrole,clusterrolebinding,role,rolebinding}-*";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    rights_of_root(region, output);
    rights_of_deployers(region, output);
    let inventory = inventory();
    project::render(topology, region, &inventory, output);
    let mut application = of_component(topology, region, &inventory);
    if let Some(source) = &mut application.spec.source {
        source.path = Some(format!(
            "{}/{}/argocd/{}",
            topology.argocd.path, topology.name, region.name
        ));
        source.directory = Some(ApplicationSourceDirectory {
            exclude: Some(BY_HAND.to_owned()),
            ..ApplicationSourceDirectory::default()
        });
    }
    application.metadata = keep(application.metadata);
    let whole = because(
        "makes every other Application of this region, their projects, and Argo CD's own settings; it is the one object \
         that a person applies by hand in a new region",
    );
    let mut parts = application::sync_reasons();
    parts.extend([
        because("the objects beside this one, itself included")
            .on("/spec/source/path")
            .from("/argocd/path"),
        because(
            "the rights of the root and of the account that hands out rights are laid down by a person, and changed by one: \
             no commit widens them",
        )
        .on("/spec/source/directory/exclude"),
        because("an Application that loses its file goes, but takes nothing with it: none has a finalizer")
            .on("/spec/syncPolicy/automated/prune"),
    ]);
    output.add(region, COMPONENT, &application, whole, parts);
}

/// What stands beside the root Application. Kinds only: it must be able to make an Application that is not there yet.
fn inventory() -> Inventory {
    let kinds = |list: &[(&str, &str)]| {
        let kind = |(group, kind): &(&str, &str)| (((*group).to_owned(), (*kind).to_owned()), None);
        list.iter().map(kind).collect::<BTreeMap<_, _>>()
    };
    Inventory {
        home: None,
        unit: UNIT.to_owned(),
        repositories: Vec::new(),
        clustered: BTreeMap::new(),
        namespaced: BTreeMap::from([(
            Namespace::ArgoCd.name().to_owned(),
            kinds(&[
                ("", "ConfigMap"),
                ("", "ServiceAccount"),
                ("argoproj.io", "AppProject"),
                ("argoproj.io", "Application"),
            ]),
        )]),
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// The root may make Applications, projects, settings and accounts. It has no right over rights, its own included.
fn rights_of_root(region: &Region, output: &mut Output) {
    let name = account(UNIT);
    deployers::service_account(region, &name, COMPONENT, output);
    let write = ["create", "delete", "get", "list", "patch", "update", "watch"];
    let role = Role {
        metadata: namespaced(Namespace::ArgoCd, &name, COMPONENT),
        rules: Some(vec![
            rule("argoproj.io", texts(&["applications", "appprojects"]), &write, None),
            rule(
                "",
                texts(&["configmaps", "serviceaccounts"]),
                &["create", "get", "list", "patch", "update"],
                None,
            ),
        ]),
    };
    let whole =
        because("the root makes Applications, projects, settings and accounts in this namespace, and nothing else");
    output.add(region, COMPONENT, &role, whole, []);
    let binding = RoleBinding {
        metadata: namespaced(Namespace::ArgoCd, &name, COMPONENT),
        role_ref: role_ref("Role", &name),
        subjects: Some(subjects(&name)),
    };
    output.add(
        region,
        COMPONENT,
        &binding,
        because("gives the root its rights in this namespace"),
        [],
    );
}

/// The account that hands out rights to the others. Whoever holds it holds the cluster: no pod does, and it has no token.
fn rights_of_deployers(region: &Region, output: &mut Output) {
    let name = account(deployers::COMPONENT);
    deployers::service_account(region, &name, COMPONENT, output);
    let kinds = texts(&["clusterrolebindings", "clusterroles", "rolebindings", "roles"]);
    let write = ["create", "delete", "get", "list", "patch", "update", "watch"];
    let rules = vec![
        rule(RBAC, kinds, &write, None),
        rule(RBAC, texts(&["clusterroles", "roles"]), &["bind", "escalate"], None),
        rule("", texts(&["serviceaccounts"]), &write, None),
    ];
    let reason = because("hands out the rights of every other account; its project names each role that it may make");
    let role = ClusterRole {
        metadata: clustered(&name, COMPONENT),
        rules: Some(rules),
        aggregation_rule: None,
    };
    output.add(region, COMPONENT, &role, reason, []);
    let binding = ClusterRoleBinding {
        metadata: clustered(&name, COMPONENT),
        role_ref: role_ref("ClusterRole", &name),
        subjects: Some(subjects(&name)),
    };
    let reason = because("gives this account its cluster-wide rights");
    output.add(region, COMPONENT, &binding, reason, []);
}
