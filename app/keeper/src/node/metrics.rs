//! `/metrics`, in Prometheus' text format. The names stand in the contract: alerts are built on the same constants.

use std::fmt::{Display, Write as _};

use galeno_contract::keeper::Timeouts;
use galeno_contract::metrics::keeper as names;

use super::sql::Observation;
use super::status::Status;

/// Everything that is measured.
pub(crate) fn render(status: &Status, timeouts: &Timeouts) -> String {
    let mut text = Text::default();
    text.flag(
        names::UP,
        "mariadbd runs and its keeper watches it.",
        status.running && status.startup(timeouts).is_ok(),
    );
    generation(&mut text, status);
    agreement(&mut text, status);
    database(&mut text, status);
    text.gauge(
        names::CERTIFICATE_EXPIRY,
        "When the member's certificate expires.",
        status.certificate_until.as_second(),
    );
    text.counter(names::STARTS, "Starts of mariadbd by this keeper.", status.starts);
    text.0
}

fn generation(text: &mut Text, status: &Status) {
    let active = status.active == Some(status.generation);
    text.gauge(names::GENERATION, "The generation of this node.", status.generation);
    text.flag(names::ACTIVE, "This node's generation is the active one.", active);
    text.flag(names::ACCEPTED, "This generation has been accepted.", status.accepted);
    text.flag(names::OPEN, "Clients are let in.", status.open);
}

fn agreement(text: &mut Text, status: &Status) {
    let silent = status.peers.iter().filter(|(_, heard)| heard.is_err()).count();
    let epoch = status.report.as_ref().map_or(0, |report| report.epoch);
    text.gauge(
        names::EXPECTED_SIZE,
        "Members that the generation should have.",
        status.peers.len() + 1,
    );
    text.gauge(names::SILENT, "Members that do not answer.", silent);
    text.gauge(
        names::WAITING_FOR,
        "Members that are waited for before anybody may start.",
        status.waiting_for,
    );
    text.flag(
        names::NEEDS_A_PERSON,
        "Nothing but a person's decision can go on.",
        status.needs_a_person,
    );
    text.gauge(names::EPOCH, "The highest epoch granted.", epoch);
}

/// What mariadbd says of itself; nothing of what it said before it ended.
fn database(text: &mut Text, status: &Status) {
    let seen = status.observation.as_ref().filter(|_| status.running);
    let is = |ask: fn(&Observation) -> bool| seen.is_some_and(ask);
    text.flag(names::READY, "wsrep_ready.", is(|o| o.ready));
    text.flag(names::PRIMARY, "In a primary component.", is(Observation::primary));
    text.flag(
        names::SYNCED,
        "In sync, or giving its state without blocking.",
        is(|o| o.position().is_some()),
    );
    text.gauge(
        names::LOCAL_STATE,
        "wsrep_local_state.",
        seen.map_or(0, |o| o.local_state),
    );
    text.gauge(names::CLUSTER_SIZE, "wsrep_cluster_size.", seen.map_or(0, |o| o.size));
    text.gauge(
        names::LAST_COMMITTED,
        "wsrep_last_committed.",
        seen.map_or(-1, |o| o.committed),
    );
    text.gauge(
        names::FLOW_CONTROL_PAUSED,
        "Part of the last half minute in which flow control held replication.",
        if seen.is_some() {
            status.flow_control_paused
        } else {
            0.0
        },
    );
    text.gauge(
        names::RECEIVE_QUEUE,
        "wsrep_local_recv_queue.",
        seen.map_or(0, |o| o.receive_queue),
    );
    text.gauge(
        names::CONNECTIONS,
        "Threads_connected.",
        seen.map_or(0, |o| o.connections),
    );
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn flag(&mut self, name: &str, help: &str, on: bool) {
        self.gauge(name, help, u8::from(on));
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.put(name, "gauge", help, &value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.put(name, "counter", help, &value);
    }

    fn put(&mut self, name: &str, kind: &str, help: &str, value: &dyn Display) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::status::tests::serving;
    use super::*;

    /// Of three starts the last one has ended; the other member is silent.
    fn status() -> Status {
        Status {
            generation: 0,
            report: None,
            peers: vec![("db-1".into(), Err("refused".into()))],
            waiting_for: 1,
            running: false,
            observation: None,
            flow_control_paused: 0.25,
            active: Some(0),
            accepted: false,
            open: false,
            starts: 3,
            ..serving()
        }
    }

    #[test]
    fn exactly_the_names_of_the_contract_are_exported_also_while_nothing_runs() {
        let text = render(&status(), &Timeouts::default());
        let exported: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(' ').next())
            .collect();
        let unique: BTreeSet<&str> = exported.iter().copied().collect();
        assert_eq!(unique.len(), exported.len(), "a name is exported twice: {exported:?}");
        assert_eq!(unique, names::ALL.iter().copied().collect());
        for name in names::ALL {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        }
    }

    #[test]
    fn what_mariadbd_said_before_it_ended_is_not_repeated() {
        let text = render(&status(), &Timeouts::default());
        for line in [
            "galeno_keeper_up 0",
            "galeno_keeper_expected_size 2",
            "galeno_keeper_members_silent 1",
            "galeno_keeper_waiting_for 1",
            "galeno_keeper_cluster_size 0",
            "galeno_keeper_last_committed -1",
            "galeno_keeper_flow_control_paused 0",
            "galeno_keeper_active 1",
            "galeno_keeper_starts_total 3",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line}\n{text}");
        }
    }
}
