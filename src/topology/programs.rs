//! The programs, how many of each, and how clients come to them.

use std::net::IpAddr;

use super::values::{Cidr, Cpu, DnsLabel, HttpsUrl, Image, Size};
use crate::spec::IngressKind;

/// Between how many replicas a program scales: `1 ≤ min ≤ max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
    /// Mean processor use that is aimed at, in percent.
    pub cpu_percent: u8,
}

impl Replicas {
    /// Whether the number changes with load.
    pub fn scales(self) -> bool {
        self.max > self.min
    }
}

/// Processor and memory of a container: memory is asked for and limited alike.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Processors asked for.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Size,
}

impl Resources {
    /// The same, but at most so many thousandths of a processor and so many mebibytes.
    #[must_use]
    pub fn at_most(&self, millis: u32, mebibytes: u64) -> Self {
        Self {
            cpu: if self.cpu.millis() > millis {
                Cpu::from_millis(millis)
            } else {
                self.cpu.clone()
            },
            memory: if self.memory.mebibytes() > mebibytes {
                Size::from_mebibytes(mebibytes)
            } else {
                self.memory.clone()
            },
        }
    }
}

/// The clinical REST API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its image.
    pub image: Image,
    /// How many.
    pub replicas: Replicas,
    /// What each may use.
    pub resources: Resources,
    /// Identity providers.
    pub oidc: Vec<Oidc>,
}

/// An `OpenID` Connect provider.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Short name.
    pub name: DnsLabel,
    /// Issuer.
    pub issuer: HttpsUrl,
    /// Client id.
    pub client_id: String,
    /// The organization whose accounts sign in here.
    pub organization: String,
    /// Its addresses.
    pub addresses: Vec<Cidr>,
    /// Whether its second factor is enough for staff.
    pub second_factor: bool,
}

/// The web application.
#[derive(Clone, Debug)]
pub struct Web {
    /// Its image.
    pub image: Image,
    /// How many, in the primary region.
    pub replicas: Replicas,
    /// What each may use.
    pub resources: Resources,
}

/// How requests come in.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// How routes are written.
    pub kind: IngressKind,
    /// Class of the `Ingress` or `Gateway`.
    pub class: DnsLabel,
    /// Class of the load balancer.
    pub load_balancer_class: Option<String>,
    /// Replicas of Traefik.
    pub replicas: Replicas,
    /// The authority of public certificates; `None`: the platform's own.
    pub acme: Option<Acme>,
    /// Requests a second from one client address, in the long run.
    pub rate_average: u32,
    /// Requests at once from one client address.
    pub rate_burst: u32,
    /// Clients that may connect; empty: everybody.
    pub allowed_clients: Vec<Cidr>,
    /// Proxies in front whose word on the client's address is believed.
    pub trusted_proxies: u8,
}

impl Ingress {
    /// Whether public names are proved to be ours by files that Traefik serves (HTTP-01).
    pub fn proves_by_http(&self) -> bool {
        self.acme.as_ref().is_some_and(|acme| acme.dns.is_none())
    }
}

/// The authority of public certificates.
#[derive(Clone, Debug)]
pub struct Acme {
    /// Its directory.
    pub server: HttpsUrl,
    /// Who is written to when a certificate cannot be renewed.
    pub email: String,
    /// The name server that takes the proof, and the name of the key that signs updates; `None`: proof over HTTP.
    pub dns: Option<(IpAddr, String)>,
}
