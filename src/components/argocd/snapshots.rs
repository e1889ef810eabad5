//! The controller of volume snapshots. It belongs to the cluster, not to a storage driver, and many clusters lack it: a
//! `VolumeSnapshot` is then accepted and nothing ever happens.
//!
//! Names of what it makes: kubernetes-csi/external-snapshotter, `deploy/kubernetes/snapshot-controller`, at the pinned tag.

use std::collections::{BTreeMap, BTreeSet};

use super::super::common::namespaced;
use super::super::kinds::argocd::{Application, ApplicationSource, ApplicationSourceDirectory, ApplicationSpec};
use super::super::output::because;
use super::application::{destination, sync_policy, sync_reasons};
use super::deployers::RBAC;
use super::inventory::{GroupKind, Inventory};
use super::{COMPONENT, Output, name_of, unit};
use crate::topology::names::Namespace;
use crate::topology::versions::SNAPSHOTTER;
use crate::topology::{Region, Topology};

const UNIT: &str = "snapshots";
const REPOSITORY: &str = "https://github.com/kubernetes-csi/external-snapshotter";
/// The namespace that its manifests name.
const HOME: &str = "kube-system";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    if !topology.storage.snapshot_controller || region.as_data().is_none() {
        return;
    }
    let inventory = Inventory {
        home: None,
        unit: UNIT.to_owned(),
        repositories: vec![REPOSITORY.to_owned()],
        clustered: named(&[
            (RBAC, "ClusterRole", "snapshot-controller-runner"),
            (RBAC, "ClusterRoleBinding", "snapshot-controller-role"),
        ]),
        namespaced: BTreeMap::from([(
            HOME.to_owned(),
            named(&[
                ("", "ServiceAccount", "snapshot-controller"),
                ("apps", "Deployment", "snapshot-controller"),
                (RBAC, "Role", "snapshot-controller-leaderelection"),
                (RBAC, "RoleBinding", "snapshot-controller-leaderelection"),
            ]),
        )]),
    };
    unit(topology, region, &inventory, output);
    let name = name_of(topology, UNIT);
    let application = Application {
        metadata: namespaced(Namespace::ArgoCd, name.clone(), COMPONENT),
        spec: ApplicationSpec {
            project: name,
            source: Some(ApplicationSource {
                repo_url: REPOSITORY.to_owned(),
                target_revision: Some(format!("v{SNAPSHOTTER}")),
                path: Some("deploy/kubernetes/snapshot-controller".to_owned()),
                directory: Some(ApplicationSourceDirectory {
                    // Not the kustomization that lies beside them, which is no object.
                    include: Some("{rbac,setup}-snapshot-controller.yaml".to_owned()),
                    ..ApplicationSourceDirectory::default()
                }),
                ..ApplicationSource::default()
            }),
            destination: destination(HOME),
            sync_policy: Some(sync_policy(true, &[])),
            revision_history_limit: Some(10),
            ..ApplicationSpec::default()
        },
    };
    let whole =
        because("makes the snapshots that a VolumeSnapshot asks for; without it nothing does, and nothing says so")
            .from("/storage/snapshotController");
    let mut parts = sync_reasons();
    parts.push(because("the version of the definitions beside it").on("/spec/source/targetRevision"));
    output.add(region, COMPONENT, &application, whole, parts);
}

fn named(objects: &[(&str, &str, &str)]) -> BTreeMap<GroupKind, Option<BTreeSet<String>>> {
    objects
        .iter()
        .map(|(group, kind, name)| {
            let names = BTreeSet::from([(*name).to_owned()]);
            (((*group).to_owned(), (*kind).to_owned()), Some(names))
        })
        .collect()
}
