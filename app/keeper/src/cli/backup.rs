//! `keeper backup`.

use clap::Args;

use super::common::Common;
use crate::backup::{self, Outcome};
use crate::catalog::{Kind, Manifest};
use crate::metrics::Metrics;
use crate::text::size;

/// Copy the database to the object store: compressed, signed, encrypted, in bounded memory.
///
/// Copies a member that is in sync and whose volume is mounted here, out of flow control while it is copied. The signed
/// manifest is written last: a backup without it does not exist. Fails loudly, and then leaves nothing behind.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper backup --kind daily\n  keeper backup --kind monthly --scheduled")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// What it is for: daily, or monthly to the bucket in the recovery region
    #[arg(long, value_enum)]
    kind: Kind,
    /// Several Jobs, each beside another member, make this backup: only the one with the best member runs
    #[arg(long)]
    scheduled: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.kind == Kind::Weekly {
        anyhow::bail!("a weekly backup is a system snapshot: use `keeper snapshot`");
    }
    make(
        &arguments.common,
        arguments.kind,
        arguments.scheduled,
        &format!("backup --kind {}", arguments.kind),
    )
}

/// Makes a backup of any kind and reports it.
pub(super) fn make(common: &Common, kind: Kind, scheduled: bool, command: &str) -> anyhow::Result<()> {
    let outcome = common.run(command, |config, run| {
        let outcome = backup::run(config, kind, scheduled, run)?;
        if let Outcome::Made(manifest) = &outcome {
            metrics(manifest).write(config.metrics_file.as_deref())?;
        }
        Ok(outcome)
    })?;
    match outcome {
        Outcome::Claimed { by } => println!("Nothing to do: {by} is copied by another Job for this {kind} backup."),
        Outcome::Made(manifest) => report(&manifest),
    }
    Ok(())
}

fn report(manifest: &Manifest) {
    let Manifest {
        id,
        member,
        position,
        data,
        tables,
        timings,
        ..
    } = manifest;
    println!("Backup {id} is complete.");
    println!("  copied      {member}, {} of files", size(manifest.database_bytes));
    println!(
        "  stored      {} in {} segments",
        size(manifest.stored()),
        data.segments.len()
    );
    println!(
        "  position    {}:{} (GTID {})",
        position.state_uuid, position.seqno, position.gtid
    );
    println!(
        "  tables      {} counted and checksummed at that position",
        tables.len()
    );
    println!("  signed by   {}", manifest.signer);
    println!("  readable by {}", manifest.recipients.join(", "));
    println!(
        "  took        {:.1} s ({:.1} s to copy, {:.1} s to checksum)",
        seconds(timings.total),
        seconds(timings.stream),
        seconds(timings.tables)
    );
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 milliseconds")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes and times are far below 2^53")]
fn metrics(manifest: &Manifest) -> Metrics {
    let kind = manifest.kind.to_string();
    let labels = [("kind", kind.as_str())];
    let mut metrics = Metrics::default();
    metrics.gauge(
        "keeper_backup_completed_timestamp_seconds",
        &labels,
        manifest.completed_at.as_second() as f64,
    );
    metrics.gauge("keeper_backup_database_bytes", &labels, manifest.database_bytes as f64);
    metrics.gauge("keeper_backup_stored_bytes", &labels, manifest.stored() as f64);
    metrics.gauge("keeper_backup_seconds", &labels, seconds(manifest.timings.total));
    metrics
}
