//! Component `backup`: the `CronJob`s that copy, ship, rotate and rehearse, and their configuration.

mod config;
mod cron_jobs;
mod pods;

pub(super) use config::{Purpose, keeper_files};
pub(super) use pods::{volume_mounts, volumes};

use super::Output;
use crate::spec::Role;
use crate::topology::{DataRegion, Topology};

const COMPONENT: &str = "backup";

pub(super) fn render(topology: &Topology, region: DataRegion<'_>, output: &mut Output) {
    match region.role {
        Role::Primary => {
            for job in cron_jobs::primary(topology) {
                cron_jobs::render(topology, &job, region, output);
            }
        }
        // Only where the copies of this very region can be read.
        Role::Recovery if topology.holds_monthly(&region) => {
            for job in cron_jobs::recovery(topology) {
                cron_jobs::render(topology, &job, region, output);
            }
        }
        Role::Recovery | Role::Access => {}
    }
}
