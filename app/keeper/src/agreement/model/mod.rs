//! Model checking: the very [`Machine`] of production, in a world where messages get lost and overtake each other,
//! processes die at any moment, volumes vanish, and Galera does what Galera does.
//!
//! The world's Galera is an abstraction of the real one, with its four properties that matter here: a component stays
//! primary while more than half of its last members are in it (or the others left cleanly); what one member confirms is on
//! its own volume and only in the memory of the others, until they apply it; a joiner whose state UUID
//! fits takes only what it lacks *by number*, so that two histories of equal numbers merge without a word; a full
//! transfer first destroys what the joiner had.

mod mutation;
mod search;
mod steps;
mod world;

use std::collections::BTreeSet;

use super::types::{Durable, Envelope, Found, Holding, Ordinal, Position, Stage, StateUuid};
use super::{DatabaseEvent, Machine, Setup, Start, assess};

pub(crate) use mutation::{Mutation, broken, broken_verdict};

const TOGETHER: &str = "all together, and open";

/// What may still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Budget {
    crashes: u8,
    stops: u8,
    losses: u8,
    cuts: u8,
    writes: u8,
    orders: u8,
    /// Attempts at a start, by the highest epoch.
    epochs: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct History {
    uuid: u8,
    writes: Vec<u8>,
}

impl History {
    fn position(&self) -> Position {
        let uuid = format!("00000000-0000-0000-0000-0000000000{:02x}", self.uuid);
        let uuid: StateUuid = uuid.parse().expect("not zero");
        Position {
            uuid,
            seqno: i64::try_from(self.writes.len()).expect("short"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Database {
    Down,
    Starting(Start),
    /// On its way in; `torn`: a full transfer has begun.
    Joining {
        torn: bool,
    },
    /// In the primary component.
    Up,
    /// Running, cut off; with the members of its last component.
    Cut(BTreeSet<Ordinal>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    /// `None`: the process is dead.
    machine: Option<Machine>,
    volume: Volume,
    /// What it has of its component in memory alone.
    received: Vec<u8>,
    database: Database,
    boots: u64,
    /// A volume that was lost, and may turn up again, as long as there is nothing in its place: a volume that goes back to an
    /// earlier state unnoticed is beyond what any member can know.
    aside: Option<Box<Volume>>,
    /// Its volume has turned up again, after a history began by the last order.
    found: bool,
}

/// What is on a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Volume {
    durable: Durable,
    history: Option<History>,
    torn: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    nodes: Vec<Node>,
    /// Sorted, without repetition.
    net: Vec<Envelope>,
    /// Primary components: more than one is already the catastrophe.
    components: Vec<BTreeSet<Ordinal>>,
    confirmed: Vec<u8>,
    uuids: u8,
    /// The last one stands.
    orders: Vec<Order>,
    left: Budget,
    /// A component was started from a state that lacks a confirmed write that nobody gave up.
    lost: bool,
    /// A volume that turned up after the last order was thrown away.
    wiped: bool,
}

/// A person's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Order {
    number: u32,
    start_from: Option<Ordinal>,
    discard: Option<Ordinal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Learn(Ordinal, Ordinal),
    Forget(Ordinal, Ordinal),
    Decide(Ordinal),
    Deliver(usize),
    Database(Ordinal),
    JoinFails(Ordinal),
    Observe(Ordinal),
    Write(Ordinal),
    Apply(Ordinal),
    Crash(Ordinal),
    Stop(Ordinal),
    Restart(Ordinal),
    LoseVolume(Ordinal),
    FindVolume(Ordinal),
    Cut(Ordinal),
    Heal(Ordinal),
    Order(Order),
}

struct Agreement {
    members: u8,
    budget: Budget,
    running: bool,
    mutation: Option<Mutation>,
}

impl Agreement {
    fn setup(&self, me: Ordinal, boot: u64) -> Setup {
        Setup {
            me,
            members: self.members,
            boot,
            may_initialise: true,
            mutation: self.mutation,
        }
    }

    /// All members in one open component, in sync.
    fn running(&self) -> World {
        let history = History {
            uuid: 1,
            writes: vec![],
        };
        let at = history.position();
        let durable = Durable {
            epoch: 1,
            started: true,
            stage: Some(Stage::Sealed),
            uuid: Some(at.uuid),
            ..Durable::default()
        };
        let mut world = self.fresh();
        world.uuids = 1;
        world.components = vec![(0..self.members).collect()];
        for (node, me) in world.nodes.iter_mut().zip(0..) {
            node.volume.durable = durable.clone();
            node.volume.history = Some(history.clone());
            node.database = Database::Up;
            let machine = node.machine.as_mut().expect("alive");
            let setup = self.setup(me, 0);
            *machine = Machine::new(setup, durable.clone(), Holding::Data { at });
            machine.database(DatabaseEvent::Primary {
                at,
                size: u32::from(self.members),
            });
        }
        world
    }

    fn fresh(&self) -> World {
        let holding = assess(&Durable::default(), &Found::Nothing, false);
        let node = |me| Node {
            machine: Some(Machine::new(self.setup(me, 0), Durable::default(), holding.clone())),
            volume: Volume::default(),
            received: vec![],
            database: Database::Down,
            boots: 0,
            aside: None,
            found: false,
        };
        World {
            nodes: (0..self.members).map(node).collect(),
            net: vec![],
            components: vec![],
            confirmed: vec![],
            uuids: 0,
            orders: vec![],
            left: self.budget,
            lost: false,
            wiped: false,
        }
    }
}
