//! What keeps a node waiting, in words for people.

use std::time::Instant;

use super::settings::Settings;
use crate::agreement::{Ordinal, Why};

/// The reason, and what a person can do about it. `heard`: of each member, whether it answers, or how it fails to.
pub(super) fn words(why: &Why, settings: &Settings, heard: &[(Instant, Result<(), String>)]) -> String {
    let name = |o: Ordinal| settings.name_of(o).to_owned();
    let reason = |o: Ordinal| match heard.get(usize::from(o)) {
        Some((_, Err(error))) => format!("{} ({error})", name(o)),
        _ => name(o),
    };
    match why {
        Why::Silent(members) => {
            let members: Vec<String> = members.iter().map(|&o| reason(o)).collect();
            format!(
                "waiting for {}: a new primary component starts only when every member answers. If one is lost for \
                 good, order a recovery that starts from a named member",
                members.join(", ")
            )
        }
        Why::Busy(o) => format!("{} runs and is not in a primary component yet", name(*o)),
        Why::CameBackEmpty(o) => format!(
            "{} has come back empty, and what it held is unknown: it may have confirmed more than the others hold. If its \
             volume is really lost, order a recovery that discards {}",
            name(*o),
            name(*o)
        ),
        Why::Damaged(o) => format!(
            "what {} holds can be neither used nor dismissed. To rebuild it from the others, order a recovery that \
             discards {}",
            name(*o),
            name(*o)
        ),
        Why::Histories(a, b) if a == b => format!("{} is in a history that is not its own", name(*a)),
        Why::Histories(a, b) => {
            format!(
                "{} and {} hold different histories; a person must say which one counts",
                name(*a),
                name(*b)
            )
        }
        Why::LeftBehind(o) => format!(
            "{} holds transactions that a forced recovery left behind. To give them up, order a recovery that \
             discards {}",
            name(*o),
            name(*o)
        ),
        Why::Ahead(o) => format!("{} holds, or has seen, more than the others have", name(*o)),
        Why::NothingToStartFrom => "no member holds anything to start from".to_owned(),
        Why::Marking => "the members are marking their volumes".to_owned(),
        Why::Spent => {
            "the start from this member that was ordered is not carried out any more: it has since granted another \
                       member's start, which may have confirmed more. Order it again, under a higher number"
                .to_owned()
        }
        Why::Settling => "a recovery is ordered; giving silent members the time to answer".to_owned(),
    }
}
