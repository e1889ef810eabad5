//! Renders an environment and checks what came out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::folders;
use super::load::Loaded;
use crate::bundle::{Item, Manifest, paths};
use crate::checks;
use crate::checks::survival::{Promised, RegionOf, World};
use crate::components;
use crate::finding::{Finding, Severity, has_errors};
use crate::spec::{Acknowledgement, Cni, Promise, Role};
use crate::topology::{Peer, StorageKind, Topology, edges};

/// An environment's objects and what the checks say of them.
#[derive(Debug)]
pub struct Rendered {
    /// The objects.
    pub manifests: Vec<Manifest>,
    /// The path of each below `generated/ENV/`.
    pub paths: Vec<String>,
    /// The objects as checks see them.
    pub items: Vec<Item>,
    /// What the checks say; acknowledged findings are notes.
    pub findings: Vec<Finding>,
}

/// Renders one environment and runs every check over it.
pub fn render(loaded: &Loaded, catalog: &checks::schema::Catalog) -> Rendered {
    let output = components::render(&loaded.topology);
    let mut findings: Vec<Finding> = output
        .broken
        .iter()
        .map(|what| {
            Finding::error("galeno/render", what.clone())
                .because("this is a mistake in Galeno, not in your file")
                .mend("please report it with your environment file")
        })
        .collect();
    let manifests = output.manifests;
    let paths = paths(&manifests);
    let items = items(loaded, &manifests, &paths);
    findings.extend(checks::schema::check(&items, catalog, &kubernetes(loaded)));
    findings.extend(checks::references::check(&items, &elsewhere(loaded)));
    findings.extend(checks::policy::check(&items, catalog, false));
    let survival = checks::survival::check(&items, &world(loaded));
    findings.extend(survival.into_iter().map(|finding| loaded.source.locate(finding)));
    acknowledge(&loaded.acknowledged, &mut findings, loaded);
    if manifests.is_empty() && !has_errors(&findings) {
        findings.push(
            Finding::error("galeno/empty", "nothing was rendered").because("an empty platform is never what is meant"),
        );
    }
    Rendered {
        manifests,
        paths,
        items,
        findings,
    }
}

/// The places that an environment has, and what it promises of them.
pub fn world(loaded: &Loaded) -> World {
    let topology = &loaded.topology;
    let region = |region: &crate::topology::Region| RegionOf {
        cluster: format!("{}/{}", topology.name, region.name),
        name: region.name.to_string(),
        primary: region.role == Role::Primary,
        zones: region.zones.iter().map(ToString::to_string).collect(),
    };
    World {
        regions: topology.regions.iter().map(region).collect(),
        promise: match topology.promise {
            Promise::None => Promised::Nothing,
            Promise::Node => Promised::Node,
            Promise::Zone => Promised::Zone,
        },
        together: loaded.survive.clone(),
    }
}

/// The objects as the checks see them: each region is a cluster.
pub fn items(loaded: &Loaded, manifests: &[Manifest], paths: &[String]) -> Vec<Item> {
    let environment = loaded.topology.name.as_str();
    let item = |(manifest, path): (&Manifest, &String)| Item {
        cluster: Arc::from(format!("{environment}/{}", manifest.region)),
        file: Arc::from(format!("{}/{environment}/{path}", folders::GENERATED)),
        positions: None,
        object: manifest.object.clone(),
    };
    manifests.iter().zip(paths).map(item).collect()
}

/// Turns accepted findings into notes, and says which acceptances accept nothing.
fn acknowledge(accepted: &[Acknowledgement], findings: &mut Vec<Finding>, loaded: &Loaded) {
    let accepted = accepted.iter().enumerate();
    // What a change does is compared, and accepted, after all objects are known to be right.
    for (index, acceptance) in accepted.filter(|(_, acceptance)| !acceptance.code.starts_with("upgrade/")) {
        let mut used = false;
        for finding in findings
            .iter_mut()
            .filter(|f| f.code == acceptance.code && f.severity == Severity::Warning)
        {
            let about = finding.place.object.as_ref().map(ToString::to_string);
            if about.as_deref() == Some(acceptance.about.as_str())
                || finding.place.pointer.as_deref() == Some(acceptance.about.as_str())
            {
                used = true;
                finding.severity = Severity::Note;
                finding.reason = format!("{} (accepted: {})", finding.reason, acceptance.reason);
            }
        }
        if !used {
            let place = crate::finding::Place {
                pointer: Some(format!("/acknowledge/{index}")),
                ..Default::default()
            };
            let message = format!(
                "nothing is accepted by it: there is no warning `{}` about `{}`",
                acceptance.code, acceptance.about
            );
            findings.push(
                loaded
                    .source
                    .locate(Finding::error("spec/no-effect", message).mend("remove it").at(place)),
            );
        }
    }
}

/// The Kubernetes versions that the objects must be valid for.
fn kubernetes(loaded: &Loaded) -> Vec<checks::schema::KubeVersion> {
    // `resolve` accepts only versions that there are schemas for.
    loaded
        .topology
        .kubernetes
        .iter()
        .filter_map(|minor| minor.to_string().parse().ok())
        .collect()
}

/// What a cluster must already have, because the environment names it.
fn elsewhere(loaded: &Loaded) -> checks::references::Options {
    let topology = &loaded.topology;
    let mut provides = vec![format!("ClusterSecretStore {}", topology.secrets.store)];
    match &topology.storage.kind {
        StorageKind::Ceph(ceph) => provides.push(format!("StorageClass {}", ceph.disk_class)),
        StorageKind::Class(class) => provides.push(format!("StorageClass {class}")),
        StorageKind::Longhorn { .. } => {}
    }
    provides.extend(
        foreign_namespaces(topology)
            .into_iter()
            .map(|name| format!("Namespace {name}")),
    );
    // A network plugin is part of the cluster, and brings its own kinds.
    match topology.cni {
        Cni::Plain => {}
        Cni::Cilium => provides.push("API cilium.io".to_owned()),
        Cni::Calico => provides.push("API projectcalico.org".to_owned()),
    }
    checks::references::Options {
        complete: true,
        provides: [(String::new(), provides)].into(),
    }
}

/// Namespaces of the same cluster that an address in the environment names and that are not Galeno's.
fn foreign_namespaces(topology: &Topology) -> BTreeSet<String> {
    let edges = topology.regions.iter().flat_map(|region| edges(topology, region));
    edges
        .filter_map(|edge| match edge.to {
            Peer::Namespace(name) => Some(name),
            _ => None,
        })
        .collect()
}
