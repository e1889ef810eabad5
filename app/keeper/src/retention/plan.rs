//! What a prune would do: a pure function of what is in the bucket.
//!
//! 1. A backup counts for its kind only when it is complete, signed by a trusted key, and dated believably.
//! 2. Per kind, the newest `N` days, weeks or months that have a *verified* backup keep their newest verified one, and
//!    the newest `N` that have any keep their newest. Nights that failed do not push good backups out.
//! 3. Anything else goes only if a newer verified backup of the same kind stays.
//! 4. Remains of interrupted backups go when they are old and a newer verified backup of the same kind stays.
//! 5. What cannot be believed is left alone and reported. Nothing is deleted for its age: a wrong clock deletes nothing
//!    that is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use galeno_contract::backup::Retention;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::catalog::{BackupId, Kind};

use super::calendar::slot_in;

/// Dates that differ by more are not believed.
const SKEW: Duration = Duration::from_mins(15);

/// One backup, as far as retention is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: BackupId,
    pub(super) worth: Worth,
    /// By the store's clock.
    pub(super) last_modified: Timestamp,
}

/// What it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    Complete {
        /// Signed.
        completed_at: Timestamp,
        /// By the store's clock.
        stored_at: Timestamp,
        verified: bool,
    },
    Incomplete,
    Untrusted,
}

/// What to do, each with the reason; everything else stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Oldest first.
    pub(super) delete: Vec<(BackupId, String)>,
    /// Would go too, but for the limit of one run.
    pub(super) postponed: Vec<(BackupId, String)>,
    /// Left alone, and a person should look.
    pub(super) suspicious: Vec<(BackupId, String)>,
}

/// A backup that counts.
#[derive(Debug, Clone, Copy)]
struct Counted<'i> {
    id: &'i BackupId,
    at: Timestamp,
    verified: bool,
}

/// Decides. `now` is only used to doubt dates in the future, and to see that remains are old.
pub(super) fn plan(items: &[Item], rules: &Retention, zone: &TimeZone, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut going = Vec::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&Item> = items.iter().filter(|item| item.id.kind() == kind).collect();
        let mut counted = Vec::new();
        for item in &of_kind {
            match doubt(item, now) {
                Some(why) => plan.suspicious.push((item.id.clone(), why)),
                None => counted.extend(count(item)),
            }
        }
        let stays = representatives(&counted, kind, keep(rules, kind), zone);
        let newest_verified = counted
            .iter()
            .filter(|backup| backup.verified)
            .max_by_key(|backup| (backup.at, backup.id));
        let Some(cover) = newest_verified else { continue };
        for backup in counted
            .iter()
            .filter(|backup| !stays.contains(backup.id) && backup.at < cover.at)
        {
            going.push((
                backup.at,
                backup.id.clone(),
                format!("older than the {kind} backups that are kept"),
            ));
        }
        for item in &of_kind {
            let old = now.duration_since(item.last_modified).unsigned_abs() > rules.incomplete_after.to_std()
                && item.last_modified < now;
            if item.worth == Worth::Incomplete && old && item.last_modified < cover.at {
                going.push((
                    item.last_modified,
                    item.id.clone(),
                    "remains of a backup that was never finished".to_owned(),
                ));
            }
        }
    }
    going.sort();
    let most = rules.max_deletions.max(1) as usize;
    for (index, (_, id, why)) in going.into_iter().enumerate() {
        if index < most {
            plan.delete.push((id, why));
        } else {
            plan.postponed.push((id, why));
        }
    }
    plan.suspicious.sort();
    plan
}

fn keep(rules: &Retention, kind: Kind) -> usize {
    let count = match kind {
        Kind::Daily => rules.daily,
        Kind::Weekly => rules.weekly,
        Kind::Monthly => rules.monthly,
    };
    count.max(1) as usize
}

fn count(item: &Item) -> Option<Counted<'_>> {
    match item.worth {
        Worth::Complete {
            completed_at, verified, ..
        } => Some(Counted {
            id: &item.id,
            at: completed_at,
            verified,
        }),
        Worth::Incomplete | Worth::Untrusted => None,
    }
}

fn doubt(item: &Item, now: Timestamp) -> Option<String> {
    match item.worth {
        Worth::Incomplete => None,
        Worth::Untrusted => Some("its manifest cannot be believed".to_owned()),
        Worth::Complete {
            completed_at,
            stored_at,
            ..
        } => {
            if completed_at.duration_since(stored_at).unsigned_abs() > SKEW {
                Some(format!("it says {completed_at}, and the store got it at {stored_at}"))
            } else if completed_at > now && completed_at.duration_since(now).unsigned_abs() > SKEW {
                Some(format!("it is dated {completed_at}, which is in the future"))
            } else {
                None
            }
        }
    }
}

/// The newest backup of each of the newest `count` slots; once among the verified ones, once among all.
fn representatives(counted: &[Counted<'_>], kind: Kind, count: usize, zone: &TimeZone) -> BTreeSet<BackupId> {
    let newest_by_slot = |verified_only: bool| {
        let mut slots: BTreeMap<String, Counted<'_>> = BTreeMap::new();
        for backup in counted.iter().filter(|backup| backup.verified || !verified_only) {
            slots
                .entry(slot_in(kind, backup.at, zone))
                .and_modify(|best| {
                    if (backup.at, backup.id) > (best.at, best.id) {
                        *best = *backup;
                    }
                })
                .or_insert(*backup);
        }
        slots
            .into_values()
            .rev()
            .take(count)
            .map(|backup| backup.id.clone())
            .collect::<Vec<_>>()
    };
    newest_by_slot(true).into_iter().chain(newest_by_slot(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Madrid").unwrap()
    }

    fn item(kind: Kind, at: Timestamp, verified: bool) -> Item {
        let worth = Worth::Complete {
            completed_at: at,
            stored_at: at,
            verified,
        };
        Item {
            id: BackupId::new(kind, at),
            worth,
            last_modified: at,
        }
    }

    fn nights(count: i64, verified: impl Fn(i64) -> bool) -> Vec<Item> {
        let first: Timestamp = "2026-10-20T00:30:00Z".parse().unwrap();
        (0..count)
            .map(|day| {
                item(
                    Kind::Daily,
                    first + jiff::SignedDuration::from_hours(24 * day),
                    verified(day),
                )
            })
            .collect()
    }

    fn deleted(plan: &Plan) -> Vec<BackupId> {
        plan.delete.iter().map(|(id, _)| id.clone()).collect()
    }

    #[test]
    fn seven_days_stay_across_the_change_of_clocks_and_the_eighth_goes() {
        // 20 to 29 October 2026; clocks go back on the 25th.
        let items = nights(10, |_| true);
        let now = items[9].last_modified;
        let plan = plan(&items, &Retention::default(), &zone(), now);
        assert_eq!(
            deleted(&plan),
            items[..3].iter().map(|item| item.id.clone()).collect::<Vec<_>>()
        );
        assert!(plan.postponed.is_empty());
    }

    #[test]
    fn nights_that_failed_or_were_never_verified_push_nothing_out() {
        let unverified = nights(30, |day| day < 5);
        let now = unverified[29].last_modified;
        let plan = plan(&unverified, &Retention::default(), &zone(), now);
        assert!(deleted(&plan).is_empty(), "nothing newer is verified: {plan:?}");
    }

    #[test]
    fn more_than_allowed_in_one_run_is_said() {
        let items = nights(20, |_| true);
        let plan = plan(&items, &Retention::default(), &zone(), items[19].last_modified);
        assert_eq!((plan.delete.len(), plan.postponed.len()), (3, 10));
    }

    #[test]
    fn a_date_that_cannot_be_right_is_left_alone_and_reported() {
        let mut items = nights(9, |_| true);
        let now = items[8].last_modified;
        let Worth::Complete { stored_at, .. } = &mut items[0].worth else {
            unreachable!()
        };
        *stored_at += jiff::SignedDuration::from_hours(1);
        items.push(item(Kind::Daily, now + jiff::SignedDuration::from_hours(100), true));
        let plan = plan(&items, &Retention::default(), &zone(), now);
        assert_eq!(plan.suspicious.len(), 2, "{plan:?}");
        assert_eq!(
            deleted(&plan),
            [items[1].id.clone()],
            "the others are judged without them"
        );
    }

    /// (kind, minute since the start, verified, what it is)
    type Seed = (u8, u32, bool, u8);

    fn build(seeds: &[Seed]) -> Vec<Item> {
        let start: Timestamp = "2026-02-20T00:00:00Z".parse().unwrap();
        let mut items: Vec<Item> = seeds
            .iter()
            .map(|&(kind, minute, verified, what)| {
                let at = start + jiff::SignedDuration::from_mins(i64::from(minute));
                let mut item = item(Kind::ALL[usize::from(kind % 3)], at, verified);
                match what % 8 {
                    0 => item.worth = Worth::Incomplete,
                    1 => item.worth = Worth::Untrusted,
                    2 => {
                        let stored_at = at + jiff::SignedDuration::from_hours(2);
                        item.worth = Worth::Complete {
                            completed_at: at,
                            stored_at,
                            verified,
                        };
                    }
                    _ => {}
                }
                item
            })
            .collect();
        items.sort_by(|a, b| a.id.cmp(&b.id));
        items.dedup_by(|a, b| a.id == b.id);
        items
    }

    fn seeds() -> impl Strategy<Value = Vec<Seed>> {
        // A hundred days around the spring change of clocks.
        proptest::collection::vec((0u8..3, 0u32..144_000, proptest::bool::weighted(0.7), 0u8..255), 0..60)
    }

    fn rules() -> impl Strategy<Value = Retention> {
        (1u32..9, 1u32..6, 1u32..5, 1u32..9).prop_map(|(daily, weekly, monthly, max_deletions)| Retention {
            daily,
            weekly,
            monthly,
            max_deletions,
            ..Retention::default()
        })
    }

    fn counted_of(items: &[Item], kind: Kind, now: Timestamp) -> Vec<Counted<'_>> {
        items
            .iter()
            .filter(|i| i.id.kind() == kind && doubt(i, now).is_none())
            .filter_map(count)
            .collect()
    }

    fn now_at(minute: u32) -> Timestamp {
        "2026-02-20T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(i64::from(minute))
    }

    fn without(items: &[Item], gone: &[BackupId]) -> Vec<Item> {
        items.iter().filter(|item| !gone.contains(&item.id)).cloned().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn what_is_deleted_is_covered_by_a_newer_verified_one_that_stays(seeds in seeds(), rules in rules(), minute in 0u32..200_000) {
            let (items, now) = (build(&seeds), now_at(minute));
            let plan = plan(&items, &rules, &zone(), now);
            let gone = deleted(&plan);
            for id in &gone {
                let item = items.iter().find(|item| item.id == *id).unwrap();
                let at = match item.worth {
                    Worth::Complete { completed_at, .. } => completed_at,
                    Worth::Incomplete => item.last_modified,
                    Worth::Untrusted => panic!("untrusted backups are left alone"),
                };
                let covered = counted_of(&items, id.kind(), now)
                    .iter()
                    .any(|other| other.verified && other.at > at && !gone.contains(other.id));
                prop_assert!(covered, "{id} is not covered");
            }
        }

        #[test]
        fn the_promised_number_of_verified_days_weeks_and_months_stays(seeds in seeds(), rules in rules(), minute in 0u32..200_000) {
            let (items, now) = (build(&seeds), now_at(minute));
            let gone = deleted(&plan(&items, &rules, &zone(), now));
            for kind in Kind::ALL {
                let slots = |items: &[Item]| {
                    let slots: BTreeSet<String> = counted_of(items, kind, now)
                        .iter()
                        .filter(|backup| backup.verified)
                        .map(|backup| slot_in(kind, backup.at, &zone()))
                        .collect();
                    slots.into_iter().rev().take(keep(&rules, kind)).collect::<Vec<_>>()
                };
                prop_assert_eq!(slots(&items), slots(&without(&items, &gone)));
                let newest = counted_of(&items, kind, now).into_iter().filter(|b| b.verified).max_by_key(|b| (b.at, b.id));
                prop_assert!(newest.is_none_or(|newest| !gone.contains(newest.id)), "the newest verified one stays");
            }
        }

        #[test]
        fn never_more_than_allowed_and_the_rest_is_named(seeds in seeds(), rules in rules(), minute in 0u32..200_000) {
            let plan = plan(&build(&seeds), &rules, &zone(), now_at(minute));
            prop_assert!(plan.delete.len() <= rules.max_deletions as usize);
            prop_assert!(plan.postponed.is_empty() || plan.delete.len() == rules.max_deletions as usize);
        }

        #[test]
        fn a_clock_that_jumps_deletes_no_complete_backup_that_another_clock_would_keep(
            seeds in seeds(), rules in rules(), early in 0u32..200_000, later in 0u32..400_000,
        ) {
            let rules = Retention { max_deletions: 1000, ..rules };
            let items = build(&seeds);
            let complete = |now| {
                let gone = deleted(&plan(&items, &rules, &zone(), now));
                items.iter().filter(|i| gone.contains(&i.id) && i.worth != Worth::Incomplete).map(|i| i.id.clone()).collect::<BTreeSet<_>>()
            };
            prop_assert!(complete(now_at(early)).is_subset(&complete(now_at(early + later))));
        }

        #[test]
        fn two_prunes_at_once_and_half_deleted_sets_delete_nothing_else(
            seeds in seeds(), rules in rules(), minute in 0u32..200_000, done in 0usize..9, half in any::<bool>(),
        ) {
            let (items, now) = (build(&seeds), now_at(minute));
            let first = plan(&items, &rules, &zone(), now);
            let gone: Vec<BackupId> = deleted(&first).into_iter().take(done).collect();
            let mut rest = without(&items, if half { &[] } else { &gone });
            for item in &mut rest {
                if gone.contains(&item.id) {
                    item.worth = Worth::Incomplete;
                }
            }
            let allowed: BTreeSet<BackupId> = first.delete.iter().chain(&first.postponed).map(|(id, _)| id.clone()).collect();
            let second: BTreeSet<BackupId> = deleted(&plan(&rest, &rules, &zone(), now)).into_iter().collect();
            prop_assert!(second.is_subset(&allowed), "{second:?} {allowed:?}");
        }

        #[test]
        fn pruning_ends_and_the_order_of_the_listing_does_not_matter(seeds in seeds(), rules in rules(), minute in 0u32..200_000) {
            let (mut items, now) = (build(&seeds), now_at(minute));
            let forward = plan(&items, &rules, &zone(), now);
            items.reverse();
            prop_assert_eq!(&plan(&items, &rules, &zone(), now), &forward);
            for _ in 0..=items.len() {
                let gone = deleted(&plan(&items, &rules, &zone(), now));
                if gone.is_empty() {
                    return Ok(());
                }
                items = without(&items, &gone);
            }
            prop_assert!(false, "it never ended");
        }
    }
}
