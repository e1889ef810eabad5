//! The database, its clients and its backups.

use super::{Edges, Peer, PodGroup, at, program};
use crate::spec::Role;
use crate::topology::database::GenerationSource;
use crate::topology::model::Topology;
use crate::topology::names::{Program, ports};

impl Edges<'_> {
    pub(super) fn data(&mut self, topology: &Topology) {
        if self.region.role != Role::Primary {
            return;
        }
        let (api, migration) = (program(Program::Api), program(Program::Migration));
        for provider in &topology.api.oidc {
            let to = self.addresses(&provider.addresses);
            let port = at(ports::HTTPS, provider.issuer.port());
            self.add(
                &api,
                &to,
                &[port],
                "the API asks an identity provider",
                Some("/api/oidc"),
            );
        }
        let between = [ports::GALERA, ports::GALERA_UDP, ports::IST, ports::SST, ports::KEEPER];
        for generation in &topology.database.generations {
            let database = Peer::Pods(PodGroup::generation(generation));
            let why = "nodes of one generation replicate and agree; no other generation may join them";
            self.add(&database, &database, &between, why, Some("/database/nodes"));
            let why = "the API server passes on what people ask a keeper (`galeno status`)";
            self.add(&Peer::ControlPlane, &database, &[ports::KEEPER_STATUS], why, None);
            let source = Some("/database");
            self.add(&api, &database, &[ports::MYSQL], "the API reads and writes", source);
            let why = "the API's tables are brought up to date";
            self.add(&migration, &database, &[ports::MYSQL], why, source);
            if generation.source != GenerationSource::Empty {
                self.restored(topology, &database);
            }
        }
    }

    fn restored(&mut self, topology: &Topology, database: &Peer) {
        let why = "a restored generation downloads its backup";
        self.bucket(database, &topology.backup.bucket, why, "/backup/bucket");
        if let Some(monthly) = &topology.backup.monthly {
            self.bucket(database, &monthly.bucket, why, "/backup/monthly/bucket");
        }
        let why = (
            "a failed restore is told by mail",
            "a failed restore is told to the webhook",
        );
        self.alerts(topology, database, why);
        let why = "a restored generation is checked before it is accepted";
        self.add(&program(Program::Acceptance), database, &[ports::MYSQL], why, None);
    }

    pub(super) fn backups(&mut self, topology: &Topology) {
        let primary = self.region.role == Role::Primary;
        let mut programs = Vec::new();
        if primary {
            programs.extend([Program::Backup, Program::Snapshot, Program::Rehearsal]);
            if topology
                .database
                .generations
                .iter()
                .any(|g| g.source != GenerationSource::Empty)
            {
                programs.push(Program::Acceptance);
            }
        } else if topology.holds_monthly(self.region) {
            programs.push(Program::Rehearsal);
        }
        for job in programs {
            self.job(topology, &program(job));
        }
        if !primary {
            return;
        }
        for generation in &topology.database.generations {
            let database = Peer::Pods(PodGroup::generation(generation));
            for job in [Program::Backup, Program::Snapshot] {
                let why = "the node to copy is chosen and watched";
                self.add(&program(job), &database, &[ports::MYSQL], why, Some("/backup"));
            }
        }
        let snapshot = program(Program::Snapshot);
        let why = "a snapshot holds the cluster's own objects";
        self.add(&snapshot, &Peer::ApiServer, &[], why, Some("/backup/schedule/weekly"));
        self.repository(topology, &snapshot, "a snapshot holds what git said when it was made");
    }

    /// What every Job of backups needs: its buckets, and whom to tell of a failure.
    fn job(&mut self, topology: &Topology, from: &Peer) {
        let backup = &topology.backup;
        let why = "backups are written, read and rotated";
        self.bucket(from, &backup.bucket, why, "/backup/bucket");
        if let Some(monthly) = &backup.monthly {
            let why = "the monthly copy is written, read and rotated";
            self.bucket(from, &monthly.bucket, why, "/backup/monthly/bucket");
        }
        self.alerts(
            topology,
            from,
            ("failures are told by mail", "failures are told to the webhook"),
        );
    }

    /// Mail and webhook.
    pub(super) fn alerts(&mut self, topology: &Topology, from: &Peer, why: (&'static str, &'static str)) {
        let alerts = &topology.backup.alerts;
        if let Some(smtp) = &alerts.smtp {
            let to = self.addresses(&smtp.addresses);
            let port = at(ports::SMTP, smtp.port);
            self.add(from, &to, &[port], why.0, Some("/backup/alerts/smtp"));
        }
        if alerts.webhook {
            let to = self.addresses(&alerts.webhook_addresses);
            self.add(from, &to, &[ports::HTTPS], why.1, Some("/backup/alerts/webhook"));
        }
    }
}
