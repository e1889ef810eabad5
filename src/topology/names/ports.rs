//! The ports of the platform.

use super::{Port, Protocol};

const fn tcp(name: &'static str, number: u16) -> Port {
    Port {
        name,
        number,
        end: None,
        protocol: Protocol::Tcp,
    }
}

/// SQL.
pub const MYSQL: Port = tcp("mysql", 3306);
/// Galera replication.
pub const GALERA: Port = tcp("galera", 4567);
/// Galera replication, multicast variant: Galera itself listens on it too.
pub const GALERA_UDP: Port = Port {
    name: "galera-udp",
    number: 4567,
    end: None,
    protocol: Protocol::Udp,
};
/// Incremental state transfer.
pub const IST: Port = tcp("ist", 4568);
/// Full state transfer.
pub const SST: Port = tcp("sst", 4444);
/// Keepers agree among themselves, by mutual TLS.
pub const KEEPER: Port = tcp("keeper", 4569);
/// The keeper's probes and metrics.
pub const KEEPER_STATUS: Port = tcp("status", 9105);
/// The API, by TLS.
pub const API: Port = tcp("https", 8443);
/// The API's probes and metrics.
pub const API_STATUS: Port = tcp("management", 9090);
/// The web application, by TLS.
pub const WEB: Port = tcp("https", 8443);
/// The web application's probes and metrics.
pub const WEB_STATUS: Port = tcp("management", 9090);
/// Traefik: connections from outside. The Service gives 443.
pub const EDGE: Port = tcp("websecure", 8443);
/// Traefik: plain HTTP, answered by a redirection only. The Service gives 80.
pub const EDGE_PLAIN: Port = tcp("web", 8000);
/// Traefik's metrics.
pub const EDGE_METRICS: Port = tcp("metrics", 9100);
/// Traefik's probes.
pub const EDGE_STATUS: Port = tcp("traefik", 8080);
/// HTTPS elsewhere.
pub const HTTPS: Port = tcp("https", 443);
/// DNS over UDP.
pub const DNS: Port = Port {
    name: "dns",
    number: 53,
    end: None,
    protocol: Protocol::Udp,
};
/// DNS over TCP.
pub const DNS_TCP: Port = tcp("dns-tcp", 53);
/// Webhooks of cert-manager and External Secrets.
pub const WEBHOOK: Port = tcp("webhook", 10250);
/// The kubelet.
pub const KUBELET: Port = tcp("kubelet", 10250);
/// Prometheus.
pub const PROMETHEUS: Port = tcp("http-web", 9090);
/// Alertmanager.
pub const ALERTMANAGER: Port = tcp("http-web", 9093);
/// Metrics of Ceph's manager.
pub const CEPH_METRICS: Port = tcp("http-metrics", 9283);
/// Metrics of Ceph's daemons, by Rook's exporter.
pub const CEPH_EXPORTER: Port = tcp("ceph-exporter", 9926);
/// Ceph's monitors, by the second messenger protocol. The first one (6789) is off.
pub const CEPH_MONITOR: Port = tcp("msgr2", 3300);
/// Ceph's other daemons: `ms_bind_port_min` to `ms_bind_port_max`.
pub const CEPH_DAEMONS: Port = Port {
    name: "ceph-daemons",
    number: 6800,
    end: Some(7568),
    protocol: Protocol::Tcp,
};
/// Longhorn's admission webhook.
pub const LONGHORN_WEBHOOK: Port = tcp("admission", 9502);
/// Longhorn's metrics.
pub const LONGHORN_METRICS: Port = tcp("manager", 9500);
/// Plain HTTP elsewhere: what ACME's challenge is asked by.
pub const HTTP: Port = tcp("http", 80);
/// Mail submission.
pub const SMTP: Port = tcp("smtp", 587);
/// Git over SSH.
pub const SSH: Port = tcp("ssh", 22);
/// External Secrets' metrics.
pub const EXTERNAL_SECRETS_METRICS: Port = tcp("metrics", 8080);
/// Answers to ACME's HTTP-01 challenge.
pub const ACME_SOLVER: Port = tcp("http", 8089);
/// cert-manager's metrics.
pub const CERT_MANAGER_METRICS: Port = tcp("tcp-prometheus", 9402);
/// Metrics of Argo CD's application controller.
pub const ARGOCD_METRICS: Port = tcp("metrics", 8082);
