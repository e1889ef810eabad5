//! `keeper rehearse`.

use clap::Args;

use super::common::{Common, From};
use crate::metrics::Metrics;
use crate::rehearse::{self, Rehearsed};
use crate::text::size;

/// Restore the newest backup on a throw-away instance, compare every table, and measure how long it takes.
///
/// Verifies every backup that nobody verified yet on the way. What was found is stored beside the backup, signed, if the
/// configuration names a signing key. Fails if the restore takes longer than `rehearsal.objective`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper rehearse\n  keeper rehearse --from secondary")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which bucket
    #[arg(long, value_enum, default_value_t)]
    from: From,
    /// Which backup: an id, or latest
    #[arg(long, value_name = "ID", default_value = "latest")]
    backup: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rehearsed = arguments.common.run("rehearse", |config, run| {
        let rehearsed = rehearse::rehearse(config, arguments.from.into(), &arguments.backup, run)?;
        metrics(&rehearsed).write(config.metrics_file.as_deref())?;
        tracing::info!(
            backup = %rehearsed.backup, recovery_seconds = rehearsed.recovery_seconds,
            extrapolated = ?rehearsed.extrapolated, "rehearsed"
        );
        Ok(rehearsed)
    })?;
    println!(
        "Backup {} stands the rehearsal: recovered in {:.1} s.",
        rehearsed.backup, rehearsed.recovery_seconds
    );
    for check in &rehearsed.checks {
        println!("  {check}");
    }
    for (phase, seconds) in &rehearsed.phases {
        println!("  {seconds:>8.1} s  {phase}");
    }
    println!("  at this rate ({} measured):", size(rehearsed.database_bytes));
    for (gibibytes, seconds) in &rehearsed.extrapolated {
        println!("  {gibibytes:>6} GiB would take {:.0} minutes", seconds / 60.0);
    }
    for id in &rehearsed.also_verified {
        println!("  verified as well: {id}");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn metrics(rehearsed: &Rehearsed) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.gauge("keeper_rehearsal_recovery_seconds", &[], rehearsed.recovery_seconds);
    metrics.gauge("keeper_rehearsal_database_bytes", &[], rehearsed.database_bytes as f64);
    for (phase, seconds) in &rehearsed.phases {
        metrics.gauge("keeper_rehearsal_phase_seconds", &[("phase", phase)], *seconds);
    }
    for (gibibytes, seconds) in &rehearsed.extrapolated {
        metrics.gauge(
            "keeper_rehearsal_extrapolated_seconds",
            &[("gibibytes", &gibibytes.to_string())],
            *seconds,
        );
    }
    metrics
}
