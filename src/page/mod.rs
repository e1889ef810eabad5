//! One page about an environment, for whoever answers for it: where everything runs, who may speak to whom, when what
//! happens, and which object carries which requirement. One file, without a script, the same every time.

mod clock;
mod edges;
mod map;
mod requirements;
mod survival;
mod svg;

use minijinja::value::Serde;
use minijinja::{AutoEscape, UndefinedBehavior, context};
use serde::Serialize;

use crate::bundle::Manifest;
use crate::checks::survival::Matrix;
use crate::spec::Promise;
use crate::topology::{StorageKind, Topology};

const TEMPLATE: &str = include_str!("page.html.j2");

/// A fact with its name.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// The page of an environment. `files` are the paths of the manifests, in their order.
///
/// Fails only where the template does not fit what it is given, which is a mistake in Galeno.
pub fn page(topology: &Topology, manifests: &[Manifest], files: &[String], matrix: &Matrix) -> Result<String, String> {
    let mut templates = minijinja::Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let context = context! {
        name => topology.name.to_string(),
        facts => Serde(facts(topology, manifests)),
        map => map::draw(topology),
        places => Serde(map::places(topology)),
        regions => Serde(edges::regions(topology)),
        survival => Serde(survival::table(matrix)),
        clock => clock::draw(topology),
        schedules => Serde(clock::schedules(topology)),
        time_zone => topology.backup.time_zone.to_string(),
        requirements => Serde(requirements::table(topology, manifests, files)),
    };
    let page = templates.render_named_str("page.html", TEMPLATE, context);
    page.map_err(|error| format!("the page cannot be made: {error:#}"))
}

fn facts(topology: &Topology, manifests: &[Manifest]) -> Vec<Fact> {
    let promise = match topology.promise {
        Promise::None => "nothing: a single machine to try things out",
        Promise::Node => "any one node may be lost",
        Promise::Zone => "any one zone may be lost",
    };
    let versions = &topology.versions;
    let kubernetes: Vec<String> = topology.kubernetes.iter().map(ToString::to_string).collect();
    let storage = match &topology.storage.kind {
        StorageKind::Ceph(_) => format!("Ceph {} by Rook {}", versions.ceph, versions.rook),
        StorageKind::Longhorn { version } => format!("Longhorn {version}"),
        StorageKind::Class(class) => format!("the cluster's class {class}"),
    };
    let encrypted = if topology.storage.encrypted {
        "encrypted"
    } else {
        "not encrypted"
    };
    let active = topology.database.active_generation();
    vec![
        Fact {
            name: "Addresses",
            value: format!("{}, {}", topology.web_host(), topology.api_host()),
        },
        Fact {
            name: "Answers for it",
            value: topology.owner.to_string(),
        },
        Fact {
            name: "Promise",
            value: promise.to_owned(),
        },
        Fact {
            name: "Database",
            value: format!(
                "{} nodes of {}, generation {}",
                active.members.len(),
                topology.database.size,
                active.number
            ),
        },
        Fact {
            name: "Storage",
            value: format!("{storage}, {} copies, {encrypted}", topology.storage.replicas),
        },
        Fact {
            name: "Kubernetes",
            value: kubernetes.join(", "),
        },
        Fact {
            name: "Objects",
            value: manifests.len().to_string(),
        },
    ]
}
