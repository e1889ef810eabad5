//! Services.

use std::collections::HashSet;

use serde_json::Value;

use super::{Here, child, integer, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::at;
use crate::checks::schema::value::{Fault, quoted};
use crate::checks::schema::version::Minors;
use crate::finding::Severity;

/// What a Service is: `ClusterIP` where nothing is written.
fn kind<'a>(here: &Here<'_, 'a>) -> &'a str {
    Some(here.text("type"))
        .filter(|kind| !kind.is_empty())
        .unwrap_or("ClusterIP")
}

fn is_headless(here: &Here<'_, '_>) -> bool {
    here.text("clusterIP") == "None" || here.list("clusterIPs").first().and_then(Value::as_str) == Some("None")
}

pub(super) fn spec(here: &mut Here<'_, '_>) {
    let kind = kind(here);
    let headless = is_headless(here);
    if here.list("ports").is_empty() && !headless && kind != "ExternalName" {
        here.needed(at!["ports"], "a Service without ports serves nothing");
    }
    if headless && matches!(kind, "LoadBalancer" | "NodePort") {
        let fault = Fault::new("is \"None\"").because(format!("a Service of type {kind} has an address"));
        here.error("schema/exclusive", at!["clusterIP"], fault.mend("remove it"));
    }
    if kind == "ExternalName" {
        let name = here.text("externalName");
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() {
            here.needed(at!["externalName"], "the Service stands for that name");
        } else if let Err(complaint) = formats::dns_subdomain(name) {
            let fault = Fault::new(format!("is {}, and {complaint}", quoted(name)));
            here.error("schema/name", at!["externalName"], fault);
        }
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let empty = here.get(field).and_then(Value::as_str).is_some_and(str::is_empty);
            if here.has(field) && !empty {
                here.forbidden(at![field], "a Service of type ExternalName has no address");
            }
        }
    }
    let affinity = here.text("sessionAffinity");
    if here.has("sessionAffinityConfig") && affinity != "ClientIP" {
        let fault = Fault::new("has no effect").because("`sessionAffinity` is not ClientIP");
        let fault = fault.mend("write `sessionAffinity: ClientIP`, or remove it");
        here.walk.tell(
            Severity::Warning,
            "schema/no-effect",
            at!["sessionAffinityConfig"],
            fault,
        );
    }
    let distribution = here.text("trafficDistribution");
    let since_34 = matches!(distribution, "PreferSameZone" | "PreferSameNode");
    // These two are on by default since 1.35.
    let lacking = here.walk.versions.before(35);
    if since_34 && !lacking.is_empty() {
        let fault = Fault::new(format!(
            "is {}, which Kubernetes {lacking} does not know",
            quoted(distribution)
        ))
        .because(format!("the value is known in {}", Minors::since(35)))
        .mend("write PreferClose");
        here.error("schema/value-not-in-version", at!["trafficDistribution"], fault);
    }
}

pub(super) fn ports(here: &mut Here<'_, '_>) {
    let kind = kind(here);
    let several = here.list("ports").len() > 1;
    let (mut names, mut nodes) = (HashSet::new(), HashSet::new());
    for (index, port) in here.maps("ports") {
        let name = text(port, "name");
        if several && name.is_empty() {
            here.needed(
                at!["ports", index, "name"],
                "a Service of several ports gives each a name",
            );
        }
        if !name.is_empty() && !names.insert(name) {
            let fault = Fault::new(format!("is {}, as another port is called", quoted(name)));
            here.error("schema/duplicate", at!["ports", index, "name"], fault);
        }
        let Some(node) = integer(port, "nodePort").filter(|p| *p != 0) else {
            continue;
        };
        if kind == "ClusterIP" {
            here.forbidden(
                at!["ports", index, "nodePort"],
                "a Service of type ClusterIP has no ports on the nodes",
            );
        }
        let protocol = Some(text(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
        if !nodes.insert((node, protocol)) {
            let fault = Fault::new(format!("is {node}, which another port has taken"));
            here.error("schema/duplicate", at!["ports", index, "nodePort"], fault);
        }
    }
}

pub(super) fn addresses(here: &mut Here<'_, '_>) {
    let single = here.text("clusterIP");
    if !single.is_empty() && single != "None" && formats::address(single).is_none() {
        let fault = Fault::new(format!(
            "is {}, and must be an address, \"None\" or empty",
            quoted(single)
        ));
        here.error("schema/address", at!["clusterIP"], fault);
    }
    let list = here.list("clusterIPs");
    if list.len() > 2 {
        here.error(
            "schema/length",
            at!["clusterIPs"],
            Fault::new("may have at most 2 addresses, one of each family"),
        );
    }
    if let Some(first) = list.first().and_then(Value::as_str)
        && first != single
    {
        let fault = Fault::new(format!(
            "starts with {}, and must start with `clusterIP`",
            quoted(first)
        ));
        here.error("schema/exclusive", at!["clusterIPs"], fault);
    }
    let families: Vec<bool> = list
        .iter()
        .filter_map(|a| a.as_str().and_then(formats::address))
        .map(|a| a.is_ipv4())
        .collect();
    if let [a, b] = families[..]
        && a == b
    {
        let fault = Fault::new("has two addresses of one family").because("a Service has at most one of each");
        here.error("schema/exclusive", at!["clusterIPs"], fault);
    }
    let mut seen = HashSet::new();
    for (index, family) in here.list("ipFamilies").iter().enumerate() {
        if !seen.insert(family.as_str()) {
            here.error(
                "schema/duplicate",
                at!["ipFamilies", index],
                Fault::new(format!("is {family} a second time")),
            );
        }
    }
    for (index, external) in here.list("externalIPs").iter().enumerate() {
        let address = external.as_str().and_then(formats::address);
        let local = address.is_some_and(|a| a.is_loopback() || a.is_unspecified() || a.is_multicast());
        if local {
            let fault = Fault::new(format!("is {external}, which cannot be reached from outside"));
            here.error("schema/address", at!["externalIPs", index], fault);
        }
    }
}

/// What only a Service that is reached from outside can have.
pub(super) fn outside(here: &mut Here<'_, '_>) {
    let kind = kind(here);
    let balanced = kind == "LoadBalancer";
    for field in [
        "loadBalancerSourceRanges",
        "loadBalancerClass",
        "allocateLoadBalancerNodePorts",
    ] {
        let empty = here.get(field).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if here.has(field) && !empty && !balanced {
            here.forbidden(at![field], "only a Service of type LoadBalancer has a load balancer");
        }
    }
    let external = balanced || kind == "NodePort" || (kind == "ClusterIP" && !here.list("externalIPs").is_empty());
    let policy = here.text("externalTrafficPolicy");
    if !policy.is_empty() && !external {
        here.forbidden(at!["externalTrafficPolicy"], "the Service is not reached from outside");
    }
    if here.integer("healthCheckNodePort").is_some_and(|p| p != 0) && !(balanced && policy == "Local") {
        here.forbidden(
            at!["healthCheckNodePort"],
            "only a LoadBalancer with `externalTrafficPolicy: Local` is asked for its health",
        );
    }
    let class = here.text("loadBalancerClass");
    if !class.is_empty()
        && let Err(complaint) = formats::label_key(class)
    {
        let fault = Fault::new(format!("is {}, and {complaint}", quoted(class)));
        here.error("schema/name", at!["loadBalancerClass"], fault);
    }
    let timeout = here
        .child("sessionAffinityConfig")
        .and_then(|config| child(config, "clientIP"))
        .and_then(|client| integer(client, "timeoutSeconds"));
    if timeout.is_some_and(|seconds| !(1..=86_400).contains(&seconds)) {
        let fault = Fault::new("must be from 1 to 86400");
        here.error(
            "schema/out-of-range",
            at!["sessionAffinityConfig", "clientIP", "timeoutSeconds"],
            fault,
        );
    }
}
