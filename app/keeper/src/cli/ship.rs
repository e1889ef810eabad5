//! `keeper ship`.

use anyhow::Context as _;
use clap::Args;

use super::common::{Common, alert};
use crate::ship::{Shipment, Shipper};

/// Ship binary logs to the object store, so that a restore can stop at any moment between two backups.
///
/// Everything that the cluster had confirmed when it began is in the bucket when it ends. With --watch it goes on, every
/// `pointInTime.every`, and alerts when shipping fails twice in a row.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keeper ship\n  keeper ship --watch")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Go on until stopped by SIGTERM
    #[arg(long)]
    watch: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.watch {
        return watch(&arguments.common);
    }
    let shipment = arguments
        .common
        .run("ship", |config, run| Shipper::open(config)?.ship(run))?;
    report(&shipment);
    Ok(())
}

fn watch(common: &Common) -> anyhow::Result<()> {
    common.run_quietly(Some(std::time::Duration::MAX), |config, run| {
        let every = config
            .point_in_time
            .as_ref()
            .context("the configuration has no `pointInTime`")?
            .every
            .to_std();
        let mut failures = 0u32;
        loop {
            match Shipper::open(config).and_then(|shipper| shipper.ship(run)) {
                Ok(shipment) => {
                    failures = 0;
                    report(&shipment);
                }
                Err(error) => {
                    failures += 1;
                    tracing::error!(failures, error = %format!("{error:#}"), "shipping failed");
                    if failures == 2 {
                        alert(config, "ship", &error);
                    }
                }
            }
            if run.pause(every).is_err() {
                return Ok(());
            }
        }
    })
}

fn report(shipment: &Shipment) {
    let Shipment {
        member,
        files,
        covers_until,
        position,
    } = shipment;
    println!(
        "Shipped {files} binary logs of {member}: everything confirmed before {covers_until} is stored (GTID {position})."
    );
}
