//! Who may speak to whom: a matrix for the eye, and the same as a table.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::svg::{Drawing, escape, short};
use crate::topology::{Edge, Peer, Region, Topology, edges};

#[derive(Serialize)]
pub(super) struct Edges {
    region: String,
    role: String,
    matrix: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    from: String,
    to: String,
    ports: String,
    why: &'static str,
}

pub(super) fn regions(topology: &Topology) -> Vec<Edges> {
    let of = |region: &Region| {
        let edges = edges(topology, region);
        let mut rows: Vec<Row> = edges.iter().map(row).collect();
        rows.sort_by(|a, b| (&a.to, &a.from, &a.ports).cmp(&(&b.to, &b.from, &b.ports)));
        Edges {
            region: region.name.to_string(),
            role: format!("{:?}", region.role).to_lowercase(),
            matrix: matrix(region.name.as_str(), &edges),
            rows,
        }
    };
    topology.regions.iter().map(of).collect()
}

fn row(edge: &Edge) -> Row {
    let ports: BTreeSet<u16> = edge.ports.iter().map(|port| port.number).collect();
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    Row {
        from: peer(&edge.from),
        to: peer(&edge.to),
        ports: if ports.is_empty() {
            "every".to_owned()
        } else {
            ports.join(", ")
        },
        why: edge.why,
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Pods(group) if group.name == "all" => format!("{}, every pod", group.namespace.name()),
        Peer::Pods(group) => format!("{}/{}", group.namespace.name(), group.name),
        Peer::Namespace(name) => format!("{name}, every pod"),
        Peer::Addresses { ranges, except } => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            if except.is_empty() {
                ranges.join(", ")
            } else {
                "outside the cluster".to_owned()
            }
        }
        Peer::ApiServer => "Kubernetes API".to_owned(),
        Peer::ControlPlane => "control plane".to_owned(),
        Peer::Nodes => "nodes".to_owned(),
        Peer::Dns => "DNS".to_owned(),
    }
}

const CELL: i32 = 18;
const LABEL: i32 = 230;
const SLOPE: i32 = 150;

fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Who connects is a row, to whom a column; a filled cell is allowed, everything else is not.
fn matrix(region: &str, edges: &[Edge]) -> String {
    let mut cells: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for edge in edges {
        let row = row(edge);
        let words = format!("{} to {}, port {}: {}", row.from, row.to, row.ports, row.why);
        cells.entry((row.from, row.to)).or_default().push(words);
    }
    let from: BTreeSet<&String> = cells.keys().map(|(from, _)| from).collect();
    let to: BTreeSet<&String> = cells.keys().map(|(_, to)| to).collect();
    let (width, height) = (int(to.len()) * CELL, int(from.len()) * CELL);
    let mut drawing = Drawing::default();
    for (i, name) in to.iter().enumerate() {
        let x = LABEL + int(i) * CELL;
        drawing.raw(&format!(
            r#"<text class="axis" transform="translate({} {}) rotate(-55)">{}</text>"#,
            x + 12,
            SLOPE - 6,
            escape(&short(name, 28))
        ));
        drawing.raw(&format!(r#"<path class="grid" d="M{x} {SLOPE}v{height}"/>"#));
    }
    for (i, name) in from.iter().enumerate() {
        let y = SLOPE + int(i) * CELL;
        drawing.raw(&format!(
            r#"<text class="axis end" x="{}" y="{}">{}</text><path class="grid" d="M{LABEL} {y}h{width}"/>"#,
            LABEL - 8,
            y + 13,
            escape(&short(name, 34))
        ));
    }
    for ((a, b), words) in &cells {
        let column = int(to.iter().position(|name| *name == b).unwrap_or(0));
        let row = int(from.iter().position(|name| *name == a).unwrap_or(0));
        drawing.raw(&format!(
            r#"<rect class="edge" x="{}" y="{}" width="{size}" height="{size}" rx="3"><title>{}</title></rect>"#,
            LABEL + column * CELL + 2,
            SLOPE + row * CELL + 2,
            escape(&words.join("; ")),
            size = CELL - 4
        ));
    }
    let (right, bottom) = (LABEL + width, SLOPE + height);
    drawing.raw(&format!(
        r#"<path class="grid" d="M{right} {SLOPE}v{height}M{LABEL} {bottom}h{width}"/>"#
    ));
    let name = format!("Allowed connections in {region}");
    let description = "Rows connect to columns. The same as the table below; nothing else is allowed.";
    drawing.finish(
        &format!("edges-{region}"),
        &name,
        description,
        [right + 130, bottom + 2],
    )
}
