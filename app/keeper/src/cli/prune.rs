//! `keeper prune`.

use anyhow::bail;
use clap::Args;

use super::common::{Common, Format, print_json};
use crate::retention;

/// Delete the backups that newer verified ones cover, and nothing else.
///
/// Fails, and alerts, when backups are overdue: a night without a backup is no success of anything.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper prune --dry-run\n  keeper prune")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.common.run("prune", |config, run| {
        let pruned = retention::prune(config, arguments.dry_run, run)?;
        if arguments.format == Format::Json {
            print_json(&pruned)?;
        } else {
            let (would, gone) = if arguments.dry_run {
                ("would be ", "deleted")
            } else {
                ("", "deleted")
            };
            for (id, why) in &pruned.deleted {
                println!("{would}{gone}: {id} ({why})");
            }
            for (id, why) in &pruned.postponed {
                println!("left for the next run (`retention.maxDeletions`): {id} ({why})");
            }
            for (id, why) in &pruned.suspicious {
                println!("left alone, look at it: {id} ({why})");
            }
            for key in &pruned.foreign {
                println!("left alone, none of ours: {key}");
            }
            println!(
                "{} backups {would}{gone}, {} objects of binary logs {would}{gone}, {} unfinished uploads aborted.",
                pruned.deleted.len(),
                pruned.binlogs_deleted,
                pruned.uploads_aborted
            );
        }
        if !pruned.overdue.is_empty() {
            bail!("backups are overdue: {}", pruned.overdue.join("; "));
        }
        Ok(())
    })
}
