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
        if topology.ingress.acme.is_some() && self.region.role != Role::Recovery {
            self.challenges(&traefik);
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
            }
            Role::Recovery => {}
        }
    }

    /// ACME's HTTP-01: the directory asks for a file through Traefik; cert-manager asks for it itself beforehand, by the
    /// public address, which a Service's translation may lead straight back to Traefik's pods.
    fn challenges(&mut self, traefik: &Peer) {
        let source = Some("/ingress/tls");
        let solver = PodGroup::named(
            Namespace::Edge,
            "acme-solver",
            "acme.cert-manager.io/http01-solver",
            "true",
        );
        let why = "ACME asks for its challenge through Traefik";
        self.add(traefik, &Peer::Pods(solver), &[ports::ACME_SOLVER], why, source);
        let cert_manager = super::all(Namespace::CertManager);
        let why = "cert-manager looks whether a challenge can be seen before it calls ACME";
        let outside = self.outside();
        self.add(&cert_manager, &outside, &[ports::HTTP], why, source);
        self.add(&cert_manager, traefik, &[ports::EDGE_PLAIN], why, source);
        let why = "cert-manager asks for public certificates";
        self.add(&cert_manager, &outside, &[ports::HTTPS], why, source);
    }
}
