//! Certificates, secrets, and whether the cluster is what git says.

use super::{Alert, Severity, Topic};

pub(super) fn topic() -> Topic {
    Topic {
        name: "delivery",
        source: "/argocd",
        why: "certificates that are not renewed, secrets that cannot be read, and whether the cluster is what git says",
        alerts: alerts().into(),
    }
}

fn alerts() -> [Alert; 6] {
    let expires = "min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds) - time()";
    [
        Alert {
            name: "CertificateNotRenewed",
            severity: Severity::Warning,
            after: "1h",
            expr: format!("{expires} < 1209600"),
            summary: "Certificate {{ $labels.namespace }}/{{ $labels.name }} ends in {{ $value | humanizeDuration }}",
            advice: "It should have been renewed long ago. `kubectl describe certificate` says what stands in the way.",
        },
        Alert {
            name: "CertificateEnds",
            severity: Severity::Critical,
            after: "5m",
            expr: format!("{expires} < 259200"),
            summary: "Certificate {{ $labels.namespace }}/{{ $labels.name }} ends in {{ $value | humanizeDuration }}",
            advice: "Connections that need it will be refused. Renew it by hand: `cmctl renew`.",
        },
        Alert {
            name: "CertificateNotReady",
            severity: Severity::Warning,
            after: "1h",
            expr: "max by (namespace, name) (certmanager_certificate_ready_status{condition=\"False\"}) > 0".to_owned(),
            summary: "Certificate {{ $labels.namespace }}/{{ $labels.name }} is not ready",
            advice: "`kubectl describe certificate` says what stands in the way.",
        },
        Alert {
            name: "SecretNotRead",
            severity: Severity::Warning,
            after: "30m",
            expr:
                "max by (namespace, name) (externalsecret_status_condition{condition=\"Ready\",status=\"False\"}) > 0"
                    .to_owned(),
            summary: "Secret {{ $labels.namespace }}/{{ $labels.name }} cannot be read from the store",
            advice: "What is there stays as it is. Look whether the store answers and has this entry.",
        },
        Alert {
            name: "NotWhatGitSays",
            severity: Severity::Warning,
            after: "1h",
            expr: "max by (name) (argocd_app_info{sync_status!=\"Synced\"}) > 0".to_owned(),
            summary: "{{ $labels.name }} is not what git says",
            advice: "Argo CD tries again by itself; after an hour something stands in the way. Its application page says what.",
        },
        Alert {
            name: "ApplicationDegraded",
            severity: Severity::Warning,
            after: "15m",
            expr: "max by (name) (argocd_app_info{health_status=\"Degraded\"}) > 0".to_owned(),
            summary: "{{ $labels.name }} is degraded",
            advice: "Its application page in Argo CD says which object.",
        },
    ]
}
