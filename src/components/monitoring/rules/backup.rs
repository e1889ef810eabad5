//! The age of each kind of backup, and of the last rehearsal.

use super::{Alert, Severity, Topic};
use crate::spec::Role;
use crate::topology::names::{Namespace, jobs};
use crate::topology::values::CronLine;
use crate::topology::{Region, Topology};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

pub(super) fn topic(topology: &Topology, region: &Region) -> Topic {
    let backup = &topology.backup;
    let mut alerts = Vec::new();
    let holds_monthly = backup
        .monthly
        .as_ref()
        .is_some_and(|monthly| monthly.region == region.name);
    if region.role == Role::Primary {
        alerts.push(aged(
            "BackupDailyTooOld",
            jobs::BACKUP_DAILY,
            Namespace::Data,
            longest_gap(&backup.schedule.daily),
        ));
        alerts.push(aged(
            "BackupWeeklyTooOld",
            jobs::BACKUP_WEEKLY,
            Namespace::Data,
            longest_gap(&backup.schedule.weekly),
        ));
        if backup.monthly.is_some() {
            let gap = longest_gap(&backup.schedule.monthly);
            alerts.push(aged("BackupMonthlyTooOld", jobs::BACKUP_MONTHLY, Namespace::Data, gap));
        }
        if let Some(every) = backup.ship_every {
            let gap = 2 * every.to_std().as_secs();
            alerts.push(aged("BinaryLogsNotShipped", jobs::BACKUP_SHIP, Namespace::Data, gap));
        }
    }
    if region.role == Role::Primary || (region.role == Role::Recovery && holds_monthly) {
        let gap = longest_gap(&backup.schedule.rehearsal);
        alerts.push(aged("RehearsalTooOld", jobs::REHEARSAL, Namespace::Rehearsal, gap));
        alerts.push(failed());
    }
    Topic {
        name: "backup",
        source: "/backup/schedule",
        why: "the age of the last backup of each kind that was made and verified, and of the last rehearsal of a restore",
        alerts,
    }
}

/// The longest time between two runs of a schedule, in seconds: by the coarsest of its fields that is bound.
fn longest_gap(line: &CronLine) -> u64 {
    let fields: Vec<&str> = line.as_str().split_whitespace().collect();
    let bound = |index: usize| fields.get(index).is_some_and(|field| *field != "*" && *field != "?");
    match (bound(3), bound(2), bound(4)) {
        (true, _, _) => 366 * DAY,
        (false, true, _) => 31 * DAY,
        (false, false, true) => 7 * DAY,
        (false, false, false) => DAY,
    }
}

/// Too long since the last success, or since the `CronJob` was made if it never had one, or no such `CronJob` at all. A
/// run may take some hours.
fn aged(name: &'static str, job: &str, namespace: Namespace, gap: u64) -> Alert {
    let selector = format!("{{namespace=\"{}\",cronjob=\"{job}\"}}", namespace.name());
    let limit = gap + if gap >= DAY { 7 * HOUR } else { 0 };
    Alert {
        name,
        severity: Severity::Critical,
        after: "5m",
        expr: format!(
            "time() - max(kube_cronjob_status_last_successful_time{selector} or kube_cronjob_created{selector}) > {limit} \
             or absent(kube_cronjob_created{selector})"
        ),
        summary: "The last success is {{ $value | humanizeDuration }} ago, or there is no such schedule",
        advice: "A run succeeds only when what it made was read back and verified. Read the log of the last Job of this \
                 schedule; `keeper catalog` lists what there is.",
    }
}

fn failed() -> Alert {
    let namespaces = format!("{}|{}", Namespace::Data.name(), Namespace::Rehearsal.name());
    Alert {
        name: "DataJobFailed",
        severity: Severity::Critical,
        after: "1m",
        expr: format!(
            "max by (namespace, job_name) (kube_job_failed{{namespace=~\"{namespaces}\",condition=\"true\"}}) > 0"
        ),
        summary: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed",
        advice: "A backup, a rehearsal, or the acceptance of a restore. Its log says what; nothing is tried again by itself \
                 that could hide it.",
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, longest_gap};

    #[test]
    fn a_schedule_tells_how_long_it_may_be_silent() {
        for (line, days) in [
            ("0 2 * * *", 1),
            ("0 3 * * 0", 7),
            ("0 4 1 * *", 31),
            ("0 4 1 */3 *", 366),
            ("0 */6 * * *", 1),
        ] {
            assert_eq!(longest_gap(&line.parse().unwrap()), days * DAY, "{line}");
        }
    }
}
