//! The state machine around the rule: what happens goes in, what is to be done comes out.

mod attempt;

use attempt::Attempt;

use super::decide::{Verdict, View, Why, decide};
use super::types::{Body, Durable, Envelope, Holding, Ordinal, Phase, Position, Report, Stage};

/// What does not change while a keeper process lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Setup {
    pub(crate) me: Ordinal,
    /// How many members the generation has.
    pub(crate) members: u8,
    /// Names this machine; never used before.
    pub(crate) boot: u64,
    /// The generation may be initialised: its source is empty, and git records no state UUID for it yet.
    pub(crate) may_initialise: bool,
    /// A rule broken on purpose, to see that the model checker notices.
    #[cfg(test)]
    pub(crate) mutation: Option<super::model::Mutation>,
}

/// A recovery that a person has ordered, as far as it concerns this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Orders {
    pub(crate) number: u32,
    /// The member to start from.
    pub(crate) start_from: Option<Ordinal>,
    /// This member's data counts for nothing.
    pub(crate) discard: bool,
}

/// How mariadbd is to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Start {
    /// Lay out a data directory and start a new primary component.
    Initialise,
    /// Start a new primary component from the state that is there.
    Bootstrap { at: Position },
    /// Start a new primary component from the data that is there, as a new history with a new state UUID.
    Fork,
    /// Join the others. `discard`: throw away what is in the data directory first.
    Join { discard: bool },
}

/// What the keeper is to do, in this order. What is persisted must be on disk before the next action.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Persist(Durable),
    Send(Envelope),
    Start(Start),
    /// Stop mariadbd in order to agree anew.
    StepDown,
}

/// What mariadbd did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DatabaseEvent {
    /// It is in a primary component of `size` members, and in sync.
    Primary { at: Position, size: u32 },
    /// It runs, without a primary component.
    NonPrimary,
}

/// One member's side of the agreement, from one look at the volume to the end of the mariadbd that it led to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    setup: Setup,
    durable: Durable,
    holding: Holding,
    phase: Phase,
    /// By ordinal; the own place stays empty.
    peers: Vec<Option<Report>>,
    attempt: Option<Attempt>,
    /// The highest epoch anybody has spoken of.
    seen: u64,
    orders: Option<Orders>,
    settled: bool,
    open: bool,
    why: Option<Why>,
}

impl Machine {
    pub(crate) fn new(setup: Setup, durable: Durable, holding: Holding) -> Self {
        let peers = vec![None; usize::from(setup.members)];
        Self {
            setup,
            durable,
            holding,
            phase: Phase::Waiting,
            peers,
            attempt: None,
            seen: 0,
            orders: None,
            settled: false,
            open: false,
            why: None,
        }
    }

    /// What this member tells the others.
    pub(crate) fn report(&self) -> Report {
        let holding = match (self.phase, self.orders) {
            (Phase::Primary { at, .. }, _) => Holding::Data { at },
            (Phase::Waiting, Some(orders)) if self.discards(orders) => Holding::Discarded { number: orders.number },
            _ => self.holding.clone(),
        };
        Report {
            phase: self.phase,
            holding,
            epoch: self.durable.epoch,
            lineage: self.durable.lineage.clone(),
        }
    }

    pub(crate) fn durable(&self) -> &Durable {
        &self.durable
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Why nothing happens, if this member waits, or is at odds with another.
    pub(crate) fn why(&self) -> Option<&Why> {
        self.why.as_ref()
    }

    /// What each peer last answered.
    pub(crate) fn peers(&self) -> &[Option<Report>] {
        &self.peers
    }

    /// A person's order; the same one as often as you like.
    pub(crate) fn order(&mut self, orders: Option<Orders>) {
        self.orders = orders;
    }

    /// Whether every member has had the time to answer that a forced recovery grants it.
    pub(crate) fn settle(&mut self, settled: bool) {
        self.settled = settled;
    }

    /// This peer did not answer: whatever it said before counts no more, nor does an attempt that needs it.
    pub(crate) fn forget(&mut self, peer: Ordinal) {
        if let Some(known) = self.peers.get_mut(usize::from(peer)) {
            *known = None;
        }
        if self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.missing.contains(&peer))
        {
            self.attempt = None;
        }
    }

    /// Questions to everybody.
    pub(crate) fn ask(&self) -> Vec<Action> {
        (0..self.setup.members)
            .filter(|&o| o != self.setup.me)
            .map(|o| self.send(o, Body::Ask))
            .collect()
    }

    /// Takes a message.
    pub(crate) fn receive(&mut self, message: &Envelope) -> Vec<Action> {
        let from = message.from;
        if from == self.setup.me || from >= self.setup.members || message.to != self.setup.me {
            return Vec::new();
        }
        let mine = message.boot == self.setup.boot;
        match &message.body {
            Body::Ask => vec![reply(message, Body::Answer { report: self.report() })],
            Body::Propose { epoch, claim, lineage } => self.vote(message, *epoch, claim, lineage),
            Body::Answer { report } if mine => self.learn(from, report),
            Body::Grant { epoch } if mine => self.granted(from, *epoch),
            Body::Refuse { epoch, highest } if mine => {
                self.seen = self.seen.max(*highest);
                if self.attempt.as_ref().is_some_and(|attempt| attempt.epoch == *epoch) {
                    self.attempt = None;
                }
                Vec::new()
            }
            Body::Answer { .. } | Body::Grant { .. } | Body::Refuse { .. } => Vec::new(),
        }
    }

    /// Does what follows from all that is known. `overdue`: without a primary component for so long that waiting for
    /// Galera to mend it has no more sense.
    pub(crate) fn decide(&mut self, overdue: bool) -> Vec<Action> {
        match self.phase {
            Phase::Waiting => self.decide_waiting(),
            Phase::NonPrimary if overdue && self.stuck() => vec![Action::StepDown],
            Phase::Primary { at, .. } => self.decide_primary(at),
            Phase::NonPrimary | Phase::Bootstrapping | Phase::Joining => Vec::new(),
        }
    }

    /// Takes note of what mariadbd did.
    pub(crate) fn database(&mut self, event: DatabaseEvent) -> Vec<Action> {
        match event {
            DatabaseEvent::Primary { at, size } => self.primary(at, size),
            DatabaseEvent::NonPrimary => {
                if matches!(self.phase, Phase::Primary { .. }) {
                    self.phase = Phase::NonPrimary;
                }
                Vec::new()
            }
        }
    }

    fn discards(&self, orders: Orders) -> bool {
        let sealed = matches!(
            self.holding,
            Holding::Fresh {
                stage: Stage::Sealed,
                ..
            }
        );
        let done_without = |peer: &Report| peer.lineage.iter().any(|fork| fork.number >= orders.number);
        let turned_up = self.durable.granted < orders.number && self.peers.iter().flatten().any(done_without);
        orders.discard && orders.number > self.durable.recoveries_done && !sealed && !turned_up
    }

    fn with_view<T>(&self, use_it: impl FnOnce(&View<'_>) -> T) -> T {
        let mut reports = self.peers.clone();
        if let Some(own) = reports.get_mut(usize::from(self.setup.me)) {
            *own = Some(self.report());
        }
        use_it(&View {
            setup: &self.setup,
            reports: &reports,
            recoveries_done: self.durable.recoveries_done,
        })
    }

    fn learn(&mut self, from: Ordinal, report: &Report) -> Vec<Action> {
        self.seen = self.seen.max(report.epoch);
        if let Some(known) = self.peers.get_mut(usize::from(from)) {
            *known = Some(report.clone());
        }
        Vec::new()
    }

    fn decide_waiting(&mut self) -> Vec<Action> {
        let verdict = self.with_view(decide);
        self.why = None;
        match verdict {
            Verdict::Join { through, floor } => self.join(through, floor),
            Verdict::Mark(stage) => {
                self.durable.stage = Some(stage);
                if let Holding::Fresh { stage: held, .. } = &mut self.holding {
                    *held = stage;
                }
                vec![Action::Persist(self.durable.clone())]
            }
            Verdict::Elect { winner, claim } if winner == self.setup.me => {
                let peers: Vec<Ordinal> = (0..self.setup.members).filter(|&o| o != self.setup.me).collect();
                #[cfg(test)]
                let peers = match self.setup.mutation {
                    Some(super::model::Mutation::Majority) => self.reachable(),
                    _ => peers,
                };
                self.propose(claim, peers)
            }
            Verdict::Elect { .. } => {
                self.attempt = None;
                Vec::new()
            }
            Verdict::Wait(why) => self.wait(why),
        }
    }

    fn decide_primary(&mut self, at: Position) -> Vec<Action> {
        self.why = None;
        for (o, peer) in (0..self.setup.members).zip(&self.peers) {
            let Some(Report {
                phase: Phase::Primary { at: theirs, .. },
                lineage,
                ..
            }) = peer
            else {
                continue;
            };
            if *lineage != self.durable.lineage || theirs.uuid != at.uuid {
                self.why = Some(Why::Histories(self.setup.me, o));
                // A person has since forced a start that this component is not part of.
                if lineage.len() > self.durable.lineage.len() && lineage.starts_with(&self.durable.lineage) {
                    return vec![Action::StepDown];
                }
            }
        }
        match self.orders {
            Some(orders) if orders.number > self.durable.recoveries_done => {
                self.durable.recoveries_done = orders.number;
                vec![Action::Persist(self.durable.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Everybody answers, nobody is in a primary component or on the way to one, and Galera cannot mend it, since the
    /// process of at least one member of the last component has ended.
    fn stuck(&self) -> bool {
        let others = || {
            (0..self.setup.members)
                .zip(&self.peers)
                .filter(|&(o, _)| o != self.setup.me)
        };
        let idle = |r: &Option<Report>| {
            r.as_ref()
                .is_some_and(|r| matches!(r.phase, Phase::Waiting | Phase::NonPrimary))
        };
        others().all(|(_, r)| idle(r)) && others().any(|(_, r)| r.as_ref().is_some_and(|r| r.phase == Phase::Waiting))
    }

    fn reachable(&self) -> Vec<Ordinal> {
        (0..self.setup.members)
            .zip(&self.peers)
            .filter(|(_, r)| r.is_some())
            .map(|(o, _)| o)
            .collect()
    }

    fn primary(&mut self, at: Position, size: u32) -> Vec<Action> {
        if self.durable.uuid.is_some_and(|expected| expected != at.uuid) {
            self.why = Some(Why::Histories(self.setup.me, self.setup.me));
            return vec![Action::StepDown];
        }
        let opened_by_peer = self.peers.iter().flatten().any(|peer| match peer.phase {
            Phase::Primary { at: theirs, open } => {
                open && theirs.uuid == at.uuid && peer.lineage == self.durable.lineage
            }
            _ => false,
        });
        let majority = u32::from(self.setup.members / 2 + 1);
        self.open = self.open || size >= majority || opened_by_peer;
        self.phase = Phase::Primary { at, open: self.open };
        let settled = Durable {
            joining: None,
            uuid: Some(at.uuid),
            started: true,
            ..self.durable.clone()
        };
        if settled == self.durable {
            return Vec::new();
        }
        self.durable = settled;
        vec![Action::Persist(self.durable.clone())]
    }

    fn send(&self, to: Ordinal, body: Body) -> Action {
        Action::Send(Envelope {
            from: self.setup.me,
            to,
            boot: self.setup.boot,
            body,
        })
    }
}

fn reply(message: &Envelope, body: Body) -> Action {
    Action::Send(Envelope {
        from: message.to,
        to: message.from,
        boot: message.boot,
        body,
    })
}
