//! The rule on single cases, as a person would state them.

mod orders;

use super::decide::{Verdict, View, Why, decide};
use super::types::{Claim, Durable, Fork, Found, Holding, Join, Phase, Position, Report, Stage};
use super::{Setup, assess};

fn at(uuid: u8, seqno: i64) -> Position {
    Position {
        uuid: format!("{uuid:02x}000000-0000-0000-0000-000000000000").parse().unwrap(),
        seqno,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a view is made of")]
fn waiting(holding: Holding) -> Option<Report> {
    Some(Report {
        phase: Phase::Waiting,
        holding,
        epoch: 1,
        lineage: vec![],
    })
}

fn data(seqno: i64) -> Option<Report> {
    waiting(Holding::Data { at: at(1, seqno) })
}

fn fresh(stage: Stage) -> Option<Report> {
    waiting(Holding::Fresh { stage, restored: None })
}

fn primary(at: Position, lineage: Vec<Fork>) -> Report {
    Report {
        phase: Phase::Primary { at, open: true },
        holding: Holding::Data { at },
        epoch: 4,
        lineage,
    }
}

/// Member 0 of as many.
fn setup(members: usize) -> Setup {
    Setup {
        me: 0,
        members: u8::try_from(members).unwrap(),
        boot: 1,
        may_initialise: true,
        mutation: None,
    }
}

/// What member 0 decides.
fn verdict(reports: &[Option<Report>]) -> Verdict {
    let setup = setup(reports.len());
    decide(&View {
        setup: &setup,
        reports,
        recoveries_done: 0,
    })
}

#[test]
fn the_furthest_starts_and_the_lowest_ordinal_on_a_tie() {
    let resume = |winner, seqno| Verdict::Elect {
        winner,
        claim: Claim::Resume { at: at(1, seqno) },
    };
    assert_eq!(verdict(&[data(5), data(9), data(7)]), resume(1, 9));
    assert_eq!(verdict(&[data(9), data(9), data(7)]), resume(0, 9));
}

#[test]
fn everybody_waits_for_the_silent_one() {
    assert_eq!(verdict(&[data(9), None, data(9)]), Verdict::Wait(Why::Silent(vec![1])));
}

#[test]
fn an_empty_member_is_no_agreement_while_others_hold_data() {
    for stage in [Stage::Unmarked, Stage::Enrolled] {
        assert_eq!(
            verdict(&[data(9), fresh(stage), data(9)]),
            Verdict::Wait(Why::CameBackEmpty(1))
        );
    }
    // This one has never held anything, and can prove it.
    assert!(matches!(
        verdict(&[data(9), fresh(Stage::Sealed), data(9)]),
        Verdict::Elect { winner: 0, .. }
    ));
}

/// What db-1 had may be more than the others have: its volume may turn up again, and its binary log may be stored already.
#[test]
fn without_what_a_member_had_a_new_history_begins() {
    let discarded = |number| waiting(Holding::Discarded { number });
    let without = |number| Verdict::Elect {
        winner: 0,
        claim: Claim::Without { at: at(1, 9), number },
    };
    assert_eq!(verdict(&[data(9), discarded(1), data(8)]), without(1));
    assert_eq!(verdict(&[data(9), discarded(1), discarded(2)]), without(2));
    // The history that this very recovery began has nothing of it: once is enough, and it can be brought to its end.
    let fork = |number| Fork {
        number,
        node: 0,
        from: at(1, 9),
    };
    let after = |number| {
        Some(Report {
            lineage: vec![fork(number)],
            ..data(9).unwrap()
        })
    };
    let resume = Verdict::Elect {
        winner: 0,
        claim: Claim::Resume { at: at(1, 9) },
    };
    assert_eq!(verdict(&[after(3), discarded(3), data(8)]), resume);
    assert_eq!(verdict(&[after(3), discarded(4), data(8)]), without(4));
}

#[test]
fn an_emptied_generation_is_not_initialised_again() {
    let lost = [fresh(Stage::Unmarked), fresh(Stage::Sealed), fresh(Stage::Unmarked)];
    assert_eq!(verdict(&lost), Verdict::Wait(Why::CameBackEmpty(0)));
}

#[test]
fn different_histories_are_never_compared_by_number() {
    let other = waiting(Holding::Data { at: at(2, 100) });
    assert_eq!(verdict(&[data(5), other, data(5)]), Verdict::Wait(Why::Histories(0, 1)));
}

#[test]
fn who_was_taking_a_state_counts_with_what_it_knows() {
    let taking = |seqno| waiting(Holding::Transferring { floor: at(1, seqno) });
    assert!(matches!(
        verdict(&[data(9), taking(9), data(8)]),
        Verdict::Elect { winner: 0, .. }
    ));
    assert_eq!(verdict(&[data(9), taking(10), data(8)]), Verdict::Wait(Why::Ahead(1)));
}

#[test]
fn a_primary_component_is_joined_whatever_the_others_say() {
    let primary = primary(at(1, 20), vec![]);
    let join = Verdict::Join {
        through: 2,
        floor: at(1, 20),
    };
    assert_eq!(verdict(&[data(9), None, Some(primary.clone())]), join);
    assert_eq!(verdict(&[fresh(Stage::Unmarked), None, Some(primary.clone())]), join);
    // Galera would abort, or worse: merge.
    assert_eq!(verdict(&[data(21), None, Some(primary)]), Verdict::Wait(Why::Ahead(0)));
}

#[test]
fn what_a_forced_recovery_left_behind_is_not_thrown_away_silently() {
    let fork = Fork {
        number: 1,
        node: 2,
        from: at(1, 10),
    };
    let primary = Some(primary(at(2, 3), vec![fork]));
    assert!(matches!(
        verdict(&[data(10), None, primary.clone()]),
        Verdict::Join { .. }
    ));
    assert_eq!(
        verdict(&[data(11), None, primary.clone()]),
        Verdict::Wait(Why::LeftBehind(0))
    );
    let discarded = waiting(Holding::Discarded { number: 1 });
    assert!(matches!(verdict(&[discarded, None, primary]), Verdict::Join { .. }));
}

#[test]
fn a_restored_generation_starts_from_its_restore_only() {
    let restored = |seqno| {
        waiting(Holding::Fresh {
            stage: Stage::Sealed,
            restored: Some(at(3, seqno)),
        })
    };
    let setup = Setup {
        may_initialise: false,
        ..setup(2)
    };
    let decide_on = |reports: &[Option<Report>]| {
        decide(&View {
            setup: &setup,
            reports,
            recoveries_done: 0,
        })
    };
    let start = Verdict::Elect {
        winner: 1,
        claim: Claim::Restored { at: at(3, 7) },
    };
    assert_eq!(decide_on(&[fresh(Stage::Sealed), restored(7)]), start);
    assert_eq!(decide_on(&[restored(6), restored(7)]), start);
    let nothing = Verdict::Wait(Why::NothingToStartFrom);
    assert_eq!(decide_on(&[fresh(Stage::Sealed), fresh(Stage::Sealed)]), nothing);
}

#[test]
fn a_volume_is_judged_by_what_is_remembered_of_it() {
    let state = Found::State(at(1, 5));
    let new = Durable::default();
    assert_eq!(
        assess(&new, &state, false),
        Holding::Damaged,
        "data that nobody restored and nobody started"
    );
    let restored = Holding::Fresh {
        stage: Stage::Unmarked,
        restored: Some(at(1, 5)),
    };
    assert_eq!(assess(&new, &state, true), restored);

    let known = Durable {
        started: true,
        uuid: Some(at(1, 0).uuid),
        ..Durable::default()
    };
    assert_eq!(assess(&known, &state, false), Holding::Data { at: at(1, 5) });
    assert_eq!(
        assess(&known, &Found::State(at(2, 5)), false),
        Holding::Damaged,
        "another history"
    );
    assert_eq!(
        assess(&known, &Found::NoState, false),
        Holding::Damaged,
        "the history is gone"
    );
    assert_eq!(
        assess(&known, &Found::Nothing, false),
        Holding::Damaged,
        "the data is gone, the memory is not"
    );

    let joining = |floor| Durable {
        joining: Some(Join { floor, empty: false }),
        ..known.clone()
    };
    let behind = Holding::Transferring { floor: at(1, 9) };
    assert_eq!(assess(&joining(at(1, 9)), &Found::Unusable, false), behind);
    assert_eq!(
        assess(&joining(at(1, 9)), &state, false),
        behind,
        "short of what was confirmed"
    );
    assert_eq!(
        assess(&joining(at(1, 4)), &state, false),
        Holding::Data { at: at(1, 5) }
    );
    // One that came back empty is not more than that by having asked.
    assert_eq!(assess(&joining(at(1, 9)), &Found::Nothing, false), behind);
    let mut empty = joining(at(1, 9));
    empty.joining = Some(Join {
        floor: at(1, 9),
        empty: true,
    });
    let unmarked = Holding::Fresh {
        stage: Stage::Unmarked,
        restored: None,
    };
    assert_eq!(assess(&empty, &Found::Nothing, false), unmarked);
    assert_eq!(assess(&empty, &Found::Unusable, false), behind);
}
