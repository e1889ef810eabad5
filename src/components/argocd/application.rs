//! The Application of a component.

use super::super::kinds::argocd::{
    Application, ApplicationDestination, ApplicationIgnoreDifferences, ApplicationSource, ApplicationSpec,
    ApplicationSyncPolicy, ApplicationSyncPolicyAutomated, ApplicationSyncPolicyRetry,
    ApplicationSyncPolicyRetryBackoff,
};

use super::super::common::{HOLDS_DATA, namespaced};
use super::super::output::because;
use super::super::{api, web};
use super::inventory::Inventory;
use super::{COMPONENT, THIS_CLUSTER, name_of};
use crate::bundle::Reason;
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

pub(super) fn of_component(topology: &Topology, region: &Region, inventory: &Inventory) -> Application {
    let path = format!(
        "{}/{}/{}/{}",
        topology.argocd.path, topology.name, region.name, inventory.unit
    );
    let source = ApplicationSource {
        repo_url: topology.argocd.repository.clone(),
        target_revision: Some(topology.argocd.revision.clone()),
        // No `directory`: one that says nothing but `recurse: false` is taken out by Argo CD, and would differ for ever.
        path: Some(path),
        ..ApplicationSource::default()
    };
    Application {
        metadata: namespaced(Namespace::ArgoCd, name_of(topology, &inventory.unit), COMPONENT),
        spec: ApplicationSpec {
            project: name_of(topology, &inventory.unit),
            source: Some(source),
            destination: destination(inventory.home()),
            sync_policy: Some(sync_policy(true, &[])),
            ignore_differences: ignored(&inventory.unit),
            revision_history_limit: Some(10),
            ..ApplicationSpec::default()
        },
    }
}

/// This very cluster.
pub(super) fn destination(namespace: &str) -> ApplicationDestination {
    ApplicationDestination {
        server: Some(THIS_CLUSTER.to_owned()),
        namespace: Some(namespace.to_owned()),
    }
}

/// How every Application is synced. There is no hook and no wave, so that a sync ends at once and never stands in the way
/// of the next commit; and whatever is not possible yet is tried again, with the newest commit, until it is.
pub(super) fn sync_policy(prune: bool, more: &[&str]) -> ApplicationSyncPolicy {
    let options = [
        "ServerSideApply=true",
        "FailOnSharedResource=true",
        "SkipDryRunOnMissingResource=true",
    ];
    ApplicationSyncPolicy {
        automated: Some(ApplicationSyncPolicyAutomated {
            enabled: Some(true),
            prune: Some(prune),
            self_heal: Some(true),
            allow_empty: Some(false),
        }),
        retry: Some(ApplicationSyncPolicyRetry {
            limit: Some(-1),
            refresh: Some(true),
            backoff: Some(ApplicationSyncPolicyRetryBackoff {
                duration: Some("10s".to_owned()),
                factor: Some(2),
                max_duration: Some("30s".to_owned()),
            }),
        }),
        sync_options: Some(options.iter().chain(more).map(|option| (*option).to_owned()).collect()),
    }
}

/// What somebody else in the cluster writes and Argo CD must leave alone.
fn ignored(unit: &str) -> Option<Vec<ApplicationIgnoreDifferences>> {
    [api::COMPONENT, web::COMPONENT].contains(&unit).then(|| {
        vec![ApplicationIgnoreDifferences {
            group: Some("apps".to_owned()),
            kind: "Deployment".to_owned(),
            json_pointers: Some(vec!["/spec/replicas".to_owned()]),
            ..ApplicationIgnoreDifferences::default()
        }]
    })
}

/// Why the parts of an Application's sync policy are there.
pub(super) fn sync_reasons() -> Vec<Reason> {
    vec![
        because("what is not possible yet (a namespace, a definition, a webhook) is tried again until it is, with the newest commit: no order is needed anywhere")
            .on("/spec/syncPolicy/retry"),
        because("git says what runs, and what somebody changed by hand is changed back; but an empty source deletes nothing")
            .on("/spec/syncPolicy/automated"),
        because("the server applies, so that fields that others own (an autoscaler's replicas) stay theirs; an object of two Applications is refused")
            .on("/spec/syncPolicy/syncOptions"),
    ]
}

/// Why the parts of a component's Application are there.
pub(super) fn reasons(inventory: &Inventory) -> (Reason, Vec<Reason>) {
    let whole = because(format!(
        "brings the component `{}` into this region and keeps it as it stands in git; taking this Application away takes \
         nothing else away",
        inventory.unit
    ));
    let mut parts = sync_reasons();
    parts.extend([
        because("the repository and the revision that are written")
            .on("/spec/source/repoURL")
            .from("/argocd/repository"),
        because("the branch, tag or commit that is followed")
            .on("/spec/source/targetRevision")
            .from("/argocd/revision"),
        because("only kinds and places that this component has")
            .on("/spec/project")
            .from("/argocd/project"),
    ]);
    if holds_data(inventory) {
        let rule = "what this Application has no file for any more is removed, but never what holds data: such objects \
                    say so themselves, and the account that deploys them has no right to delete one";
        parts.push(because(rule).on("/spec/syncPolicy/automated/prune"));
    }
    if [api::COMPONENT, web::COMPONENT].contains(&inventory.unit.as_str()) {
        parts.push(
            because("the autoscaler says how many there are")
                .on("/spec/ignoreDifferences")
                .from("/api/replicas"),
        );
    }
    (whole, parts)
}

fn holds_data(inventory: &Inventory) -> bool {
    let kinds = inventory
        .clustered
        .keys()
        .chain(inventory.namespaced.values().flat_map(|kinds| kinds.keys()));
    let mut kinds = kinds.map(|(group, kind)| (group.as_str(), kind.as_str()));
    kinds.any(|kind| HOLDS_DATA.contains(&kind))
}
