//! Model checking: the very [`Machine`] of production, in a world where messages get lost and overtake each other,
//! processes die at any moment, volumes vanish, and Galera does what Galera does.
//!
//! The world's Galera is an abstraction of the real one, with its three properties that matter here: a component stays
//! primary while more than half of its last members are in it (or the others left cleanly); a joiner whose state UUID
//! fits takes only what it lacks *by number*, so that two histories of equal numbers merge without a word; a full
//! transfer first destroys what the joiner had.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::types::{Body, Durable, Envelope, Found, Holding, Ordinal, Phase, Position, Report, Stage, StateUuid};
use super::{Action, DatabaseEvent, Machine, Orders, Setup, Start, assess};

/// Rules to break, to see that the check has teeth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mutation {
    /// A majority of members is enough to start.
    Majority,
    /// A member that came back empty counts as one that never had anything.
    EmptyCounts,
    /// The lowest ordinal starts, wherever it stands.
    LowestOrdinal,
}

/// What a member sees whose rule is broken.
pub(crate) fn broken(mutation: Mutation, reports: &[Option<Report>]) -> Vec<Option<Report>> {
    let mut reports = reports.to_vec();
    let sealed = Holding::Fresh {
        stage: Stage::Sealed,
        restored: None,
    };
    let silent = reports.iter().filter(|r| r.is_none()).count();
    let lineage = reports
        .iter()
        .flatten()
        .map(|r| r.lineage.clone())
        .next()
        .unwrap_or_default();
    let most = silent * 2 < reports.len();
    for report in &mut reports {
        match (mutation, report) {
            (Mutation::Majority, silent @ None) if most => {
                let lineage = lineage.clone();
                *silent = Some(Report {
                    phase: Phase::Waiting,
                    holding: sealed.clone(),
                    epoch: 0,
                    lineage,
                });
            }
            (
                Mutation::EmptyCounts,
                Some(Report {
                    holding: holding @ Holding::Fresh { .. },
                    ..
                }),
            ) => {
                *holding = sealed.clone();
            }
            (
                Mutation::LowestOrdinal,
                Some(Report {
                    holding: Holding::Data { at },
                    phase: Phase::Waiting,
                    ..
                }),
            ) => {
                at.seqno = 0;
            }
            _ => {}
        }
    }
    reports
}

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
    durable: Durable,
    history: Option<History>,
    torn: bool,
    database: Database,
    boots: u64,
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
    orders: Option<Order>,
    left: Budget,
    /// A component was started from a state that lacks a confirmed write.
    lost: bool,
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
    Write,
    Crash(Ordinal),
    Stop(Ordinal),
    Restart(Ordinal),
    LoseVolume(Ordinal),
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
            node.durable = durable.clone();
            node.history = Some(history.clone());
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
            durable: Durable::default(),
            history: None,
            torn: false,
            database: Database::Down,
            boots: 0,
        };
        World {
            nodes: (0..self.members).map(node).collect(),
            net: vec![],
            components: vec![],
            confirmed: vec![],
            uuids: 0,
            orders: None,
            left: self.budget,
            lost: false,
        }
    }
}

impl World {
    fn node(&self, o: Ordinal) -> &Node {
        &self.nodes[usize::from(o)]
    }

    fn node_mut(&mut self, o: Ordinal) -> &mut Node {
        &mut self.nodes[usize::from(o)]
    }

    fn alive(&self, o: Ordinal) -> bool {
        self.node(o).machine.is_some()
    }

    fn holding(&self, o: Ordinal) -> Holding {
        let node = self.node(o);
        let found = match &node.history {
            _ if node.torn => Found::Unusable,
            None => Found::Nothing,
            Some(history) => Found::State(history.position()),
        };
        assess(&node.durable, &found, false)
    }

    fn carry_out(&mut self, agreement: &Agreement, o: Ordinal, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Persist(durable) => self.node_mut(o).durable = durable,
                Action::Send(envelope) => {
                    if !self.net.contains(&envelope) {
                        self.net.push(envelope);
                        self.net.sort_by_key(|e| format!("{e:?}"));
                    }
                }
                Action::Start(Start::Join { discard }) => {
                    let node = self.node_mut(o);
                    if discard {
                        node.history = None;
                    }
                    node.database = Database::Joining { torn: false };
                }
                Action::Start(start) => self.node_mut(o).database = Database::Starting(start),
                Action::StepDown => {
                    self.leave(o, true);
                    self.exited(agreement, o);
                }
            }
        }
    }

    /// mariadbd has ended: the keeper looks at the volume and begins anew.
    fn exited(&mut self, agreement: &Agreement, o: Ordinal) {
        self.node_mut(o).database = Database::Down;
        self.begin(agreement, o);
    }

    fn begin(&mut self, agreement: &Agreement, o: Ordinal) {
        let holding = self.holding(o);
        let orders = self.orders_for(o);
        let node = self.node_mut(o);
        node.boots += 1;
        let mut machine = Machine::new(agreement.setup(o, node.boots), node.durable.clone(), holding);
        machine.order(orders);
        node.machine = Some(machine);
        let boots = node.boots;
        // Answers to the dead process are dropped by the living one: they need not be carried along.
        self.net
            .retain(|e| e.to != o || e.boot == boots || matches!(e.body, Body::Propose { .. }));
    }

    /// `o` is no longer in its component, cleanly or not; without a majority the rest is cut off.
    fn leave(&mut self, o: Ordinal, cleanly: bool) {
        let Some(index) = self.components.iter().position(|c| c.contains(&o)) else {
            return;
        };
        let before = self.components[index].clone();
        let rest: BTreeSet<Ordinal> = before.iter().copied().filter(|&m| m != o).collect();
        if !rest.is_empty() && (cleanly || rest.len() * 2 > before.len()) {
            self.components[index] = rest;
        } else {
            self.components.remove(index);
            for member in rest {
                self.node_mut(member).database = Database::Cut(before.clone());
            }
        }
    }

    /// A component that `o` may join: one of the same name, which carries the lineage.
    fn joinable(&self, o: Ordinal) -> Option<usize> {
        let lineage = &self.node(o).durable.lineage;
        self.components
            .iter()
            .position(|component| component.iter().all(|&m| self.node(m).durable.lineage == *lineage))
    }

    /// One step of Galera on `o`.
    fn database(&mut self, o: Ordinal) {
        match self.node(o).database.clone() {
            Database::Starting(start) => self.start(o, start),
            Database::Joining { torn } => {
                let Some(index) = self.joinable(o) else { return };
                let source = *self.components[index].first().expect("never empty");
                let theirs = self.node(source).history.clone().expect("in a component");
                let fits = self.node(o).history.as_ref().is_some_and(|own| {
                    own.uuid == theirs.uuid && own.writes.len() <= theirs.writes.len() && !self.node(o).torn
                });
                let node = self.node_mut(o);
                if fits && !torn {
                    let own = node.history.as_mut().expect("it fits");
                    let from = own.writes.len();
                    own.writes.extend(&theirs.writes[from..]);
                } else if torn {
                    node.history = Some(theirs);
                    node.torn = false;
                } else {
                    node.history = None;
                    node.torn = true;
                    node.database = Database::Joining { torn: true };
                    return;
                }
                node.database = Database::Up;
                self.components[index].insert(o);
            }
            Database::Down | Database::Up | Database::Cut(_) => {}
        }
    }

    fn start(&mut self, o: Ordinal, start: Start) {
        if matches!(start, Start::Initialise | Start::Fork) {
            self.uuids += 1;
        }
        let uuid = self.uuids;
        let ordered = self.orders.is_some();
        let node = self.node_mut(o);
        match start {
            Start::Initialise => node.history = Some(History { uuid, writes: vec![] }),
            Start::Fork => node.history.as_mut().expect("a fork has a state").uuid = uuid,
            Start::Bootstrap { .. } | Start::Join { .. } => {}
        }
        node.database = Database::Up;
        let writes = node.history.clone().expect("started").writes;
        if ordered {
            // What the chosen member lacks, a person has given up.
            self.confirmed.retain(|write| writes.contains(write));
        }
        self.lost |= !self.confirmed.iter().all(|write| writes.contains(write));
        self.components.push(BTreeSet::from([o]));
    }

    fn heal(&mut self, o: Ordinal) {
        let Database::Cut(view) = self.node(o).database.clone() else {
            return;
        };
        if let Some(index) = self.joinable(o) {
            let source = *self.components[index].first().expect("never empty");
            let theirs = self.node(source).history.clone().expect("in a component");
            let own = self.node_mut(o);
            let history = own.history.as_mut().expect("was in a component");
            if history.uuid == theirs.uuid && history.writes.len() <= theirs.writes.len() {
                let from = history.writes.len();
                history.writes.extend(&theirs.writes[from..]);
                own.database = Database::Up;
                self.components[index].insert(o);
            }
            return;
        }
        let same = Database::Cut(view.clone());
        let back: BTreeSet<Ordinal> = view
            .iter()
            .copied()
            .filter(|&m| self.node(m).database == same)
            .collect();
        if back.len() * 2 > view.len() {
            let furthest = back
                .iter()
                .copied()
                .max_by_key(|&m| self.node(m).history.as_ref().map_or(0, |h| h.writes.len()));
            let history = self.node(furthest.expect("not empty")).history.clone();
            for &m in &back {
                let node = self.node_mut(m);
                node.history.clone_from(&history);
                node.database = Database::Up;
            }
            self.components.push(back);
        }
    }

    /// What the keeper would see of its mariadbd.
    fn event(&self, o: Ordinal) -> Option<DatabaseEvent> {
        let node = self.node(o);
        let phase = node.machine.as_ref()?.phase();
        match &node.database {
            Database::Up => {
                let size = self.components.iter().find(|c| c.contains(&o)).map_or(0, BTreeSet::len);
                let at = node.history.as_ref()?.position();
                let event = DatabaseEvent::Primary {
                    at,
                    size: u32::try_from(size).expect("few"),
                };
                let mut after = node.machine.clone()?;
                after.database(event);
                (after.phase() != phase).then_some(event)
            }
            Database::Cut(_) if matches!(phase, Phase::Primary { .. }) => Some(DatabaseEvent::NonPrimary),
            _ => None,
        }
    }

    fn known_or_dead(&self, o: Ordinal, other: Ordinal) -> bool {
        let known = self
            .node(o)
            .machine
            .as_ref()
            .is_some_and(|m| m.peers()[usize::from(other)].is_some());
        known || !self.alive(other)
    }

    fn is_open(&self, component: &BTreeSet<Ordinal>) -> bool {
        component.iter().any(|&m| {
            let phase = self.node(m).machine.as_ref().map(Machine::phase);
            matches!(phase, Some(Phase::Primary { open: true, .. }))
        })
    }

    fn write(&mut self) {
        let Some(component) = self.components.iter().find(|c| self.is_open(c)).cloned() else {
            return;
        };
        self.left.writes -= 1;
        let write = self.left.writes;
        for member in component {
            self.node_mut(member)
                .history
                .as_mut()
                .expect("in a component")
                .writes
                .push(write);
        }
        self.confirmed.push(write);
    }

    fn orders_for(&self, o: Ordinal) -> Option<Orders> {
        self.orders.map(|order| Orders {
            number: order.number,
            start_from: order.start_from,
            discard: order.discard == Some(o),
        })
    }
}

impl Model for Agreement {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![if self.running { self.running() } else { self.fresh() }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        let all = 0..self.members;
        for o in all.clone() {
            let node = world.node(o);
            let Some(machine) = &node.machine else {
                steps.push(Step::Restart(o));
                if world.left.losses > 0 && node.durable != Durable::default() {
                    steps.push(Step::LoseVolume(o));
                }
                continue;
            };
            for other in all.clone().filter(|&other| other != o) {
                let known = &machine.peers()[usize::from(other)];
                match &world.node(other).machine {
                    Some(peer) if known.as_ref() != Some(&peer.report()) => steps.push(Step::Learn(o, other)),
                    None if known.is_some() => steps.push(Step::Forget(o, other)),
                    _ => {}
                }
            }
            steps.push(Step::Decide(o));
            if matches!(node.database, Database::Starting(_) | Database::Joining { .. }) {
                steps.push(Step::Database(o));
            }
            if matches!(node.database, Database::Joining { .. }) && world.joinable(o).is_none() {
                steps.push(Step::JoinFails(o));
            }
            if world.event(o).is_some() {
                steps.push(Step::Observe(o));
            }
            if world.left.crashes > 0 {
                steps.push(Step::Crash(o));
            }
            if world.left.stops > 0 {
                steps.push(Step::Stop(o));
            }
            if world.left.cuts > 0 && node.database == Database::Up {
                steps.push(Step::Cut(o));
            }
            if matches!(node.database, Database::Cut(_)) {
                steps.push(Step::Heal(o));
            }
        }
        steps.extend(
            (0..world.net.len())
                .filter(|&i| world.alive(world.net[i].to))
                .map(Step::Deliver),
        );
        if world.left.writes > 0 && world.components.iter().any(|c| world.is_open(c)) {
            steps.push(Step::Write);
        }
        self.order_actions(world, steps);
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        match step {
            Step::Learn(o, other) => {
                let report = world.node(other).machine.as_ref()?.report();
                let boot = world.node(o).boots;
                let answer = Envelope {
                    from: other,
                    to: o,
                    boot,
                    body: Body::Answer { report },
                };
                let actions = world.node_mut(o).machine.as_mut()?.receive(&answer);
                world.carry_out(self, o, actions);
            }
            Step::Forget(o, other) => world.node_mut(o).machine.as_mut()?.forget(other),
            Step::Decide(o) => {
                let orders = world.orders_for(o);
                // Whoever orders a start knows that those who do not answer are stopped.
                let stopped = (0..self.members).all(|m| m == o || world.known_or_dead(o, m));
                let machine = world.node_mut(o).machine.as_mut()?;
                machine.order(orders);
                machine.settle(stopped);
                let actions = machine.decide(true);
                world.carry_out(self, o, actions);
            }
            Step::Deliver(index) => {
                let message = world.net.remove(index);
                let actions = world.node_mut(message.to).machine.as_mut()?.receive(&message);
                world.carry_out(self, message.to, actions);
            }
            Step::Database(o) => world.database(o),
            Step::JoinFails(o) => world.exited(self, o),
            Step::Observe(o) => {
                let event = world.event(o)?;
                let actions = world.node_mut(o).machine.as_mut()?.database(event);
                world.carry_out(self, o, actions);
            }
            Step::Write => world.write(),
            Step::Crash(o) => {
                world.left.crashes -= 1;
                world.leave(o, false);
                world.node_mut(o).machine = None;
                world.node_mut(o).database = Database::Down;
            }
            Step::Stop(o) => {
                world.left.stops -= 1;
                world.leave(o, true);
                world.node_mut(o).machine = None;
                world.node_mut(o).database = Database::Down;
            }
            Step::Restart(o) => world.begin(self, o),
            Step::LoseVolume(o) => {
                world.left.losses -= 1;
                let node = world.node_mut(o);
                node.durable = Durable::default();
                node.history = None;
                node.torn = false;
            }
            Step::Cut(o) => {
                world.left.cuts -= 1;
                let view = world.components.iter().find(|c| c.contains(&o))?.clone();
                world.leave(o, false);
                world.node_mut(o).database = Database::Cut(view);
            }
            Step::Heal(o) => world.heal(o),
            Step::Order(order) => {
                world.left.orders -= 1;
                world.orders = Some(order);
            }
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never two primary components", |_, w: &World| w.components.len() <= 1),
            Property::always("never a start without a confirmed write", |_, w: &World| !w.lost),
            Property::always("one history in a component", |_, w: &World| {
                w.components.iter().all(|c| {
                    let mut histories = c.iter().map(|&m| &w.node(m).history);
                    let first = histories.next();
                    histories.all(|h| Some(h) == first)
                })
            }),
            Property::always("what is confirmed is in the component that serves", |_, w: &World| {
                w.components.iter().filter(|c| w.is_open(c)).all(|c| {
                    c.iter().all(|&m| {
                        let history = w.node(m).history.as_ref();
                        w.confirmed
                            .iter()
                            .all(|write| history.is_some_and(|h| h.writes.contains(write)))
                    })
                })
            }),
            Property::sometimes(TOGETHER, |model: &Agreement, w: &World| {
                w.components
                    .iter()
                    .any(|c| c.len() == usize::from(model.members) && w.is_open(c))
                    && w.nodes.iter().any(|n| n.boots > 0 || !model.running)
            }),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.nodes.iter().all(|n| n.durable.epoch <= self.budget.epochs) && world.net.len() <= 6
    }
}

impl Agreement {
    /// A person orders a recovery only when those who do not answer are dead.
    fn order_actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.left.orders == 0 || !world.components.is_empty() {
            return;
        }
        let number = world.orders.map_or(1, |order| order.number + 1);
        for o in 0..self.members {
            match world.node(o).machine.as_ref().map(Machine::report) {
                Some(report) if matches!(report.holding, Holding::Data { .. }) => {
                    steps.push(Step::Order(Order {
                        number,
                        start_from: Some(o),
                        discard: None,
                    }));
                }
                Some(report)
                    if matches!(
                        report.holding,
                        Holding::Fresh {
                            stage: Stage::Unmarked,
                            ..
                        }
                    ) =>
                {
                    steps.push(Step::Order(Order {
                        number,
                        start_from: None,
                        discard: Some(o),
                    }));
                }
                _ => {}
            }
        }
    }
}

const NONE: Budget = Budget {
    crashes: 0,
    stops: 0,
    losses: 0,
    cuts: 0,
    writes: 0,
    orders: 0,
    epochs: 3,
};

/// What a search found.
struct Outcome {
    failed: Vec<String>,
    states: usize,
    all_together: bool,
    /// Nothing within the bounds is left unexplored.
    complete: bool,
}

/// Explores breadth first, up to `states` states or to the end.
fn explore(model: Agreement, states: usize) -> Outcome {
    let checker = model
        .checker()
        .threads(2)
        .target_state_count(states)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    outcome(&checker, states)
}

/// Walks at random: `walks` walks of at most `steps` steps, the same ones for the same seed.
fn wander(model: &Agreement, seed: u64, walks: usize, steps: usize) -> Outcome {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let properties = model.properties();
    let mut outcome = Outcome {
        failed: vec![],
        states: 0,
        all_together: false,
        complete: false,
    };
    for _ in 0..walks {
        let mut world = model.init_states().remove(0);
        let mut path = Vec::new();
        for _ in 0..steps {
            let mut possible = Vec::new();
            model.actions(&world, &mut possible);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let pick = usize::try_from(random % (possible.len() as u64)).expect("small");
            let step = possible.swap_remove(pick);
            let Some(next) = model.next_state(&world, step.clone()) else {
                continue;
            };
            path.push(format!("{step:?}"));
            world = next;
            outcome.states += 1;
            for property in &properties {
                match (property.name == TOGETHER, (property.condition)(model, &world)) {
                    (true, together) => outcome.all_together |= together,
                    (false, true) => {}
                    (false, false) => {
                        outcome.failed.push(format!("{}: {}", property.name, path.join(", ")));
                        return outcome;
                    }
                }
            }
        }
    }
    outcome
}

fn outcome(checker: &impl Checker<Agreement>, limit: usize) -> Outcome {
    let mut failed = Vec::new();
    let mut all_together = false;
    for (name, path) in checker.discoveries() {
        if name == TOGETHER {
            all_together = true;
        } else {
            let steps: Vec<String> = path.clone().into_actions().iter().map(|a| format!("{a:?}")).collect();
            failed.push(format!("{name}: {}", steps.join(", ")));
        }
    }
    Outcome {
        failed,
        states: checker.unique_state_count(),
        all_together,
        complete: checker.state_count() < limit,
    }
}

fn sound(what: &str, model: Agreement, states: usize) {
    let outcome = explore(model, states);
    assert_eq!(outcome.failed, Vec::<String>::new(), "{what}");
    assert!(
        outcome.all_together,
        "{what}: the members never came together in {} states",
        outcome.states
    );
    eprintln!(
        "{what}: {} states, {}",
        outcome.states,
        if outcome.complete {
            "all there are"
        } else {
            "breadth first"
        }
    );
}

fn model(members: u8, running: bool, budget: Budget, mutation: Option<Mutation>) -> Agreement {
    Agreement {
        members,
        budget,
        running,
        mutation,
    }
}

#[test]
fn the_first_start_happens_once() {
    sound(
        "first start of 2",
        model(
            2,
            false,
            Budget {
                crashes: 2,
                losses: 1,
                writes: 1,
                ..NONE
            },
            None,
        ),
        600_000,
    );
    let budget = Budget {
        crashes: 2,
        losses: 1,
        writes: 1,
        epochs: 5,
        ..NONE
    };
    let outcome = wander(&model(3, false, budget, None), 1, 2_000, 150);
    assert_eq!(outcome.failed, Vec::<String>::new(), "first start of 3");
    assert!(
        outcome.all_together,
        "first start of 3: the members never came together"
    );
}

#[test]
fn crashes_and_clean_stops_lose_nothing() {
    let budget = Budget {
        crashes: 3,
        stops: 1,
        writes: 2,
        ..NONE
    };
    sound("crashes and stops", model(3, true, budget, None), 600_000);
}

#[test]
fn lost_volumes_never_count_as_agreement() {
    let budget = Budget {
        crashes: 3,
        losses: 1,
        writes: 1,
        ..NONE
    };
    sound("a lost volume", model(3, true, budget, None), 600_000);
}

#[test]
fn a_cut_network_leaves_one_component() {
    let budget = Budget {
        crashes: 2,
        cuts: 2,
        writes: 1,
        ..NONE
    };
    sound("cuts", model(3, true, budget, None), 600_000);
}

#[test]
fn a_persons_order_merges_nothing() {
    let budget = Budget {
        crashes: 3,
        losses: 1,
        writes: 1,
        orders: 1,
        ..NONE
    };
    sound("orders", model(3, true, budget, None), 600_000);
}

#[test]
fn four_members_at_random() {
    let budget = Budget {
        crashes: 6,
        stops: 2,
        losses: 1,
        cuts: 2,
        writes: 3,
        orders: 1,
        epochs: 8,
    };
    for seed in 0..2 {
        let outcome = wander(&model(4, seed % 2 == 0, budget, None), seed, 1_000, 400);
        assert_eq!(outcome.failed, Vec::<String>::new(), "seed {seed}");
        assert!(
            outcome.all_together || seed == 1,
            "seed {seed}: the members never came together"
        );
        eprintln!("four members, seed {seed}: {} steps", outcome.states);
    }
}

/// The check bites: break a rule, and it says so.
#[test]
fn each_broken_rule_is_noticed() {
    let budget = Budget {
        crashes: 4,
        stops: 2,
        cuts: 1,
        writes: 2,
        epochs: 6,
        ..NONE
    };
    for (mutation, budget) in [
        (Mutation::Majority, budget),
        (Mutation::EmptyCounts, Budget { losses: 2, ..budget }),
        (Mutation::LowestOrdinal, budget),
    ] {
        let outcome = wander(&model(3, true, budget, Some(mutation)), 1, 10_000, 200);
        eprintln!("{mutation:?}: {} steps, {:?}", outcome.states, outcome.failed);
        assert!(
            !outcome.failed.is_empty(),
            "{mutation:?} went unnoticed in {} steps",
            outcome.states
        );
    }
}
