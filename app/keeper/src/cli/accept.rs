//! `keeper accept`.

use clap::Args;

use super::common::Common;
use crate::accept;

/// Check a restored generation, and record in its own database that clients may be let in.
///
/// Waits until every member is in sync; compares every table on every member with what the signed manifest recorded; runs
/// mariadb-check and the application's invariants. Only then the row in `keeper.generation` is written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper accept\n  keeper accept --config acceptance.yaml")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let accepted = arguments.common.run("accept", accept::run)?;
    if accepted.already {
        println!("Nothing to do: generation {} was accepted before.", accepted.generation);
        return Ok(());
    }
    println!(
        "Generation {} is accepted, restored from {}.",
        accepted.generation, accepted.backup
    );
    for check in &accepted.checks {
        println!("  {check}");
    }
    Ok(())
}
