//! `api migrate`.

use std::{io::Write as _, time::Duration};

use anyhow::{Context, Result};

use super::Config;
use crate::db::{Account, Asked, options};

/// Bring the tables up to date.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
    /// How long to wait for the database, and for another process that migrates.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    wait: galeno_contract::Duration,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let config = args.config.read()?;
    let deadline = tokio::time::Instant::now() + args.wait.to_std();
    loop {
        let mut asked = Asked::default();
        for node in &config.database.nodes {
            let options = options(&config.database, node, Account::Migration)?;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            match crate::db::migrate(&options, left).await {
                Ok(done) => {
                    let mut out = std::io::stdout();
                    for name in &done {
                        writeln!(out, "applied {name}")?;
                    }
                    writeln!(out, "the tables are up to date ({})", crate::db::LATEST)?;
                    return Ok(());
                }
                Err(error) if error.is_of_the_node() => asked.note(node, error.to_string()),
                Err(error) => return Err(error).context(format!("{}:{}", node.host, node.port)),
            }
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(asked.error());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
