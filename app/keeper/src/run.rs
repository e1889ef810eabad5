//! One piece of work with an end: it stops when a signal comes or its time is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use galeno_contract::backup::BackupConfig;
use signal_hook::consts::{SIGINT, SIGTERM};

/// A run of one command.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    started: Instant,
    limit: Duration,
    stopped: Arc<AtomicBool>,
}

impl Run {
    /// Starts the clock, and from now on takes SIGTERM and SIGINT as the wish to stop and clean up.
    pub(crate) fn begin(limit: Duration) -> anyhow::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&stopped)).context("cannot listen to signals")?;
        }
        Ok(Self {
            started: Instant::now(),
            limit,
            stopped,
        })
    }

    /// How long the run has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Fails when it is time to stop.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            bail!("stopped by a signal; what was begun has been undone");
        }
        if self.elapsed() > self.limit {
            bail!(
                "not done after {:?} (`deadlines.run`); what was begun has been undone",
                self.limit
            );
        }
        Ok(())
    }

    /// Sleeps, unless it is time to stop.
    pub(crate) fn pause(&self, pause: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            self.check()?;
            std::thread::sleep(Duration::from_millis(50).min(until.saturating_duration_since(Instant::now())));
        }
        self.check()
    }
}

/// Reads the configuration of the backup commands (YAML or JSON).
pub(crate) fn read_config(path: &Path) -> anyhow::Result<BackupConfig> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    let config: BackupConfig =
        serde_saphyr::from_str(&text).with_context(|| format!("{} is not a configuration", path.display()))?;
    if config.database.members.is_empty() {
        bail!("{}: `database.members` is empty", path.display());
    }
    if config.cluster.name.is_empty()
        || !config
            .cluster
            .name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        bail!("{}: `cluster.name` must be letters, digits and `-`", path.display());
    }
    Ok(config)
}
