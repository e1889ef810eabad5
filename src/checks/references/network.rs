//! Network policies: they select pods, open ports that are listened on, and agree at both ends.

use serde_json::Value;

use super::codes;
use super::index::Index;
use super::json::{each, text};
use super::placement::nothing;
use super::pods::{PodSet, protocol};
use super::report::{Check, listed};
use super::selector::Selector;
use super::services::{resolve, show};
use crate::finding::{Finding, Severity};

/// Which way traffic goes, as seen from the pods that a policy selects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

struct Policy<'a> {
    item: usize,
    selected: Vec<usize>,
    rules: Vec<Rule<'a>>,
}

struct Rule<'a> {
    way: Way,
    peers: Vec<Peer<'a>>,
    /// Whether it speaks of everybody: no peers are written, or all addresses.
    everyone: bool,
    /// Empty: all ports.
    ports: Vec<Opening<'a>>,
    /// All pods of all its peers, one bit each.
    members: Vec<u64>,
}

struct Peer<'a> {
    at: &'a Value,
    pods: Vec<usize>,
}

/// One entry of `ports`.
struct Opening<'a> {
    at: &'a Value,
    protocol: &'a str,
    name: Option<&'a str>,
    range: (u16, u16),
}

/// What is asked of the other end: a protocol (or any) and a range of ports.
#[derive(Clone, Copy)]
struct Query<'a> {
    protocol: Option<&'a str>,
    range: (u16, u16),
}

const ALL: Query<'static> = Query {
    protocol: None,
    range: (0, u16::MAX),
};

/// What the policies do to one set of pods.
#[derive(Clone, Default)]
struct State {
    isolated: [bool; 2],
    /// Policies of another kind may let more through than is known here.
    unknown: [bool; 2],
    /// (policy, rule) of each way.
    rules: [Vec<(usize, usize)>; 2],
}

pub(super) fn check(c: &mut Check<'_>) {
    let ix = c.ix;
    let mut states = vec![State::default(); ix.pods.sets.len()];
    let policies: Vec<_> = ix
        .objects
        .of("networking.k8s.io", "NetworkPolicy")
        .iter()
        .map(|i| read(c, *i, &mut states))
        .collect();
    for (number, policy) in policies.iter().enumerate() {
        for (rule_number, rule) in policy.rules.iter().enumerate() {
            for set in &policy.selected {
                states[*set].rules[rule.way as usize].push((number, rule_number));
            }
        }
    }
    dialects(c, &mut states);
    let network = Network {
        ix,
        policies: &policies,
        states: &states,
    };
    for policy in &policies {
        for rule in &policy.rules {
            network.openings(c, policy, rule);
            network.other_end(c, policy, rule);
        }
    }
    network.services(c);
}

fn read<'a>(c: &mut Check<'a>, item: usize, states: &mut [State]) -> Policy<'a> {
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
    fn on(&self, set: &PodSet<'_>) -> Option<Query<'a>> {
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
    fn includes(&self, set: usize) -> bool {
        self.everyone || self.members[set / 64] >> (set % 64) & 1 == 1
    }

    /// Whether it opens some of what is asked, at the pods that listen.
    fn opens(&self, query: Query<'_>, listener: &PodSet<'_>) -> bool {
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

struct Network<'n, 'a> {
    ix: &'a Index<'a>,
    policies: &'n [Policy<'a>],
    states: &'n [State],
}

impl<'a> Network<'_, 'a> {
    fn set(&self, set: usize) -> &'a PodSet<'a> {
        &self.ix.pods.sets[set]
    }

    /// A port that is opened must be one that somebody there listens on.
    fn openings(&self, c: &mut Check<'a>, policy: &Policy<'a>, rule: &Rule<'a>) {
        let external = rule.way == Way::Out && (rule.everyone || rule.peers.is_empty());
        let listeners: Vec<_> = match rule.way {
            Way::In => policy.selected.clone(),
            Way::Out => rule.peers.iter().flat_map(|peer| peer.pods.iter().copied()).collect(),
        };
        if external || listeners.is_empty() {
            return;
        }
        for opening in &rule.ports {
            let listens = |set: &usize| {
                let set = self.set(*set);
                match (opening.on(set), opening.name) {
                    (None, _) => Some(false).filter(|_| set.item.is_some() || !set.ports.is_empty()),
                    (Some(_), Some(_)) => Some(true),
                    (Some(query), None) => (!set.ports.is_empty()).then(|| {
                        let inside = |number| query.range.0 <= number && number <= query.range.1;
                        set.ports
                            .iter()
                            .any(|p| p.protocol == opening.protocol && inside(p.number))
                    }),
                }
            };
            let answers: Vec<_> = listeners.iter().map(listens).collect();
            if answers.contains(&Some(true)) || (answers.contains(&None) && rule.way == Way::Out) {
                continue;
            }
            // Containers need not declare their ports; but then nobody can see that this one is right.
            let severity = if answers.contains(&None) {
                Severity::Warning
            } else {
                Severity::Error
            };
            self.not_listened(c, policy.item, rule, opening, &listeners, severity);
        }
    }

    fn not_listened(
        &self,
        c: &mut Check<'a>,
        item: usize,
        rule: &Rule<'a>,
        opening: &Opening<'a>,
        listeners: &[usize],
        severity: Severity,
    ) {
        let asked = opening.name.map_or_else(|| opening.range.0.to_string(), str::to_owned);
        let whose = if rule.way == Way::In {
            "none of the selected pods listens"
        } else {
            "none of the peer's pods listens"
        };
        let mut ports: Vec<_> = listeners
            .iter()
            .flat_map(|set| self.set(*set).ports.iter().map(show))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        let shown: Vec<_> = ports.iter().map(String::as_str).collect();
        let finding = Finding::new(
            severity,
            codes::PORT_NOT_LISTENED,
            format!("{whose} on port {asked}/{}", opening.protocol),
        )
        .because("a NetworkPolicy sees the port of the pod, not that of a Service: this one opens nothing")
        .mend(format!(
            "open a port that a container declares; they declare {}",
            listed(&shown)
        ));
        let at = if opening.at["port"].is_null() {
            opening.at
        } else {
            &opening.at["port"]
        };
        c.say(item, at, finding);
    }

    /// What one end lets through, the other must too.
    fn other_end(&self, c: &mut Check<'a>, policy: &Policy<'a>, rule: &Rule<'a>) {
        for peer in &rule.peers {
            if rule.ports.is_empty() {
                self.edge(c, policy, rule, peer, None);
            }
            for opening in &rule.ports {
                self.edge(c, policy, rule, peer, Some(opening));
            }
        }
    }

    fn edge(
        &self,
        c: &mut Check<'a>,
        policy: &Policy<'a>,
        rule: &Rule<'a>,
        peer: &Peer<'a>,
        opening: Option<&Opening<'a>>,
    ) {
        let other = if rule.way == Way::In { Way::Out } else { Way::In } as usize;
        let (mut pairs, mut shut, mut shown) = (0_usize, 0_usize, Vec::new());
        for far in &peer.pods {
            let state = &self.states[*far];
            if !state.isolated[other] || state.unknown[other] || self.set(*far).host_network {
                continue;
            }
            for near in policy.selected.iter().filter(|near| !self.set(**near).host_network) {
                let listener = self.set(if rule.way == Way::In { *near } else { *far });
                let Some(query) = opening.map_or(Some(ALL), |opening| opening.on(listener)) else {
                    continue;
                };
                let single = query.range.0 == query.range.1;
                if single && listener.listens(query.range.0, query.protocol.unwrap_or("TCP")) == Some(false) {
                    continue;
                }
                pairs += 1;
                let lets = state.rules[other].iter().any(|(policy, rule)| {
                    let rule = &self.policies[*policy].rules[*rule];
                    rule.includes(*near) && rule.opens(query, listener)
                });
                if !lets {
                    shut += 1;
                    if shown.len() < 3 {
                        shown.push((*near, *far));
                    }
                }
            }
        }
        if shut > 0 {
            self.one_sided(c, policy, rule, peer, opening, &shown, shut == pairs);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one sentence about all of them")]
    fn one_sided(
        &self,
        c: &mut Check<'a>,
        policy: &Policy<'a>,
        rule: &Rule<'a>,
        peer: &Peer<'a>,
        opening: Option<&Opening<'a>>,
        pairs: &[(usize, usize)],
        all: bool,
    ) {
        let port = opening.map_or_else(
            || "any port".to_owned(),
            |opening| {
                let first = opening.name.map_or_else(|| opening.range.0.to_string(), str::to_owned);
                format!("port {first}/{}", opening.protocol)
            },
        );
        let titles = pairs
            .iter()
            .map(|(near, far)| (&self.set(*near).title, &self.set(*far).title));
        let (code, sentence) = match rule.way {
            Way::Out => (codes::CLOSED_AT_INGRESS, "lets out what no NetworkPolicy lets in"),
            Way::In => (codes::CLOSED_AT_EGRESS, "lets in what no NetworkPolicy lets out"),
        };
        let shown: Vec<_> = titles
            .map(|(near, far)| {
                if rule.way == Way::Out {
                    format!("{near} to {far}")
                } else {
                    format!("{far} to {near}")
                }
            })
            .collect();
        let severity = if all { c.missing() } else { Severity::Warning };
        let finding = Finding::new(
            severity,
            code,
            format!("the rule {sentence}: {port}, {}", shown.join("; ")),
        )
        .because("both ends are isolated, and a connection needs both: it is refused")
        .mend(match rule.way {
            Way::Out => "add an ingress rule for it at the other end, or take this away or narrow it",
            Way::In => "add an egress rule for it at the other end, or take this away or narrow it",
        });
        c.say(policy.item, peer.at, finding);
    }

    /// A Service in front of isolated pods needs its port opened by some policy.
    fn services(&self, c: &mut Check<'a>) {
        let ix = self.ix;
        for i in ix.objects.of("", "Service") {
            let (ns, spec) = (ix.objects.heads[*i].ns, &ix.objects.value(*i)["spec"]);
            let selector = Selector::of_map(&spec["selector"]);
            if selector.is_empty() {
                continue;
            }
            for set in ix.pods.select(ns, &selector) {
                let state = &self.states[set];
                if !state.isolated[Way::In as usize] || state.unknown[Way::In as usize] {
                    continue;
                }
                for port in each(&spec["ports"]) {
                    self.exposed(c, *i, port, set);
                }
            }
        }
    }

    fn exposed(&self, c: &mut Check<'a>, item: usize, port: &'a Value, set: usize) {
        let Some(number) = resolve(port, self.set(set)) else {
            return;
        };
        let query = Query {
            protocol: Some(protocol(port)),
            range: (number, number),
        };
        let open = self.states[set].rules[Way::In as usize].iter().any(|(policy, rule)| {
            let rule = &self.policies[*policy].rules[*rule];
            rule.opens(query, self.set(set))
        });
        if !open {
            let message = format!(
                "no NetworkPolicy opens port {number}/{} of {}",
                protocol(port),
                self.set(set).title
            );
            let finding = Finding::warning(codes::SERVICE_CLOSED, message)
                .because("the pods are isolated, so that this port of the Service reaches nobody")
                .mend("open it to its clients, or take the port out of the Service");
            c.say(item, port, finding);
        }
    }
}

/// Policies of Cilium and Calico: what they select is checked; what they let through is only known to be unknown.
fn dialects(c: &mut Check<'_>, states: &mut [State]) {
    let ix = c.ix;
    for i in ix.objects.of("cilium.io", "CiliumNetworkPolicy") {
        let ns = ix.objects.heads[*i].ns;
        for spec in each(&ix.objects.value(*i)["specs"]).chain([&ix.objects.value(*i)["spec"]]) {
            let at = &spec["endpointSelector"];
            if !at.is_object() {
                continue;
            }
            let mut selector = Selector::of(at);
            for (key, _) in &mut selector.equal {
                *key = key.strip_prefix("k8s:").or(key.strip_prefix("any:")).unwrap_or(key);
            }
            let selected = ix.pods.select(ns, &selector);
            if selected.is_empty() && !selector.is_empty() && !ix.is_trusted("Pods", ns) {
                nothing(c, *i, at, "pods", &selector, ns, "the policy has no effect");
            }
            let among_pods = |rule: &Value| {
                let entities = each(&rule["toEntities"]).any(|e| ["all", "cluster"].contains(&text(e)));
                rule["toEndpoints"].is_array() || rule["toServices"].is_array() || entities
            };
            for set in selected {
                states[set].unknown[Way::In as usize] |= each(&spec["ingress"]).next().is_some();
                states[set].unknown[Way::Out as usize] |= each(&spec["egress"]).any(among_pods);
            }
        }
    }
    for group in ["crd.projectcalico.org", "projectcalico.org"] {
        for i in ix.objects.of(group, "NetworkPolicy") {
            let spec = &ix.objects.value(*i)["spec"];
            let inward = each(&spec["ingress"]).next().is_some();
            let outward = each(&spec["egress"]).any(|rule| rule["destination"]["selector"].is_string());
            for set in ix.pods.in_namespace(ix.objects.heads[*i].ns) {
                states[*set].unknown[Way::In as usize] |= inward;
                states[*set].unknown[Way::Out as usize] |= outward;
            }
        }
    }
}
