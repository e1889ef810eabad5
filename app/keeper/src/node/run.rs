//! The main loop: everything that happens comes together here, one thing after the other.

mod publish;
mod starting;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use galeno_contract::keeper::Intent;
use starting::{Examined, Work};

use super::guard::{Expected, Guard};
use super::process::{Arguments, MariaDbd};
use super::settings::Settings;
use super::status::Status;
use super::watch::{self, Shared, Wanted};
use super::{lock, memory::Memory, probe};
use crate::agreement::{Action, DatabaseEvent, Envelope, Found, Machine, Ordinal, Phase};
use crate::control::{self, Identity, Incoming, Peers, SharedIdentity};
use crate::gtid::Gtids;

/// One turn of the loop.
const TURN: Duration = Duration::from_millis(50);
/// How long a mariadbd that is of no use any more may take to end.
const END_WITHIN: Duration = Duration::from_secs(10);

struct Node {
    settings: Arc<Settings>,
    memory: Memory,
    identity: SharedIdentity,
    status: Arc<Mutex<Status>>,
    shared: Arc<Shared>,
    peers: Peers,
    incoming: Receiver<Incoming>,
    /// The agreement; `None` while the volume is examined.
    machine: Option<Machine>,
    machine_since: Instant,
    found: Found,
    numbering: Option<Gtids>,
    problem: Option<String>,
    examining: Option<Work<Examined>>,
    examine_at: Option<Instant>,
    preparing: Option<Work<(PathBuf, Arguments)>>,
    child: Option<MariaDbd>,
    starts: u64,
    failures: u32,
    intent: Option<Intent>,
    intent_text: Option<String>,
    intent_read: Instant,
    certificates: u64,
    certificates_read: Instant,
    asked: Instant,
    heard: Vec<(Instant, Result<(), String>)>,
    non_primary_since: Option<Instant>,
    guard: Guard,
    leaving: Option<Instant>,
}

/// Runs the node until a signal ends it.
pub(crate) fn run(settings: Settings) -> anyhow::Result<()> {
    let terminate = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, terminate.clone()).context("cannot handle signals")?;
    }
    let settings = Arc::new(settings);
    let config = &settings.config;
    let _lock = lock::take(&config.keeper_directory())?;
    let identity = Identity::load(&config.tls)?;
    let mut node = Node::new(settings.clone(), identity)?;
    tracing::info!(
        node = settings.name(),
        cluster = config.cluster,
        generation = config.generation,
        "the keeper has the volume {}",
        config.volume.display()
    );
    loop {
        if terminate.load(Ordering::Relaxed) {
            node.leave();
        }
        if node.turn()? {
            tracing::info!("the node has left");
            return Ok(());
        }
        thread::sleep(TURN);
    }
}

impl Node {
    fn new(settings: Arc<Settings>, identity: Identity) -> anyhow::Result<Self> {
        let now = Instant::now();
        let config = &settings.config;
        let status = Arc::new(Mutex::new(Status {
            name: settings.name().to_owned(),
            cluster: config.cluster.clone(),
            generation: config.generation,
            report: None,
            peers: vec![],
            why: None,
            waiting_for: 0,
            needs_a_person: false,
            running: false,
            draining: false,
            observation: None,
            observed_at: now,
            progress_at: now,
            turned_at: now,
            flow_control_paused: 0.0,
            active: None,
            accepted: false,
            open: false,
            donor_is_ready: config.donor_is_ready,
            certificate_until: identity.not_after,
            starts: 0,
        }));
        probe::serve(&config.probe, &config.timeouts, &status)?;
        let identity: SharedIdentity = Arc::new(RwLock::new(identity));
        let members = usize::from(settings.members());
        Ok(Self {
            memory: Memory::new(config),
            shared: watch::start(&settings)?,
            peers: Peers::new(&settings, &identity)?,
            incoming: control::serve(&settings, &identity)?,
            identity,
            status,
            machine: None,
            machine_since: now,
            found: Found::Nothing,
            numbering: None,
            problem: None,
            examining: None,
            examine_at: Some(now),
            preparing: None,
            child: None,
            starts: 0,
            failures: 0,
            intent: None,
            intent_text: None,
            intent_read: now,
            certificates: 0,
            certificates_read: now,
            asked: now,
            heard: vec![(now, Err("not asked yet".into())); members],
            non_primary_since: None,
            guard: Guard::default(),
            leaving: None,
            settings,
        })
    }

    /// One turn; true when the node has ended.
    fn turn(&mut self) -> anyhow::Result<bool> {
        self.read_intent();
        self.read_certificates();
        self.examine()?;
        self.answer_peers();
        self.hear_peers();
        self.start_prepared();
        self.watch_child()?;
        self.observe();
        self.ask_peers();
        self.decide();
        self.publish();
        Ok(self.leaving.is_some() && self.child.is_none())
    }

    /// Begins to leave: not ready at once, and after the time that Services take to notice, mariadbd ends.
    fn leave(&mut self) {
        if self.leaving.is_some() {
            return;
        }
        let serving = self.shared.seen().opened;
        let drain = if serving {
            self.settings.config.timeouts.drain.to_std()
        } else {
            Duration::ZERO
        };
        tracing::info!(drain_seconds = drain.as_secs(), "asked to leave");
        self.leaving = Some(Instant::now() + drain);
    }

    fn read_intent(&mut self) {
        if self.intent_read.elapsed() < Duration::from_millis(200) && self.intent_text.is_some() {
            return;
        }
        self.intent_read = Instant::now();
        let path = &self.settings.config.intent;
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => format!("# unreadable: {error}"),
        };
        if self.intent_text.as_ref() == Some(&text) {
            return;
        }
        match serde_saphyr::from_str::<Intent>(&text) {
            Ok(intent) => {
                tracing::info!(active = intent.active, recovery = ?intent.recovery, "the intent");
                self.intent = Some(intent);
            }
            // What git said last still stands.
            Err(error) => {
                tracing::error!(file = %path.display(), %error, "the intent cannot be read; the last one stands");
            }
        }
        self.intent_text = Some(text);
    }

    fn read_certificates(&mut self) {
        if self.certificates_read.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.certificates_read = Instant::now();
        let mut current = self.identity.write().unwrap_or_else(PoisonError::into_inner);
        match current.renewed(&self.settings.config.tls) {
            Ok(None) => {}
            Ok(Some(renewed)) => {
                tracing::info!(until = %renewed.not_after, "the certificates have been renewed");
                *current = renewed;
                self.certificates += 1;
            }
            // Half of the files may have been replaced; the next look will see all.
            Err(error) => tracing::warn!(error = format!("{error:#}"), "renewed certificates cannot be used yet"),
        }
    }

    fn answer_peers(&mut self) {
        while let Ok(Incoming { message, reply }) = self.incoming.try_recv() {
            let Some(machine) = &mut self.machine else { continue };
            let actions = machine.receive(&message);
            self.carry_out(actions, Some((message.from, &reply)));
        }
    }

    fn hear_peers(&mut self) {
        while let Some(answer) = self.peers.next() {
            let heard = match &answer.outcome {
                Ok(_) => Ok(()),
                Err(error) => Err(error.clone()),
            };
            if let Some(place) = self.heard.get_mut(usize::from(answer.peer)) {
                match (&place.1, &heard) {
                    (_, Ok(())) | (Ok(()), Err(_)) => *place = (Instant::now(), heard),
                    (Err(_), Err(_)) => place.1 = heard,
                }
            }
            let Some(machine) = &mut self.machine else { continue };
            match answer.outcome {
                Ok(envelope) => {
                    let actions = machine.receive(&envelope);
                    self.carry_out(actions, None);
                }
                Err(_) => machine.forget(answer.peer),
            }
        }
    }

    fn ask_peers(&mut self) {
        if self.asked.elapsed() < self.settings.config.timeouts.poll.to_std() {
            return;
        }
        self.asked = Instant::now();
        let Some(machine) = &self.machine else { return };
        for action in machine.ask() {
            if let Action::Send(envelope) = action
                && !self.peers.is_busy(envelope.to)
            {
                self.peers.ask(envelope);
            }
        }
    }

    fn decide(&mut self) {
        let expired = self
            .identity
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .has_expired();
        if self.leaving.is_some() || self.preparing.is_some() {
            return;
        }
        if expired && self.child.is_none() {
            return;
        }
        let orders = self.intent.as_ref().and_then(|intent| self.settings.orders(intent));
        let settled = self.settled();
        let overdue = self
            .non_primary_since
            .is_some_and(|since| since.elapsed() > self.settings.config.timeouts.step_down.to_std());
        let Some(machine) = &mut self.machine else { return };
        machine.order(orders);
        machine.settle(settled);
        let actions = machine.decide(overdue);
        self.carry_out(actions, None);
    }

    /// Whether every member that is silent has been so for the time that a forced recovery grants it.
    fn settled(&self) -> bool {
        let patience = self.settings.config.timeouts.forced_settle.to_std();
        let silent_long = |(since, heard): &(Instant, Result<(), String>)| heard.is_ok() || since.elapsed() >= patience;
        self.machine_since.elapsed() >= patience
            && self
                .heard
                .iter()
                .enumerate()
                .all(|(o, heard)| o == usize::from(self.settings.me) || silent_long(heard))
    }

    /// Carries out, in order. What cannot be remembered must not be done: then everything starts over from what is on
    /// the volume.
    fn carry_out(&mut self, actions: Vec<Action>, reply: Option<(Ordinal, &Sender<Envelope>)>) {
        for action in actions {
            match action {
                Action::Persist(durable) => {
                    if let Err(error) = self.memory.store(&durable) {
                        tracing::error!(error = format!("{error:#}"), "cannot remember; starting over");
                        self.machine = None;
                        if self.child.is_none() {
                            self.examine_at = Some(Instant::now() + Duration::from_secs(2));
                        } else if let Some(child) = &mut self.child {
                            child.stop(self.settings.config.timeouts.shutdown.to_std());
                        }
                        return;
                    }
                }
                Action::Send(envelope) => match reply {
                    // Whoever asked may have given up meanwhile.
                    Some((to, reply)) if to == envelope.to => drop(reply.send(envelope)),
                    _ => self.peers.ask(envelope),
                },
                Action::Start(start) => self.prepare(start),
                Action::StepDown => {
                    if let Some(child) = &mut self.child {
                        tracing::warn!("stepping down in order to agree anew");
                        child.stop(self.settings.config.timeouts.shutdown.to_std());
                    }
                }
            }
        }
    }

    /// Tells the agreement what mariadbd does, and the threads what is wanted.
    fn observe(&mut self) {
        let seen = self.shared.seen();
        let running = self.child.as_ref().is_some_and(|child| !child.is_stopping());
        if let (true, Some(observation)) = (running, &seen.observation) {
            let event = match observation.position() {
                Some(at) => Some(DatabaseEvent::Primary {
                    at,
                    size: observation.size,
                }),
                None if !observation.primary() => Some(DatabaseEvent::NonPrimary),
                None => None,
            };
            match event {
                Some(DatabaseEvent::Primary { .. }) => {
                    self.failures = 0;
                    self.non_primary_since = None;
                }
                Some(DatabaseEvent::NonPrimary) => {
                    self.non_primary_since.get_or_insert_with(Instant::now);
                }
                None => {}
            }
            if let (Some(event), Some(machine)) = (event, &mut self.machine) {
                let actions = machine.database(event);
                self.carry_out(actions, None);
            }
        }
        let open = self.may_open(&seen);
        let primary = matches!(
            self.machine.as_ref().map(Machine::phase),
            Some(Phase::Primary { open: true, .. })
        );
        let certificates = self.certificates;
        self.shared.want(Wanted {
            running: self.child.is_some(),
            primary,
            open,
            certificates,
        });
        self.guard(&seen, open);
    }

    /// Ends mariadbd where it would stay as it is for ever.
    fn guard(&mut self, seen: &watch::Seen, open: bool) {
        let expected = Expected {
            open,
            non_primary: self.non_primary_since.is_some(),
            members: self.settings.members(),
        };
        let Some(child) = self.child.as_mut().filter(|child| !child.is_stopping()) else {
            return self.guard.reset();
        };
        if let Some(why) = self.guard.look(seen, expected) {
            tracing::error!("{why}; ending mariadbd");
            child.stop(END_WITHIN);
        }
    }

    fn may_open(&self, seen: &watch::Seen) -> bool {
        let Some(machine) = &self.machine else { return false };
        let active = self.intent.as_ref().map(|intent| intent.active);
        matches!(machine.phase(), Phase::Primary { open: true, .. })
            && machine.why().is_none()
            && active == Some(self.settings.config.generation)
            && seen.reconciled
            && seen.accepted
    }
}
