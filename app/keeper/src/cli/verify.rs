//! `keeper verify`.

use clap::Args;

use super::common::{Common, Format, From, print_json};
use crate::catalog::BackupId;
use crate::verify;

/// Verify a backup without a database: every signature, every checksum, every byte decrypted and decompressed.
///
/// If the configuration names a signing key, the result is stored beside the backup, signed: it counts for retention.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper verify 20261124T020003Z-daily-1a2b3c")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which backup
    #[arg(value_name = "ID")]
    id: BackupId,
    /// Which bucket
    #[arg(long, value_enum, default_value_t)]
    from: From,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let verified = arguments.common.run("verify", |config, run| {
        verify::verify(config, arguments.from.into(), &arguments.id, run)
    })?;
    if arguments.format == Format::Json {
        return print_json(&verified);
    }
    println!("Backup {} is readable.", verified.backup);
    for check in &verified.checks {
        println!("  {check}");
    }
    println!(
        "  {}",
        if verified.recorded {
            "recorded, signed, beside the backup"
        } else {
            "not recorded: no signing key here"
        }
    );
    Ok(())
}
