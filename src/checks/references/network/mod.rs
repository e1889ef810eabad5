//! Network policies: they select pods, open ports that are listened on, and agree at both ends.

mod dialects;
mod policy;

use serde_json::Value;

use super::codes;
use super::index::Index;
use super::json::each;
use super::pods::{PodSet, protocol};
use super::report::{Check, listed};
use super::selector::Selector;
use super::services::{resolve, show};
use crate::finding::{Finding, Severity};
use policy::{ALL, Opening, Peer, Policy, Query, Rule, Way};

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
        .map(|i| policy::read(c, *i, &mut states))
        .collect();
    for (number, policy) in policies.iter().enumerate() {
        for (rule_number, rule) in policy.rules.iter().enumerate() {
            for set in &policy.selected {
                states[*set].rules[rule.way as usize].push((number, rule_number));
            }
        }
    }
    dialects::read(c, &mut states);
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
