//! `keeper catalog`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, Format, From, print_json};
use crate::catalog::{self, Entry, Layout, State};
use crate::openpgp::Trusted;
use crate::restore;
use crate::store::Bucket;
use crate::text::size;

/// List the backups in a bucket, with what each is worth.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper catalog\n  keeper catalog --from secondary --format json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which bucket
    #[arg(long, value_enum, default_value_t)]
    from: From,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Listing {
    backups: Vec<Entry>,
    /// Keys below the folder of backups that are none of ours.
    foreign: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let listing = arguments.common.run_quietly(None, |config, _| {
        let bucket = Bucket::open(restore::site(config, arguments.from.into())?, &config.deadlines)?;
        let trusted = Trusted::load(&config.openpgp)?;
        let (backups, foreign) = catalog::list(&bucket, &Layout::new(&config.cluster.name), &trusted)?;
        Ok(Listing { backups, foreign })
    })?;
    if arguments.format == Format::Json {
        return print_json(&listing);
    }
    if listing.backups.is_empty() {
        println!("There is no backup.");
        return Ok(());
    }
    println!(
        "{:<34} {:>10} {:>10}  {:<28} STATE",
        "ID", "DATABASE", "STORED", "COMPLETED"
    );
    for entry in &listing.backups {
        println!("{}", line(entry));
    }
    Ok(())
}

fn line(entry: &Entry) -> String {
    let (database, completed, state) = match &entry.state {
        State::Complete { manifest, verified, .. } => {
            let state = verified.map_or("complete, not verified yet".to_owned(), |level| {
                format!("verified ({level:?})").to_lowercase()
            });
            (
                size(manifest.database_bytes),
                format!("{:.0}", manifest.completed_at),
                state,
            )
        }
        State::Incomplete => (
            "-".to_owned(),
            "-".to_owned(),
            "incomplete: it does not exist".to_owned(),
        ),
        State::Untrusted { why } => ("-".to_owned(), "-".to_owned(), format!("not to be trusted: {why}")),
    };
    format!(
        "{:<34} {database:>10} {:>10}  {completed:<28} {state}",
        entry.id.as_str(),
        size(entry.size)
    )
}
