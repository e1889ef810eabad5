//! What the world does to its members: processes, volumes, the network, and an abstraction of Galera.

use std::collections::BTreeSet;

use super::super::types::{Body, Found, Holding, Ordinal, Phase};
use super::super::{Action, DatabaseEvent, Machine, Orders, Start, assess};
use super::{Agreement, Database, History, Node, World};

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
        let found = match &node.history {
            _ if node.torn => Found::Unusable,
            None => Found::Nothing,
            Some(history) => Found::State(history.position()),
        };
        assess(&node.durable, &found, false)
    }

    pub(super) fn carry_out(&mut self, agreement: &Agreement, o: Ordinal, actions: Vec<Action>) {
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
    pub(super) fn exited(&mut self, agreement: &Agreement, o: Ordinal) {
        self.node_mut(o).database = Database::Down;
        self.begin(agreement, o);
    }

    pub(super) fn begin(&mut self, agreement: &Agreement, o: Ordinal) {
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
        let lineage = &self.node(o).durable.lineage;
        self.components
            .iter()
            .position(|component| component.iter().all(|&m| self.node(m).durable.lineage == *lineage))
    }

    /// One step of Galera on `o`.
    pub(super) fn database(&mut self, o: Ordinal) {
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

    pub(super) fn start(&mut self, o: Ordinal, start: Start) {
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

    pub(super) fn heal(&mut self, o: Ordinal) {
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
    pub(super) fn event(&self, o: Ordinal) -> Option<DatabaseEvent> {
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

    pub(super) fn write(&mut self) {
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

    pub(super) fn orders_for(&self, o: Ordinal) -> Option<Orders> {
        self.orders.map(|order| Orders {
            number: order.number,
            start_from: order.start_from,
            discard: order.discard == Some(o),
        })
    }
}
