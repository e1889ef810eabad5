//! Reading network policies: whom they select, whom they speak of, which ports they open.

use serde_json::Value;

use super::State;
use crate::checks::references::json::{each, text};
use crate::checks::references::placement::nothing;
use crate::checks::references::pods::{PodSet, protocol};
use crate::checks::references::report::Check;
use crate::checks::references::selector::Selector;

/// Which way traffic goes, as seen from the pods that a policy selects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

pub(super) struct Policy<'a> {
    pub(super) item: usize,
    pub(super) selected: Vec<usize>,
    pub(super) rules: Vec<Rule<'a>>,
}

pub(super) struct Rule<'a> {
    pub(super) way: Way,
    pub(super) peers: Vec<Peer<'a>>,
    /// Whether it speaks of everybody: no peers are written, or all addresses.
    pub(super) everyone: bool,
    /// Empty: all ports.
    pub(super) ports: Vec<Opening<'a>>,
    /// All pods of all its peers, one bit each.
    pub(super) members: Vec<u64>,
}

pub(super) struct Peer<'a> {
    pub(super) at: &'a Value,
    pub(super) pods: Vec<usize>,
}

/// One entry of `ports`.
pub(super) struct Opening<'a> {
    pub(super) at: &'a Value,
    pub(super) protocol: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) range: (u16, u16),
}

/// What is asked of the other end: a protocol (or any) and a range of ports.
#[derive(Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) protocol: Option<&'a str>,
    pub(super) range: (u16, u16),
}

pub(super) const ALL: Query<'static> = Query {
    protocol: None,
    range: (0, u16::MAX),
};

/// Reads a policy, notes whom it isolates, and says what of it matches nothing.
pub(super) fn read<'a>(c: &mut Check<'a>, item: usize, states: &mut [State]) -> Policy<'a> {
    let ix = c.ix;
    let (ns, spec) = (ix.objects.heads[item].ns, &ix.objects.value(item)["spec"]);
    let selector = Selector::of(&spec["podSelector"]);
    let selected = ix.pods.select(ns, &selector);
    // A default deny for pods to come is no mistake; a policy for certain pods that are not there is.
    if selected.is_empty() && !selector.is_empty() && !ix.is_trusted("Pods", ns) {
        nothing(
            c,
            item,
            &spec["podSelector"],
            "pods",
            &selector,
            ns,
            "the policy has no effect",
        );
    }
    let types: Vec<_> = each(&spec["policyTypes"]).map(text).collect();
    let inward = if types.is_empty() {
        true
    } else {
        types.contains(&"Ingress")
    };
    let outward = if types.is_empty() {
        spec["egress"].is_array()
    } else {
        types.contains(&"Egress")
    };
    for set in selected.iter().filter(|set| !ix.pods.sets[**set].host_network) {
        states[*set].isolated[Way::In as usize] |= inward;
        states[*set].isolated[Way::Out as usize] |= outward;
    }
    let mut rules = Vec::new();
    for (way, on, field, peers) in [
        (Way::In, inward, "ingress", "from"),
        (Way::Out, outward, "egress", "to"),
    ] {
        if on {
            rules.extend(each(&spec[field]).map(|rule| read_rule(c, item, way, rule, &rule[peers])));
        }
    }
    Policy { item, selected, rules }
}

fn read_rule<'a>(c: &mut Check<'a>, item: usize, way: Way, rule: &'a Value, written: &'a Value) -> Rule<'a> {
    let mut this = Rule {
        way,
        peers: Vec::new(),
        everyone: each(written).next().is_none(),
        ports: each(&rule["ports"]).filter_map(opening).collect(),
        members: vec![0; c.ix.pods.sets.len().div_ceil(64)],
    };
    for at in each(written) {
        if at["ipBlock"].is_object() {
            let block = &at["ipBlock"];
            this.everyone |= ["0.0.0.0/0", "::/0"].contains(&text(&block["cidr"])) && block["except"].is_null();
            continue;
        }
        let pods = peer(c, item, at);
        for set in &pods {
            this.members[set / 64] |= 1 << (set % 64);
        }
        this.peers.push(Peer { at, pods });
    }
    this
}

/// The pods of a peer; says so if there are none.
fn peer<'a>(c: &mut Check<'a>, item: usize, at: &'a Value) -> Vec<usize> {
    let ix = c.ix;
    let own = ix.objects.heads[item].ns;
    let namespaces = if at["namespaceSelector"].is_object() {
        let selector = Selector::of(&at["namespaceSelector"]);
        let found = ix.select_namespaces(&selector);
        if found.is_empty() {
            nothing(
                c,
                item,
                &at["namespaceSelector"],
                "namespaces",
                &selector,
                "",
                "the rule opens nothing",
            );
            return Vec::new();
        }
        found.iter().map(|namespace| namespace.name).collect()
    } else {
        vec![own]
    };
    let selector = Selector::of(&at["podSelector"]);
    let pods: Vec<_> = namespaces.iter().flat_map(|ns| ix.pods.select(ns, &selector)).collect();
    if pods.is_empty() && !selector.is_empty() && !namespaces.iter().any(|ns| ix.is_trusted("Pods", ns)) {
        let ns = if namespaces.len() == 1 { namespaces[0] } else { "" };
        nothing(
            c,
            item,
            &at["podSelector"],
            "pods",
            &selector,
            ns,
            "the rule opens nothing",
        );
    }
    pods
}

fn opening(at: &Value) -> Option<Opening<'_>> {
    let port = &at["port"];
    let number = port.as_u64().and_then(|n| u16::try_from(n).ok());
    let range = match (number, port.as_str()) {
        (Some(first), _) => (
            first,
            at["endPort"]
                .as_u64()
                .and_then(|n| u16::try_from(n).ok())
                .unwrap_or(first),
        ),
        (None, Some(_)) => (0, 0),
        (None, None) if port.is_null() => (0, u16::MAX),
        (None, None) => return None,
    };
    Some(Opening {
        at,
        protocol: protocol(at),
        name: port.as_str(),
        range,
    })
}

impl<'a> Opening<'a> {
    /// What it opens on certain pods; `None` if they have no port of that name.
    pub(super) fn on(&self, set: &PodSet<'_>) -> Option<Query<'a>> {
        let range = match self.name {
            Some(name) => set
                .ports
                .iter()
                .find(|p| p.name == name && p.protocol == self.protocol)
                .map(|p| (p.number, p.number))?,
            None => self.range,
        };
        Some(Query {
            protocol: Some(self.protocol),
            range,
        })
    }
}

impl Rule<'_> {
    /// Whether it speaks of a peer.
    pub(super) fn includes(&self, set: usize) -> bool {
        self.everyone || self.members[set / 64] >> (set % 64) & 1 == 1
    }

    /// Whether it opens some of what is asked, at the pods that listen.
    pub(super) fn opens(&self, query: Query<'_>, listener: &PodSet<'_>) -> bool {
        self.ports.is_empty()
            || self
                .ports
                .iter()
                .filter_map(|opening| opening.on(listener))
                .any(|open| {
                    let same = query.protocol.is_none() || query.protocol == open.protocol;
                    same && open.range.0 <= query.range.1 && query.range.0 <= open.range.1
                })
    }
}
