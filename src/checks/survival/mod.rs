//! *survival*: what still works when a node, a disk, a zone or a region is lost.
//!
//! Where pods and copies of data may come to lie is read from the *objects* — spread constraints, affinities, budgets,
//! failure domains, numbers of monitors and members — and not from what they were rendered from, so that a mistake in
//! rendering is seen. Only which zones there are comes from the environment: no object says that. Among all placements
//! that the rules allow the worst is assumed: the zone that is lost is the one that holds the most.
//!
//! Not seen is whether there is room: how many nodes a zone has, and what else runs on them.

mod ceph;
mod group;
mod judge;
mod loss;
mod read;
mod show;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::Item;
use crate::finding::{Finding, Place};
pub use loss::{Loss, UnknownLoss};
pub use show::text;

/// What people rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Records can be written.
    DatabaseWrites,
    /// Records can be read.
    DatabaseReads,
    /// Volumes can be read.
    StorageReads,
    /// Volumes can be written.
    StorageWrites,
    /// The API answers.
    Api,
    /// The web application is served.
    Web,
    /// Connections from outside are taken.
    Ingress,
    /// Backups are made, and those that were made are there.
    Backups,
}

impl Service {
    /// All of them, in the order of the matrix.
    pub const ALL: [Self; 8] = [
        Self::DatabaseWrites,
        Self::DatabaseReads,
        Self::StorageReads,
        Self::StorageWrites,
        Self::Api,
        Self::Web,
        Self::Ingress,
        Self::Backups,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::DatabaseWrites => "database writes",
            Self::DatabaseReads => "database reads",
            Self::StorageReads => "storage reads",
            Self::StorageWrites => "storage writes",
            Self::Api => "API",
            Self::Web => "web",
            Self::Ingress => "ingress",
            Self::Backups => "backups",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::DatabaseWrites => "survival/database-writes",
            Self::DatabaseReads => "survival/database-reads",
            Self::StorageReads => "survival/storage-reads",
            Self::StorageWrites => "survival/storage-writes",
            Self::Api => "survival/api",
            Self::Web => "survival/web",
            Self::Ingress => "survival/ingress",
            Self::Backups => "survival/backups",
        }
    }
}

/// What is left of a service, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It goes on, and would after another such loss.
    Kept,
    /// It goes on after a short break, or until the next loss.
    Degraded,
    /// It stops until what was lost is back.
    Lost,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Degraded => "degraded",
            Self::Lost => "lost",
        }
    }
}

/// What is left of a service, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What is left.
    pub state: State,
    /// Why.
    pub reason: String,
}

impl Outcome {
    fn kept(reason: impl Into<String>) -> Self {
        Self::new(State::Kept, reason)
    }

    fn degraded(reason: impl Into<String>) -> Self {
        Self::new(State::Degraded, reason)
    }

    fn lost(reason: impl Into<String>) -> Self {
        Self::new(State::Lost, reason)
    }

    fn new(state: State, reason: impl Into<String>) -> Self {
        Self {
            state,
            reason: reason.into(),
        }
    }

    /// The worse of both; of equal ones the first.
    fn worse(self, other: Self) -> Self {
        if other.state > self.state { other } else { self }
    }
}

/// One loss and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What is lost.
    pub loss: Loss,
    /// Whether the environment promises to survive it.
    pub promised: bool,
    /// What is left of each service that the environment has.
    pub services: BTreeMap<Service, Outcome>,
}

/// What every loss does to every service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// A row for each loss.
    pub rows: Vec<Row>,
}

/// A region of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionOf {
    /// The name of its cluster in the items: `prod/eu-central`.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// Whether all data are there.
    pub primary: bool,
    /// Its zones.
    pub zones: Vec<String>,
}

/// How much an environment promises to survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promised {
    /// Nothing.
    Nothing,
    /// Any one node or disk, and nodes being drained.
    Node,
    /// Any one zone as well.
    #[default]
    Zone,
}

/// The places that there are, and what is promised of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The regions.
    pub regions: Vec<RegionOf>,
    /// The promise.
    pub promise: Promised,
    /// Losses at once that are to be survived beyond it, as the environment writes them.
    pub together: Vec<Vec<String>>,
}

/// An environment's objects, read for where they may come to lie. Read once, it answers for any number of losses.
#[derive(Debug)]
pub struct Model {
    world: World,
    regions: Vec<read::Region>,
}

impl Model {
    /// Reads the objects.
    pub fn new(items: &[Item], world: World) -> Self {
        let regions = world.regions.iter().map(|region| read::region(items, region)).collect();
        Self { world, regions }
    }

    /// What a loss does.
    pub fn lose(&self, loss: Loss) -> Row {
        Row {
            promised: loss.is_promised(&self.world),
            services: judge::services(&self.world, &self.regions, &loss),
            loss,
        }
    }

    /// Reads losses as a person writes them: `zone/NAME`, `node/ZONE`, `disk/ZONE`, `region/NAME`, `drain/REGION`, where
    /// a name that two regions have is written `REGION/NAME`.
    pub fn loss(&self, written: &[String]) -> Result<Loss, UnknownLoss> {
        Loss::parse(&self.world, written)
    }

    /// Every single loss, and those at once that the environment declares.
    pub fn matrix(&self) -> (Matrix, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut losses = Loss::single(&self.world, &self.regions);
        for (index, together) in self.world.together.iter().enumerate() {
            match Loss::parse(&self.world, together) {
                Ok(loss) => losses.push(loss),
                Err(error) => findings.push(
                    Finding::error("survival/unknown", error.to_string())
                        .mend(error.mend())
                        .at(at(&format!("/survive/{index}"))),
                ),
            }
        }
        let rows = losses.into_iter().map(|loss| self.lose(loss)).collect();
        (Matrix { rows }, findings)
    }
}

fn at(pointer: &str) -> Place {
    Place {
        pointer: Some(pointer.to_owned()),
        ..Place::default()
    }
}

/// What the objects do not keep of what is promised: an error for each service, with every loss that ends it. The places
/// are pointers into the environment file.
pub fn check(items: &[Item], world: &World) -> Vec<Finding> {
    let (matrix, mut findings) = Model::new(items, world.clone()).matrix();
    for service in Service::ALL {
        let broken: Vec<(&Row, &Outcome)> = matrix
            .rows
            .iter()
            .filter(|row| row.promised)
            .filter_map(|row| Some((row, row.services.get(&service)?)))
            .filter(|(_, outcome)| outcome.state == State::Lost)
            .collect();
        let Some((first, outcome)) = broken.first() else {
            continue;
        };
        let others = match broken.len() {
            1 => String::new(),
            number => format!(" (and {} more: {})", number - 1, names(&broken[1..])),
        };
        let declared = world
            .together
            .iter()
            .position(|written| Loss::parse(world, written).is_ok_and(|loss| loss == first.loss) && written.len() > 1);
        let pointer = declared.map_or_else(|| "/promise".to_owned(), |index| format!("/survive/{index}"));
        findings.push(
            Finding::error(
                service.code(),
                format!("the loss of {}{others} ends {}", first.loss, service.name()),
            )
            .because(outcome.reason.clone())
            .mend(
                "promise less, or give what is named more replicas, copies or zones; `galeno survive` shows every loss",
            )
            .at(at(&pointer)),
        );
    }
    findings
}

fn names(rows: &[(&Row, &Outcome)]) -> String {
    let names: Vec<String> = rows.iter().take(3).map(|(row, _)| row.loss.to_string()).collect();
    let more = if rows.len() > 3 { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}
