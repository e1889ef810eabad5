//! The threads that talk to mariadbd, so that one that hangs does not hang the keeper: one observes, one keeps the door
//! open or shut, one keeps accounts in step.

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
use super::{accounts, gate};
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

fn observe(settings: &Settings, shared: &Shared) {
    let mut session = Session::new();
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
            Ok(observation) => shared.note(start, |seen| {
                seen.observation = Some(observation);
                seen.observed_at = Instant::now();
            }),
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
                tracing::debug!(%error, open = wanted.open, "cannot move the door yet");
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
