//! Every object is one that the API server takes: the shipped environments, and each variant of storage and network.

use std::sync::Arc;

use galeno::bundle::Item;
use galeno::checks::schema::{Catalog, check};
use galeno::finding::Severity;
use galeno::spec::{Cni, IngressKind, Kms, Promise, StorageBackend};
use galeno::topology::Topology;

use crate::platform::{ENVIRONMENTS, changed, rendered, topology};

/// What the schemas have to say of a topology's objects.
fn complaints(topology: &Topology) -> Vec<String> {
    let output = rendered(topology);
    let items: Vec<Item> = output
        .manifests
        .iter()
        .map(|manifest| Item {
            cluster: Arc::from(&*manifest.region),
            file: Arc::from(format!("{}/{}", manifest.component, manifest.object.name())),
            positions: None,
            object: manifest.object.clone(),
        })
        .collect();
    let minors: Vec<_> = topology
        .kubernetes
        .iter()
        .map(|minor| minor.to_string().parse().unwrap())
        .collect();
    check(&items, &Catalog::upstream(), &minors)
        .into_iter()
        .filter(|finding| finding.severity > Severity::Note)
        .filter(|finding| !(finding.code == "schema/unknown-kind" && finding.message.contains("projectcalico.org")))
        .map(|finding| {
            let object = finding.place.object.map(|id| id.to_string()).unwrap_or_default();
            let pointer = finding.place.pointer.unwrap_or_default();
            format!("{} {object} {pointer}: {}", finding.code, finding.message)
        })
        .collect()
}

#[test]
fn the_shipped_environments_are_valid() {
    for name in ENVIRONMENTS {
        assert_eq!(complaints(&topology(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_network_plugin_gets_valid_policies() {
    for cni in [Cni::Plain, Cni::Cilium, Cni::Calico] {
        let topology = changed("prod", |environment| environment.kubernetes.cni = cni);
        assert_eq!(complaints(&topology), Vec::<String>::new(), "{cni:?}");
    }
}

#[test]
fn every_kind_of_storage_is_valid() {
    for backend in [StorageBackend::Cephfs, StorageBackend::Rbd, StorageBackend::Longhorn] {
        let topology = changed("staging", |environment| environment.storage.backend = backend);
        assert_eq!(complaints(&topology), Vec::<String>::new(), "{backend:?}");
    }
    let node = changed("staging", |environment| environment.promise = Promise::Node);
    assert_eq!(complaints(&node), Vec::<String>::new(), "promise: node");
    let vault = changed("staging", |environment| {
        environment.storage.kms = Some(Kms {
            address: "https://vault.vault.svc:8200".to_owned(),
            role: "rook".to_owned(),
            path: "rook".to_owned(),
        });
    });
    assert_eq!(complaints(&vault), Vec::<String>::new(), "Vault");
}

#[test]
fn both_ways_to_write_routes_are_valid() {
    let topology = changed("prod", |environment| environment.ingress.kind = IngressKind::Traefik);
    assert_eq!(complaints(&topology), Vec::<String>::new());
}
