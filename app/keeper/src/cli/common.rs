//! What all commands on backups share: their configuration, their log, and the alert when they fail.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use galeno_contract::backup::{BackupConfig, Site};
use jiff::Timestamp;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::alert::{self, Alert};
use crate::run::{Run, read_config};

/// Arguments that every command on backups has.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The configuration of backups (YAML or JSON)
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/backup/backup.json",
        env = "KEEPER_BACKUP_CONFIG"
    )]
    config: PathBuf,
}

/// Which bucket.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(super) enum From {
    /// The bucket of daily backups and weekly snapshots
    #[default]
    Primary,
    /// The bucket in the recovery region
    Secondary,
}

impl std::convert::From<From> for Site {
    fn from(from: From) -> Self {
        match from {
            From::Primary => Self::Primary,
            From::Secondary => Self::Secondary,
        }
    }
}

/// How a listing is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

impl Common {
    /// Reads the configuration, does `work` within its deadline, and alerts when it fails.
    pub(super) fn run<T>(
        &self,
        command: &str,
        work: impl FnOnce(&BackupConfig, &Run) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        log_to_stderr();
        let config = read_config(&self.config)?;
        let run = Run::begin(config.deadlines.run.to_std())?;
        let result = work(&config, &run);
        match &result {
            Ok(_) => tracing::info!(command, seconds = run.elapsed().as_secs_f64(), "done"),
            Err(error) => {
                tracing::error!(command, seconds = run.elapsed().as_secs_f64(), error = %format!("{error:#}"), "failed");
                alert(&config, command, error);
            }
        }
        result
    }

    /// The same without an alert: for commands that a person waits for, or that repeat by themselves.
    pub(super) fn run_quietly<T>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&BackupConfig, &Run) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        log_to_stderr();
        let config = read_config(&self.config)?;
        let run = Run::begin(limit.unwrap_or(config.deadlines.run.to_std()))?;
        work(&config, &run)
    }
}

/// Tells people that `command` failed.
pub(super) fn alert(config: &BackupConfig, command: &str, error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let alert = Alert {
        cluster: config.cluster.name.clone(),
        command: format!("keeper {command}"),
        summary: format!(
            "keeper {command} failed: {}",
            causes
                .first()
                .map_or("", |cause| cause.lines().next().unwrap_or_default())
        ),
        detail: causes.join("\n  because: "),
        at: Timestamp::now(),
    };
    for undelivered in alert::send(&config.alerts, &alert) {
        tracing::error!("{undelivered}");
    }
}

/// Prints a value as JSON.
pub(super) fn print_json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// JSON lines on standard error; results for people go to standard output.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("KEEPER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call in one process changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .try_init();
}
