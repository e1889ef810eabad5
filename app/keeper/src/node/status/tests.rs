//! Each probe, state by state: what a restart would not help is never a reason for one.

use std::time::{Duration, Instant};

use galeno_contract::keeper::Timeouts;

use super::super::sql::{Component, Observation};
use super::Status;
use crate::agreement::{Holding, Phase, Position, Report};

const UUID: &str = "11111111-1111-1111-1111-111111111111";

fn at() -> Position {
    Position {
        uuid: UUID.parse().unwrap(),
        seqno: 7,
    }
}

fn report(phase: Phase) -> Report {
    Report {
        phase,
        holding: Holding::Data { at: at() },
        epoch: 1,
        lineage: vec![],
    }
}

fn ago(seconds: u64) -> Instant {
    // The clock of a machine that has only just started holds no such past; then there is nothing to test with.
    Instant::now()
        .checked_sub(Duration::from_secs(seconds))
        .expect("the machine runs for longer")
}

/// In service: synced, active, accepted, open.
pub(crate) fn serving() -> Status {
    let now = Instant::now();
    Status {
        name: "db-0".into(),
        cluster: "test".into(),
        generation: 2,
        report: Some(report(Phase::Primary { at: at(), open: true })),
        peers: vec![],
        why: None,
        waiting_for: 0,
        needs_a_person: false,
        running: true,
        draining: false,
        observation: Some(Observation {
            ready: true,
            component: Component::Primary,
            local_state: 4,
            comment: "Synced".into(),
            size: 3,
            uuid: Some(at().uuid),
            committed: 9,
            receive_queue: 0,
            paused_ns: 0,
            connections: 1,
            read_only: false,
        }),
        observed_at: now,
        progress_at: now,
        turned_at: now,
        flow_control_paused: 0.0,
        active: Some(2),
        accepted: true,
        open: true,
        donor_is_ready: true,
        certificate_until: jiff::Timestamp::UNIX_EPOCH,
        starts: 1,
    }
}

/// Whether (startup, live, ready) say yes.
fn probes(status: &Status) -> (bool, bool, bool) {
    let times = Timeouts::default();
    (
        status.startup(&times).is_ok(),
        status.live(&times).is_ok(),
        status.ready(&times).is_ok(),
    )
}

fn donating(mut status: Status) -> Status {
    let seen = status.observation.as_mut().unwrap();
    seen.local_state = 2;
    seen.comment = "Donor/Desynced".into();
    status
}

#[test]
fn a_member_that_serves_is_ready() {
    assert_eq!(probes(&serving()), (true, true, true));
}

#[test]
fn a_donor_is_never_killed_and_is_ready_where_it_gives_without_blocking() {
    let mut status = donating(serving());
    assert_eq!(probes(&status), (true, true, true));
    status.donor_is_ready = false;
    assert_eq!(probes(&status), (true, true, false));
    // Even one that has not answered for long: it may be blocked by what it gives.
    status.observed_at = ago(100);
    assert_eq!(probes(&status), (true, true, false));
}

#[test]
fn a_member_that_waits_or_takes_a_state_is_never_killed() {
    for phase in [Phase::Waiting, Phase::NonPrimary, Phase::Joining, Phase::Bootstrapping] {
        let mut status = serving();
        status.report = Some(report(phase));
        assert_eq!(probes(&status), (true, true, false), "{phase:?}");
    }
}

#[test]
fn a_start_without_any_progress_and_a_keeper_that_hangs_are_ended() {
    // As long as a transfer moves, it may take as long as it likes; when nothing moves for that long, it is stuck.
    let mut status = serving();
    status.report = Some(report(Phase::Joining));
    let stalled = Timeouts {
        stalled: galeno_contract::Duration::from_secs(30),
        ..Timeouts::default()
    };
    assert!(status.live(&stalled).is_ok());
    status.progress_at = ago(31);
    let why = status.live(&stalled).unwrap_err();
    assert!(why.contains("no progress for 3"), "{why}");

    let mut status = serving();
    status.turned_at = ago(61);
    assert_eq!(probes(&status), (false, false, true));
}

#[test]
fn a_mariadbd_in_service_that_does_not_answer_is_ended() {
    let mut status = serving();
    status.observed_at = ago(61);
    assert_eq!(probes(&status), (true, false, false));
    // Without one, there is nothing to end.
    status.running = false;
    assert_eq!(probes(&status), (true, true, false));
}

#[test]
fn a_closed_gate_is_not_ready_and_says_why() {
    let refused = |change: fn(&mut Status), says: &str| {
        let mut status = serving();
        change(&mut status);
        assert_eq!(probes(&status), (true, true, false), "{says}");
        let why = status.ready(&Timeouts::default()).unwrap_err();
        assert!(why.contains(says), "{why}");
    };
    refused(|s| s.active = Some(3), "the active generation is 3, and this is 2");
    refused(|s| s.active = None, "the active generation is none");
    refused(|s| s.accepted = false, "generation 2 has not been accepted");
    refused(|s| s.open = false, "not opened to clients yet");
    refused(|s| s.draining = true, "leaving");
    refused(|s| s.why = Some("waiting for db-1".into()), "waiting for db-1");
    refused(
        |s| s.observation.as_mut().unwrap().uuid = None,
        "not in its own history",
    );
}
