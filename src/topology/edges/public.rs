//! The way of a request: from a client through Traefik to the web application and the API.

use super::{Edges, Peer, PodGroup, program};
use crate::spec::Role;
use crate::topology::model::Topology;
use crate::topology::names::{Namespace, Program, ports};
use crate::topology::values::Cidr;

impl Edges<'_> {
    pub(super) fn public(&mut self, topology: &Topology) {
        let traefik = program(Program::Traefik);
        let clients = match topology.ingress.allowed_clients.as_slice() {
            [] => ["0.0.0.0/0", "::/0"]
                .iter()
                .filter_map(|range| range.parse().ok())
                .collect(),
            some => some.to_vec(),
        };
        let clients = Peer::Addresses {
            ranges: clients,
            except: Vec::new(),
        };
        let why = "clients reach the platform through Traefik alone";
        self.add(
            &clients,
            &traefik,
            &[ports::EDGE, ports::EDGE_PLAIN],
            why,
            Some("/ingress/allowedClients"),
        );
        self.add(&traefik, &Peer::ApiServer, &[], "Traefik watches its routes", None);
        if self.region.role != Role::Recovery {
            self.certificates(topology, &traefik);
        }
        if self.region.role != Role::Recovery {
            let why = "requests for the web application";
            self.add(&traefik, &program(Program::Web), &[ports::WEB], why, Some("/web"));
        }
        match self.region.role {
            Role::Primary => {
                self.add(
                    &traefik,
                    &program(Program::Api),
                    &[ports::API],
                    "requests for the API",
                    Some("/api"),
                );
            }
            Role::Access => {
                let addresses = &topology.primary().region().addresses;
                let primary = Peer::Addresses {
                    ranges: addresses.iter().map(|address| Cidr::single(*address)).collect(),
                    except: Vec::new(),
                };
                let why = "the API is relayed to the primary region without being decrypted";
                self.add(&traefik, &primary, &[ports::HTTPS], why, Some("/regions"));
                if topology.ingress.proves_by_http() {
                    let why = "challenges for the API's name are passed on to where its certificate is proved";
                    self.add(&traefik, &primary, &[ports::HTTP], why, Some("/ingress/tls"));
                }
            }
            Role::Recovery => {}
        }
    }

    /// Public certificates: the authority's directory, and where the proof is given.
    fn certificates(&mut self, topology: &Topology, traefik: &Peer) {
        let Some(acme) = &topology.ingress.acme else { return };
        let cert_manager = super::all(Namespace::CertManager);
        let outside = self.outside();
        let source = Some("/ingress/tls");
        let why = "cert-manager asks for public certificates";
        self.add(&cert_manager, &outside, &[ports::HTTPS], why, source);
        match &acme.dns {
            None => self.challenges(&cert_manager, traefik),
            Some((server, _)) => {
                let to = Peer::Addresses {
                    ranges: vec![Cidr::single(*server)],
                    except: Vec::new(),
                };
                let why = "cert-manager writes its proof into the DNS";
                self.add(
                    &cert_manager,
                    &to,
                    &[ports::DNS_TCP],
                    why,
                    Some("/ingress/tls/dns/server"),
                );
                // It asks the domain's own name servers whether the record can be seen.
                let why = "cert-manager looks whether its proof can be seen before it calls ACME";
                self.add(&cert_manager, &outside, &[ports::DNS, ports::DNS_TCP], why, source);
            }
        }
    }

    /// ACME's HTTP-01: the directory asks for a file through Traefik; cert-manager asks for it itself beforehand, by the
    /// public address, which a Service's translation may lead straight back to Traefik's pods.
    fn challenges(&mut self, cert_manager: &Peer, traefik: &Peer) {
        let source = Some("/ingress/tls");
        let solver = PodGroup::named(
            Namespace::Edge,
            "acme-solver",
            "acme.cert-manager.io/http01-solver",
            "true",
        );
        let why = "ACME asks for its challenge through Traefik";
        self.add(traefik, &Peer::Pods(solver), &[ports::ACME_SOLVER], why, source);
        let why = "cert-manager looks whether a challenge can be seen before it calls ACME";
        let outside = self.outside();
        self.add(cert_manager, &outside, &[ports::HTTP], why, source);
        self.add(cert_manager, traefik, &[ports::EDGE_PLAIN], why, source);
    }
}
