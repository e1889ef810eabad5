//! `keeper restore`.

use clap::Args;

use super::common::Common;
use crate::metrics::Metrics;
use crate::restore::{self, Outcome, place};

/// Restore a backup to this pod's empty volume.
///
/// What is restored, and where to, stands in the configuration. Nothing becomes a data directory before every signature
/// and checksum is verified; the finished data gets its place by one rename. Run again after any interruption it begins
/// anew; run again after success it does nothing. A volume that holds anything else is left alone.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keeper restore\n  keeper restore --only-on mariadb-g1-0\n  \
                  keeper restore --to 2026-11-24T09:30:00Z"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Do nothing unless this pod is NAME: the others take its state
    #[arg(long, value_name = "NAME")]
    only_on: Option<String>,
    /// This pod's name
    #[arg(long, value_name = "NAME", env = "KEEPER_NODE", requires = "only_on")]
    node: Option<String>,
    /// Replay binary logs up to this moment, instead of what the configuration says
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let (Some(only), Some(node)) = (&arguments.only_on, &arguments.node)
        && only != node
    {
        println!("Nothing to do on {node}: {only} is restored, and the others take its state.");
        return Ok(());
    }
    let outcome = arguments.common.run("restore", |config, run| {
        let mut config = config.clone();
        if let (Some(to), Some(restore)) = (&arguments.to, &mut config.restore) {
            restore.source.to = Some(to.clone());
        }
        let outcome = restore::run(&config, run)?;
        if let Outcome::Restored(restored) = &outcome {
            let mut metrics = Metrics::default();
            for (phase, seconds) in &restored.phases {
                metrics.gauge("keeper_restore_phase_seconds", &[("phase", phase)], *seconds);
            }
            metrics.write(config.metrics_file.as_deref())?;
        }
        Ok(outcome)
    })?;
    match outcome {
        Outcome::Already { backup } => println!("Nothing to do: backup {backup} was restored here before."),
        Outcome::Restored(restored) => {
            println!(
                "Backup {} is restored for generation {}.",
                restored.backup, restored.request.generation
            );
            println!("  asked for  {}", place::describe(&restored.request.source));
            println!(
                "  position   {}:{}",
                restored.position.state_uuid, restored.position.seqno
            );
            if let Some(gtid) = &restored.replayed_to {
                println!("  replayed   up to GTID {gtid}");
            }
            for (phase, seconds) in &restored.phases {
                println!("  {seconds:>8.1} s  {phase}");
            }
        }
    }
    Ok(())
}
