//! What an environment means, for people.

use super::table::table;
use crate::bundle::Manifest;
use crate::spec::{Role, Source};
use crate::topology::{GenerationSource, Region, Replicas, StorageKind, Topology};

/// The whole environment: regions and zones, what runs where, addresses, volumes, schedules, and every default.
pub fn overview(topology: &Topology, source: &Source, manifests: &[Manifest]) -> String {
    let mut out = format!("{}: {} for {}\n", topology.name, topology.domain, topology.owner);
    for region in &topology.regions {
        out.push_str(&region_text(topology, region, manifests));
    }
    out.push_str(&section("addresses", &addresses(topology)));
    out.push_str(&section("volumes", &volumes(topology)));
    out.push_str(&section("database", &generations(topology)));
    out.push_str(&section(
        &format!("schedules ({})", topology.backup.time_zone),
        &schedules(topology),
    ));
    out.push_str(&section("versions", &versions(topology)));
    out.push_str(&section(
        &format!("defaults (not written in {})", source.file),
        &super::defaults::rows(topology, source),
    ));
    out.push_str("\nMore: `galeno explain ENV COMPONENT` or `galeno explain ENV KIND/NAME`\n");
    out
}

fn section(title: &str, rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n{title}\n{}", table(rows))
    }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn range(replicas: Replicas) -> String {
    if replicas.scales() {
        format!("{} to {}", replicas.min, replicas.max)
    } else {
        replicas.min.to_string()
    }
}

/// How many of `total` each zone gets when they are spread as evenly as can be.
fn share(total: u16, zones: usize, zone: usize) -> u16 {
    let zones = u16::try_from(zones.max(1)).unwrap_or(u16::MAX);
    let zone = u16::try_from(zone).unwrap_or(u16::MAX);
    total / zones + u16::from(zone < total % zones)
}

fn region_text(topology: &Topology, region: &Region, manifests: &[Manifest]) -> String {
    let role = match region.role {
        Role::Primary => "primary: all data and all writes",
        Role::Recovery => "recovery: receives copies, can be promoted",
        Role::Access => "access: relays requests, stores nothing",
    };
    let mut programs: Vec<(&str, String, u16)> = Vec::new();
    if region.role == Role::Primary {
        for generation in &topology.database.generations {
            let state = if generation.number == topology.database.active {
                "active"
            } else {
                "standing by"
            };
            let nodes = u16::from(topology.database.nodes);
            programs.push(("database", format!("{nodes} ({}, {state})", generation.name()), nodes));
        }
        programs.push(("api", range(topology.api.replicas), topology.api.replicas.min));
        programs.push(("web", range(topology.web.replicas), topology.web.replicas.min));
    }
    if region.role == Role::Access {
        programs.push(("web", range(topology.access_web), topology.access_web.min));
    }
    programs.push((
        "ingress",
        range(topology.ingress.replicas),
        topology.ingress.replicas.min,
    ));
    if let (StorageKind::Ceph(ceph), Some(_)) = (&topology.storage.kind, region.as_data()) {
        let zones = u16::try_from(region.zones.len()).unwrap_or(u16::MAX);
        programs.push((
            "storage disks",
            format!("{} of {}", ceph.disks_per_zone * zones, ceph.disk_size),
            ceph.disks_per_zone * zones,
        ));
    }
    let mut rows = vec![{
        let mut head = row(["", "in all"]);
        head.extend(region.zones.iter().map(ToString::to_string));
        head
    }];
    for (name, all, total) in programs {
        let mut cells = vec![name.to_owned(), all];
        cells.extend((0..region.zones.len()).map(|zone| share(total, region.zones.len(), zone).to_string()));
        rows.push(cells);
    }
    let objects = manifests.iter().filter(|m| *m.region == *region.name.as_str()).count();
    format!(
        "\nregion {} ({role}; {:?}; {objects} objects)\n{}",
        region.name,
        region.jurisdiction,
        table(&rows)
    )
}

fn addresses(topology: &Topology) -> Vec<Vec<String>> {
    let mut rows = vec![
        vec!["web application".to_owned(), format!("https://{}", topology.web_host())],
        vec!["API".to_owned(), format!("https://{}", topology.api_host())],
    ];
    for region in topology.regions.iter().filter(|r| !r.addresses.is_empty()) {
        let list: Vec<String> = region.addresses.iter().map(ToString::to_string).collect();
        rows.push(vec![format!("load balancer of {}", region.name), list.join(", ")]);
    }
    rows
}

fn volumes(topology: &Topology) -> Vec<Vec<String>> {
    let database = &topology.database;
    let copies = match topology.storage.kind {
        StorageKind::Class(_) => "as the class decides".to_owned(),
        StorageKind::Ceph(_) | StorageKind::Longhorn { .. } => {
            let encrypted = if topology.storage.encrypted {
                "encrypted"
            } else {
                "NOT encrypted"
            };
            format!("{} copies of each block, {encrypted}", topology.storage.replicas)
        }
    };
    let claim = |member: &crate::topology::Member| {
        vec![
            member.claim(),
            database.size.to_string(),
            topology.storage.database_class().to_owned(),
            copies.clone(),
        ]
    };
    database
        .generations
        .iter()
        .flat_map(|g| &g.members)
        .map(claim)
        .collect()
}

fn generations(topology: &Topology) -> Vec<Vec<String>> {
    let database = &topology.database;
    let tell = |g: &crate::topology::Generation| {
        let from = match &g.source {
            GenerationSource::Empty => "started empty".to_owned(),
            GenerationSource::Restored { source, .. } => {
                let to = source.to.as_ref().map_or(String::new(), |to| format!(" up to {to}"));
                let despite = if source.despite.is_empty() {
                    String::new()
                } else {
                    format!(", although {} may be broken", source.despite.join(", "))
                };
                format!("restored from {}{to}{despite}", source.backup)
            }
        };
        let state = if g.number == database.active {
            "active: serves clients"
        } else {
            "read-only, serves nobody"
        };
        vec![g.name(), from, state.to_owned()]
    };
    database.generations.iter().map(tell).collect()
}

fn schedules(topology: &Topology) -> Vec<Vec<String>> {
    let backup = &topology.backup;
    let mut rows = vec![
        vec![
            "daily backup".to_owned(),
            backup.schedule.daily.to_string(),
            format!("{} kept", backup.keep_daily),
        ],
        vec![
            "weekly snapshot".to_owned(),
            backup.schedule.weekly.to_string(),
            format!("{} kept", backup.keep_weekly),
        ],
    ];
    if let Some(monthly) = &backup.monthly {
        let kept = format!("{} kept, in {}", backup.keep_monthly, monthly.region);
        rows.push(vec![
            "monthly backup".to_owned(),
            backup.schedule.monthly.to_string(),
            kept,
        ]);
    }
    rows.push(vec![
        "rehearsal of a restore".to_owned(),
        backup.schedule.rehearsal.to_string(),
    ]);
    if let Some(every) = backup.ship_every {
        rows.push(vec![
            "binary logs".to_owned(),
            format!("every {} min", every.to_std().as_secs() / 120),
            format!("a total disaster loses {every} at most"),
        ]);
    }
    rows
}

fn versions(topology: &Topology) -> Vec<Vec<String>> {
    let versions = &topology.versions;
    let kubernetes: Vec<String> = topology.kubernetes.iter().map(ToString::to_string).collect();
    let mut rows = vec![vec!["Kubernetes".to_owned(), kubernetes.join(", ")]];
    if matches!(topology.storage.kind, StorageKind::Ceph(_)) {
        rows.push(vec![
            "Rook, Ceph".to_owned(),
            format!("{}, {}", versions.rook, versions.ceph),
        ]);
    }
    rows.push(vec!["Argo CD".to_owned(), versions.argocd.to_string()]);
    rows.push(vec![
        "Traefik, Gateway API".to_owned(),
        format!("{}, {}", versions.traefik, versions.gateway_api),
    ]);
    rows.push(vec!["cert-manager".to_owned(), versions.cert_manager.to_string()]);
    rows
}
