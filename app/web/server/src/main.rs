//! The file server of the web application: the built files from memory, with the headers that keep browsers honest.
//!
//! It reads one configuration file, speaks to no other program and writes nothing. The files are read once at start
//! (they are part of the image), so no path of a request ever reaches the file system.

mod answer;
mod listen;
mod management;
mod site;
mod tls;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use galeno_contract::web::{CONFIG_FILE, WebConfig};
use tokio::signal::unix::{SignalKind, signal};

use crate::{answer::Answers, management::State, site::Site};

/// Serves the web application's files.
#[derive(Parser)]
#[command(
    name = "web",
    version,
    after_help = "Example:\n  web serve --config web.yaml --files app/web/dist"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop.
    Serve {
        /// The configuration (YAML).
        #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
        config: PathBuf,
        /// The built application: `index.html`, `assets/` and what lies beside them.
        #[arg(long, value_name = "DIR", default_value = "/site")]
        files: PathBuf,
        /// Write the addresses that are listened on to this file, one a line (for port 0 in the configuration).
        #[arg(long, value_name = "FILE")]
        addresses: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve {
        config,
        files,
        addresses,
    } = Arguments::parse().command;
    match serve(config, files, addresses).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(path: PathBuf, files: PathBuf, addresses: Option<PathBuf>) -> Result<()> {
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let config: WebConfig =
        serde_saphyr::from_str(&text).with_context(|| format!("{} is no configuration of the web", path.display()))?;
    if config.tls.is_none() && !config.listen.ip().is_loopback() {
        bail!(
            "tls is missing in {}; without it the server listens on a loopback address only, and {} is none",
            path.display(),
            config.listen
        );
    }
    let site = Site::read(&files)?;
    let count = site.len();
    let tls = config.tls.as_ref().map(tls::Tls::read).transpose().context("tls")?;
    let state = Arc::new(State::default());
    let answers = Arc::new(Answers::new(site, &config, state.clone())?);
    let public = listen::bind(config.listen).await?;
    let management = listen::bind(config.management_listen).await?;
    if let Some(path) = addresses {
        let text = format!("{}\n{}\n", public.local_addr()?, management.local_addr()?);
        let part = path.with_extension("part");
        std::fs::write(&part, text)
            .and_then(|()| std::fs::rename(&part, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    eprintln!(
        "serving {count} files on {}, management on {}",
        public.local_addr()?,
        management.local_addr()?
    );
    let (stop, stopped) = tokio::sync::watch::channel(false);
    if let Some(tls) = tls.clone() {
        tokio::spawn(tls.watch());
    }
    let drain = config.drain_timeout.to_std();
    let files = tokio::spawn(listen::serve(public, tls, stopped.clone(), drain, move |request| {
        answers.to(request.method(), request.uri().path(), request.headers())
    }));
    let shared = state.clone();
    let figures = tokio::spawn(listen::serve(management, None, stopped, drain, move |request| {
        management::answer(&shared, request.uri().path())
    }));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    state.drain();
    tokio::time::sleep(config.drain_delay.to_std()).await;
    stop.send(true)?;
    files.await?;
    figures.await?;
    Ok(())
}
