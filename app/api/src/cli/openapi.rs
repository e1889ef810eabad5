//! `api openapi`.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context, Result};

/// Print the description of the API.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Write to this file instead.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let text = crate::http::openapi().to_pretty_json()? + "\n";
    match &args.output {
        None => std::io::stdout().write_all(text.as_bytes())?,
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(())
}
