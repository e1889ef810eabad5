//! What a person has ordered, and to which volume it applies.

use super::super::types::{Body, Claim, Durable, Envelope, Fork, Holding, Report};
use super::super::{Action, Machine, Orders, Start, Why};
use super::{Verdict, at, data, primary, setup, verdict, waiting};

/// The order still stands in git when a volume turns up that was away when it was carried out.
#[test]
fn an_order_gives_up_the_volume_that_was_there_and_no_other() {
    let holding_of = |granted| {
        let durable = Durable {
            granted,
            ..Durable::default()
        };
        let mut machine = ordered(durable, Holding::Data { at: at(1, 10) }, DISCARD);
        assert_eq!(
            machine.report().holding,
            Holding::Discarded { number: 1 },
            "nothing is known yet"
        );
        let done = Report {
            lineage: vec![fork(9)],
            ..data(9).unwrap()
        };
        tell(&mut machine, done);
        machine.report().holding
    };
    assert_eq!(holding_of(1), Holding::Discarded { number: 1 });
    assert_eq!(holding_of(0), Holding::Data { at: at(1, 10) });
}

const DISCARD: Orders = Orders {
    number: 1,
    start_from: None,
    discard: true,
};

/// By recovery 1, from db-1.
fn fork(seqno: i64) -> Fork {
    Fork {
        number: 1,
        node: 1,
        from: at(1, seqno),
    }
}

/// One of two members, which has read an order.
fn ordered(durable: Durable, holding: Holding, orders: Orders) -> Machine {
    let mut machine = Machine::new(setup(2), durable, holding);
    machine.order(Some(orders));
    machine
}

fn tell(machine: &mut Machine, report: Report) {
    machine.receive(&from_peer(Body::Answer { report }));
}

fn from_peer(body: Body) -> Envelope {
    Envelope {
        from: 1,
        to: 0,
        boot: 1,
        body,
    }
}

fn propose(machine: &mut Machine, claim: Claim) -> Durable {
    let proposal = Body::Propose {
        epoch: 5,
        claim,
        lineage: vec![],
    };
    let actions = machine.receive(&from_peer(proposal));
    match actions.as_slice() {
        [Action::Persist(durable), Action::Send(answer)] if answer.body == Body::Grant { epoch: 5 } => durable.clone(),
        other => panic!("not granted: {other:?}"),
    }
}

/// All answered, so the rule applied, and the order to start from this member did not. It must not do so later, when the
/// others run and a cut makes them silent.
#[test]
fn who_has_granted_a_start_does_not_start_alone_by_the_same_order() {
    let order = |number| Orders {
        number,
        start_from: Some(0),
        discard: false,
    };
    let mut machine = ordered(Durable::default(), Holding::Data { at: at(1, 9) }, order(1));
    tell(&mut machine, data(10).unwrap());
    let durable = propose(&mut machine, Claim::Resume { at: at(1, 10) });
    assert_eq!(durable.spent, 1);
    machine.forget(1);
    machine.settle(true);
    assert_eq!(machine.decide(true), vec![]);
    assert_eq!(machine.why(), Some(&Why::Spent));
    machine.order(Some(order(2)));
    let actions = machine.decide(true);
    assert!(
        actions.contains(&Action::Start(Start::Fork)),
        "a new order: {actions:?}"
    );
}

/// What is damaged stays where it is until the order that gives it up has begun a history.
#[test]
fn a_damaged_volume_goes_by_the_order_under_which_it_granted() {
    let mut machine = ordered(Durable::default(), Holding::Damaged, DISCARD);
    tell(&mut machine, data(10).unwrap());
    let durable = propose(
        &mut machine,
        Claim::Without {
            at: at(1, 10),
            number: 1,
        },
    );
    assert_eq!(durable.granted, 1);
    tell(&mut machine, primary(at(2, 1), vec![fork(10)]));
    let actions = machine.decide(false);
    assert!(
        actions.contains(&Action::Start(Start::Join { discard: true })),
        "{actions:?}"
    );
    assert!(machine.durable().joining.as_ref().is_some_and(|join| !join.empty));
}

/// Its own later history holds up nobody when it counts for nothing.
#[test]
fn a_discarded_member_is_no_history() {
    let discarded = Some(Report {
        lineage: vec![fork(5)],
        ..waiting(Holding::Discarded { number: 2 }).unwrap()
    });
    let without = Verdict::Elect {
        winner: 0,
        claim: Claim::Without {
            at: at(1, 9),
            number: 2,
        },
    };
    assert_eq!(verdict(&[data(9), discarded, data(8)]), without);
}
