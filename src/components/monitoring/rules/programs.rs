//! The API, the web application and the way in: errors, time, and how many there are.

use galeno_contract::metrics::api;

use super::{Alert, Severity, Topic};
use crate::spec::Role;
use crate::topology::names::{Program, ports};
use crate::topology::{Region, Topology};

pub(super) fn topic(topology: &Topology, region: &Region) -> Topic {
    let mut alerts = vec![edge_errors()];
    alerts.extend(replicas(
        "EdgeReplicasMissing",
        "EdgeDown",
        Program::Traefik,
        topology.ingress.replicas.min,
    ));
    match region.role {
        Role::Primary => {
            alerts.extend(replicas(
                "WebReplicasMissing",
                "WebDown",
                Program::Web,
                topology.web.replicas.min,
            ));
            alerts.extend(replicas(
                "ApiReplicasMissing",
                "ApiDown",
                Program::Api,
                topology.api.replicas.min,
            ));
            alerts.extend(api_alerts());
        }
        Role::Access => {
            alerts.extend(replicas(
                "WebReplicasMissing",
                "WebDown",
                Program::Web,
                topology.access_web.min,
            ));
        }
        Role::Recovery => {}
    }
    Topic {
        name: "programs",
        source: "/api/replicas",
        why: "whether requests are answered, in time, by as many replicas as there should be",
        alerts,
    }
}

/// Fewer than written for a while, or none.
fn replicas(missing: &'static str, down: &'static str, program: Program, min: u16) -> [Alert; 2] {
    let available = format!(
        "(max(kube_deployment_status_replicas_available{{namespace=\"{}\",deployment=\"{}\"}}) or vector(0))",
        program.namespace().name(),
        program.name()
    );
    [
        Alert {
            name: missing,
            severity: Severity::Warning,
            after: "10m",
            expr: format!("{available} < {min}"),
            summary: "Only {{ $value }} replicas are available",
            advice: "The others serve on. `kubectl describe` of a pod that is not ready says what it waits for.",
        },
        Alert {
            name: down,
            severity: Severity::Critical,
            after: "1m",
            expr: format!("{available} < 1"),
            summary: "No replica is available",
            advice: "Nobody is answered. If the database is down too, begin there.",
        },
    ]
}

fn edge_errors() -> Alert {
    let requests = |codes: &str| {
        format!(
            "sum(rate(traefik_entrypoint_requests_total{{entrypoint=\"{}\"{codes}}}[5m]))",
            ports::EDGE.name
        )
    };
    Alert {
        name: "EdgeErrorRate",
        severity: Severity::Critical,
        after: "5m",
        expr: format!("{} / {} > 0.05", requests(",code=~\"5..\""), requests("")),
        summary: "{{ $value | humanizePercentage }} of all requests fail",
        advice: "Compare with ApiErrorRate: if that is quiet, requests fail on the way to the API.",
    }
}

fn api_alerts() -> [Alert; 6] {
    let requests = |status: &str| format!("sum(rate({}{status}[5m]))", api::REQUESTS);
    [
        Alert {
            name: "ApiErrorRate",
            severity: Severity::Critical,
            after: "5m",
            expr: format!("{} / {} > 0.02", requests("{status=~\"5..\"}"), requests("")),
            summary: "{{ $value | humanizePercentage }} of the API's answers are errors of its own",
            advice: "Its log has one line for each, with the request's number and no data about a person.",
        },
        Alert {
            name: "ApiSlow",
            severity: Severity::Warning,
            after: "10m",
            expr: format!(
                "histogram_quantile(0.99, sum by (le) (rate({}_bucket[5m]))) > 1",
                api::REQUEST_SECONDS
            ),
            summary: "One in a hundred requests takes longer than {{ $value | humanizeDuration }}",
            advice: "Look at DatabaseFlowControl and at the routes in the dashboard.",
        },
        Alert {
            name: "ApiDatabaseNodeUnfit",
            severity: Severity::Warning,
            after: "5m",
            expr: format!("min by (node) ({}) < 1", api::DATABASE_NODE_FIT),
            summary: "A replica of the API does not use {{ $labels.node }}",
            advice: "Its /readyz says why: out of sync, not accepted, of another schema, or out of reach.",
        },
        Alert {
            name: "ApiMigrationWaits",
            severity: Severity::Warning,
            after: "30m",
            expr: format!(
                "max by (job_name) (kube_job_status_active{{namespace=\"{}\",job_name=~\"{}-.*\"}}) > 0",
                Program::Migration.namespace().name(),
                Program::Migration.name()
            ),
            summary: "{{ $labels.job_name }} has not brought the tables up to date yet",
            advice: "New replicas of the API wait for it; those of the version before serve on. Read its log.",
        },
        Alert {
            name: "SignInsFail",
            severity: Severity::Warning,
            after: "10m",
            expr: format!("sum(rate({}[5m])) > 1", api::SIGN_IN_FAILURES),
            summary: "{{ $value | humanize }} sign-ins fail each second",
            advice: "Somebody may be guessing passwords. Lockouts and rate limits hold; look where they come from.",
        },
        Alert {
            name: "RecordsOpenedInEmergency",
            severity: Severity::Info,
            after: "0m",
            expr: format!("sum(increase({}[1h])) > 0", api::EMERGENCY_ACCESSES),
            summary: "Records were opened in an emergency within the last hour",
            advice: "Each such access is to be reviewed: the access log names who, whose record, and the reason given.",
        },
    ]
}
