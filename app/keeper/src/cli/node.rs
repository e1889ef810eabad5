//! `keeper node`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use galeno_contract::keeper::NodeConfig;
use tracing_subscriber::EnvFilter;

use crate::node::Settings;

/// Run one Galera node: recover, agree with its peers who starts, run mariadbd, watch over it.
///
/// The entry point of a database container. It serves /startup, /live, /ready, /status and /metrics, obeys the intent
/// file, and on SIGTERM leaves the cluster cleanly.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keeper node --config /etc/keeper/node.yaml\n  keeper node --check\n  \
                        KEEPER_NODE=mariadb-g0-1 keeper node"
)]
pub(crate) struct Arguments {
    /// The node's configuration (YAML or JSON)
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/keeper/node.yaml",
        env = "KEEPER_CONFIG"
    )]
    config: PathBuf,
    /// Read and check the configuration, print it with its defaults, and start nothing
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = arguments.config.display();
    let text =
        fs::read_to_string(&arguments.config).with_context(|| format!("cannot read the configuration {path}"))?;
    let config: NodeConfig = serde_saphyr::from_str(&text).with_context(|| format!("{path} is not a configuration"))?;
    if arguments.check {
        let name = config
            .node
            .clone()
            .or_else(|| config.members.first().map(|member| member.name.clone()));
        Settings::new(config.clone(), name).with_context(|| format!("{path} is not a usable configuration"))?;
        print!("{}", serde_saphyr::to_string(&config)?);
        return Ok(());
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let name = std::env::var("KEEPER_NODE").ok().or_else(host_name);
    crate::node::run(Settings::new(config, name)?)
}

/// The host's name: the pod's.
fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}
