//! What can be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::read::Region;
use super::{Promised, World};
use crate::finding::nearest;

/// Things that are lost at the same time. Zones are named by their region and themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    pub(super) regions: BTreeSet<String>,
    pub(super) zones: BTreeSet<(String, String)>,
    /// How many nodes of a zone: those that hold the most.
    pub(super) nodes: BTreeMap<(String, String), usize>,
    /// How many disks of a zone.
    pub(super) disks: BTreeMap<(String, String), usize>,
    /// Regions whose nodes are emptied one after the other, as fast as budgets let them be.
    pub(super) drains: BTreeSet<String>,
}

/// A loss that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` is nothing that can be lost here")]
pub struct UnknownLoss {
    written: String,
    near: Option<String>,
}

impl UnknownLoss {
    /// What to write instead.
    pub fn mend(&self) -> String {
        match &self.near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write zone/NAME, node/ZONE, disk/ZONE, region/NAME or drain/REGION".to_owned(),
        }
    }
}

impl Loss {
    /// Reads what a person wrote; the same node twice is two nodes of that zone.
    pub(super) fn parse(world: &World, written: &[String]) -> Result<Self, UnknownLoss> {
        let mut loss = Self::default();
        for text in written {
            loss.add(world, text).ok_or_else(|| UnknownLoss {
                written: text.clone(),
                near: nearest(text, names(world).iter().map(String::as_str)).map(str::to_owned),
            })?;
        }
        Ok(loss)
    }

    fn add(&mut self, world: &World, text: &str) -> Option<()> {
        let (kind, name) = text.split_once('/')?;
        match kind {
            "region" | "drain" => {
                let region = world.regions.iter().find(|region| region.name == name)?.name.clone();
                let set = if kind == "region" {
                    &mut self.regions
                } else {
                    &mut self.drains
                };
                set.insert(region);
            }
            "zone" => self.add_zone(zone(world, name)?),
            "node" => self.add_nodes(zone(world, name)?, 1),
            "disk" => self.add_disks(zone(world, name)?, 1),
            _ => return None,
        }
        Some(())
    }

    fn add_zone(&mut self, zone: (String, String)) {
        self.zones.insert(zone);
    }

    fn add_nodes(&mut self, zone: (String, String), number: usize) {
        *self.nodes.entry(zone).or_default() += number;
    }

    fn add_disks(&mut self, zone: (String, String), number: usize) {
        *self.disks.entry(zone).or_default() += number;
    }

    /// Every node, disk, zone and region alone; of the nodes and the disks of a zone the one that holds the most stands
    /// for all.
    pub(super) fn single(world: &World, regions: &[Region]) -> Vec<Self> {
        let mut losses = Vec::new();
        let mut each = |build: &dyn Fn(&mut Self, (String, String)), wanted: &dyn Fn(&Region, &str) -> bool| {
            for (region, read) in world.regions.iter().zip(regions) {
                for zone in region.zones.iter().filter(|zone| wanted(read, zone)) {
                    let mut loss = Self::default();
                    build(&mut loss, (region.name.clone(), zone.clone()));
                    losses.push(loss);
                }
            }
        };
        each(&|loss, zone| loss.add_disks(zone, 1), &|region, zone| {
            region.has_disks(zone)
        });
        each(&|loss, zone| loss.add_nodes(zone, 1), &|_, _| true);
        each(&|loss, zone| loss.add_zone(zone), &|_, _| true);
        for region in &world.regions {
            losses.push(Self {
                drains: BTreeSet::from([region.name.clone()]),
                ..Self::default()
            });
        }
        for region in &world.regions {
            losses.push(Self {
                regions: BTreeSet::from([region.name.clone()]),
                ..Self::default()
            });
        }
        losses
    }

    /// How many things are lost.
    fn count(&self) -> usize {
        self.regions.len()
            + self.zones.len()
            + self.drains.len()
            + self.nodes.values().sum::<usize>()
            + self.disks.values().sum::<usize>()
    }

    /// Whether the environment promises to survive it: one thing as its promise says, or several that it names.
    pub(super) fn is_promised(&self, world: &World) -> bool {
        let declared = world
            .together
            .iter()
            .any(|written| Self::parse(world, written).as_ref() == Ok(self));
        let single = self.count() == 1
            && self.regions.is_empty()
            && match world.promise {
                Promised::Nothing => false,
                Promised::Node => self.zones.is_empty(),
                Promised::Zone => true,
            };
        declared || single
    }

    /// The zones of a region that are gone entirely.
    pub(super) fn zones_of(&self, region: &str) -> BTreeSet<&str> {
        self.zones
            .iter()
            .filter(|(r, _)| r == region)
            .map(|(_, zone)| zone.as_str())
            .collect()
    }

    /// How many nodes of each zone of a region are gone, beside whole zones.
    pub(super) fn nodes_of(&self, region: &str) -> BTreeMap<&str, usize> {
        Self::beside(&self.nodes, &self.zones, region)
    }

    /// As [`Self::nodes_of`], for disks.
    pub(super) fn disks_of(&self, region: &str) -> BTreeMap<&str, usize> {
        Self::beside(&self.disks, &self.zones, region)
    }

    fn beside<'a>(
        all: &'a BTreeMap<(String, String), usize>,
        zones: &BTreeSet<(String, String)>,
        region: &str,
    ) -> BTreeMap<&'a str, usize> {
        let mine = all
            .iter()
            .filter(|(zone, _)| zone.0 == region && !zones.contains(*zone));
        mine.map(|((_, zone), number)| (zone.as_str(), *number)).collect()
    }
}

fn zone(world: &World, name: &str) -> Option<(String, String)> {
    let mut found = world.regions.iter().flat_map(|region| {
        let zones = region.zones.iter();
        zones
            .filter(move |zone| *zone == name || format!("{}/{zone}", region.name) == name)
            .map(|zone| (region.name.clone(), zone.clone()))
    });
    let first = found.next()?;
    // A name that two regions have names neither.
    found.next().is_none().then_some(first)
}

/// Everything that a person may write.
fn names(world: &World) -> Vec<String> {
    let mut names = Vec::new();
    for region in &world.regions {
        names.push(format!("region/{}", region.name));
        names.push(format!("drain/{}", region.name));
        for zone in &region.zones {
            names.extend(["zone", "node", "disk"].map(|kind| format!("{kind}/{zone}")));
        }
    }
    names
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.regions.iter().map(|name| format!("region/{name}")).collect();
        parts.extend(self.zones.iter().map(|(_, zone)| format!("zone/{zone}")));
        for (kind, all) in [("node", &self.nodes), ("disk", &self.disks)] {
            for ((_, zone), number) in all {
                parts.extend(std::iter::repeat_n(format!("{kind}/{zone}"), *number));
            }
        }
        parts.extend(self.drains.iter().map(|name| format!("drain/{name}")));
        f.write_str(&parts.join(" + "))
    }
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
