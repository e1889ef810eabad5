//! Rules broken on purpose, to see that the check has teeth.

use super::super::decide::Verdict;
use super::super::types::{Claim, Holding, Phase, Report, Stage};

/// Rules to break, to see that the check has teeth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mutation {
    /// A majority of members is enough to start.
    Majority,
    /// A member that came back empty counts as one that never had anything.
    EmptyCounts,
    /// The lowest ordinal starts, wherever it stands.
    LowestOrdinal,
    /// Without what a discarded member had, the history goes on as if nothing were lost.
    SameHistory,
}

/// What a member sees whose rule is broken.
pub(crate) fn broken(mutation: Mutation, reports: &[Option<Report>]) -> Vec<Option<Report>> {
    let mut reports = reports.to_vec();
    let sealed = Holding::Fresh {
        stage: Stage::Sealed,
        restored: None,
    };
    let silent = reports.iter().filter(|r| r.is_none()).count();
    let lineage = reports
        .iter()
        .flatten()
        .map(|r| r.lineage.clone())
        .next()
        .unwrap_or_default();
    let most = silent * 2 < reports.len();
    for report in &mut reports {
        match (mutation, report) {
            (Mutation::Majority, silent @ None) if most => {
                let lineage = lineage.clone();
                *silent = Some(Report {
                    phase: Phase::Waiting,
                    holding: sealed.clone(),
                    epoch: 0,
                    lineage,
                });
            }
            (
                Mutation::EmptyCounts,
                Some(Report {
                    holding: holding @ Holding::Fresh { .. },
                    ..
                }),
            ) => {
                *holding = sealed.clone();
            }
            (
                Mutation::LowestOrdinal,
                Some(Report {
                    holding: Holding::Data { at },
                    phase: Phase::Waiting,
                    ..
                }),
            ) => {
                at.seqno = 0;
            }
            _ => {}
        }
    }
    reports
}

/// What a member decides whose rule is broken.
pub(crate) fn broken_verdict(mutation: Mutation, verdict: Verdict) -> Verdict {
    match (mutation, verdict) {
        (
            Mutation::SameHistory,
            Verdict::Elect {
                winner,
                claim: Claim::Without { at, .. },
            },
        ) => Verdict::Elect {
            winner,
            claim: Claim::Resume { at },
        },
        (_, verdict) => verdict,
    }
}
