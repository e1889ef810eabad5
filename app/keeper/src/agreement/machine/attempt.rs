//! An attempt at a start: proposed, voted on, granted; and what follows for the volume when it is done.

use super::super::decide::{Verdict, Why, decide, forced};
use super::super::types::{Body, Claim, Envelope, Fork, Holding, Join, Ordinal, Phase, Position};
use super::{Action, Machine, Start, reply};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    pub(super) epoch: u64,
    claim: Claim,
    /// Who has not granted yet.
    pub(super) missing: Vec<Ordinal>,
}

impl Machine {
    /// Nothing to do by the rule; perhaps by a person's order.
    pub(super) fn wait(&mut self, why: Why) -> Vec<Action> {
        let ordered = self
            .orders
            .filter(|o| o.start_from == Some(self.setup.me) && !o.discard);
        let spent = ordered.is_some_and(|o| o.number > self.durable.recoveries_done && o.number <= self.durable.spent);
        let (Some(orders), Holding::Data { at }, false) = (ordered, self.holding.clone(), spent) else {
            self.attempt = None;
            self.why = Some(if spent { Why::Spent } else { why });
            return Vec::new();
        };
        let claim = Claim::Forced {
            at,
            number: orders.number,
        };
        let permitted = self.with_view(|view| forced(view, self.setup.me, &self.durable.lineage, &claim));
        match permitted {
            Ok(()) if self.settled => {
                let reachable = self.reachable();
                self.propose(claim, reachable)
            }
            outcome => {
                self.attempt = None;
                // An order that is done explains nothing; what keeps this member waiting does.
                let done = orders.number <= self.durable.recoveries_done;
                self.why = Some(if done {
                    why
                } else {
                    outcome.err().unwrap_or(Why::Settling)
                });
                Vec::new()
            }
        }
    }

    pub(super) fn propose(&mut self, claim: Claim, missing: Vec<Ordinal>) -> Vec<Action> {
        if self.attempt.as_ref().is_some_and(|attempt| attempt.claim == claim) {
            return Vec::new();
        }
        let epoch = self.durable.epoch.max(self.seen) + 1;
        self.durable.epoch = epoch;
        let mut actions = vec![Action::Persist(self.durable.clone())];
        let lineage = self.durable.lineage.clone();
        for &peer in &missing {
            let body = Body::Propose {
                epoch,
                claim: claim.clone(),
                lineage: lineage.clone(),
            };
            actions.push(self.send(peer, body));
        }
        let alone = missing.is_empty();
        self.attempt = Some(Attempt { epoch, claim, missing });
        if alone {
            actions.extend(self.begin());
        }
        actions
    }

    pub(super) fn vote(&mut self, message: &Envelope, epoch: u64, claim: &Claim, lineage: &[Fork]) -> Vec<Action> {
        let agreed = self.phase == Phase::Waiting
            && epoch > self.durable.epoch
            && self.with_view(|view| match claim {
                Claim::Forced { .. } => forced(view, message.from, lineage, claim).is_ok(),
                _ => {
                    decide(view)
                        == Verdict::Elect {
                            winner: message.from,
                            claim: claim.clone(),
                        }
                }
            });
        if !agreed {
            self.seen = self.seen.max(epoch);
            return vec![reply(
                message,
                Body::Refuse {
                    epoch,
                    highest: self.durable.epoch,
                },
            )];
        }
        self.durable.epoch = epoch;
        self.attempt = None;
        let claimed = match *claim {
            Claim::Without { number, .. } | Claim::Forced { number, .. } => number,
            Claim::Initialise | Claim::Restored { .. } | Claim::Resume { .. } => 0,
        };
        self.durable.granted = self.durable.granted.max(claimed);
        self.durable.spent = self.durable.spent.max(self.orders.map_or(0, |orders| orders.number));
        vec![
            Action::Persist(self.durable.clone()),
            reply(message, Body::Grant { epoch }),
        ]
    }

    pub(super) fn granted(&mut self, from: Ordinal, epoch: u64) -> Vec<Action> {
        match &mut self.attempt {
            Some(attempt) if attempt.epoch == epoch => {
                attempt.missing.retain(|&o| o != from);
                if attempt.missing.is_empty() {
                    self.begin()
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        }
    }

    /// Everybody has granted.
    fn begin(&mut self) -> Vec<Action> {
        let Some(attempt) = self.attempt.take() else {
            return Vec::new();
        };
        self.phase = Phase::Bootstrapping;
        self.durable.started = true;
        self.finish_orders();
        let start = match attempt.claim {
            Claim::Initialise => Start::Initialise,
            Claim::Forced { at, number } | Claim::Without { at, number } => {
                self.durable.lineage.push(Fork {
                    number,
                    node: self.setup.me,
                    from: at,
                });
                self.durable.uuid = None;
                // Who may be alone for long serves at once; where all answer, another one takes the state over, and is waited for.
                self.open = matches!(attempt.claim, Claim::Forced { .. });
                Start::Fork
            }
            // A forced start that was recorded, and had not yet become a history of its own.
            Claim::Resume { at }
                if self
                    .durable
                    .lineage
                    .last()
                    .is_some_and(|fork| fork.from.uuid == at.uuid) =>
            {
                self.durable.uuid = None;
                Start::Fork
            }
            Claim::Resume { at } | Claim::Restored { at } => Start::Bootstrap { at },
        };
        vec![Action::Persist(self.durable.clone()), Action::Start(start)]
    }

    pub(super) fn join(&mut self, through: Ordinal, floor: Position) -> Vec<Action> {
        let Some(Some(primary)) = self.peers.get(usize::from(through)).cloned() else {
            return Vec::new();
        };
        let discard = matches!(self.report().holding, Holding::Discarded { .. });
        // Whatever it had was given up when that history began.
        let begun_without = primary
            .lineage
            .last()
            .is_some_and(|fork| self.durable.granted >= fork.number)
            || (discard && primary.lineage.len() > self.durable.lineage.len());
        let empty = (discard || matches!(self.holding, Holding::Fresh { .. })) && !begun_without;
        if discard {
            // It is not one that never had anything.
            self.durable.stage = None;
        }
        self.attempt = None;
        self.phase = Phase::Joining;
        self.durable.epoch = self.durable.epoch.max(primary.epoch);
        self.durable.lineage = primary.lineage;
        self.durable.uuid = Some(floor.uuid);
        self.durable.started = true;
        self.durable.joining = Some(Join { floor, empty });
        self.finish_orders();
        vec![
            Action::Persist(self.durable.clone()),
            Action::Start(Start::Join { discard }),
        ]
    }

    /// Orders that have not been needed until now are not needed any more; those that were, are carried out once.
    fn finish_orders(&mut self) {
        let seen = self.peers.iter().flatten().filter_map(|peer| match peer.holding {
            Holding::Discarded { number } => Some(number),
            _ => None,
        });
        let known = self
            .orders
            .map(|orders| orders.number)
            .into_iter()
            .chain(seen)
            .max()
            .unwrap_or(0);
        self.durable.recoveries_done = self.durable.recoveries_done.max(known);
    }
}
