//! Every object says why it is there, and no reason points at nothing.

use std::collections::BTreeSet;

use galeno::spec::{Cni, Kms, StorageBackend};
use galeno::topology::Topology;

use crate::platform::{ENVIRONMENTS, changed, rendered, topology};

const COMPONENTS: [&str; 6] = ["certificates", "namespaces", "network", "rbac", "secrets", "storage"];

fn wrong(topology: &Topology) -> Vec<String> {
    let output = rendered(topology);
    let mut wrong = Vec::new();
    for manifest in output.manifests.iter().filter(|m| COMPONENTS.contains(&m.component)) {
        let who = format!("{} {}", manifest.object.kind(), manifest.object.name());
        let Some(first) = manifest.reasons.first() else {
            wrong.push(format!("{who}: no reason"));
            continue;
        };
        if !first.path.is_empty() || first.rule.len() < 20 {
            wrong.push(format!("{who}: the first reason is not about the whole"));
        }
        let mut seen = BTreeSet::new();
        for reason in &manifest.reasons {
            if manifest.object.at(&reason.path).is_none() {
                wrong.push(format!("{who}: nothing at {}", reason.path));
            }
            if !seen.insert(&reason.path) {
                wrong.push(format!("{who}: two reasons at {}", reason.path));
            }
        }
    }
    wrong
}

#[test]
fn reasons_point_at_what_is_there() {
    for name in ENVIRONMENTS {
        assert_eq!(wrong(&topology(name)), Vec::<String>::new(), "{name}");
    }
    let variants = [
        changed("staging", |environment| {
            environment.storage.backend = StorageBackend::Longhorn;
        }),
        changed("prod", |environment| environment.kubernetes.cni = Cni::Cilium),
        changed("prod", |environment| environment.kubernetes.cni = Cni::Calico),
        changed("staging", |environment| {
            environment.storage.kms = Some(Kms {
                address: "https://vault.vault.svc:8200".to_owned(),
                role: "rook".to_owned(),
                path: "rook".to_owned(),
            });
        }),
    ];
    for topology in &variants {
        assert_eq!(wrong(topology), Vec::<String>::new());
    }
}
