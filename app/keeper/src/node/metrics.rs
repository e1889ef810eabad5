//! `/metrics`, in Prometheus' text format.

use std::fmt::Write as _;

use galeno_contract::keeper::Timeouts;

use super::sql::Observation;
use super::status::Status;

/// Everything that is measured.
pub(crate) fn render(status: &Status, timeouts: &Timeouts) -> String {
    let active = status.active == Some(status.generation);
    let silent = status.peers.iter().filter(|(_, heard)| heard.is_err()).count();
    let expiry = status.certificate_until.as_second();
    let mut text = Text::default();
    text.flag("keeper_up", "mariadbd runs.", status.running);
    text.flag(
        "keeper_ready",
        "Clients may be sent here.",
        status.ready(timeouts).is_ok(),
    );
    text.flag("keeper_open", "The door for clients is open.", status.open);
    text.flag(
        "keeper_waiting",
        "Something keeps this node from going on.",
        status.why.is_some(),
    );
    text.gauge("keeper_generation", "The generation of this node.", status.generation);
    text.flag(
        "keeper_generation_active",
        "This node's generation is the active one.",
        active,
    );
    text.flag(
        "keeper_generation_accepted",
        "This generation has been accepted.",
        status.accepted,
    );
    text.counter(
        "keeper_starts_total",
        "Starts of mariadbd by this keeper.",
        status.starts,
    );
    text.gauge(
        "keeper_certificate_expiry_timestamp_seconds",
        "When the member's certificate expires.",
        expiry,
    );
    text.gauge("keeper_peers_silent", "Members that do not answer.", silent);
    if let Some(report) = &status.report {
        text.gauge("keeper_epoch", "The highest epoch granted.", report.epoch);
    }
    if let Some(seen) = status.observation.as_ref().filter(|_| status.running) {
        database(&mut text, seen);
    }
    text.0
}

fn database(text: &mut Text, seen: &Observation) {
    let (seconds, rest) = (seen.paused_ns / 1_000_000_000, seen.paused_ns % 1_000_000_000);
    let paused = format!("{seconds}.{rest:09}");
    text.flag("keeper_wsrep_ready", "wsrep_ready.", seen.ready);
    text.flag("keeper_wsrep_primary", "In a primary component.", seen.primary);
    text.gauge("keeper_wsrep_local_state", "wsrep_local_state.", seen.local_state);
    text.gauge("keeper_wsrep_cluster_size", "wsrep_cluster_size.", seen.size);
    text.gauge("keeper_wsrep_last_committed", "wsrep_last_committed.", seen.committed);
    text.gauge(
        "keeper_wsrep_receive_queue",
        "wsrep_local_recv_queue.",
        seen.receive_queue,
    );
    text.counter(
        "keeper_wsrep_flow_control_paused_seconds_total",
        "Time paused by flow control.",
        paused,
    );
    text.gauge("keeper_connections", "Threads_connected.", seen.connections);
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn flag(&mut self, name: &str, help: &str, on: bool) {
        self.gauge(name, help, u8::from(on));
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.put(name, "gauge", help, &value.to_string());
    }

    fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.put(name, "counter", help, &value.to_string());
    }

    fn put(&mut self, name: &str, kind: &str, help: &str, value: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
}
