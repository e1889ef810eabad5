//! Regions, zones and networks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::collect::Collector;
use crate::spec::{self, Environment, Promise, Role};
use crate::topology::model::{Network, Region};
use crate::topology::values::{Cidr, DnsLabel};

pub(super) fn resolve(environment: &Environment, c: &mut Collector<'_>) -> Option<Vec<Region>> {
    roles(environment, c);
    unique(
        environment.regions.iter().map(|r| r.name.as_str()),
        "/regions",
        "/name",
        "regions",
        c,
    );
    let regions: Vec<Option<Region>> = environment
        .regions
        .iter()
        .enumerate()
        .map(|(index, region)| resolve_one(environment, index, region, c))
        .collect();
    regions.into_iter().collect()
}

fn roles(environment: &Environment, c: &mut Collector<'_>) {
    let of = |role| {
        environment
            .regions
            .iter()
            .enumerate()
            .filter(move |(_, r)| r.role == role)
    };
    match of(Role::Primary).count() {
        1 => {}
        0 => {
            c.error(
                "/regions",
                "spec/primary",
                "no region is primary",
                "give one region `role: primary`: all data and all writes are there",
            );
        }
        _ => {
            for (index, region) in of(Role::Primary).skip(1) {
                let problem = format!("`{}` is a second primary region", region.name);
                let mend = "give it `role: recovery` or `role: access`";
                c.error(&format!("/regions/{index}/role"), "spec/primary", problem, mend).explain("writes stay in one region: replication between two would not be synchronous, and readers could see two versions");
            }
        }
    }
    for (index, region) in environment.regions.iter().enumerate() {
        let holds_data = matches!(region.role, Role::Primary | Role::Recovery);
        if holds_data && region.jurisdiction != environment.jurisdiction {
            let problem = format!(
                "region `{}` holds patients' data and is in {:?}, not in {:?}",
                region.name, region.jurisdiction, environment.jurisdiction
            );
            let mend = "choose a region of the patients' jurisdiction, or give it `role: access`, which stores nothing";
            c.error(
                &format!("/regions/{index}/jurisdiction"),
                "spec/jurisdiction",
                problem,
                mend,
            )
            .explain("storage or processing in another country is a transfer (GDPR chapter V)");
        }
    }
    let unreachable = of(Role::Primary).find(|(_, r)| r.addresses.is_empty());
    if let Some((index, _)) = unreachable.filter(|_| of(Role::Access).count() > 0) {
        let problem = "access regions relay to the primary region, which has no public address";
        let mend = "write `addresses: [203.0.113.10]`, the fixed addresses of its load balancer";
        c.error(&format!("/regions/{index}"), "spec/addresses", problem, mend);
    }
}

/// Says which of these names stands a second time.
fn unique<'a>(names: impl Iterator<Item = &'a str>, list: &str, field: &str, what: &str, c: &mut Collector<'_>) {
    let mut seen = BTreeMap::new();
    for (index, name) in names.enumerate() {
        if let Some(first) = seen.insert(name, index) {
            let problem = format!(
                "two {what} are named `{name}`: number {} and number {}",
                first + 1,
                index + 1
            );
            c.error(
                &format!("{list}/{index}{field}"),
                "spec/duplicate",
                problem,
                "give one of them another name",
            );
        }
    }
}

fn resolve_one(
    environment: &Environment,
    index: usize,
    written: &spec::Region,
    c: &mut Collector<'_>,
) -> Option<Region> {
    let at = format!("/regions/{index}");
    let name = c.parse(&format!("{at}/name"), &written.name);
    unique(
        written.zones.iter().map(String::as_str),
        &format!("{at}/zones"),
        "",
        "zones",
        c,
    );
    let zones: Option<Vec<DnsLabel>> = c.parse_all(&format!("{at}/zones"), &written.zones);
    if environment.promise == Promise::Zone && written.role != Role::Access && written.zones.len() < 3 {
        let problem = format!(
            "region `{}` has {} zones, and one of them may be lost",
            written.name,
            written.zones.len()
        );
        let mend = "name three zones or more, or promise less: `promise: node`";
        c.error(&format!("{at}/zones"), "spec/zones", problem, mend).explain("of two zones, the loss of one takes half of the votes, and half is no majority: neither Galera nor Ceph goes on");
    }
    let network = network(&format!("{at}/network"), &written.network, c);
    let mut addresses = Vec::new();
    for (i, text) in written.addresses.iter().enumerate() {
        if let Ok(address) = text.parse::<IpAddr>() {
            addresses.push(address);
        } else {
            let problem = format!("`{text}` is not an IP address");
            c.error(
                &format!("{at}/addresses/{i}"),
                "spec/value",
                problem,
                "write it like `203.0.113.10`",
            );
        }
    }
    Some(Region {
        name: name?,
        role: written.role,
        jurisdiction: written.jurisdiction,
        zones: zones?,
        network: network?,
        addresses,
        index,
    })
}

fn network(at: &str, written: &spec::Network, c: &mut Collector<'_>) -> Option<Network> {
    let api_server = c.parse(&format!("{at}/apiServer"), &written.api_server);
    let control_plane = c.ranges(&format!("{at}/controlPlane"), &written.control_plane);
    let mut range = |field: &str, text: &str| c.parse::<Cidr>(&format!("{at}/{field}"), text);
    let nodes = range("nodes", &written.nodes);
    let pods = range("pods", &written.pods);
    let services = range("services", &written.services);
    // The control plane's machines may stand among the nodes; pods and Services are ranges of their own.
    let mut known: Vec<(&str, Cidr)> = nodes.iter().map(|range| ("nodes", *range)).collect();
    known.extend(control_plane.iter().flatten().map(|range| ("controlPlane", *range)));
    for (field, range) in [("pods", pods), ("services", services)] {
        let Some(range) = range else { continue };
        for (other, other_range) in &known {
            if range.overlaps(*other_range) {
                let problem = format!("`{field}` {range} overlaps `{other}` {other_range}");
                let mend = "write ranges that share no address";
                c.error(&format!("{at}/{field}"), "spec/overlap", problem, mend)
                    .explain(
                        "an address must say whether it is a pod, a Service or a machine: NetworkPolicies depend on it",
                    );
            }
        }
        known.push((field, range));
    }
    Some(Network {
        api_server: api_server?,
        control_plane: control_plane?,
        nodes: nodes?,
        pods: pods?,
        services: services?,
    })
}
