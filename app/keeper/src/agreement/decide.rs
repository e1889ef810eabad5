//! What a member would do on what it knows: one function, used by a candidate to propose and by a voter to grant.

use super::machine::Setup;
use super::types::{Claim, Fork, Holding, Ordinal, Phase, Position, Report, Stage};

/// What is known, and what was ordered.
pub(crate) struct View<'a> {
    pub(crate) setup: &'a Setup,
    /// By ordinal; `None` is silent. The own report is always there.
    pub(crate) reports: &'a [Option<Report>],
    /// Recoveries up to this number are done.
    pub(crate) recoveries_done: u32,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// Join the primary component that has reached `floor` at least, as this member reports.
    Join { through: Ordinal, floor: Position },
    /// Note the next stage towards the first start.
    Mark(Stage),
    /// This member is the one to start from this.
    Elect { winner: Ordinal, claim: Claim },
    /// Nothing can be done yet.
    Wait(Why),
}

/// Why a member waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    /// These have not answered.
    Silent(Vec<Ordinal>),
    /// This one's mariadbd runs, without a primary component (yet).
    Busy(Ordinal),
    /// This one came back with an empty volume while others hold data, or know that it had data.
    CameBackEmpty(Ordinal),
    /// What this one holds can neither be used nor be dismissed.
    Damaged(Ordinal),
    /// These two hold different histories.
    Histories(Ordinal, Ordinal),
    /// This one holds transactions that a forced recovery left behind.
    LeftBehind(Ordinal),
    /// This one holds, or has seen, more than the primary component or any candidate has.
    Ahead(Ordinal),
    /// Nobody holds data, and the generation may not be initialised.
    NothingToStartFrom,
    /// The members have not yet all marked their volumes.
    Marking,
    /// The recovery that starts from here was ordered while this one granted another's start.
    Spent,
    /// A recovery starts from here once every silent member has had its time to answer.
    Settling,
}

impl Why {
    /// How many members are waited for before anybody may start.
    pub(crate) fn waiting_for(&self) -> usize {
        match self {
            Self::Silent(members) => members.len(),
            Self::Busy(_) => 1,
            _ => 0,
        }
    }

    /// Whether nothing but a person's decision can go on.
    pub(crate) fn needs_a_person(&self) -> bool {
        match self {
            Self::CameBackEmpty(_)
            | Self::Damaged(_)
            | Self::Histories(..)
            | Self::LeftBehind(_)
            | Self::Ahead(_)
            | Self::Spent
            | Self::NothingToStartFrom => true,
            Self::Silent(_) | Self::Busy(_) | Self::Marking | Self::Settling => false,
        }
    }
}

/// Decides on what is known.
pub(crate) fn decide(view: &View<'_>) -> Verdict {
    #[cfg(test)]
    if let Some(mutation) = view.setup.mutation {
        let reports = super::model::broken(mutation, view.reports);
        let verdict = by_the_rule(&View {
            reports: &reports,
            ..*view
        });
        return super::model::broken_verdict(mutation, verdict);
    }
    by_the_rule(view)
}

fn by_the_rule(view: &View<'_>) -> Verdict {
    if let Some(verdict) = join(view) {
        return verdict;
    }
    let silent: Vec<Ordinal> = ordinals(view).filter(|&o| report(view, o).is_none()).collect();
    if !silent.is_empty() {
        return Verdict::Wait(Why::Silent(silent));
    }
    let members: Vec<(Ordinal, &Report)> = known(view).collect();
    if let Some(&(busy, _)) = members
        .iter()
        .find(|&&(o, r)| o != view.setup.me && r.phase != Phase::Waiting)
    {
        return Verdict::Wait(Why::Busy(busy));
    }
    elect(view, &members).unwrap_or_else(Verdict::Wait)
}

/// The way into a running primary component, if somebody is in one.
fn join(view: &View<'_>) -> Option<Verdict> {
    let own = report(view, view.setup.me)?;
    let mut through: Option<(Ordinal, &Report, Position)> = None;
    for (o, r) in known(view).filter(|&(o, _)| o != view.setup.me) {
        let Phase::Primary { at, .. } = r.phase else { continue };
        match through {
            Some((other, first, there)) if first.lineage != r.lineage || there.uuid != at.uuid => {
                return Some(Verdict::Wait(Why::Histories(other, o)));
            }
            Some((_, first, there)) if (first.epoch, there.seqno) >= (r.epoch, at.seqno) => {}
            _ => through = Some((o, r, at)),
        }
    }
    let (through, primary, floor) = through?;
    Some(match joinable(view.setup.me, own, through, primary, floor) {
        Ok(()) => Verdict::Join { through, floor },
        Err(why) => Verdict::Wait(why),
    })
}

/// Whether a member may take the state of a primary component, with nothing lost that nobody gave up.
fn joinable(me: Ordinal, own: &Report, through: Ordinal, primary: &Report, at: Position) -> Result<(), Why> {
    let later = match (&own.holding, forks_after(&own.lineage, &primary.lineage)) {
        (Holding::Discarded { .. }, _) => return Ok(()),
        (_, None) => return Err(Why::Histories(me, through)),
        (_, Some(later)) => later,
    };
    match own.holding {
        Holding::Damaged => Err(Why::Damaged(me)),
        Holding::Transferring { floor } if floor.uuid == at.uuid => within(floor, at, me),
        Holding::Transferring { .. } if later.is_empty() => Err(Why::Histories(me, through)),
        Holding::Fresh { .. } | Holding::Discarded { .. } | Holding::Transferring { .. } => Ok(()),
        Holding::Data { at: mine } => match later.first() {
            Some(fork) if mine.is_within(fork.from) => Ok(()),
            Some(_) => Err(Why::LeftBehind(me)),
            None if mine.uuid == at.uuid => within(mine, at, me),
            None => Err(Why::Histories(me, through)),
        },
    }
}

fn within(mine: Position, theirs: Position, me: Ordinal) -> Result<(), Why> {
    if mine.is_within(theirs) {
        Ok(())
    } else {
        Err(Why::Ahead(me))
    }
}

/// Everybody answers and nobody runs: who starts?
fn elect(view: &View<'_>, members: &[(Ordinal, &Report)]) -> Result<Verdict, Why> {
    let longest = members
        .iter()
        .filter(|(_, r)| !r.is_discarded())
        .map(|(_, r)| &r.lineage)
        .max_by_key(|lineage| lineage.len());
    let Some(lineage) = longest else {
        return Err(Why::NothingToStartFrom);
    };
    for &(o, r) in members {
        if !r.is_discarded() && forks_after(&r.lineage, lineage).is_none() {
            return Err(Why::Histories(view.setup.me, o));
        }
        match r.holding {
            Holding::Damaged => return Err(Why::Damaged(o)),
            // An order that was carried out before does not count again; one that was begun is brought to its end.
            Holding::Discarded { number } if number <= view.recoveries_done && !has_forked(lineage, number) => {
                return Err(Why::CameBackEmpty(o));
            }
            _ => {}
        }
    }
    if members.iter().all(|(_, r)| matches!(r.holding, Holding::Fresh { .. })) {
        first_start(view, members)
    } else {
        resume(members, lineage)
    }
}

/// Nobody holds anything yet.
fn first_start(view: &View<'_>, members: &[(Ordinal, &Report)]) -> Result<Verdict, Why> {
    let stage_of = |holding: &Holding| match *holding {
        Holding::Fresh { stage, .. } => stage,
        _ => Stage::Unmarked,
    };
    let stages: Vec<(Ordinal, Stage)> = members.iter().map(|&(o, r)| (o, stage_of(&r.holding))).collect();
    let mine = stages
        .iter()
        .find(|(o, _)| *o == view.setup.me)
        .map_or(Stage::Unmarked, |(_, stage)| *stage);
    let lowest = stages.iter().map(|(_, stage)| *stage).min().unwrap_or(Stage::Unmarked);
    let highest = stages.iter().map(|(_, stage)| *stage).max().unwrap_or(Stage::Unmarked);
    match (lowest, highest) {
        (Stage::Unmarked, Stage::Sealed) => {
            let lost = stages
                .iter()
                .find(|(_, stage)| *stage == Stage::Unmarked)
                .map_or(view.setup.me, |(o, _)| *o);
            return Err(Why::CameBackEmpty(lost));
        }
        (Stage::Unmarked, _) if mine == Stage::Unmarked => return Ok(Verdict::Mark(Stage::Enrolled)),
        (Stage::Enrolled, _) if mine == Stage::Enrolled => return Ok(Verdict::Mark(Stage::Sealed)),
        (Stage::Sealed, _) => {}
        _ => return Err(Why::Marking),
    }
    if view.setup.may_initialise {
        let winner = members.iter().map(|(o, _)| *o).min().unwrap_or(view.setup.me);
        return Ok(Verdict::Elect {
            winner,
            claim: Claim::Initialise,
        });
    }
    let restored = |r: &Report| match r.holding {
        Holding::Fresh { restored, .. } => restored,
        _ => None,
    };
    let candidates: Vec<(Ordinal, Position)> = members
        .iter()
        .filter_map(|&(o, r)| restored(r).map(|at| (o, at)))
        .collect();
    let (winner, at) = furthest(&candidates)?;
    Ok(Verdict::Elect {
        winner,
        claim: Claim::Restored { at },
    })
}

/// Somebody holds data.
fn resume(members: &[(Ordinal, &Report)], lineage: &[Fork]) -> Result<Verdict, Why> {
    let mut candidates = Vec::new();
    let mut floors = Vec::new();
    let mut given_up = None;
    for &(o, r) in members {
        let later = forks_after(&r.lineage, lineage).unwrap_or_default();
        match (&r.holding, later.first()) {
            (
                Holding::Fresh {
                    stage: Stage::Unmarked | Stage::Enrolled,
                    ..
                },
                _,
            ) => {
                return Err(Why::CameBackEmpty(o));
            }
            (Holding::Data { at }, None) => candidates.push((o, *at)),
            (Holding::Data { at }, Some(fork)) if !at.is_within(fork.from) => return Err(Why::LeftBehind(o)),
            (Holding::Transferring { floor }, None) => floors.push((o, *floor)),
            (Holding::Discarded { number }, _) if !has_forked(lineage, *number) => {
                given_up = given_up.max(Some(*number));
            }
            _ => {}
        }
    }
    let (winner, at) = furthest(&candidates)?;
    for (o, floor) in floors {
        if floor.uuid != at.uuid {
            return Err(Why::Histories(winner, o));
        }
        within(floor, at, o)?;
    }
    let claim = match given_up {
        Some(number) => Claim::Without { at, number },
        None => Claim::Resume { at },
    };
    Ok(Verdict::Elect { winner, claim })
}

/// Whether the history that the recovery of this number began is the one that `lineage` leads to.
fn has_forked(lineage: &[Fork], number: u32) -> bool {
    lineage.last().is_some_and(|fork| fork.number == number)
}

/// The highest position, the lowest ordinal on a tie. All must be of one history.
fn furthest(candidates: &[(Ordinal, Position)]) -> Result<(Ordinal, Position), Why> {
    let (mut winner, mut at) = *candidates.first().ok_or(Why::NothingToStartFrom)?;
    for &(o, position) in candidates {
        if position.uuid != at.uuid {
            return Err(Why::Histories(winner, o));
        }
        if position.seqno > at.seqno || (position.seqno == at.seqno && o < winner) {
            (winner, at) = (o, position);
        }
    }
    Ok((winner, at))
}

/// Whether a person's order that `from`, with the history `lineage`, starts alone loses nothing that somebody reachable
/// has.
pub(crate) fn forced(view: &View<'_>, from: Ordinal, lineage: &[Fork], claim: &Claim) -> Result<(), Why> {
    let Claim::Forced { at, number } = *claim else {
        return Err(Why::NothingToStartFrom);
    };
    if number <= view.recoveries_done {
        return Err(Why::Histories(view.setup.me, from));
    }
    for (o, r) in known(view).filter(|&(o, _)| o != from) {
        if r.phase != Phase::Waiting {
            return Err(Why::Busy(o));
        }
        if r.is_discarded() {
            continue;
        }
        let Some(later) = forks_after(&r.lineage, lineage) else {
            return Err(Why::Histories(from, o));
        };
        match (&r.holding, later.first()) {
            (Holding::Data { at: theirs }, None) if theirs.uuid != at.uuid => return Err(Why::Histories(from, o)),
            (Holding::Data { at: theirs }, None) => within(*theirs, at, o)?,
            (Holding::Data { at: theirs }, Some(fork)) if !theirs.is_within(fork.from) => {
                return Err(Why::LeftBehind(o));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The forks of `whole` beyond `part`; `None` if `part` does not lead to `whole`.
fn forks_after<'a>(part: &[Fork], whole: &'a [Fork]) -> Option<&'a [Fork]> {
    whole.strip_prefix(part)
}

fn ordinals(view: &View<'_>) -> impl Iterator<Item = Ordinal> {
    0..u8::try_from(view.reports.len()).unwrap_or(u8::MAX)
}

fn report<'a>(view: &View<'a>, ordinal: Ordinal) -> Option<&'a Report> {
    view.reports.get(usize::from(ordinal)).and_then(Option::as_ref)
}

fn known<'a>(view: &View<'a>) -> impl Iterator<Item = (Ordinal, &'a Report)> + use<'a> {
    view.reports
        .iter()
        .zip(0_u8..)
        .filter_map(|(r, o)| r.as_ref().map(|r| (o, r)))
}
