//! Pods: of the workloads given, and those known to exist without a manifest.

use std::collections::HashMap;

use serde_json::Value;

use super::json::{each, text};
use super::objects::{Head, Objects};
use super::selector::{Labels, Selector};
use super::table::Provision;

/// A port that a container declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    pub(super) number: u16,
    pub(super) protocol: &'a str,
}

/// The pods of one workload: they are all alike.
pub(super) struct PodSet<'a> {
    /// The workload, where it is an object.
    pub(super) item: Option<usize>,
    /// For people: ``StatefulSet `clinic/db` ``.
    pub(super) title: String,
    /// Their namespace.
    pub(super) ns: &'a str,
    /// What their template says of labels.
    pub(super) labels: Labels<'a>,
    /// Their pod spec; null for pods without a manifest.
    pub(super) spec: &'a Value,
    /// The ports they declare. None: nothing is known of what they listen on.
    pub(super) ports: Vec<Port<'a>>,
    /// Whether they use the node's network, which no NetworkPolicy sees.
    pub(super) host_network: bool,
    numbering: Numbering<'a>,
}

/// Labels that a controller adds to each pod.
enum Numbering<'a> {
    None,
    /// `statefulset.kubernetes.io/pod-name`: the name, the first ordinal, the number of pods.
    StatefulSet(&'a str, u64, u64),
    /// `job-name`.
    Job(&'a str),
}

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// The name and the ordinal in `NAME-N`.
pub(super) fn ordinal(name: &str) -> Option<(&str, u64)> {
    let (stem, number) = name.rsplit_once('-')?;
    let plain = number == "0" || !number.starts_with('0');
    Some((
        stem,
        number
            .parse()
            .ok()
            .filter(|_| plain && number.bytes().all(|b| b.is_ascii_digit()))?,
    ))
}

impl<'a> PodSet<'a> {
    /// Whether a selector picks at least one of these pods.
    pub(super) fn is_selected_by(&self, selector: &Selector<'a>) -> bool {
        let numbered = selector.equal.iter().find(|(key, _)| *key == POD_NAME);
        selector.matches(|key| match (key, &self.numbering) {
            (POD_NAME, Numbering::StatefulSet(name, first, count)) => {
                let wanted = numbered.map(|(_, value)| *value)?;
                let (stem, number) = ordinal(wanted)?;
                (stem == *name && number >= *first && number < first.saturating_add(*count)).then_some(wanted)
            }
            ("job-name" | "batch.kubernetes.io/job-name", Numbering::Job(name)) => Some(name),
            _ => self.labels.get(key),
        })
    }

    /// The port of that name.
    pub(super) fn named_port(&self, name: &str) -> Option<&Port<'a>> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// Whether they listen on a port; `None` if they declare none, so that nobody can know.
    pub(super) fn listens(&self, number: u16, protocol: &str) -> Option<bool> {
        (!self.ports.is_empty()).then(|| self.ports.iter().any(|p| p.number == number && p.protocol == protocol))
    }
}

/// The pod template of a workload; `None` for other kinds.
pub(super) fn template<'a>(group: &str, kind: &str, value: &'a Value) -> Option<&'a Value> {
    match (group, kind) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => Some(&value["spec"]["template"]),
        ("batch", "CronJob") => Some(&value["spec"]["jobTemplate"]["spec"]["template"]),
        ("", "PodTemplate") => Some(&value["template"]),
        ("", "Pod") => Some(value),
        _ => None,
    }
}

/// All containers of a pod spec, in order: init containers first.
pub(super) fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| each(&spec[list]))
}

fn ports(spec: &Value) -> Vec<Port<'_>> {
    let sidecars = each(&spec["initContainers"]).filter(|c| text(&c["restartPolicy"]) == "Always");
    let listening = sidecars.chain(each(&spec["containers"]));
    let declared = listening.flat_map(|container| each(&container["ports"]));
    declared.filter_map(port).collect()
}

/// A port as containers and Services write it, by the number under `containerPort` or `port`.
pub(super) fn port(port: &Value) -> Option<Port<'_>> {
    let number = port["containerPort"].as_u64().or_else(|| port["port"].as_u64())?;
    Some(Port {
        name: text(&port["name"]),
        number: u16::try_from(number).ok()?,
        protocol: protocol(port),
    })
}

/// The protocol that something says, TCP if it says none.
pub(super) fn protocol(value: &Value) -> &str {
    value["protocol"].as_str().unwrap_or("TCP")
}

/// All pods of a cluster, by label.
pub(super) struct Pods<'a> {
    /// The sets, workloads first, each known by its number.
    pub(super) sets: Vec<PodSet<'a>>,
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    of_item: HashMap<usize, usize>,
}

impl<'a> Pods<'a> {
    pub(super) fn new(objects: &Objects<'a>, provisions: &'a [Provision]) -> Self {
        let mut sets: Vec<PodSet<'a>> = Vec::new();
        for (i, head) in objects.heads.iter().enumerate() {
            if let Some(template) = template(head.group, head.kind, objects.value(i)) {
                sets.push(of_workload(i, *head, objects.value(i), template));
            }
        }
        for provision in provisions.iter().filter(|p| p.kind == "Pods" && !p.name.ends_with('*')) {
            if *provision.ns == *"*" {
                // In whichever namespace asks for them, such as the pods that answer ACME's challenges.
                let namespaces = objects.of("", "Namespace").iter().map(|i| objects.heads[*i].name);
                sets.extend(namespaces.map(|ns| PodSet {
                    ns,
                    ..of_provision(provision)
                }));
            } else {
                sets.push(of_provision(provision));
            }
        }
        let mut this = Self {
            sets,
            by_label: HashMap::new(),
            by_namespace: HashMap::new(),
            of_item: HashMap::new(),
        };
        for (i, set) in this.sets.iter().enumerate() {
            this.by_namespace.entry(set.ns).or_default().push(i);
            for (key, value) in set.labels.iter() {
                this.by_label.entry((set.ns, key, value)).or_default().push(i);
            }
            if let Some(item) = set.item {
                this.of_item.insert(item, i);
            }
        }
        this
    }

    /// The pods of a namespace that a selector picks.
    pub(super) fn select(&self, ns: &str, selector: &Selector<'a>) -> Vec<usize> {
        let narrow = selector.equal.iter().filter(|(key, _)| !is_added(key));
        let lists = narrow.map(|(key, value)| self.by_label.get(&(ns, *key, *value)).map_or(&[][..], Vec::as_slice));
        let candidates = lists
            .min_by_key(|list| list.len())
            .unwrap_or_else(|| self.in_namespace(ns));
        candidates
            .iter()
            .copied()
            .filter(|i| self.sets[*i].is_selected_by(selector))
            .collect()
    }

    /// The pods of a namespace.
    pub(super) fn in_namespace(&self, ns: &str) -> &[usize] {
        self.by_namespace.get(ns).map_or(&[], Vec::as_slice)
    }

    /// The pods of a workload.
    pub(super) fn of_item(&self, item: usize) -> Option<usize> {
        self.of_item.get(&item).copied()
    }
}

fn is_added(key: &str) -> bool {
    key == POD_NAME || key == "job-name" || key == "batch.kubernetes.io/job-name"
}

fn of_workload<'a>(item: usize, head: Head<'a>, value: &'a Value, template: &'a Value) -> PodSet<'a> {
    let spec = &template["spec"];
    let numbering = match head.kind {
        "StatefulSet" => {
            let first = value["spec"]["ordinals"]["start"].as_u64().unwrap_or(0);
            Numbering::StatefulSet(head.name, first, value["spec"]["replicas"].as_u64().unwrap_or(1))
        }
        "Job" => Numbering::Job(head.name),
        _ => Numbering::None,
    };
    PodSet {
        item: Some(item),
        title: head.to_string(),
        ns: head.ns,
        labels: Labels::of(&template["metadata"]),
        spec,
        ports: ports(spec),
        host_network: spec["hostNetwork"] == true,
        numbering,
    }
}

fn of_provision(provision: &Provision) -> PodSet<'_> {
    let ports = provision.ports.iter();
    PodSet {
        item: None,
        title: format!("the pods `{}/{}` of {}", provision.ns, provision.name, provision.by),
        ns: &provision.ns,
        labels: Labels::Given(&provision.labels),
        spec: &Value::Null,
        ports: ports
            .map(|p| Port {
                name: &p.name,
                number: p.number,
                protocol: &p.protocol,
            })
            .collect(),
        host_network: false,
        numbering: Numbering::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinal_is_a_plain_number() {
        assert_eq!(ordinal("data-db-12"), Some(("data-db", 12)));
        for bad in ["db", "db-", "db-01", "db-x", "db-+1"] {
            assert_eq!(ordinal(bad), None, "{bad}");
        }
    }
}
