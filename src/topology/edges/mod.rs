//! Who may speak to whom: every allowed edge of a region's network, once. NetworkPolicies of both ends follow from it.
//!
//! What is not here needs no edge: DNS, which all pods have; and the kubelet's probes, since Kubernetes always lets a
//! pod's own node reach it (<https://kubernetes.io/docs/concepts/services-networking/network-policies/>, "traffic to and
//! from the node where a Pod is running is always allowed"). `kubectl exec`, logs and port forwarding go by the kubelet.

mod data;
mod infrastructure;
mod monitoring;
mod public;
mod storage;

use std::collections::BTreeMap;

use super::backup::Bucket;
use super::database::Generation;
use super::model::{Region, Topology};
use super::names::{GENERATION_LABEL, Namespace, Port, Program, ports};
use super::values::Cidr;

/// Pods of one namespace that share labels. Empty labels: all pods of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodGroup {
    /// Where they run.
    pub namespace: Namespace,
    /// The name of the policy that speaks of them: a DNS label.
    pub name: String,
    /// The labels that select them.
    pub labels: BTreeMap<String, String>,
}

impl PodGroup {
    /// The pods of a program.
    pub fn program(program: Program) -> Self {
        Self {
            namespace: program.namespace(),
            name: program.name().to_owned(),
            labels: program.selector(),
        }
    }

    /// The database pods of one generation.
    pub fn generation(generation: &Generation) -> Self {
        let mut labels = Program::Database.selector();
        labels.insert(GENERATION_LABEL.to_owned(), generation.number.to_string());
        Self {
            namespace: Namespace::Data,
            name: generation.name(),
            labels,
        }
    }

    /// All pods of a namespace.
    pub fn all(namespace: Namespace) -> Self {
        Self {
            namespace,
            name: "all".to_owned(),
            labels: BTreeMap::new(),
        }
    }

    fn named(namespace: Namespace, name: &str, label: &str, value: &str) -> Self {
        let labels = BTreeMap::from([(label.to_owned(), value.to_owned())]);
        Self {
            namespace,
            name: name.to_owned(),
            labels,
        }
    }
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Pods of the platform.
    Pods(PodGroup),
    /// All pods of a namespace that is not Galeno's.
    Namespace(String),
    /// Addresses; where `except` is not empty, without those.
    Addresses {
        /// The ranges.
        ranges: Vec<Cidr>,
        /// Ranges inside them that are not meant.
        except: Vec<Cidr>,
    },
    /// The Kubernetes API server, written in the network plugin's dialect.
    ApiServer,
    /// The control plane's machines: they call webhooks.
    ControlPlane,
    /// The nodes themselves: kubelets, and programs on the hosts' network.
    Nodes,
    /// The cluster's DNS.
    Dns,
}

/// One allowed edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who connects.
    pub from: Peer,
    /// To whom.
    pub to: Peer,
    /// The ports that `to` listens on. Empty: every port.
    pub ports: Vec<Port>,
    /// Why, in a few words.
    pub why: &'static str,
    /// The field of the environment file that it follows, as a JSON pointer, if it does.
    pub source: Option<&'static str>,
}

/// Every allowed edge of a region, without DNS, which all pods have.
pub fn edges(topology: &Topology, region: &Region) -> Vec<Edge> {
    let mut edges = Edges {
        list: Vec::new(),
        region,
    };
    edges.public(topology);
    edges.infrastructure(topology);
    if region.as_data().is_some() {
        edges.storage(topology);
        edges.data(topology);
        edges.backups(topology);
    }
    edges.monitoring(topology);
    edges.list
}

struct Edges<'a> {
    list: Vec<Edge>,
    region: &'a Region,
}

impl Edges<'_> {
    fn add(&mut self, from: &Peer, to: &Peer, ports: &[Port], why: &'static str, source: Option<&'static str>) {
        self.list.push(Edge {
            from: from.clone(),
            to: to.clone(),
            ports: ports.to_vec(),
            why,
            source,
        });
    }

    /// Every address outside this cluster.
    fn outside(&self) -> Peer {
        let network = &self.region.network;
        let mut except = vec![network.pods, network.services, network.nodes];
        except.extend(&network.control_plane);
        let versions = [(false, "0.0.0.0/0"), (true, "::/0")];
        let ranges = versions
            .iter()
            .filter(|(ipv6, _)| *ipv6 == network.pods.is_ipv6())
            .filter_map(|(_, range)| range.parse().ok())
            .collect();
        except.retain(|range| range.is_ipv6() == network.pods.is_ipv6());
        except.sort_unstable();
        except.dedup();
        Peer::Addresses { ranges, except }
    }

    /// Those addresses, or every address outside the cluster where none were written.
    fn addresses(&self, ranges: &[Cidr]) -> Peer {
        if ranges.is_empty() {
            return self.outside();
        }
        Peer::Addresses {
            ranges: ranges.to_vec(),
            except: Vec::new(),
        }
    }

    /// Where a URL's host is: in a namespace of this cluster (`NAME.NAMESPACE.svc`), at an address, or outside.
    fn host(&self, host: &str) -> Peer {
        let labels: Vec<&str> = host.split('.').collect();
        if let [_, namespace, "svc"] | [_, namespace, "svc", "cluster", "local"] = labels.as_slice() {
            return Peer::Namespace((*namespace).to_owned());
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) => Peer::Addresses {
                ranges: vec![Cidr::single(address)],
                except: Vec::new(),
            },
            Err(_) => self.outside(),
        }
    }

    fn bucket(&mut self, from: &Peer, bucket: &Bucket, why: &'static str, source: &'static str) {
        let to = if bucket.addresses.is_empty() {
            self.host(bucket.endpoint.host())
        } else {
            self.addresses(&bucket.addresses)
        };
        self.add(
            from,
            &to,
            &[at(ports::HTTPS, bucket.endpoint.port())],
            why,
            Some(source),
        );
    }
}

/// The same kind of port with another number.
const fn at(port: Port, number: u16) -> Port {
    Port { number, ..port }
}

fn program(program: Program) -> Peer {
    Peer::Pods(PodGroup::program(program))
}

fn all(namespace: Namespace) -> Peer {
    Peer::Pods(PodGroup::all(namespace))
}
