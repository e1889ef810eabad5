//! `api serve`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use galeno_contract::api::Database;
use tokio::signal::unix::{SignalKind, signal};

use super::{Config, log, read_config};
use crate::{app::App, http::serve, maintenance};

/// Serve requests until told to stop.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
    /// Write the addresses that are listened on to this file, one a line (for port 0 in the configuration).
    #[arg(long, value_name = "FILE")]
    addresses: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let config = args.config.read()?;
    log(&config.telemetry);
    let app = App::start(config)?;
    let running = serve(app.clone()).await?;
    tracing::info!(address = %running.address, management = %running.management, version = env!("CARGO_PKG_VERSION"), "serving");
    if let Some(path) = args.addresses {
        let text = format!("{}\n{}\n", running.address, running.management);
        let part = path.with_extension("part");
        std::fs::write(&part, text)
            .and_then(|()| std::fs::rename(&part, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let follower = tokio::spawn(follow(app.clone(), args.config.config));
    let cleaner = tokio::spawn(maintenance::run(app));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    follower.abort();
    cleaner.abort();
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Reads the file again and again, and turns to the database that it names: a new active generation needs no restart.
async fn follow(app: Arc<App>, path: PathBuf) {
    let mut known: Database = app.config.database.clone();
    let mut told = None;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let result = match read_config(&path) {
            Ok(config) if config.database == known => Ok(()),
            Ok(config) => {
                let changed = app.cluster.change(&config.database);
                if changed.is_ok() {
                    tracing::info!(generation = ?config.database.expected_generation, "turned to the database of the new configuration");
                    known = config.database;
                }
                changed
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => told = None,
            Err(error) => {
                let text = format!("{error:#}");
                if told.as_ref() != Some(&text) {
                    tracing::warn!(
                        error = text,
                        "the new configuration cannot be used; the old one stays in force"
                    );
                    told = Some(text);
                }
            }
        }
    }
}
