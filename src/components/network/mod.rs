//! Component `network`: everything is denied but the edges of the topology, each opened at both of its ends.

mod calico;
mod cilium;
mod plain;

use std::collections::BTreeMap;

use super::Output;
use crate::bundle::Reason;
use crate::components::output::because;
use crate::spec::Cni;
use crate::topology::names::Port;
use crate::topology::{Edge, Peer, PodGroup, Region, Topology, edges};

pub(super) const COMPONENT: &str = "network";

/// One side of an edge, seen from the pods that a policy selects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    peer: Peer,
    ports: Vec<Port>,
    why: &'static str,
    source: Option<&'static str>,
}

impl Rule {
    fn reason(&self, path: String) -> Reason {
        let reason = because(self.why).on(path);
        match self.source {
            Some(source) => reason.from(source),
            None => reason,
        }
    }
}

/// What a group of pods may receive and send.
#[derive(Debug, Default)]
struct Rules {
    ingress: Vec<Rule>,
    egress: Vec<Rule>,
}

pub(super) fn render(topology: &Topology, region: &Region, output: &mut Output) {
    for namespace in region.namespaces(topology) {
        plain::default_deny(region, namespace, output);
    }
    for (group, rules) in by_group(edges(topology, region)) {
        plain::policy(topology, region, &group, &rules, output);
        match topology.cni {
            Cni::Plain => {}
            Cni::Cilium => cilium::policy(region, &group, &rules, output),
            Cni::Calico => calico::policy(region, &group, &rules, output),
        }
    }
}

/// Each edge is opened at both ends: egress for who connects, ingress for whom it connects to.
fn by_group(edges: Vec<Edge>) -> BTreeMap<PodGroup, Rules> {
    let mut groups: BTreeMap<PodGroup, Rules> = BTreeMap::new();
    for edge in edges {
        let rule = |peer: &Peer| Rule {
            peer: peer.clone(),
            ports: edge.ports.clone(),
            why: edge.why,
            source: edge.source,
        };
        if let Peer::Pods(group) = &edge.from {
            push(&mut groups.entry(group.clone()).or_default().egress, rule(&edge.to));
        }
        if let Peer::Pods(group) = &edge.to {
            push(&mut groups.entry(group.clone()).or_default().ingress, rule(&edge.from));
        }
    }
    groups
}

/// Two buckets behind the same addresses need one rule, not two.
fn push(rules: &mut Vec<Rule>, rule: Rule) {
    if !rules
        .iter()
        .any(|known| known.peer == rule.peer && known.ports == rule.ports)
    {
        rules.push(rule);
    }
}
