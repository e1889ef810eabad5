//! The searches: breadth first where the space is small, at random where it is not; and that broken rules are found.

use stateright::{Checker, HasDiscoveries, Model};

use super::{Agreement, Budget, Mutation, TOGETHER};

const NONE: Budget = Budget {
    crashes: 0,
    stops: 0,
    losses: 0,
    cuts: 0,
    writes: 0,
    orders: 0,
    epochs: 3,
};

/// What a search found.
struct Outcome {
    failed: Vec<String>,
    states: usize,
    all_together: bool,
    /// Nothing within the bounds is left unexplored.
    complete: bool,
}

/// Explores breadth first, up to `states` states or to the end. In one thread: it comes to the same states each time.
fn explore(model: Agreement, states: usize) -> Outcome {
    let checker = model
        .checker()
        .threads(1)
        .target_state_count(states)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    outcome(&checker, states)
}

/// Walks at random: `walks` walks of at most `steps` steps, the same ones for the same seed.
fn wander(model: &Agreement, seed: u64, walks: usize, steps: usize) -> Outcome {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let properties = model.properties();
    let mut outcome = Outcome {
        failed: vec![],
        states: 0,
        all_together: false,
        complete: false,
    };
    for _ in 0..walks {
        let mut world = model.init_states().remove(0);
        let mut path = Vec::new();
        for _ in 0..steps {
            let mut possible = Vec::new();
            model.actions(&world, &mut possible);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let pick = usize::try_from(random % (possible.len() as u64)).expect("small");
            let step = possible.swap_remove(pick);
            let Some(next) = model.next_state(&world, step.clone()) else {
                continue;
            };
            path.push(format!("{step:?}"));
            world = next;
            outcome.states += 1;
            for property in &properties {
                match (property.name == TOGETHER, (property.condition)(model, &world)) {
                    (true, together) => outcome.all_together |= together,
                    (false, true) => {}
                    (false, false) => {
                        outcome.failed.push(format!("{}: {}", property.name, path.join(", ")));
                        return outcome;
                    }
                }
            }
        }
    }
    outcome
}

fn outcome(checker: &impl Checker<Agreement>, limit: usize) -> Outcome {
    let mut failed = Vec::new();
    let mut all_together = false;
    for (name, path) in checker.discoveries() {
        if name == TOGETHER {
            all_together = true;
        } else {
            let steps: Vec<String> = path.clone().into_actions().iter().map(|a| format!("{a:?}")).collect();
            failed.push(format!("{name}: {}", steps.join(", ")));
        }
    }
    Outcome {
        failed,
        states: checker.unique_state_count(),
        all_together,
        complete: checker.state_count() < limit,
    }
}

fn sound(what: &str, model: Agreement, states: usize) {
    let outcome = explore(model, states);
    assert_eq!(outcome.failed, Vec::<String>::new(), "{what}");
    assert!(
        outcome.all_together,
        "{what}: the members never came together in {} states",
        outcome.states
    );
    eprintln!(
        "{what}: {} states, {}",
        outcome.states,
        if outcome.complete {
            "all there are"
        } else {
            "breadth first"
        }
    );
}

fn model(members: u8, running: bool, budget: Budget, mutation: Option<Mutation>) -> Agreement {
    Agreement {
        members,
        budget,
        running,
        mutation,
    }
}

#[test]
fn the_first_start_happens_once() {
    sound(
        "first start of 2",
        model(
            2,
            false,
            Budget {
                crashes: 2,
                losses: 1,
                writes: 1,
                ..NONE
            },
            None,
        ),
        600_000,
    );
    let budget = Budget {
        crashes: 2,
        losses: 1,
        writes: 1,
        epochs: 5,
        ..NONE
    };
    let outcome = wander(&model(3, false, budget, None), 1, 2_000, 150);
    assert_eq!(outcome.failed, Vec::<String>::new(), "first start of 3");
    assert!(
        outcome.all_together,
        "first start of 3: the members never came together"
    );
}

#[test]
fn crashes_and_clean_stops_lose_nothing() {
    let budget = Budget {
        crashes: 3,
        stops: 1,
        writes: 2,
        ..NONE
    };
    sound("crashes and stops", model(3, true, budget, None), 600_000);
}

#[test]
fn lost_volumes_never_count_as_agreement() {
    let budget = Budget {
        crashes: 3,
        losses: 1,
        writes: 1,
        ..NONE
    };
    sound("a lost volume", model(3, true, budget, None), 600_000);
}

#[test]
fn a_cut_network_leaves_one_component() {
    let budget = Budget {
        crashes: 2,
        cuts: 2,
        writes: 1,
        ..NONE
    };
    sound("cuts", model(3, true, budget, None), 600_000);
}

#[test]
fn a_persons_order_merges_nothing() {
    let budget = Budget {
        crashes: 3,
        losses: 1,
        writes: 1,
        orders: 1,
        ..NONE
    };
    sound("orders", model(3, true, budget, None), 600_000);
}

/// Deeper than breadth first goes: outages with lost volumes, and what people order then.
#[test]
fn three_members_at_random() {
    let budget = Budget {
        crashes: 6,
        stops: 2,
        losses: 1,
        cuts: 1,
        writes: 3,
        orders: 2,
        epochs: 8,
    };
    // This seed finds, among others, a join that hides that a member had come back empty.
    let outcome = wander(&model(3, true, budget, None), 2, 3_000, 250);
    assert_eq!(outcome.failed, Vec::<String>::new());
    assert!(outcome.all_together, "the members never came together");
    eprintln!("three members: {} steps", outcome.states);
}

#[test]
fn four_members_at_random() {
    let budget = Budget {
        crashes: 6,
        stops: 2,
        losses: 1,
        cuts: 2,
        writes: 3,
        orders: 1,
        epochs: 8,
    };
    for seed in 0..2 {
        let outcome = wander(&model(4, seed % 2 == 0, budget, None), seed, 1_000, 400);
        assert_eq!(outcome.failed, Vec::<String>::new(), "seed {seed}");
        assert!(
            outcome.all_together || seed == 1,
            "seed {seed}: the members never came together"
        );
        eprintln!("four members, seed {seed}: {} steps", outcome.states);
    }
}

/// The check bites: break a rule, and it says so.
#[test]
fn each_broken_rule_is_noticed() {
    let budget = Budget {
        crashes: 4,
        stops: 2,
        cuts: 1,
        writes: 2,
        epochs: 6,
        ..NONE
    };
    for (mutation, budget) in [
        (Mutation::Majority, budget),
        (Mutation::EmptyCounts, Budget { losses: 2, ..budget }),
        (Mutation::LowestOrdinal, budget),
        (
            Mutation::SameHistory,
            Budget {
                losses: 1,
                orders: 1,
                ..budget
            },
        ),
    ] {
        let outcome = wander(&model(3, true, budget, Some(mutation)), 1, 10_000, 200);
        eprintln!("{mutation:?}: {} steps, {:?}", outcome.states, outcome.failed);
        assert!(
            !outcome.failed.is_empty(),
            "{mutation:?} went unnoticed in {} steps",
            outcome.states
        );
    }
}
