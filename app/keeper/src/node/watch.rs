//! The threads that talk to mariadbd, so that one that hangs does not hang the keeper: one observes, one keeps the door
//! open or shut, one keeps accounts in step.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use galeno_contract::keeper::NodeConfig;
use mysql::Conn;

use super::settings::Settings;
use super::sql::{self, Observation};
use super::{accounts, gate, recover};
use crate::generation;

/// What the main loop wants of the threads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// mariadbd runs.
    pub(crate) running: bool,
    /// The node is in an opened primary component: accounts may be brought into step.
    pub(crate) primary: bool,
    /// Clients may come in.
    pub(crate) open: bool,
    /// Counts the renewals of certificates.
    pub(crate) certificates: u64,
}

/// What the threads have seen of the mariadbd that runs now.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which start of mariadbd this is about.
    start: u64,
    pub(crate) observation: Option<Observation>,
    pub(crate) observed_at: Instant,
    pub(crate) opened: bool,
    pub(crate) accepted: bool,
    pub(crate) reconciled: bool,
    /// What keeps the accounts from being in step.
    pub(crate) problem: Option<String>,
    /// The last time that files grew or shrank.
    pub(crate) progress_at: Instant,
    /// Part of the last half minute in which flow control held replication.
    pub(crate) flow_control_paused: f64,
    /// Free bytes on the volume; `None` until it was looked at.
    pub(crate) free: Option<u64>,
}

impl Seen {
    fn new(start: u64) -> Self {
        let now = Instant::now();
        Self {
            start,
            observation: None,
            observed_at: now,
            opened: false,
            accepted: false,
            reconciled: false,
            problem: None,
            progress_at: now,
            flow_control_paused: 0.0,
            free: None,
        }
    }
}

/// What main loop and threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    wanted: Mutex<Wanted>,
    seen: Mutex<Seen>,
}

impl Shared {
    pub(crate) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    pub(crate) fn want(&self, wanted: Wanted) {
        *lock(&self.wanted) = wanted;
    }

    /// A new mariadbd starts, or the old one has ended: nothing is known of it.
    pub(crate) fn reset(&self) {
        *lock(&self.wanted) = Wanted::default();
        let mut seen = lock(&self.seen);
        *seen = Seen::new(seen.start + 1);
    }

    fn wanted(&self) -> (Wanted, u64) {
        let start = lock(&self.seen).start;
        (*lock(&self.wanted), start)
    }

    /// Notes something about the mariadbd of this start; one that has ended is of no interest.
    fn note(&self, start: u64, note: impl FnOnce(&mut Seen)) {
        let mut seen = lock(&self.seen);
        if seen.start == start {
            note(&mut seen);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked left data that is whole: every change is a single assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the threads.
pub(crate) fn start(settings: &Arc<Settings>) -> anyhow::Result<Arc<Shared>> {
    let shared = Arc::new(Shared {
        wanted: Mutex::new(Wanted::default()),
        seen: Mutex::new(Seen::new(0)),
    });
    let spawn = |name: &str, work: fn(&Settings, &Shared)| {
        let (settings, shared) = (settings.clone(), shared.clone());
        thread::Builder::new()
            .name(name.into())
            .spawn(move || work(&settings, &shared))
    };
    spawn("observe", observe)?;
    spawn("door", door)?;
    spawn("accounts", keep_accounts)?;
    spawn("progress", progress)?;
    Ok(shared)
}

/// A session that is opened when needed and dropped after an error or when mariadbd is another one.
struct Session {
    conn: Option<Conn>,
    start: u64,
}

impl Session {
    fn new() -> Self {
        Self { conn: None, start: 0 }
    }

    fn get(&mut self, config: &NodeConfig, start: u64) -> mysql::Result<&mut Conn> {
        if self.start != start {
            (self.conn, self.start) = (None, start);
        }
        match &mut self.conn {
            Some(conn) => Ok(conn),
            none => Ok(none.insert(sql::connect(config, config.timeouts.query.to_std())?)),
        }
    }
}

/// Time held by flow control, over a window.
#[derive(Default)]
struct Paused(VecDeque<(Instant, u64)>);

impl Paused {
    const WINDOW: Duration = Duration::from_secs(30);

    /// Takes a reading of the counter, in nanoseconds; gives the part of the window in which it grew.
    fn part(&mut self, now: Instant, nanoseconds: u64) -> f64 {
        // A counter that falls is another mariadbd's, or was reset.
        if self.0.back().is_some_and(|(_, last)| *last > nanoseconds) {
            self.0.clear();
        }
        self.0.push_back((now, nanoseconds));
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > Self::WINDOW)
        {
            self.0.pop_front();
        }
        let Some((since, first)) = self.0.front() else {
            return 0.0;
        };
        let held = Duration::from_nanos(nanoseconds - first).as_secs_f64();
        let time = now.duration_since(*since).as_secs_f64();
        if time > 0.0 { (held / time).clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn observe(settings: &Settings, shared: &Shared) {
    let mut session = Session::new();
    let mut paused = Paused::default();
    let mut certificates = 0;
    loop {
        thread::sleep(Duration::from_millis(200));
        let (wanted, start) = shared.wanted();
        if !wanted.running {
            session.conn = None;
            certificates = wanted.certificates;
            continue;
        }
        let outcome = session.get(&settings.config, start).and_then(|conn| {
            if certificates != wanted.certificates {
                sql::reload_certificates(conn)?;
                certificates = wanted.certificates;
                tracing::info!("mariadbd has read its certificates again");
            }
            sql::observe(conn)
        });
        match outcome {
            Ok(observation) => {
                let now = Instant::now();
                let part = paused.part(now, observation.paused_ns);
                shared.note(start, |seen| {
                    seen.observation = Some(observation);
                    (seen.observed_at, seen.flow_control_paused) = (now, part);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "mariadbd does not answer");
                session.conn = None;
            }
        }
    }
}

fn door(settings: &Settings, shared: &Shared) {
    let mut session = Session::new();
    let mut opened = None;
    let mut told = String::new();
    loop {
        thread::sleep(Duration::from_millis(100));
        let (wanted, start) = shared.wanted();
        if !wanted.running {
            (session.conn, opened) = (None, None);
            continue;
        }
        if session.start != start {
            opened = None;
        }
        if wanted.open && opened == Some(true) {
            continue;
        }
        let outcome = session.get(&settings.config, start).and_then(|conn| {
            if wanted.open {
                gate::open(conn)
            } else {
                gate::close(&settings.config, conn)
            }
        });
        match outcome {
            Ok(()) => {
                if opened != Some(wanted.open) {
                    tracing::info!(open = wanted.open, "the door for clients");
                }
                opened = Some(wanted.open);
                shared.note(start, |seen| seen.opened = wanted.open);
            }
            Err(error) => {
                let problem = error.to_string();
                if problem != told {
                    tracing::warn!(problem, open = wanted.open, "cannot move the door yet");
                    told = problem;
                }
                session.conn = None;
            }
        }
    }
}

fn keep_accounts(settings: &Settings, shared: &Shared) {
    let mut session = Session::new();
    let mut in_step: Option<(u64, u64)> = None;
    loop {
        thread::sleep(Duration::from_millis(500));
        let (wanted, start) = shared.wanted();
        if !wanted.running || !wanted.primary {
            session.conn = None;
            continue;
        }
        let secrets = fingerprint(&settings.config);
        let outcome = (|| -> anyhow::Result<bool> {
            let conn = session.get(&settings.config, start)?;
            if in_step != Some((start, secrets)) {
                accounts::reconcile(&settings.config, conn)?;
                in_step = Some((start, secrets));
            }
            Ok(generation::is_accepted(conn, settings.config.generation)?)
        })();
        match outcome {
            Ok(accepted) => shared.note(start, |seen| {
                (seen.accepted, seen.reconciled, seen.problem) = (accepted, true, None);
            }),
            Err(error) => {
                session.conn = None;
                let problem = format!("accounts are not in step: {error:#}");
                tracing::warn!(problem);
                shared.note(start, |seen| seen.problem = Some(problem));
            }
        }
    }
}

/// Changes when a password file does.
fn fingerprint(config: &NodeConfig) -> u64 {
    let mut hasher = DefaultHasher::new();
    for account in &config.accounts {
        fs::read(&account.password_file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

/// Notices whether files grow: the progress of a recovery or a state transfer.
fn progress(settings: &Settings, shared: &Shared) {
    let mut last = (0, 0);
    loop {
        let (_, start) = shared.wanted();
        let now = (size(&settings.config.volume), size(&settings.config.run_directory));
        if now != last {
            last = now;
            shared.note(start, |seen| seen.progress_at = Instant::now());
        }
        let free = recover::free_bytes(&settings.config.volume).ok();
        shared.note(start, |seen| seen.free = free);
        thread::sleep(Duration::from_secs(5));
    }
}

/// Bytes and files below a directory, as one number that changes when something happens there.
fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => 1 + size(&entry.path()),
            Ok(meta) => 1 + meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_the_time_that_flow_control_took_is_that_of_the_window() {
        let (mut paused, start) = (Paused::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} instead of {wanted}");
        near(paused.part(at(0), 7_000_000_000), 0.0);
        near(paused.part(at(10), 12_000_000_000), 0.5);
        near(paused.part(at(35), 12_000_000_000), 0.0);
        // Another mariadbd counts from nothing.
        near(paused.part(at(36), 0), 0.0);
        near(paused.part(at(40), 1_000_000_000), 0.25);
    }
}
