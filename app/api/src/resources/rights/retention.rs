//! What of a record must be kept, and until when.
//!
//! Ley 41/2002, article 17.1: clinical documentation is kept for at least five years from the end ("alta") of each care
//! process. A contact and everything that hangs on it, amendments included, are one process: they go together or stay
//! together. What hangs on no contact is a process of its own. A contact that has not ended is kept without a date.

use std::collections::HashMap;

use galeno_contract::api::Locale;
use jiff::ToSpan;
use uuid::Uuid;

use crate::db::Stamp;

/// Years, at least.
pub(super) const SHORTEST: u16 = 5;

/// "5 years" in words.
pub(super) fn years(number: u16, locale: Locale) -> String {
    match locale {
        Locale::Es => format!("{number} años"),
        Locale::En => format!("{number} years"),
    }
}

/// One thing in a record.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: Uuid,
    /// What it hangs on: its contact, or what it amends.
    pub(super) on: [Option<Uuid>; 2],
    /// Its last moment. None: it goes on.
    pub(super) ended: Option<Stamp>,
}

/// Until when something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Its time is over.
    No,
    /// The last moment.
    Until(Stamp),
    /// Its process has not ended.
    Open,
}

/// The last moment that something which ended then is kept.
pub(super) fn until(ended: Stamp, years: u16) -> Stamp {
    ended
        .timestamp()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .checked_add(i64::from(years).years())
        .map_or(Stamp::from(jiff::Timestamp::MAX), |zoned| zoned.timestamp().into())
}

/// Decides over what ended then.
pub(super) fn single(ended: Stamp, years: u16, now: Stamp) -> Kept {
    let last = until(ended, years);
    if last > now { Kept::Until(last) } else { Kept::No }
}

/// Decides over every item, process by process.
pub(super) fn judge(items: &[Item], years: u16, now: Stamp) -> HashMap<Uuid, Kept> {
    let mut process: HashMap<Uuid, Uuid> = items.iter().map(|item| (item.id, item.id)).collect();
    for item in items {
        for other in item.on.into_iter().flatten().filter(|other| *other != item.id) {
            if let (Some(one), Some(two)) = (root(&process, item.id), root(&process, other)) {
                process.insert(one, two);
            }
        }
    }
    let mut ends: HashMap<Uuid, Option<Stamp>> = HashMap::new();
    for item in items {
        let Some(root) = root(&process, item.id) else { continue };
        ends.entry(root)
            .and_modify(|end| *end = end.zip(item.ended).map(|(one, two)| one.max(two)))
            .or_insert(item.ended);
    }
    items
        .iter()
        .map(|item| {
            let end = root(&process, item.id).and_then(|root| ends.get(&root).copied());
            let kept = match end {
                Some(Some(end)) => single(end, years, now),
                Some(None) | None => Kept::Open,
            };
            (item.id, kept)
        })
        .collect()
}

/// Who stands for the process of an item. Following never turns in a circle: only roots are given another one to follow.
fn root(process: &HashMap<Uuid, Uuid>, of: Uuid) -> Option<Uuid> {
    let mut at = of;
    loop {
        let next = *process.get(&at)?;
        if next == at {
            return Some(at);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Item, Kept, judge, single, until};
    use crate::db::Stamp;

    fn at(text: &str) -> Stamp {
        Stamp::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    fn item(number: u128, on: Option<u128>, ended: Option<&str>) -> Item {
        Item {
            id: Uuid::from_u128(number),
            on: [on.map(Uuid::from_u128), None],
            ended: ended.map(at),
        }
    }

    #[test]
    fn five_years_are_five_years_of_the_calendar() {
        let ended = at("2020-02-29T10:00:00Z");
        assert_eq!(until(ended, 5), at("2025-02-28T10:00:00Z"));
        assert_eq!(single(ended, 5, at("2025-02-28T10:00:00Z")), Kept::No);
        assert_eq!(
            single(ended, 5, at("2025-02-28T09:59:59Z")),
            Kept::Until(at("2025-02-28T10:00:00Z"))
        );
    }

    #[test]
    fn a_process_is_kept_as_a_whole_from_its_last_end() {
        let now = at("2026-11-25T00:00:00Z");
        let items = [
            item(1, None, Some("2019-01-10T00:00:00Z")),
            item(2, Some(1), Some("2019-01-10T00:00:00Z")),
            // An amendment of three years later keeps all of it.
            item(3, Some(2), Some("2022-03-01T00:00:00Z")),
            item(4, None, Some("2019-01-10T00:00:00Z")),
            item(5, None, None),
            item(6, Some(5), Some("2001-01-01T00:00:00Z")),
        ];
        let kept = judge(&items, 5, now);
        let of = |number| kept[&Uuid::from_u128(number)];
        for number in [1, 2, 3] {
            assert_eq!(of(number), Kept::Until(at("2027-03-01T00:00:00Z")));
        }
        assert_eq!(of(4), Kept::No);
        assert_eq!((of(5), of(6)), (Kept::Open, Kept::Open));
    }

    #[test]
    fn things_that_hang_on_each_other_do_not_turn_for_ever() {
        let items = [
            item(1, Some(2), Some("2001-01-01T00:00:00Z")),
            item(2, Some(1), Some("2001-01-01T00:00:00Z")),
            item(3, Some(9), Some("2001-01-01T00:00:00Z")),
        ];
        let kept = judge(&items, 5, at("2026-01-01T00:00:00Z"));
        assert!(kept.values().all(|kept| *kept == Kept::No));
        assert_eq!(kept.len(), 3);
    }
}
