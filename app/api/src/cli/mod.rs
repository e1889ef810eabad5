//! The program's commands.

mod access_log;
mod migrate;
mod openapi;
mod organization;
mod seed;
mod serve;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use galeno_contract::api::{ApiConfig, LogFormat, LogLevel, Telemetry};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// The clinical REST API: records, appointments, prescriptions, access control and an access log that can be verified.
#[derive(Parser)]
#[command(
    name = "api",
    version,
    after_help = "Examples:
  api migrate --config /etc/galeno/api.yaml
  api organization create --config api.yaml --slug san-telmo --name 'Clínica San Telmo' --administrator ana@example.org
  api seed --config api.yaml --patients 1000 --seed 7
  api access-log verify --config api.yaml --organization san-telmo
  api serve --config /etc/galeno/api.yaml
  api openapi > openapi.json"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests until told to stop (SIGTERM, SIGINT).
    Serve(serve::Args),
    /// Bring the tables up to date. Any number may run at once; one works.
    Migrate(migrate::Args),
    /// Organizations.
    #[command(subcommand)]
    Organization(organization::Command),
    /// The access log.
    #[command(subcommand)]
    AccessLog(access_log::Command),
    /// Fill a database with a made-up clinic, for development and tests.
    Seed(seed::Args),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi(openapi::Args),
}

/// Parses the arguments, runs the command, reports what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Organization(command) => organization::run(command).await,
            Command::AccessLog(command) => access_log::run(command).await,
            Command::Seed(args) => seed::run(args).await,
            Command::Openapi(args) => openapi::run(&args),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

/// Where the configuration is.
#[derive(clap::Args)]
struct Config {
    /// The configuration file (YAML), as the generator renders it.
    #[arg(long, short, value_name = "FILE", env = "GALENO_API_CONFIG")]
    config: PathBuf,
}

impl Config {
    fn read(&self) -> Result<ApiConfig> {
        read_config(&self.config)
    }
}

/// Reads a configuration file.
fn read_config(path: &Path) -> Result<ApiConfig> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is not a configuration of the API", path.display()))
}

/// Starts logging, to standard error.
fn log(telemetry: &Telemetry) {
    let level = match telemetry.log_level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
    };
    // Only our own lines: libraries may quote what they handle.
    let filter = tracing_subscriber::filter::Targets::new().with_target("galeno_api", level);
    let to = std::io::stderr;
    let registry = tracing_subscriber::registry();
    let set = match telemetry.log_format {
        LogFormat::Json => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(to)
                    .with_filter(filter),
            )
            .try_init(),
        LogFormat::Text => registry
            .with(tracing_subscriber::fmt::layer().with_writer(to).with_filter(filter))
            .try_init(),
    };
    if set.is_err() {
        let _ = writeln!(std::io::stderr(), "warning: logging was set up twice");
    }
}
