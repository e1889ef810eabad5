//! What the world does to its members: processes, volumes, the network, and an abstraction of Galera.

use std::collections::BTreeSet;

use super::super::types::{Body, Found, Holding, Ordinal, Phase};
use super::super::{Action, DatabaseEvent, Machine, Orders, Start, assess};
use super::{Agreement, Database, History, Node, Volume, World};

impl Node {
    /// What it will have when it has applied all that it has received.
    pub(super) fn known(&self) -> Option<History> {
        let mut history = self.volume.history.clone()?;
        history.writes.extend(&self.received);
        Some(history)
    }

    pub(super) fn apply(&mut self) {
        let received = std::mem::take(&mut self.received);
        if let Some(history) = &mut self.volume.history {
            history.writes.extend(received);
        }
    }
}

impl World {
    pub(super) fn node(&self, o: Ordinal) -> &Node {
        &self.nodes[usize::from(o)]
    }

    pub(super) fn node_mut(&mut self, o: Ordinal) -> &mut Node {
        &mut self.nodes[usize::from(o)]
    }

    pub(super) fn alive(&self, o: Ordinal) -> bool {
        self.node(o).machine.is_some()
    }

    pub(super) fn holding(&self, o: Ordinal) -> Holding {
        let node = self.node(o);
        let found = match &node.volume.history {
            _ if node.volume.torn => Found::Unusable,
            None => Found::Nothing,
            Some(history) => Found::State(history.position()),
        };
        assess(&node.volume.durable, &found, false)
    }

    pub(super) fn carry_out(&mut self, agreement: &Agreement, o: Ordinal, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Persist(durable) => self.node_mut(o).volume.durable = durable,
                Action::Send(envelope) => {
                    if !self.net.contains(&envelope) {
                        self.net.push(envelope);
                        self.net.sort_by_key(|e| format!("{e:?}"));
                    }
                }
                Action::Start(Start::Join { discard }) => {
                    self.wiped |= discard && self.node(o).found;
                    let node = self.node_mut(o);
                    if discard {
                        node.volume.history = None;
                    }
                    node.database = Database::Joining { torn: false };
                }
                Action::Start(start) => self.node_mut(o).database = Database::Starting(start),
                Action::StepDown => {
                    self.leave(o, true);
                    self.node_mut(o).apply();
                    self.exited(agreement, o);
                }
            }
        }
    }

    /// mariadbd has ended: the keeper looks at the volume and begins anew.
    pub(super) fn exited(&mut self, agreement: &Agreement, o: Ordinal) {
        self.node_mut(o).database = Database::Down;
        self.begin(agreement, o);
    }

    pub(super) fn begin(&mut self, agreement: &Agreement, o: Ordinal) {
        let holding = self.holding(o);
        let orders = self.orders_for(o);
        let node = self.node_mut(o);
        node.boots += 1;
        let mut machine = Machine::new(agreement.setup(o, node.boots), node.volume.durable.clone(), holding);
        machine.order(orders);
        node.machine = Some(machine);
        let boots = node.boots;
        // Answers to the dead process are dropped by the living one: they need not be carried along.
        self.net
            .retain(|e| e.to != o || e.boot == boots || matches!(e.body, Body::Propose { .. }));
    }

    /// `o` is no longer in its component, cleanly or not; without a majority the rest is cut off.
    pub(super) fn leave(&mut self, o: Ordinal, cleanly: bool) {
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
    pub(super) fn joinable(&self, o: Ordinal) -> Option<usize> {
        let lineage = &self.node(o).volume.durable.lineage;
        self.components.iter().position(|component| {
            component
                .iter()
                .all(|&m| self.node(m).volume.durable.lineage == *lineage)
        })
    }

    /// One step of Galera on `o`.
    pub(super) fn database(&mut self, o: Ordinal) {
        match self.node(o).database.clone() {
            Database::Starting(start) => self.start(o, start),
            Database::Joining { torn } => {
                let Some(index) = self.joinable(o) else { return };
                let source = *self.components[index].first().expect("never empty");
                let theirs = self.node(source).known().expect("in a component");
                let fits = self.node(o).volume.history.as_ref().is_some_and(|own| {
                    own.uuid == theirs.uuid && own.writes.len() <= theirs.writes.len() && !self.node(o).volume.torn
                });
                let node = self.node_mut(o);
                if fits && !torn {
                    let own = node.volume.history.as_mut().expect("it fits");
                    let from = own.writes.len();
                    own.writes.extend(&theirs.writes[from..]);
                } else if torn {
                    node.volume.history = Some(theirs);
                    node.volume.torn = false;
                } else {
                    node.volume.history = None;
                    node.volume.torn = true;
                    node.database = Database::Joining { torn: true };
                    // A donor gives what it has applied, and applies first what was confirmed before.
                    self.node_mut(source).apply();
                    return;
                }
                node.database = Database::Up;
                self.components[index].insert(o);
            }
            Database::Down | Database::Up | Database::Cut(_) => {}
        }
    }

    pub(super) fn start(&mut self, o: Ordinal, start: Start) {
        if matches!(start, Start::Initialise | Start::Fork) {
            self.uuids += 1;
        }
        let uuid = self.uuids;
        let node = self.node_mut(o);
        match start {
            Start::Initialise => node.volume.history = Some(History { uuid, writes: vec![] }),
            Start::Fork => node.volume.history.as_mut().expect("a fork has a state").uuid = uuid,
            Start::Bootstrap { .. } | Start::Join { .. } => {}
        }
        node.database = Database::Up;
        let writes = node.volume.history.clone().expect("started").writes;
        if start == Start::Fork {
            self.lost |= !self.is_given_up(o, &writes);
            self.confirmed.retain(|write| writes.contains(write));
        }
        self.lost |= !self.confirmed.iter().all(|write| writes.contains(write));
        self.components.push(BTreeSet::from([o]));
    }

    /// Whether a person has ordered a start without what `writes` lack: all of it is on volumes that an order up to this one
    /// names (who has not read the last one goes by the one before), or it starts from a member without the silent ones.
    fn is_given_up(&self, starting: Ordinal, writes: &[u8]) -> bool {
        let number = self
            .node(starting)
            .volume
            .durable
            .lineage
            .last()
            .map_or(0, |fork| fork.number);
        let orders = || self.orders.iter().filter(|order| order.number <= number);
        let given_up = |m: Ordinal| orders().any(|order| order.discard == Some(m));
        let all_there = |history: &History| history.writes.iter().all(|write| writes.contains(write));
        orders().any(|order| order.number == number && order.start_from.is_some())
            || (number > 0
                && (0..)
                    .zip(&self.nodes)
                    .filter(|&(m, _)| !given_up(m))
                    .filter_map(|(_, other)| other.volume.history.as_ref())
                    .all(all_there))
    }

    /// Whether a history has begun by the last order, and `volume` was not there. Until then, the order stands for whatever is
    /// in the place that it names.
    pub(super) fn is_beyond_the_last_order(&self, volume: &Volume) -> bool {
        let mut forks = self.nodes.iter().flat_map(|node| &node.volume.durable.lineage);
        self.orders
            .last()
            .is_some_and(|order| volume.durable.granted < order.number && forks.any(|fork| fork.number >= order.number))
    }

    pub(super) fn heal(&mut self, o: Ordinal) {
        let Database::Cut(view) = self.node(o).database.clone() else {
            return;
        };
        if let Some(index) = self.joinable(o) {
            let source = *self.components[index].first().expect("never empty");
            let theirs = self.node(source).known().expect("in a component");
            let own = self.node_mut(o);
            own.apply();
            let history = own.volume.history.as_mut().expect("was in a component");
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
                .max_by_key(|&m| self.node(m).known().map_or(0, |h| h.writes.len()));
            let history = self.node(furthest.expect("not empty")).known();
            for &m in &back {
                let node = self.node_mut(m);
                node.received.clear();
                node.volume.history.clone_from(&history);
                node.database = Database::Up;
            }
            self.components.push(back);
        }
    }

    /// What the keeper would see of its mariadbd.
    pub(super) fn event(&self, o: Ordinal) -> Option<DatabaseEvent> {
        let node = self.node(o);
        let phase = node.machine.as_ref()?.phase();
        match &node.database {
            Database::Up => {
                let size = self.components.iter().find(|c| c.contains(&o)).map_or(0, BTreeSet::len);
                let at = node.volume.history.as_ref()?.position();
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

    pub(super) fn known_or_dead(&self, o: Ordinal, other: Ordinal) -> bool {
        let known = self
            .node(o)
            .machine
            .as_ref()
            .is_some_and(|m| m.peers()[usize::from(other)].is_some());
        known || !self.alive(other)
    }

    pub(super) fn is_open(&self, component: &BTreeSet<Ordinal>) -> bool {
        component.iter().any(|&m| {
            let phase = self.node(m).machine.as_ref().map(Machine::phase);
            matches!(phase, Some(Phase::Primary { open: true, .. }))
        })
    }

    /// `o` confirms a write: on its own volume, and received by all others.
    pub(super) fn write(&mut self, o: Ordinal) {
        let Some(component) = self.components.iter().find(|c| c.contains(&o)).cloned() else {
            return;
        };
        self.left.writes -= 1;
        let write = self.left.writes;
        for member in component {
            self.node_mut(member).received.push(write);
        }
        self.node_mut(o).apply();
        self.confirmed.push(write);
    }

    pub(super) fn orders_for(&self, o: Ordinal) -> Option<Orders> {
        self.orders.last().map(|order| Orders {
            number: order.number,
            start_from: order.start_from,
            discard: order.discard == Some(o),
        })
    }
}
