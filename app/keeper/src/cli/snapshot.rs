//! `keeper snapshot`.

use clap::Args;

use super::backup::make;
use super::common::Common;
use crate::catalog::Kind;

/// Back up the whole system: the database, the manifests of the git revision that runs, the cluster's own objects.
///
/// A backup like any other, with a second stream for the configuration. What this account may not read is named in it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper snapshot\n  keeper snapshot --scheduled")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Several Jobs, each beside another member, make this snapshot: only the one with the best member runs
    #[arg(long)]
    scheduled: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    make(&arguments.common, Kind::Weekly, arguments.scheduled, "snapshot")
}
