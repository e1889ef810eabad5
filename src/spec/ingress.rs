//! `ingress`: how clients come to the programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::platform::Replicas;

/// How routes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IngressKind {
    /// Gateway API, served by Traefik.
    #[default]
    Gateway,
    /// `Ingress` objects, served by Traefik.
    Traefik,
}

/// How requests come in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Ingress {
    /// How routes are written.
    pub kind: IngressKind,
    /// Class of the `Ingress` or `Gateway`.
    pub class: String,
    /// Class of the load balancer, where the cluster has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_class: Option<String>,
    /// Replicas of Traefik in each region.
    pub replicas: Replicas,
    /// Where public certificates come from.
    pub tls: Tls,
    /// Requests that one client address may send.
    pub rate_limit: RateLimit,
    /// Clients that may connect (CIDRs); everybody if absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_clients: Vec<String>,
    /// Proxies in front of the load balancer whose word on the client's address is believed.
    pub trusted_proxies: u8,
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            kind: IngressKind::default(),
            class: "traefik".to_owned(),
            load_balancer_class: None,
            replicas: Replicas {
                min: 3,
                max: 6,
                cpu_percent: 70,
            },
            tls: Tls::default(),
            rate_limit: RateLimit::default(),
            allowed_clients: Vec::new(),
            trusted_proxies: 0,
        }
    }
}

/// Where public certificates come from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Tls {
    /// Address of the ACME directory.
    pub acme_server: String,
    /// Who is written to when a certificate cannot be renewed. Absent: certificates come from the platform's own
    /// authority, which browsers do not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acme_email: Option<String>,
    /// How the domain is proved to be ours: by records in the DNS (DNS-01). Absent: by a file that is served (HTTP-01),
    /// which wants every region's name to lead to that region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsProof>,
}

/// A name server that takes records by dynamic update (RFC 2136), signed with a key (TSIG, HMAC-SHA256). Let the name
/// server accept the key for records `_acme-challenge` alone: every region that serves the name holds it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DnsProof {
    /// Address of the domain's primary name server.
    #[schemars(example = &"192.0.2.53")]
    pub server: String,
    /// Name of the key. The key itself is read from the secret store.
    #[schemars(example = &"galeno-acme")]
    pub key_name: String,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            acme_server: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            acme_email: None,
            dns: None,
        }
    }
}

/// Requests that one client address may send.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RateLimit {
    /// Requests a second in the long run.
    #[schemars(range(min = 1, max = 100_000))]
    pub average: u32,
    /// Requests at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            average: 50,
            burst: 100,
        }
    }
}
