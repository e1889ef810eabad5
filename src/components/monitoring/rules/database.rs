//! Replication, quorum, and who may write.

use galeno_contract::metrics::keeper;

use super::{Alert, Severity, Topic};
use crate::spec::Role;
use crate::topology::{Region, Topology};

/// Only nodes of the active generation count: others stand by.
fn of_active(figure: &str) -> String {
    format!("{figure} and on (pod) {} == 1", keeper::ACTIVE)
}

pub(super) fn topic(topology: &Topology, region: &Region) -> Topic {
    let alerts = if region.role == Role::Primary {
        alerts(topology.database.nodes)
    } else {
        Vec::new()
    };
    Topic {
        name: "database",
        source: "/database/nodes",
        why: "replication, quorum, and whether exactly one generation lets clients in",
        alerts,
    }
}

#[allow(clippy::too_many_lines, reason = "a table: one entry an alert")]
fn alerts(nodes: u8) -> Vec<Alert> {
    let synced = format!(
        "(count({}) or vector(0))",
        of_active(&format!("{} == 1", keeper::SYNCED))
    );
    let majority = nodes / 2 + 1;
    let mut alerts = vec![
        Alert {
            name: "DatabaseDown",
            severity: Severity::Critical,
            after: "1m",
            expr: format!("(max({}) or vector(0)) < 1", keeper::OPEN),
            summary: "No database node lets clients in",
            advice: "The platform answers with its maintenance page. Look at the keepers' /status: they say what they wait for.",
        },
        Alert {
            name: "DatabaseGateShut",
            severity: Severity::Critical,
            after: "5m",
            expr: format!(
                "count({}) > 0 and max({}) < 1",
                of_active(&format!("{} == 1", keeper::PRIMARY)),
                keeper::OPEN
            ),
            summary: "The active generation runs, but its gate is shut",
            advice: "It is a restored generation whose acceptance is not recorded: read the log of its acceptance Job. \
                     `git revert` makes the generation before it active again.",
        },
        Alert {
            name: "DatabaseTwoGenerationsOpen",
            severity: Severity::Critical,
            after: "1m",
            expr: format!("count(count by (galeno_dev_generation) ({} == 1)) > 1", keeper::OPEN),
            summary: "Two generations of the database let clients in",
            advice: "Writes may go to either. Stop the API (`kubectl -n clinic-app scale deployment/api --replicas=0`), \
                     then find out why the keepers of the older generation do not see the intent.",
        },
        Alert {
            name: "DatabaseTwoComponents",
            severity: Severity::Critical,
            after: "1m",
            expr: format!(
                "count({}) > max({})",
                of_active(&format!("{} == 1", keeper::PRIMARY)),
                of_active(keeper::CLUSTER_SIZE)
            ),
            summary: "More nodes are in a Primary component than any of them counts as members",
            advice: "There are two Primary components of one generation. Stop the API, keep every node as it is, and \
                     compare their positions before anything is started again.",
        },
        Alert {
            name: "DatabaseNeedsAPerson",
            severity: Severity::Critical,
            after: "1m",
            expr: format!("max by (pod) ({}) > 0", keeper::NEEDS_A_PERSON),
            summary: "The keeper of {{ $labels.pod }} can go on only by a person's decision",
            advice: "Its /status says why. `database.forcedRecovery` in the environment file carries the decision.",
        },
        Alert {
            name: "DatabaseWaitsForMembers",
            severity: Severity::Critical,
            after: "10m",
            expr: format!("max({}) > 0", of_active(keeper::WAITING_FOR)),
            summary: "The database waits for {{ $value }} of its nodes before it starts",
            advice: "After a full outage nobody starts alone. Bring the silent nodes back; if one is lost for good, a \
                     person decides (`database.forcedRecovery`).",
        },
        Alert {
            name: "DatabaseNodeMissing",
            severity: Severity::Warning,
            after: "5m",
            expr: format!("{synced} < {nodes}"),
            summary: "Only {{ $value }} database nodes are in sync",
            advice: "The others serve on. A node that joins again says so in its keeper's /status.",
        },
        Alert {
            name: "DatabaseFlowControl",
            severity: Severity::Warning,
            after: "10m",
            expr: format!(
                "max by (pod) (avg_over_time({}[5m])) > 0.1",
                keeper::FLOW_CONTROL_PAUSED
            ),
            summary: "Replication was held for {{ $value | humanizePercentage }} of the time by flow control",
            advice: "The slowest node sets the pace of every write. Compare disks and receive queues of the nodes.",
        },
        Alert {
            name: "DatabaseReceiveQueue",
            severity: Severity::Warning,
            after: "10m",
            expr: format!("max by (pod) ({}) > 500", keeper::RECEIVE_QUEUE),
            summary: "{{ $labels.pod }} has {{ $value }} write-sets to apply",
            advice: "Reads that wait for it are slow. Look at its disk and at long transactions.",
        },
    ];
    if nodes >= 3 {
        alerts.push(Alert {
            name: "DatabaseAtTheEdgeOfQuorum",
            severity: Severity::Critical,
            after: "15m",
            expr: format!("{synced} <= {majority}"),
            summary: "The loss of one more database node stops all writes",
            advice: "Do not maintain any node now. Bring the missing ones back first.",
        });
    }
    alerts
}
