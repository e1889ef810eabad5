//! Component `certificates`: the platform's authorities, who trusts them, and a certificate for each identity that something
//! in a region uses.

mod authorities;
mod bundle;
mod charts;
mod identities;

use std::collections::BTreeSet;

use super::Output;
use super::used::Used;
use crate::spec::Role;
use crate::topology::{Region, Topology};

const COMPONENT: &str = "certificates";

/// The API group of cert-manager.
const GROUP: &str = "cert-manager.io";

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    charts::render(topology, region, output);
    authorities::render(topology, region, output);
    // Nothing of the platform's own runs in a recovery region before it is promoted.
    if region.role != Role::Recovery {
        bundle::render(region, output);
    }
    let identities = identities::all(topology);
    let names: BTreeSet<String> = identities.iter().map(|identity| identity.secret.clone()).collect();
    let used = Used::find(output, region, &names);
    for identity in identities {
        if let Some(users) = used.by(identity.namespace, &identity.secret) {
            identities::add(topology, region, &identity, &users, output);
        }
    }
}
