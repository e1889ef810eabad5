//! Who watches the watchers: silence is an alert too.

use super::super::targets;
use super::{Alert, Severity, Topic};
use crate::topology::{Region, Topology};

pub(super) fn topic(topology: &Topology, region: &Region) -> Topic {
    let missing = targets::of(topology, region)
        .iter()
        .map(|target| format!("absent(up{{job=\"monitoring/{}\"}})", target.name))
        .collect::<Vec<_>>()
        .join(" or ")
        + " or max by (job) (up) == 0";
    Topic {
        name: "watch",
        source: "/monitoring",
        why: "whether alerts would come at all: figures that stop, alerts that cannot be sent, and one that always comes",
        alerts: vec![
            Alert {
                name: "Watchdog",
                severity: Severity::None,
                after: "0m",
                expr: "vector(1)".to_owned(),
                summary: "Alerts are evaluated and sent",
                advice: "This alert always comes. Whoever receives it must raise one of their own when it stops.",
            },
            Alert {
                name: "NobodyAnswers",
                severity: Severity::Critical,
                after: "10m",
                expr: missing,
                summary: "No target of {{ $labels.job }} gives figures",
                advice: "Every alert on them is blind. Look whether its pods run and whether a NetworkPolicy stands between.",
            },
            Alert {
                name: "TargetDown",
                severity: Severity::Warning,
                after: "15m",
                expr: "up == 0".to_owned(),
                summary: "{{ $labels.instance }} of {{ $labels.job }} gives no figures",
                advice: "Look whether it runs.",
            },
            Alert {
                name: "AlertsNotSent",
                severity: Severity::Critical,
                after: "10m",
                expr: "sum by (integration) (rate(alertmanager_notifications_failed_total[10m])) > 0".to_owned(),
                summary: "Alerts cannot be sent by {{ $labels.integration }}",
                advice: "Nobody is told by that way. The other one still works; mend it today.",
            },
            Alert {
                name: "AlertsSilencedForADay",
                severity: Severity::Warning,
                after: "24h",
                expr: "max(alertmanager_silences{state=\"active\"}) > 0".to_owned(),
                summary: "{{ $value }} alerts have been silenced for a day",
                advice: "A silence that outlives its reason hides the next failure. Take it away or write down why it stays.",
            },
            Alert {
                name: "RulesFail",
                severity: Severity::Critical,
                after: "15m",
                expr: "sum(increase(prometheus_rule_evaluation_failures_total[10m])) > 0".to_owned(),
                summary: "Rules cannot be evaluated",
                advice: "Prometheus's log names them.",
            },
        ],
    }
}
