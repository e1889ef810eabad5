//! Endpoints that somebody writes by hand.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Here, integer, list, text};
use crate::checks::schema::formats;
use crate::checks::schema::path::{Step, at};
use crate::checks::schema::value::{Fault, quoted};

/// One subset of an `Endpoints` object.
pub(super) fn subset(here: &mut Here<'_, '_>) {
    if here.list("addresses").is_empty() && here.list("notReadyAddresses").is_empty() {
        here.needed(at!["addresses"], "a subset is made of addresses");
    }
    let several = here.list("ports").len() > 1;
    for (index, port) in here.maps("ports") {
        if several && text(port, "name").is_empty() {
            here.needed(
                at!["ports", index, "name"],
                "a subset of several ports gives each a name",
            );
        }
    }
}

/// One address of an `Endpoints` object.
pub(super) fn address(here: &mut Here<'_, '_>) {
    reachable(here, at!["ip"], here.text("ip"), |_| true);
}

/// Tells an address that no endpoint can have.
fn reachable(here: &mut Here<'_, '_>, path: &[Step<'_>], text: &str, family: fn(std::net::IpAddr) -> bool) {
    let problem = match formats::address(text) {
        None => "is no IP address",
        Some(address) if !family(address) => "is an address of another family than `addressType` says",
        Some(address) if address.is_loopback() || address.is_unspecified() || address.is_multicast() => {
            "cannot be reached from another machine"
        }
        Some(_) => return,
    };
    let fault = Fault::new(format!("is {}, which {problem}", quoted(text)));
    here.error("schema/address", path, fault);
}

/// An `EndpointSlice`.
pub(super) fn slice(here: &mut Here<'_, '_>) {
    let kind = here.text("addressType");
    for (index, endpoint) in here.maps("endpoints") {
        addresses(here, index, endpoint, kind);
    }
    let mut names = HashSet::new();
    for (index, port) in here.maps("ports") {
        let name = text(port, "name");
        if !names.insert(name) {
            let fault = Fault::new(format!("is {}, as another port is called", quoted(name)));
            here.error("schema/duplicate", at!["ports", index, "name"], fault);
        }
        if integer(port, "port").is_some_and(|number| !(1..=65535).contains(&number)) {
            here.error(
                "schema/port",
                at!["ports", index, "port"],
                Fault::new("must be from 1 to 65535"),
            );
        }
    }
}

fn addresses(here: &mut Here<'_, '_>, index: usize, endpoint: &Map<String, Value>, kind: &str) {
    let addresses = list(endpoint, "addresses");
    if addresses.is_empty() && endpoint.contains_key("addresses") {
        here.needed(at!["endpoints", index, "addresses"], "an endpoint has an address");
    }
    for (number, address) in addresses.iter().enumerate() {
        let Some(text) = address.as_str() else { continue };
        let path = at!["endpoints", index, "addresses", number];
        match kind {
            "IPv4" => reachable(here, path, text, |a| a.is_ipv4()),
            "IPv6" => reachable(here, path, text, |a| a.is_ipv6()),
            _ => {
                if let Err(complaint) = formats::dns_subdomain(text) {
                    let fault = Fault::new(format!("is {}, and {complaint}", quoted(text)));
                    here.error("schema/name", path, fault);
                }
            }
        }
    }
}
