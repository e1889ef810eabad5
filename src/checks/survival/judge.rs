//! What a loss leaves of each service.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Group;
use super::read::{Region, Storage};
use super::{Loss, Outcome, RegionOf, Service, State, World, ceph};

/// What is left of every service that the environment has.
pub(super) fn services(world: &World, regions: &[Region], loss: &Loss) -> BTreeMap<Service, Outcome> {
    let mut all: BTreeMap<Service, Outcome> = BTreeMap::new();
    for (of, region) in world.regions.iter().zip(regions) {
        for (service, outcome) in in_region(world, of, region, regions, loss) {
            let outcome = match all.remove(&service) {
                Some(known) => known.worse(outcome),
                None => outcome,
            };
            all.insert(service, outcome);
        }
    }
    all
}

fn in_region(
    world: &World,
    of: &RegionOf,
    region: &Region,
    regions: &[Region],
    loss: &Loss,
) -> Vec<(Service, Outcome)> {
    if loss.regions.contains(&of.name) {
        return region_gone(world, of, region, regions, loss);
    }
    let zones = loss.zones_of(&of.name);
    let nodes = loss.nodes_of(&of.name);
    let disks = loss.disks_of(&of.name);
    let drained = loss.drains.contains(&of.name);
    let gone = |group: &Group| {
        if drained {
            group.budget.map_or(group.placed(), |budget| budget.min(group.placed()))
        } else {
            group.lost(&zones, &nodes)
        }
    };
    let only_nodes = zones.is_empty() && !drained;
    let pods = |group: &Group| stateless(group, gone(group), only_nodes);
    let mut found = Vec::new();
    let storage = region
        .storage
        .as_ref()
        .map(|storage| stored(storage, &of.zones, &zones, &nodes, &disks, drained));
    if let Some(outcome) = &storage {
        found.push((Service::StorageReads, outcome.clone()));
        found.push((Service::StorageWrites, outcome.clone()));
    }
    if of.primary {
        let mut database = match &region.database {
            Some(group) => majority(group, gone(group)),
            None => Outcome::lost("no StatefulSet of the active generation is among the objects"),
        };
        if let Some(storage) = storage.filter(|storage| storage.state == State::Lost) {
            database = database.worse(Outcome::lost(format!("its volumes cannot be used: {}", storage.reason)));
        }
        let mut api = region
            .api
            .as_ref()
            .map_or_else(|| Outcome::lost("no Deployment of the API is among the objects"), pods);
        if database.state == State::Lost {
            api = api.worse(Outcome::lost(format!("it has no database: {}", database.reason)));
        }
        found.push((Service::Backups, backed_up(region, &database, gone)));
        found.push((Service::DatabaseReads, database.clone()));
        found.push((Service::DatabaseWrites, database));
        found.push((Service::Api, api));
    }
    found.extend(region.web.as_ref().map(|group| (Service::Web, pods(group))));
    found.extend(region.ingress.as_ref().map(|group| (Service::Ingress, pods(group))));
    if of.primary {
        for (service, missing) in [
            (Service::Web, region.web.is_none()),
            (Service::Ingress, region.ingress.is_none()),
        ] {
            if missing {
                found.push((service, Outcome::lost("nothing that serves it is among the objects")));
            }
        }
    }
    found
}

/// What is left when a whole region is gone.
fn region_gone(
    world: &World,
    of: &RegionOf,
    region: &Region,
    regions: &[Region],
    loss: &Loss,
) -> Vec<(Service, Outcome)> {
    let mut found = Vec::new();
    let elsewhere = |has: &dyn Fn(&Region) -> bool| {
        let others = world.regions.iter().zip(regions);
        let mut left = others.filter(|(other, read)| !loss.regions.contains(&other.name) && has(read));
        left.next().map(|(other, _)| other.name.clone())
    };
    let served = |service: &str, has: &dyn Fn(&Region) -> bool| match elsewhere(has) {
        Some(name) => Outcome::degraded(format!("whoever was served there has to be sent to {name}")),
        None => Outcome::lost(format!("no other region has {service}")),
    };
    if region.web.is_some() {
        found.push((Service::Web, served("the web application", &|r| r.web.is_some())));
    }
    if region.ingress.is_some() {
        found.push((Service::Ingress, served("an ingress", &|r| r.ingress.is_some())));
    }
    if of.primary {
        let lost = || {
            Outcome::lost(format!(
                "all data and writes are in {}; a restore in another region brings them back",
                of.name
            ))
        };
        for service in [
            Service::DatabaseReads,
            Service::DatabaseWrites,
            Service::StorageReads,
            Service::StorageWrites,
            Service::Api,
        ] {
            found.push((service, lost()));
        }
        let secondary = region.backups.as_ref().and_then(|backups| backups.secondary.as_ref());
        found.push((
            Service::Backups,
            match secondary {
                Some(place) => Outcome::degraded(format!("none are made; the copies in {place} are left")),
                None => Outcome::lost("none are made, and no copy is kept in another place"),
            },
        ));
    } else if region.storage.is_some() {
        for service in [Service::StorageReads, Service::StorageWrites] {
            found.push((
                service,
                Outcome::degraded(format!("the storage of {} is gone; no live data are in it", of.name)),
            ));
        }
    }
    found
}

fn stored(
    storage: &Storage,
    all: &[String],
    zones: &BTreeSet<&str>,
    nodes: &BTreeMap<&str, usize>,
    disks: &BTreeMap<&str, usize>,
    drained: bool,
) -> Outcome {
    match storage {
        Storage::Ceph(ceph) => ceph::outcome(ceph, zones, nodes, disks, drained),
        Storage::Longhorn {
            copies,
            zones: zoned,
            nodes: apart,
        } => {
            let group = Group::fixed("the copies of a volume".to_owned(), *copies, all, *zoned, *apart);
            let gone = if drained { 1 } else { group.lost(zones, nodes) };
            standing(&group, gone.min(group.placed()), 1)
        }
        Storage::Other(class) => {
            if zones.is_empty() && nodes.is_empty() && disks.is_empty() {
                return Outcome::kept("nothing of it is touched");
            }
            Outcome::degraded(format!(
                "volumes of the class {class} are taken to be lost with the place they are in; the others stay"
            ))
        }
    }
}

fn backed_up(region: &Region, database: &Outcome, gone: impl Fn(&Group) -> usize) -> Outcome {
    let Some(backups) = &region.backups else {
        return Outcome::lost("no CronJob for daily backups is among the objects");
    };
    if let Some(name) = backups.suspended.first() {
        return Outcome::lost(format!("{name} is suspended"));
    }
    if database.state == State::Lost {
        return Outcome::degraded("none are made while the database is away; those that were made are in the bucket");
    }
    if let (Some((job, member)), Some(group)) = (&backups.beside, &region.database)
        && gone(group) > 0
    {
        return Outcome::degraded(format!(
            "{job} runs beside {member} only: if that is the member that is lost, it waits for it"
        ));
    }
    Outcome::kept("what makes them is not touched")
}

/// Pods of which any one serves.
fn stateless(group: &Group, gone: usize, only_nodes: bool) -> Outcome {
    let name = &group.name;
    let placed = group.placed();
    if placed == 0 {
        return Outcome::lost(format!(
            "no pod of {name} finds a place: its rules allow none of the zones"
        ));
    }
    let left = placed.saturating_sub(gone);
    match (gone, left) {
        (0, _) => Outcome::kept(format!("no pod of {name} is touched")),
        (_, 0) if only_nodes && placed > 1 && group.is_soft_for_nodes() => Outcome::degraded(format!(
            "the scheduler tries to keep the {placed} pods of {name} apart; if it could not, they start again on other nodes"
        )),
        (_, 0) => Outcome::lost(format!(
            "all {placed} pods of {name} may be gone: they are {}{}",
            group.rule(),
            unbudgeted(group)
        )),
        (_, 1) => Outcome::degraded(format!("1 of {placed} pods of {name} is left, until others start")),
        _ => Outcome::kept(format!("{left} of {placed} pods of {name} are left")),
    }
}

fn unbudgeted(group: &Group) -> &'static str {
    if group.budget.is_none() {
        ", and no PodDisruptionBudget selects them"
    } else {
        ""
    }
}

/// Pods of which at least `least` must be there.
pub(super) fn standing(group: &Group, gone: usize, least: usize) -> Outcome {
    let (name, all) = (&group.name, group.placed());
    let left = all.saturating_sub(gone);
    if gone == 0 && left >= least {
        Outcome::kept(format!("{name} are not touched"))
    } else if left < least {
        Outcome::lost(format!(
            "{left} of {name} are left, and {least} must be: they are {}",
            group.rule()
        ))
    } else if left == least {
        Outcome::degraded(format!(
            "{left} of {all} of {name} are left, and no further one may be lost"
        ))
    } else {
        Outcome::kept(format!("{left} of {all} of {name} are left"))
    }
}

/// Members that decide by majority.
pub(super) fn majority(group: &Group, gone: usize) -> Outcome {
    let (name, all) = (&group.name, group.replicas);
    let left = group.placed().saturating_sub(gone);
    if 2 * left <= all {
        let how = if gone == 0 { "only " } else { "" };
        return Outcome::lost(format!(
            "{how}{left} of {all} members of {name} are left, which is no majority: they are {}{}",
            group.rule(),
            unbudgeted(group)
        ));
    }
    if gone == 0 {
        return Outcome::kept(format!("no member of {name} is touched"));
    }
    if 2 * (left - 1) > all {
        Outcome::kept(format!("{left} of {all} members of {name} are left"))
    } else {
        Outcome::degraded(format!(
            "{left} of {all} members of {name} are left, and no further one may be lost"
        ))
    }
}
