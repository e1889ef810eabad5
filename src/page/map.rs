//! The map: regions, their zones, and what runs in each.

use serde::Serialize;

use super::svg::{Drawing, short};
use crate::spec::Role;
use crate::topology::{Region, Replicas, StorageKind, Topology};

/// Something that runs in a zone.
pub(super) struct Chip {
    class: &'static str,
    label: String,
}

fn role(region: &Region) -> (&'static str, &'static str) {
    match region.role {
        Role::Primary => ("primary", "all data, all writes"),
        Role::Recovery => ("recovery", "receives copies"),
        Role::Access => ("access", "relays, stores nothing"),
    }
}

/// How many of `total` a zone gets when they are spread as evenly as can be.
fn share(total: u16, zones: usize, zone: usize) -> u16 {
    let (zones, zone) = (
        u16::try_from(zones.max(1)).unwrap_or(u16::MAX),
        u16::try_from(zone).unwrap_or(u16::MAX),
    );
    total / zones + u16::from(zone < total % zones)
}

/// What runs in one zone of a region.
fn chips(topology: &Topology, region: &Region, zone: usize) -> Vec<Chip> {
    let zones = region.zones.len();
    let mut chips = Vec::new();
    let mut add = |class: &'static str, name: &str, replicas: Replicas| {
        let number = share(replicas.min, zones, zone);
        if number > 0 {
            let more = if replicas.scales() { "+" } else { "" };
            let label = format!("{name} ×{number}{more}");
            chips.push(Chip { class, label });
        }
    };
    add("ingress", "ingress", topology.ingress.replicas);
    match region.role {
        Role::Primary => {
            add("web", "web", topology.web.replicas);
            add("api", "API", topology.api.replicas);
            for generation in &topology.database.generations {
                let class = if generation.number == topology.database.active {
                    "database"
                } else {
                    "asleep"
                };
                let here = generation.members.iter().enumerate().filter(|(i, _)| i % zones == zone);
                chips.extend(here.map(|(_, member)| Chip {
                    class,
                    label: member.name.clone(),
                }));
            }
        }
        Role::Access => add("web", "web", topology.access_web),
        Role::Recovery => {}
    }
    if let (StorageKind::Ceph(ceph), true) = (&topology.storage.kind, region.as_data().is_some()) {
        let label = format!("disk {} ×{}", ceph.disk_size, ceph.disks_per_zone);
        chips.push(Chip { class: "disk", label });
    }
    chips
}

const CHIP: i32 = 26;
const GAP: i32 = 10;
const HEAD: i32 = 62;
const NARROWEST: i32 = 112;

fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Draws a region at a point; how high it is.
fn card(drawing: &mut Drawing, topology: &Topology, region: &Region, [x, y, width]: [i32; 3]) -> i32 {
    let (name, what) = role(region);
    let columns = ((width - GAP) / (NARROWEST + GAP)).clamp(1, int(region.zones.len()));
    let wide = (width - GAP) / columns - GAP;
    let mut inside = Drawing::default();
    let mut top = y + HEAD;
    for row in (0..region.zones.len())
        .collect::<Vec<_>>()
        .chunks(columns.try_into().unwrap_or(1))
    {
        let most = row
            .iter()
            .map(|zone| chips(topology, region, *zone).len())
            .max()
            .unwrap_or(0);
        let height = 34 + int(most) * (CHIP + 6);
        for (column, zone) in row.iter().enumerate() {
            let left = x + GAP + int(column) * (wide + GAP);
            inside.rect("zone", [left, top, wide, height]);
            inside.text(
                "zone-name",
                left + 8,
                top + 20,
                &short(region.zones[*zone].as_str(), fitting(wide - 14)),
            );
            for (i, chip) in chips(topology, region, *zone).iter().enumerate() {
                let at = top + 30 + int(i) * (CHIP + 6);
                inside.rect(&format!("chip {}", chip.class), [left + 6, at, wide - 12, CHIP]);
                inside.text("chip-name", left + 13, at + 18, &short(&chip.label, fitting(wide - 24)));
            }
        }
        top += height + GAP;
    }
    drawing.rect(&format!("region {name}"), [x, y, width, top - y]);
    drawing.text(
        "region-name",
        x + GAP + 2,
        y + 26,
        &short(region.name.as_str(), fitting(width - 90)),
    );
    drawing.text(
        "region-role",
        x + GAP + 2,
        y + 46,
        &format!("{name} · {:?} · {what}", region.jurisdiction),
    );
    drawing.raw(&inside.into_body());
    top - y
}

/// Characters that fit into a width.
fn fitting(width: i32) -> usize {
    usize::try_from(width / 7).unwrap_or(0).max(4)
}

const SIDE: i32 = 270;
const LANE: i32 = 120;

/// Draws the map: access regions at the left, the primary in the middle, recovery and buckets at the right.
pub(super) fn draw(topology: &Topology) -> String {
    let of = |role: Role| topology.regions.iter().filter(move |region| region.role == role);
    let primary = topology.primary();
    let middle = (GAP + (NARROWEST + 24) * int(primary.zones.len().min(4)) + GAP).max(330);
    let has_access = of(Role::Access).next().is_some();
    let left = if has_access { SIDE + LANE } else { 0 };
    let right = left + middle + LANE;
    let mut drawing = Drawing::default();
    drawing.raw(r#"<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>"#);
    let begin = 78;
    drawing.rect("people", [left + middle / 2 - 80, 2, 160, 34]);
    drawing.text("people-name", left + middle / 2, 24, "patients and staff");
    drawing.arrow(
        &format!("M{0} 36 V{1}", left + middle / 2, begin - 4),
        "HTTPS",
        [left + middle / 2 + 8, 60],
    );
    let mut bottom = begin + card(&mut drawing, topology, primary.region(), [left, begin, middle]);
    let mut at = begin;
    for region in of(Role::Access) {
        let height = card(&mut drawing, topology, region, [0, at, SIDE]);
        let y = at + 40;
        drawing.arrow(
            &format!("M{} {y} H{}", SIDE + 2, left - 4),
            "TLS, unopened",
            [SIDE + 14, y - 8],
        );
        if at == begin {
            let (from, to) = (left + middle / 2 - 80, SIDE / 2);
            drawing.arrow(&format!("M{from} 19 H{to} V{}", begin - 4), "HTTPS", [to + 8, 60]);
        }
        at += height + 16;
    }
    bottom = bottom.max(at);
    let mut at = begin;
    for region in of(Role::Recovery) {
        let height = card(&mut drawing, topology, region, [right, at, SIDE]);
        if topology.holds_monthly(region) {
            let y = at + 40;
            drawing.arrow(
                &format!("M{} {y} H{}", left + middle + 2, right - 4),
                "monthly copy",
                [left + middle + 12, y - 8],
            );
        }
        at += height + 16;
    }
    at = at.max(begin + 8);
    drawing.rect("bucket", [right, at, SIDE, 54]);
    drawing.text(
        "region-name",
        right + 12,
        at + 23,
        &short(&topology.backup.bucket.name, fitting(SIDE - 20)),
    );
    drawing.text(
        "region-role",
        right + 12,
        at + 42,
        "bucket · daily and weekly, encrypted",
    );
    drawing.arrow(
        &format!("M{} {y} H{}", left + middle + 2, right - 4, y = at + 27),
        "backups",
        [left + middle + 12, at + 19],
    );
    bottom = bottom.max(at + 54);
    let description = "The same as the table below: regions, their zones, and what runs in each.";
    drawing.finish(
        "map",
        "Where everything runs",
        description,
        [right + SIDE + 2, bottom + 4],
    )
}

/// A zone and what runs there, for the table.
#[derive(Serialize)]
pub(super) struct Place {
    region: String,
    role: &'static str,
    zone: String,
    runs: Vec<String>,
}

pub(super) fn places(topology: &Topology) -> Vec<Place> {
    let mut places = Vec::new();
    for region in &topology.regions {
        for (i, zone) in region.zones.iter().enumerate() {
            places.push(Place {
                region: region.name.to_string(),
                role: role(region).0,
                zone: zone.to_string(),
                runs: chips(topology, region, i).into_iter().map(|chip| chip.label).collect(),
            });
        }
    }
    places
}
