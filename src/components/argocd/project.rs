//! AppProjects: what an Application may read from and write to.

use std::collections::BTreeSet;

use super::super::common::namespaced;
use super::super::kinds::argocd::{
    AllowedKind, AppProject, AppProjectSpec, ApplicationDestination, DestinationServiceAccount, GitIntegrity, Gpg,
    IntegrityPolicy, RepositoryUrl, SignatureKey, SourceIntegrity,
};
use super::super::output::because;
use super::inventory::{GroupKind, Inventory};
use super::{COMPONENT, Output, THIS_CLUSTER, deployers, name_of};
use crate::bundle::Reason;
use crate::topology::names::Namespace;
use crate::topology::{Region, Topology};

/// The first Argo CD with `sourceIntegrity`; those before it have `signatureKeys`.
const SOURCE_INTEGRITY: (u16, u16) = (3, 5);

pub(super) fn render(topology: &Topology, region: &Region, inventory: &Inventory, output: &mut Output) {
    let own = inventory.repositories.is_empty();
    let sources = if own {
        vec![topology.argocd.repository.clone()]
    } else {
        inventory.repositories.clone()
    };
    let signed = own && !topology.argocd.signing_keys.is_empty();
    let newer = (topology.versions.argocd.major, topology.versions.argocd.minor) >= SOURCE_INTEGRITY;
    let spec = AppProjectSpec {
        description: Some(format!("What `{}` may read and write in this region", inventory.unit)),
        source_repos: Some(sources),
        destinations: Some(destinations(inventory)),
        cluster_resource_whitelist: Some(clustered(inventory)),
        namespace_resource_whitelist: whitelist(inventory),
        // An empty whitelist would allow every kind: where there is no namespaced object, all are forbidden.
        namespace_resource_blacklist: inventory.namespaced.is_empty().then(|| {
            vec![AllowedKind {
                group: "*".to_owned(),
                kind: "*".to_owned(),
                name: None,
            }]
        }),
        destination_service_accounts: Some(vec![DestinationServiceAccount {
            server: THIS_CLUSTER.to_owned(),
            namespace: Some(inventory.home().to_owned()),
            default_service_account: format!("{}:{}", Namespace::ArgoCd.name(), deployers::account(&inventory.unit)),
        }]),
        signature_keys: (signed && !newer).then(|| {
            let key = |key: &String| SignatureKey { key_id: key.clone() };
            topology.argocd.signing_keys.iter().map(key).collect()
        }),
        source_integrity: (signed && newer).then(|| integrity(topology)),
    };
    let project = AppProject {
        metadata: namespaced(Namespace::ArgoCd, name_of(topology, &inventory.unit), COMPONENT),
        spec,
    };
    let (whole, parts) = reasons(inventory, signed, newer);
    output.add(region, COMPONENT, &project, whole, parts);
}

fn integrity(topology: &Topology) -> SourceIntegrity {
    SourceIntegrity {
        git: GitIntegrity {
            policies: [IntegrityPolicy {
                repos: [RepositoryUrl {
                    url: topology.argocd.repository.clone(),
                }],
                gpg: Gpg {
                    mode: "head",
                    keys: topology.argocd.signing_keys.clone(),
                },
            }],
        },
    }
}

fn destinations(inventory: &Inventory) -> Vec<ApplicationDestination> {
    let mut namespaces: BTreeSet<&str> = inventory.namespaced.keys().map(String::as_str).collect();
    namespaces.insert(inventory.home());
    namespaces
        .into_iter()
        .map(|namespace| ApplicationDestination {
            server: Some(THIS_CLUSTER.to_owned()),
            namespace: Some(namespace.to_owned()),
        })
        .collect()
}

fn clustered(inventory: &Inventory) -> Vec<AllowedKind> {
    let mut list = Vec::new();
    for ((group, kind), names) in &inventory.clustered {
        let entry = |name: Option<&String>| AllowedKind {
            group: group.clone(),
            kind: kind.clone(),
            name: name.cloned(),
        };
        match names {
            Some(names) => list.extend(names.iter().map(|name| entry(Some(name)))),
            None => list.push(entry(None)),
        }
    }
    list
}

fn whitelist(inventory: &Inventory) -> Option<Vec<AllowedKind>> {
    let kinds: BTreeSet<&GroupKind> = inventory.namespaced.values().flat_map(|kinds| kinds.keys()).collect();
    let entry = |(group, kind): &GroupKind| AllowedKind {
        group: group.clone(),
        kind: kind.clone(),
        name: None,
    };
    (!kinds.is_empty()).then(|| kinds.into_iter().map(entry).collect())
}

fn reasons(inventory: &Inventory, signed: bool, newer: bool) -> (Reason, Vec<Reason>) {
    let whole = because(format!(
        "`{}` has a project of its own: whatever its source says, it can make exactly the kinds of objects that it has \
         now, where it has them, and needs a reviewed change of this file for anything else",
        inventory.unit
    ));
    let mut parts = vec![
        because("one repository, by its exact address")
            .on("/spec/sourceRepos")
            .from("/argocd/repository"),
        because("the namespaces that it has objects in").on("/spec/destinations"),
        because("Argo CD acts as this account, not as its own, which could do everything")
            .on("/spec/destinationServiceAccounts"),
    ];
    if inventory.namespaced.is_empty() {
        let rule = "it has none; an empty list of allowed kinds would mean every kind";
        parts.push(because(rule).on("/spec/namespaceResourceBlacklist"));
    } else {
        let rule = "the kinds that it has in namespaces, from what is rendered";
        parts.push(because(rule).on("/spec/namespaceResourceWhitelist"));
    }
    let rule = "cluster-wide objects by kind and, where they are Galeno's own, by name";
    parts.push(because(rule).on("/spec/clusterResourceWhitelist"));
    if signed {
        let path = if newer {
            "/spec/sourceIntegrity"
        } else {
            "/spec/signatureKeys"
        };
        let rule = "the followed commit must be signed by one of these keys, or nothing is applied";
        parts.push(because(rule).on(path).from("/argocd/signingKeys"));
    }
    (whole, parts)
}
