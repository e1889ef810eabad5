//! Silence is an alert too: what should have happened by now, and has not.

use jiff::{SignedDuration, Timestamp};

use crate::catalog::Kind;

/// Newest completions seen, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) completed_at: Timestamp,
    pub(super) verified_at: Option<Timestamp>,
}

/// Somewhat longer than the schedule, so that a slow night is no alarm.
fn longest(kind: Kind) -> SignedDuration {
    SignedDuration::from_hours(match kind {
        Kind::Daily => 26,
        Kind::Weekly => 8 * 24,
        Kind::Monthly => 32 * 24,
    })
}

/// A week and a day without any proof that backups can be read is too long.
const VERIFIED: SignedDuration = SignedDuration::from_hours(8 * 24);

/// What is overdue, one sentence each. A kind that was never made counts from the first backup of any kind.
pub(super) fn overdue(seen: &[Seen], kinds: &[Kind], now: Timestamp) -> Vec<String> {
    let Some(first) = seen.iter().map(|seen| seen.completed_at).min() else {
        return vec!["there is no backup at all".to_owned()];
    };
    let mut overdue = Vec::new();
    for &kind in kinds {
        let newest = seen
            .iter()
            .filter(|seen| seen.kind == kind)
            .map(|seen| seen.completed_at)
            .max();
        if now.duration_since(newest.unwrap_or(first)) > longest(kind) {
            overdue.push(match newest {
                Some(at) => format!("the newest {kind} backup is of {at}"),
                None => format!("there is no {kind} backup"),
            });
        }
    }
    let verified = seen.iter().filter_map(|seen| seen.verified_at).max();
    if now.duration_since(verified.unwrap_or(first)) > VERIFIED {
        overdue.push(match verified {
            Some(at) => format!("no backup was verified since {at}"),
            None => "no backup was ever verified".to_owned(),
        });
    }
    overdue
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: Kind, at: &str, verified: Option<&str>) -> Seen {
        Seen {
            kind,
            completed_at: at.parse().unwrap(),
            verified_at: verified.map(|at| at.parse().unwrap()),
        }
    }

    #[test]
    fn a_missed_night_is_told_and_a_slow_one_is_not() {
        let last = [seen(Kind::Daily, "2026-11-23T02:20:00Z", Some("2026-11-23T03:00:00Z"))];
        let at = |now: &str| overdue(&last, &[Kind::Daily], now.parse().unwrap());
        assert!(at("2026-11-24T04:00:00Z").is_empty());
        assert_eq!(
            at("2026-11-24T08:30:00Z"),
            ["the newest daily backup is of 2026-11-23T02:20:00Z"]
        );
    }

    #[test]
    fn what_was_never_made_or_never_verified_is_told_in_time() {
        let first = [
            seen(Kind::Daily, "2026-11-01T02:20:00Z", None),
            seen(Kind::Daily, "2026-11-12T02:20:00Z", None),
        ];
        let told = overdue(
            &first,
            &[Kind::Daily, Kind::Weekly, Kind::Monthly],
            "2026-11-12T08:30:00Z".parse().unwrap(),
        );
        assert_eq!(told, ["there is no weekly backup", "no backup was ever verified"]);
        assert_eq!(
            overdue(&[], &Kind::ALL, Timestamp::UNIX_EPOCH),
            ["there is no backup at all"]
        );
    }
}
