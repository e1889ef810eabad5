//! From the volume to a mariadbd that runs: examined, prepared, started, and started over when it has ended.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use galeno_contract::keeper::Source;

use super::super::cnf;
use super::super::process::{Arguments, MariaDbd, describe};
use super::super::recover::{self, Inspection};
use super::Node;
use crate::agreement::{Durable, Found, Holding, Machine, Setup, Start, assess};
use crate::{control, volume};

/// A volume that cannot be used now is examined again: a full one may have been enlarged.
const EXAMINE_AGAIN: Duration = Duration::from_secs(15);

/// Something that another thread works on.
pub(super) type Work<T> = Receiver<anyhow::Result<T>>;

/// What was found on the volume.
pub(super) struct Examined {
    durable: Durable,
    inspection: Inspection,
    restored: bool,
}

impl Node {
    /// Finds out what is on the volume, in a thread of its own: a recovery may take long.
    pub(super) fn examine(&mut self) -> anyhow::Result<()> {
        if self.examine_at.is_some_and(|at| Instant::now() >= at) && self.examining.is_none() {
            self.examine_at = None;
            self.machine = None;
            let (settings, memory) = (self.settings.clone(), self.memory.clone());
            self.examining = Some(work(move || {
                let durable = memory.load()?;
                let marker = volume::read_restored(&settings.config.volume)?;
                let restored = settings.config.source == Source::Restored
                    && marker.is_some_and(|marker| marker.generation == settings.config.generation);
                let inspection = recover::inspect(&settings, durable.joining.is_some())?;
                Ok(Examined {
                    durable,
                    inspection,
                    restored,
                })
            }));
        }
        let Some(outcome) = self.examining.as_ref().and_then(|work| work.try_recv().ok()) else {
            return Ok(());
        };
        self.examining = None;
        let examined = outcome.context("cannot examine the volume")?;
        let holding = assess(&examined.durable, &examined.inspection.found, examined.restored);
        tracing::info!(found = ?examined.inspection.found, ?holding, "the volume");
        self.found = examined.inspection.found;
        self.problem = examined.inspection.problem;
        self.numbering = examined.inspection.numbering;
        if let Some(problem) = &self.problem {
            tracing::warn!("{problem}");
        }
        if holding == Holding::Damaged && self.problem.is_some() {
            self.examine_at = Some(Instant::now() + EXAMINE_AGAIN);
        }
        let setup = Setup {
            me: self.settings.me,
            members: self.settings.members(),
            boot: RandomState::new().build_hasher().finish(),
            may_initialise: self.settings.may_initialise,
            #[cfg(test)]
            mutation: None,
        };
        self.machine = Some(Machine::new(setup, examined.durable, holding));
        self.machine_since = Instant::now();
        Ok(())
    }

    /// Makes everything ready for a start of mariadbd, in a thread of its own.
    pub(super) fn prepare(&mut self, start: Start) {
        let Some(machine) = &self.machine else { return };
        let lineage = machine.durable().lineage.clone();
        let unusable = self.found == Found::Unusable;
        let position = match self.found {
            Found::State(at) => Some(at),
            _ => None,
        };
        tracing::info!(?start, ?position, "starting by agreement");
        let (settings, numbering) = (self.settings.clone(), self.numbering.clone());
        self.preparing = Some(work(move || {
            let mut arguments = Arguments::default();
            match start {
                Start::Initialise => recover::lay_out(&settings)?,
                Start::Bootstrap { at } => {
                    recover::forget_galera(&settings, false)?;
                    recover::permit_bootstrap(&settings, at)?;
                    arguments.start_position = Some(at);
                    arguments.numbering = numbering.filter(|_| position == Some(at));
                }
                Start::Fork => recover::forget_galera(&settings, true)?,
                Start::Join { discard } => {
                    if discard || unusable || position.is_none() {
                        recover::empty_data(&settings)?;
                    } else {
                        arguments.start_position = position;
                        arguments.numbering = numbering;
                    }
                    recover::forget_galera(&settings, false)?;
                }
            }
            arguments.new_cluster = !matches!(start, Start::Join { .. });
            let environment = std::env::var("POD_IP").ok();
            let address = control::own_address(&settings, environment.as_deref())?;
            Ok((cnf::write_node(&settings, &lineage, address)?, arguments))
        }));
    }

    pub(super) fn start_prepared(&mut self) {
        let Some(outcome) = self.preparing.as_ref().and_then(|work| work.try_recv().ok()) else {
            return;
        };
        self.preparing = None;
        let started = outcome.and_then(|(file, arguments)| {
            self.shared.reset();
            MariaDbd::start(&self.settings.config.mariadb.mariadbd, &file, &arguments)
        });
        match started {
            Ok(child) => {
                self.child = Some(child);
                self.starts += 1;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "cannot start");
                self.start_over();
            }
        }
    }

    /// Nothing runs: look at the volume again, later and later after repeated failures.
    pub(super) fn start_over(&mut self) {
        self.failures = self.failures.saturating_add(1);
        let pause = Duration::from_secs(1 << self.failures.min(5)).saturating_sub(Duration::from_secs(1));
        self.machine = None;
        self.examine_at = Some(Instant::now() + pause);
    }

    pub(super) fn watch_child(&mut self) -> anyhow::Result<()> {
        if self.leaving.is_some_and(|at| Instant::now() >= at)
            && let Some(child) = &mut self.child
        {
            child.stop(self.settings.config.timeouts.shutdown.to_std());
        }
        let Some(child) = &mut self.child else { return Ok(()) };
        if let Some(status) = child.ended()? {
            let told = child.is_stopping();
            tracing::info!(how = describe(status), told, "mariadbd has ended");
            self.child = None;
            self.shared.reset();
            self.non_primary_since = None;
            if told {
                self.failures = 0;
            }
            self.start_over();
        }
        Ok(())
    }
}

fn work<T: Send + 'static>(task: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Work<T> {
    let (sender, receiver) = channel();
    thread::spawn(move || drop(sender.send(task())));
    receiver
}
