//! Pods that stand in for one another, and how many of them a loss can take at worst.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// How hard a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    /// Nothing is said.
    None,
    /// The scheduler tries.
    Soft,
    /// It is so.
    Hard,
}

/// A number of equal pods and the rules of their placement.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// For people: `Deployment clinic-app/api`.
    pub(super) name: String,
    pub(super) replicas: usize,
    /// The zones that the pods may be in.
    zones: Vec<String>,
    over_zones: Bound,
    /// The greatest difference between two zones, where it binds.
    skew: usize,
    /// As many zones are counted as if they were there.
    min_domains: usize,
    over_nodes: Bound,
    /// How many pods budgets let go at the same time; `None` where no budget selects them.
    pub(super) budget: Option<usize>,
    /// Whether each pod has a vote or a volume of its own, so that it cannot simply start elsewhere.
    bound: bool,
}

impl Group {
    /// Reads the rules of a pod's spec, for pods with these labels. `zones` are those of the region.
    pub(super) fn new(name: String, replicas: usize, pod: &Value, labels: &Value, zones: &[String]) -> Self {
        let mut group = Self {
            name,
            replicas,
            zones: zones.iter().filter(|zone| may_be_in(pod, zone)).cloned().collect(),
            over_zones: Bound::None,
            skew: 1,
            min_domains: 0,
            over_nodes: Bound::None,
            budget: None,
            bound: false,
        };
        for constraint in list(pod, "topologySpreadConstraints").filter(|c| selects(&c["labelSelector"], labels)) {
            let hard = constraint["whenUnsatisfiable"].as_str().unwrap_or("DoNotSchedule") == "DoNotSchedule";
            let bound = if hard { Bound::Hard } else { Bound::Soft };
            match constraint["topologyKey"].as_str() {
                Some(ZONE) if bound >= group.over_zones => {
                    group.over_zones = bound;
                    group.skew = number(&constraint["maxSkew"]).unwrap_or(1).max(1);
                    group.min_domains = number(&constraint["minDomains"]).unwrap_or(0);
                }
                // A skew between nodes does not keep two pods off one where there are fewer nodes than pods.
                Some(HOSTNAME) => group.over_nodes = group.over_nodes.max(Bound::Soft),
                _ => {}
            }
        }
        let anti = &pod["affinity"]["podAntiAffinity"];
        for term in list(anti, "requiredDuringSchedulingIgnoredDuringExecution")
            .filter(|t| selects(&t["labelSelector"], labels))
        {
            match term["topologyKey"].as_str() {
                Some(ZONE) => {
                    group.over_zones = Bound::Hard;
                    group.skew = 1;
                    group.min_domains = usize::MAX;
                }
                Some(HOSTNAME) => group.over_nodes = Bound::Hard,
                _ => {}
            }
        }
        let mut preferred = list(anti, "preferredDuringSchedulingIgnoredDuringExecution");
        if preferred.any(|term| term["podAffinityTerm"]["topologyKey"] == HOSTNAME) {
            group.over_nodes = group.over_nodes.max(Bound::Soft);
        }
        group
    }

    /// Pods in exactly these zones, so many in each; nodes may hold all of a zone unless `apart`.
    pub(super) fn fixed(name: String, replicas: usize, zones: &[String], hard: bool, apart: bool) -> Self {
        Self {
            name,
            replicas,
            zones: zones.to_vec(),
            over_zones: if hard { Bound::Hard } else { Bound::None },
            skew: 1,
            min_domains: zones.len(),
            over_nodes: if apart { Bound::Hard } else { Bound::None },
            budget: Some(1),
            bound: true,
        }
    }

    /// The same pods, each with a vote or a volume of its own.
    pub(super) fn bound(mut self) -> Self {
        self.bound = true;
        self
    }

    /// The zones that the pods may be in.
    pub(super) fn zones(&self) -> &[String] {
        &self.zones
    }

    /// How many pods find a place at all.
    pub(super) fn placed(&self) -> usize {
        if self.zones.is_empty() {
            return 0;
        }
        if self.over_zones == Bound::Hard && self.min_domains > self.zones.len() {
            // A zone that is missing counts as one without pods: no other may have more than the skew.
            return self.replicas.min(self.skew.saturating_mul(self.zones.len()));
        }
        self.replicas
    }

    /// How many zones the pods were spread over, at worst.
    fn spread_over(&self) -> usize {
        let zones = self.zones.len();
        // Members that stay where they are were placed when a zone may have been away, unless the rule counts it.
        if self.bound && self.min_domains < zones && zones > 1 {
            zones - 1
        } else {
            zones
        }
    }

    /// The most pods that `zones` zones can hold together.
    fn in_zones(&self, zones: usize) -> usize {
        let placed = self.placed();
        if zones == 0 {
            return 0;
        }
        if self.over_zones != Bound::Hard {
            return placed;
        }
        let spread = self.spread_over().max(1);
        if self.skew == 1 {
            return placed.min(zones * (placed / spread) + zones.min(placed % spread));
        }
        let most = (placed + (spread - 1) * self.skew) / spread;
        placed.min(zones * most)
    }

    /// How many pods are gone at worst when these zones, and so many nodes of others, are lost.
    pub(super) fn lost(&self, zones: &BTreeSet<&str>, nodes: &BTreeMap<&str, usize>) -> usize {
        let mine = |zone: &str| self.zones.iter().any(|z| z == zone);
        let whole = zones.iter().filter(|zone| mine(zone)).count();
        if whole == self.zones.len() {
            return self.placed();
        }
        let by_zones = self.in_zones(whole);
        let touched = nodes.iter().filter(|(zone, _)| mine(zone)).count();
        let by_nodes = if self.over_nodes == Bound::Hard {
            nodes
                .iter()
                .filter(|(zone, _)| mine(zone))
                .map(|(_, number)| *number)
                .sum()
        } else {
            // A node may hold all that its zone has.
            self.in_zones(whole + touched) - by_zones
        };
        self.placed().min(by_zones + by_nodes)
    }

    /// Whether what is lost with single nodes is only likely not to be all.
    pub(super) fn is_soft_for_nodes(&self) -> bool {
        self.over_nodes >= Bound::Soft && !self.bound
    }

    /// How the pods are kept apart, for people.
    pub(super) fn rule(&self) -> &'static str {
        match self.over_zones {
            Bound::Hard => "spread over zones",
            Bound::Soft => "only preferably spread over zones",
            Bound::None => "not spread over zones",
        }
    }
}

/// Reads a budget's share of so many pods that may be away.
pub(super) fn allowance(budget: &Value, replicas: usize) -> usize {
    let share = |value: &Value, round_up: bool| {
        if let Some(count) = number(value) {
            return Some(count);
        }
        let percent: usize = value.as_str()?.strip_suffix('%')?.parse().ok()?;
        let exact = replicas.checked_mul(percent)?;
        Some(if round_up { exact.div_ceil(100) } else { exact / 100 })
    };
    if let Some(away) = share(&budget["maxUnavailable"], true) {
        return away.min(replicas);
    }
    share(&budget["minAvailable"], true).map_or(replicas, |least| replicas.saturating_sub(least))
}

/// Whether a pod may be in a zone, by its node selector and affinity.
fn may_be_in(pod: &Value, zone: &str) -> bool {
    if let Some(wanted) = pod["nodeSelector"].get(ZONE)
        && wanted != zone
    {
        return false;
    }
    let required = &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms: Vec<&Value> = list(required, "nodeSelectorTerms").collect();
    terms.is_empty()
        || terms.iter().any(|term| {
            list(term, "matchExpressions")
                .filter(|e| e["key"] == ZONE)
                .all(|expression| {
                    let named = list(expression, "values").any(|value| value == zone);
                    match expression["operator"].as_str() {
                        Some("In") => named,
                        Some("NotIn") => !named,
                        Some("DoesNotExist") => false,
                        _ => true,
                    }
                })
        })
}

/// The items of a list in a mapping.
pub(super) fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A number that is not negative.
pub(super) fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// Whether a label selector selects these labels.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    if !selector.is_object() {
        return false;
    }
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let mut equal = equal.map(|(key, value)| labels.get(key) == Some(value));
    equal.all(|holds| holds)
        && list(selector, "matchExpressions").all(|expression| {
            let value = expression["key"].as_str().and_then(|key| labels.get(key));
            let among = value.is_some_and(|value| list(expression, "values").any(|v| v == value));
            match expression["operator"].as_str() {
                Some("In") => among,
                Some("NotIn") => !among,
                Some("Exists") => value.is_some(),
                Some("DoesNotExist") => value.is_none(),
                _ => false,
            }
        })
}
