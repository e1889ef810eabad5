//! Who may speak to whom: every allowed edge of a region's network, once. NetworkPolicies of both ends follow from it.

use std::collections::BTreeMap;

use super::database::{Generation, GenerationSource};
use super::model::{Bucket, Region, StorageKind, Topology};
use super::names::{GENERATION_LABEL, Namespace, Port, Program, ports};
use super::values::Cidr;
use crate::spec::Role;

/// Pods of one namespace that share labels. Empty labels: all pods of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodGroup {
    /// Where they run.
    pub namespace: Namespace,
    /// The name of the policy that speaks of them: a DNS label.
    pub name: String,
    /// The labels that select them.
    pub labels: BTreeMap<String, String>,
}

impl PodGroup {
    /// The pods of a program.
    pub fn program(program: Program) -> Self {
        Self {
            namespace: program.namespace(),
            name: program.name().to_owned(),
            labels: program.selector(),
        }
    }

    /// The database pods of one generation.
    pub fn generation(generation: &Generation) -> Self {
        let mut labels = Program::Database.selector();
        labels.insert(GENERATION_LABEL.to_owned(), generation.number.to_string());
        Self {
            namespace: Namespace::Data,
            name: generation.name(),
            labels,
        }
    }

    /// All pods of a namespace.
    pub fn all(namespace: Namespace) -> Self {
        Self {
            namespace,
            name: "all".to_owned(),
            labels: BTreeMap::new(),
        }
    }

    fn named(namespace: Namespace, name: &str, label: &str, value: &str) -> Self {
        let labels = BTreeMap::from([(label.to_owned(), value.to_owned())]);
        Self {
            namespace,
            name: name.to_owned(),
            labels,
        }
    }
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Pods of the platform.
    Pods(PodGroup),
    /// Addresses; where `except` is not empty, without those.
    Addresses {
        /// The ranges.
        ranges: Vec<Cidr>,
        /// Ranges inside them that are not meant.
        except: Vec<Cidr>,
    },
    /// The Kubernetes API server, written in the network plugin's dialect.
    ApiServer,
    /// The control plane's machines: they call webhooks.
    ControlPlane,
    /// The nodes themselves: kubelets, and programs on the hosts' network.
    Nodes,
    /// The cluster's DNS.
    Dns,
}

/// One allowed edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who connects.
    pub from: Peer,
    /// To whom.
    pub to: Peer,
    /// The ports that `to` listens on. Empty: every port.
    pub ports: Vec<Port>,
    /// Why, in a few words.
    pub why: &'static str,
    /// The field of the environment file that it follows, as a JSON pointer, if it does.
    pub source: Option<&'static str>,
}

/// Every allowed edge of a region, without DNS, which all pods have.
pub fn edges(topology: &Topology, region: &Region) -> Vec<Edge> {
    let mut edges = Edges {
        list: Vec::new(),
        region,
    };
    edges.edge_of_the_platform(topology);
    edges.infrastructure(topology);
    if region.as_data().is_some() {
        edges.data(topology);
        edges.backups(topology);
    }
    if topology.monitoring.is_some() {
        edges.monitoring(topology);
    }
    edges.list
}

struct Edges<'a> {
    list: Vec<Edge>,
    region: &'a Region,
}

impl Edges<'_> {
    fn add(&mut self, from: Peer, to: Peer, ports: &[Port], why: &'static str, source: Option<&'static str>) {
        self.list.push(Edge {
            from,
            to,
            ports: ports.to_vec(),
            why,
            source,
        });
    }

    /// Every address outside this cluster.
    fn outside(&self) -> Peer {
        let network = &self.region.network;
        let mut except = vec![network.pods, network.services, network.nodes];
        except.extend(&network.control_plane);
        let versions = [(false, "0.0.0.0/0"), (true, "::/0")];
        let ranges = versions
            .iter()
            .filter(|(ipv6, _)| *ipv6 == network.pods.is_ipv6())
            .filter_map(|(_, range)| range.parse().ok())
            .collect();
        except.retain(|range| range.is_ipv6() == network.pods.is_ipv6());
        except.sort_unstable();
        Peer::Addresses { ranges, except }
    }

    /// Those addresses, or every address outside the cluster where none were written.
    fn addresses(&self, ranges: &[Cidr]) -> Peer {
        if ranges.is_empty() {
            return self.outside();
        }
        Peer::Addresses {
            ranges: ranges.to_vec(),
            except: Vec::new(),
        }
    }

    fn edge_of_the_platform(&mut self, topology: &Topology) {
        let traefik = Peer::Pods(PodGroup::program(Program::Traefik));
        let web = Peer::Pods(PodGroup::program(Program::Web));
        let clients = match topology.ingress.allowed_clients.as_slice() {
            [] => Peer::Addresses {
                ranges: ["0.0.0.0/0", "::/0"].iter().filter_map(|r| r.parse().ok()).collect(),
                except: vec![],
            },
            some => Peer::Addresses {
                ranges: some.to_vec(),
                except: Vec::new(),
            },
        };
        let from_outside = [ports::EDGE, ports::EDGE_PLAIN];
        self.add(
            clients,
            traefik.clone(),
            &from_outside,
            "clients reach the platform through Traefik alone",
            Some("/ingress"),
        );
        self.add(
            traefik.clone(),
            Peer::ApiServer,
            &[],
            "Traefik watches its routes",
            None,
        );
        if topology.ingress.acme.is_some() {
            let solver = PodGroup::named(
                Namespace::Edge,
                "acme-solver",
                "acme.cert-manager.io/http01-solver",
                "true",
            );
            let why = "ACME asks for its challenge through Traefik";
            self.add(
                traefik.clone(),
                Peer::Pods(solver),
                &[ports::ACME_SOLVER],
                why,
                Some("/ingress/tls"),
            );
        }
        if self.region.role != Role::Recovery {
            self.add(
                traefik.clone(),
                web.clone(),
                &[ports::WEB],
                "requests for the web application",
                Some("/web"),
            );
        }
        match self.region.role {
            Role::Primary => {
                let api = Peer::Pods(PodGroup::program(Program::Api));
                self.add(traefik, api, &[ports::API], "requests for the API", Some("/api"));
            }
            Role::Access => {
                let primary = topology
                    .primary()
                    .addresses
                    .iter()
                    .map(|address| Cidr::single(*address))
                    .collect();
                let primary = Peer::Addresses {
                    ranges: primary,
                    except: Vec::new(),
                };
                let why = "the API is relayed to the primary region without being decrypted";
                self.add(traefik, primary, &[ports::HTTPS], why, Some("/regions"));
            }
            Role::Recovery => {}
        }
    }

    fn infrastructure(&mut self, topology: &Topology) {
        let all = |namespace| Peer::Pods(PodGroup::all(namespace));
        for (namespace, why) in [
            (Namespace::CertManager, "cert-manager's parts speak to each other"),
            (
                Namespace::ExternalSecrets,
                "External Secrets' parts speak to each other",
            ),
            (Namespace::ArgoCd, "Argo CD's parts speak to each other"),
        ] {
            self.add(all(namespace), all(namespace), &[], why, None);
            self.add(
                all(namespace),
                Peer::ApiServer,
                &[],
                "controllers watch their objects",
                None,
            );
        }
        for namespace in [Namespace::CertManager, Namespace::ExternalSecrets] {
            self.add(
                Peer::ControlPlane,
                all(namespace),
                &[ports::WEBHOOK],
                "the API server calls admission webhooks",
                None,
            );
        }
        let outside = self.outside();
        if topology.ingress.acme.is_some() {
            let why = "cert-manager asks for public certificates";
            self.add(
                all(Namespace::CertManager),
                outside.clone(),
                &[ports::HTTPS],
                why,
                Some("/ingress/tls"),
            );
        }
        let why = "External Secrets reads the secret store";
        self.add(
            all(Namespace::ExternalSecrets),
            outside.clone(),
            &[],
            why,
            Some("/secrets/store"),
        );
        self.add(
            all(Namespace::ArgoCd),
            outside,
            &[ports::HTTPS],
            "Argo CD reads its repository",
            Some("/argocd/repository"),
        );
    }

    fn data(&mut self, topology: &Topology) {
        let ceph = Peer::Pods(PodGroup::all(Namespace::RookCeph));
        let longhorn = Peer::Pods(PodGroup::all(Namespace::Longhorn));
        let storage = match topology.storage.kind {
            StorageKind::Ceph(_) => Some(ceph),
            StorageKind::Longhorn { .. } => Some(longhorn),
            StorageKind::Class(_) => None,
        };
        if let Some(storage) = storage {
            let source = Some("/storage/backend");
            self.add(
                storage.clone(),
                storage.clone(),
                &[],
                "the storage's daemons speak to each other",
                source,
            );
            self.add(
                storage.clone(),
                Peer::ApiServer,
                &[],
                "the storage's operator watches its objects",
                source,
            );
            self.add(Peer::Nodes, storage.clone(), &[], "nodes mount volumes", source);
            self.add(
                storage,
                Peer::Nodes,
                &[],
                "daemons answer and reach CSI plugins on nodes",
                source,
            );
        }
        if self.region.role != Role::Primary {
            return;
        }
        let api = Peer::Pods(PodGroup::program(Program::Api));
        let migration = Peer::Pods(PodGroup::program(Program::Migration));
        for provider in &topology.api.oidc {
            let provider = self.addresses(&provider.addresses);
            self.add(
                api.clone(),
                provider,
                &[ports::HTTPS],
                "the API asks an identity provider",
                Some("/api/oidc"),
            );
        }
        let between = [ports::GALERA, ports::GALERA_UDP, ports::IST, ports::SST, ports::KEEPER];
        for generation in &topology.database.generations {
            let database = Peer::Pods(PodGroup::generation(generation));
            let why = "nodes of one generation replicate and agree; no other generation may join them";
            self.add(
                database.clone(),
                database.clone(),
                &between,
                why,
                Some("/database/nodes"),
            );
            self.add(
                api.clone(),
                database.clone(),
                &[ports::MYSQL],
                "the API reads and writes",
                Some("/database"),
            );
            self.add(
                migration.clone(),
                database.clone(),
                &[ports::MYSQL],
                "the API's tables are brought up to date",
                Some("/database"),
            );
            if matches!(generation.source, GenerationSource::Restored { .. }) {
                self.bucket(
                    &database,
                    &topology.backup.bucket,
                    "a restored generation downloads its backup",
                );
                if let Some(monthly) = &topology.backup.monthly {
                    self.bucket(&database, &monthly.bucket, "a restored generation downloads its backup");
                }
                let acceptance = Peer::Pods(PodGroup::program(Program::Acceptance));
                let why = "a restored generation is checked before it is accepted";
                self.add(acceptance, database, &[ports::MYSQL], why, None);
            }
        }
    }

    fn bucket(&mut self, from: &Peer, bucket: &Bucket, why: &'static str) {
        let to = self.addresses(&bucket.addresses);
        // One number, whatever the endpoint's; its name serves every edge to storage.
        let port = Port {
            number: bucket.endpoint.port(),
            ..ports::HTTPS
        };
        self.add(from.clone(), to, &[port], why, Some("/backup/bucket"));
    }

    fn backups(&mut self, topology: &Topology) {
        let backup = &topology.backup;
        let mut programs = vec![Program::Backup, Program::Rehearsal];
        if self.region.role == Role::Primary {
            programs.push(Program::Snapshot);
            if topology
                .database
                .generations
                .iter()
                .any(|g| g.source != GenerationSource::Empty)
            {
                programs.push(Program::Acceptance);
            }
        }
        for program in programs {
            let from = Peer::Pods(PodGroup::program(program));
            self.bucket(&from, &backup.bucket, "backups are written, read and rotated");
            if let Some(monthly) = &backup.monthly {
                self.bucket(&from, &monthly.bucket, "the monthly copy is written, read and rotated");
            }
            if let Some(smtp) = &backup.alerts.smtp {
                let to = self.addresses(&smtp.addresses);
                let port = Port {
                    name: "smtp",
                    number: smtp.port,
                    ..ports::HTTPS
                };
                self.add(
                    from.clone(),
                    to,
                    &[port],
                    "failures are told by mail",
                    Some("/backup/alerts/smtp"),
                );
            }
            if backup.alerts.webhook {
                let to = self.addresses(&backup.alerts.webhook_addresses);
                self.add(
                    from,
                    to,
                    &[ports::HTTPS],
                    "failures are told to the webhook",
                    Some("/backup/alerts/webhook"),
                );
            }
        }
        if self.region.role != Role::Primary {
            return;
        }
        for generation in &topology.database.generations {
            let database = Peer::Pods(PodGroup::generation(generation));
            for program in [Program::Backup, Program::Snapshot] {
                let from = Peer::Pods(PodGroup::program(program));
                self.add(
                    from,
                    database.clone(),
                    &[ports::MYSQL],
                    "the node to copy is chosen and watched",
                    Some("/backup"),
                );
            }
        }
        let snapshot = Peer::Pods(PodGroup::program(Program::Snapshot));
        self.add(
            snapshot,
            Peer::ApiServer,
            &[],
            "a snapshot holds the cluster's own objects",
            Some("/backup/schedule/weekly"),
        );
    }

    fn monitoring(&mut self, topology: &Topology) {
        let source = Some("/monitoring");
        let all = Peer::Pods(PodGroup::all(Namespace::Monitoring));
        let prometheus = Peer::Pods(PodGroup::named(
            Namespace::Monitoring,
            "prometheus",
            "app.kubernetes.io/name",
            "prometheus",
        ));
        let alertmanager = Peer::Pods(PodGroup::named(
            Namespace::Monitoring,
            "alertmanager",
            "app.kubernetes.io/name",
            "alertmanager",
        ));
        self.add(
            all.clone(),
            all.clone(),
            &[],
            "monitoring's parts speak to each other",
            source,
        );
        self.add(
            all.clone(),
            Peer::ApiServer,
            &[],
            "controllers watch their objects",
            source,
        );
        self.add(
            Peer::ControlPlane,
            all,
            &[ports::WEBHOOK],
            "the API server calls admission webhooks",
            source,
        );
        let mut targets = vec![
            (Peer::Pods(PodGroup::program(Program::Traefik)), ports::EDGE_METRICS),
            (
                Peer::Pods(PodGroup::all(Namespace::CertManager)),
                ports::CERT_MANAGER_METRICS,
            ),
            (Peer::Nodes, ports::KUBELET),
        ];
        if self.region.role != Role::Recovery {
            targets.push((Peer::Pods(PodGroup::program(Program::Web)), ports::WEB_STATUS));
        }
        if self.region.role == Role::Primary {
            targets.push((Peer::Pods(PodGroup::program(Program::Api)), ports::API_STATUS));
            let generations = topology.database.generations.iter();
            targets.extend(generations.map(|g| (Peer::Pods(PodGroup::generation(g)), ports::KEEPER_STATUS)));
        }
        if self.region.as_data().is_some() && matches!(topology.storage.kind, StorageKind::Ceph(_)) {
            targets.push((Peer::Pods(PodGroup::all(Namespace::RookCeph)), ports::CEPH_METRICS));
        }
        for (target, port) in targets {
            self.add(prometheus.clone(), target, &[port], "Prometheus reads metrics", source);
        }
        let alerts = &topology.backup.alerts;
        if let Some(smtp) = &alerts.smtp {
            let to = self.addresses(&smtp.addresses);
            let port = Port {
                name: "smtp",
                number: smtp.port,
                ..ports::HTTPS
            };
            self.add(
                alertmanager.clone(),
                to,
                &[port],
                "alerts go out by mail",
                Some("/backup/alerts/smtp"),
            );
        }
        if alerts.webhook {
            let to = self.addresses(&alerts.webhook_addresses);
            self.add(
                alertmanager,
                to,
                &[ports::HTTPS],
                "alerts go out to the webhook",
                Some("/backup/alerts/webhook"),
            );
        }
    }
}
