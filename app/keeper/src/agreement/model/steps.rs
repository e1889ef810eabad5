//! What may happen next in a world, what it leads to, and what must always hold.

use stateright::{Model, Property};

use super::super::types::{Body, Durable, Envelope, Holding, Ordinal, Stage};
use super::{Agreement, Database, Order, Step, TOGETHER, World};

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
                if world.left.losses > 0 && node.volume.durable != Durable::default() {
                    steps.push(Step::LoseVolume(o));
                }
                if node.aside.is_some() && node.volume.history.is_none() {
                    steps.push(Step::FindVolume(o));
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
            if !node.received.is_empty() {
                steps.push(Step::Apply(o));
            }
            if world.left.writes > 0 && world.components.iter().any(|c| c.contains(&o) && world.is_open(c)) {
                steps.push(Step::Write(o));
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
            Step::Write(o) => world.write(o),
            Step::Apply(o) => world.node_mut(o).apply(),
            Step::Crash(o) => {
                world.left.crashes -= 1;
                world.leave(o, false);
                let node = world.node_mut(o);
                node.received.clear();
                node.machine = None;
                node.database = Database::Down;
            }
            Step::Stop(o) => {
                world.left.stops -= 1;
                world.leave(o, true);
                let node = world.node_mut(o);
                node.apply();
                node.machine = None;
                node.database = Database::Down;
            }
            Step::Restart(o) => world.begin(self, o),
            Step::LoseVolume(o) => {
                world.left.losses -= 1;
                let node = world.node_mut(o);
                node.aside = Some(Box::new(std::mem::take(&mut node.volume)));
            }
            Step::FindVolume(o) => {
                // What was on its way to the process of the other volume ended with its connection.
                world.net.retain(|message| message.to != o);
                let volume = world.node_mut(o).aside.take()?;
                let found = world.is_beyond_the_last_order(&volume);
                let node = world.node_mut(o);
                node.volume = *volume;
                node.found = found;
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
                world.orders.push(order);
                world.nodes.iter_mut().for_each(|node| node.found = false);
            }
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never two primary components", |_, w: &World| w.components.len() <= 1),
            Property::always("never a start without a confirmed write", |_, w: &World| !w.lost),
            Property::always(
                "no volume that was found is thrown away without an order",
                |_, w: &World| !w.wiped,
            ),
            Property::always("one history in a component", |_, w: &World| {
                w.components.iter().all(|c| {
                    let mut histories = c.iter().map(|&m| w.node(m).known());
                    let first = histories.next();
                    histories.all(|h| Some(h) == first)
                })
            }),
            Property::always("what is confirmed is in the component that serves", |_, w: &World| {
                w.components.iter().filter(|c| w.is_open(c)).all(|c| {
                    c.iter().all(|&m| {
                        let history = w.node(m).known();
                        w.confirmed
                            .iter()
                            .all(|write| history.as_ref().is_some_and(|h| h.writes.contains(write)))
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
        world.nodes.iter().all(|n| n.volume.durable.epoch <= self.budget.epochs) && world.net.len() <= 6
    }
}

impl Agreement {
    /// A person orders a recovery only when those who do not answer are dead.
    fn order_actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.left.orders == 0 || !world.components.is_empty() {
            return;
        }
        let number = world.orders.last().map_or(1, |order| order.number + 1);
        let holding = |o: Ordinal| world.node(o).machine.as_ref().map(|machine| machine.report().holding);
        let starts = |o: &Ordinal| matches!(holding(*o), Some(Holding::Data { .. }));
        let goes = |o: &Ordinal| {
            matches!(
                holding(*o),
                Some(
                    Holding::Fresh {
                        stage: Stage::Unmarked,
                        ..
                    } | Holding::Data { .. }
                        | Holding::Damaged
                )
            )
        };
        let starting = (0..self.members).filter(starts).map(Some).chain([None]);
        for start_from in starting {
            let going = (0..self.members).filter(goes).map(Some).chain([None]);
            for discard in going.filter(|&discard| discard.is_none() || discard != start_from) {
                if start_from.is_some() || discard.is_some() {
                    steps.push(Step::Order(Order {
                        number,
                        start_from,
                        discard,
                    }));
                }
            }
        }
    }
}
