//! Dates in searches: a prefix, and as much of a time as is known.

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime, date},
    tz::{Offset, TimeZone},
};

use crate::db::{Day, Stamp};

/// How the value in the resource compares with the one in the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Ap,
}

/// One date of a search: the time from `low` up to `high`, as long as its precision leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateCriterion {
    pub(super) prefix: Prefix,
    low: DateTime,
    high: DateTime,
    offset: Option<Offset>,
}

/// What several dates of a search come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    /// From this time on.
    pub(super) from: Option<Stamp>,
    /// Before this time.
    pub(super) before: Option<Stamp>,
    /// And not from the first up to the second.
    pub(super) except: Option<(Stamp, Stamp)>,
}

fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn days(text: &str) -> Option<(Date, Date)> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let Some(month) = parts.next() else {
        let first = Date::new(year, 1, 1).ok()?;
        return Some((first, first.checked_add(Span::new().years(1)).ok()?));
    };
    let month = i8::try_from(digits(month, 2)?).ok()?;
    let Some(day) = parts.next() else {
        let first = Date::new(year, month, 1).ok()?;
        return Some((first, first.checked_add(Span::new().months(1)).ok()?));
    };
    let day = Date::new(year, month, i8::try_from(digits(day, 2)?).ok()?).ok()?;
    parts.next().is_none().then_some(())?;
    Some((day, day.tomorrow().ok()?))
}

fn offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    // In an address, a plus that nobody has encoded arrives as a space.
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+" | " ", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (i32::from(digits(hours, 2)?), i32::from(digits(minutes, 2)?));
    (minutes < 60).then_some(())?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn time(day: Date, text: &str) -> Option<(DateTime, DateTime, Option<Offset>)> {
    let zone = text.find(['Z', '+', '-', ' ']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone)?;
    let offset = if zone.is_empty() { None } else { Some(offset(zone)?) };
    let mut parts = clock.split(':');
    let hour = i8::try_from(digits(parts.next()?, 2)?).ok()?;
    let minute = i8::try_from(digits(parts.next()?, 2)?).ok()?;
    let seconds = parts.next();
    parts.next().is_none().then_some(())?;
    let Some(seconds) = seconds else {
        let low = day.at(0, 0, 0, 0).with().hour(hour).minute(minute).build().ok()?;
        return Some((low, low.checked_add(Span::new().minutes(1)).ok()?, offset));
    };
    let (whole, fraction) = seconds
        .split_once('.')
        .map_or((seconds, None), |(whole, fraction)| (whole, Some(fraction)));
    let second = i8::try_from(digits(whole, 2)?).ok()?;
    let low = day
        .at(0, 0, 0, 0)
        .with()
        .hour(hour)
        .minute(minute)
        .second(second)
        .build()
        .ok()?;
    let Some(fraction) = fraction else {
        return Some((low, low.checked_add(Span::new().seconds(1)).ok()?, offset));
    };
    if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i64.pow(9 - u32::try_from(fraction.len()).ok()?);
    let low = low
        .checked_add(Span::new().nanoseconds(fraction.parse::<i64>().ok()?.checked_mul(scale)?))
        .ok()?;
    // Times are kept to the microsecond: no precision beyond it.
    Some((
        low,
        low.checked_add(Span::new().nanoseconds(scale.max(1_000))).ok()?,
        offset,
    ))
}

impl DateCriterion {
    /// A date as it stands in a search; None when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (prefix, rest) = match text.split_at_checked(2) {
            Some(("eq", rest)) => (Prefix::Eq, rest),
            Some(("ne", rest)) => (Prefix::Ne, rest),
            Some(("gt" | "sa", rest)) => (Prefix::Gt, rest),
            Some(("lt" | "eb", rest)) => (Prefix::Lt, rest),
            Some(("ge", rest)) => (Prefix::Ge, rest),
            Some(("le", rest)) => (Prefix::Le, rest),
            Some(("ap", rest)) => (Prefix::Ap, rest),
            _ => (Prefix::Eq, text),
        };
        let (low, high, offset) = match rest.split_once('T') {
            None => {
                let (low, high) = days(rest)?;
                (low.at(0, 0, 0, 0), high.at(0, 0, 0, 0), None)
            }
            Some((day, clock)) => {
                let (day, next) = days(day)?;
                (day.tomorrow().ok()? == next).then_some(())?;
                time(day, clock)?
            }
        };
        Some(Self {
            prefix,
            low,
            high,
            offset,
        })
    }

    fn bounds(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let zone = self.offset.map_or_else(|| zone.clone(), TimeZone::fixed);
        let at = |time: DateTime| time.to_zoned(zone.clone()).ok().map(|time| time.timestamp());
        let (low, high) = (at(self.low)?, at(self.high)?);
        if self.prefix != Prefix::Ap {
            return Some((low, high));
        }
        // About: a tenth of how long ago it is, either way.
        let gap = Timestamp::now().duration_since(low).abs() / 10;
        Some((widen(low, -gap), widen(high, gap)))
    }
}

fn widen(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(time)
}

/// What all of the criteria leave; `zone` is for those that do not say theirs. None: they ask for something that cannot be
/// told in one range.
pub(super) fn range(criteria: &[DateCriterion], zone: &TimeZone) -> Option<Range> {
    let mut range = Range::default();
    for criterion in criteria {
        let (low, high) = criterion.bounds(zone)?;
        let (low, high) = (Stamp::from(low), Stamp::from(high));
        let (from, before) = match criterion.prefix {
            Prefix::Eq | Prefix::Ap => (Some(low), Some(high)),
            Prefix::Gt => (Some(high), None),
            Prefix::Ge => (Some(low), None),
            Prefix::Lt => (None, Some(low)),
            Prefix::Le => (None, Some(high)),
            Prefix::Ne => {
                if range.except.replace((low, high)).is_some() {
                    return None;
                }
                continue;
            }
        };
        range.from = range.from.max(from);
        range.before = match (range.before, before) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    Some(range)
}

/// The day that a range, taken in UTC, begins on.
pub(super) fn day(stamp: Stamp) -> Day {
    Day::from(stamp.timestamp().to_zoned(TimeZone::UTC).date())
}

/// Before every day that anybody was born.
pub(super) const LONG_AGO: Date = date(1, 1, 1);

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::{DateCriterion, range};

    fn bounds(text: &[&str], zone: &str) -> (Option<String>, Option<String>) {
        let criteria: Vec<_> = text.iter().map(|text| DateCriterion::parse(text).unwrap()).collect();
        let range = range(&criteria, &TimeZone::get(zone).unwrap()).unwrap();
        (
            range.from.map(|at| at.to_string()),
            range.before.map(|at| at.to_string()),
        )
    }

    #[test]
    fn a_date_is_as_long_as_its_precision() {
        for (text, from, before) in [
            (&["2026"][..], "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (&["2026-12"], "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (&["eq2024-02-29"], "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
            (&["2026-11-24T08:30Z"], "2026-11-24T08:30:00Z", "2026-11-24T08:31:00Z"),
            (
                &["2026-11-24T08:30:05+01:00"],
                "2026-11-24T07:30:05Z",
                "2026-11-24T07:30:06Z",
            ),
            (
                &["2026-11-24T08:30:05.25Z"],
                "2026-11-24T08:30:05.25Z",
                "2026-11-24T08:30:05.26Z",
            ),
            (
                &["ge2026-01-05", "lt2026-02-01"],
                "2026-01-05T00:00:00Z",
                "2026-02-01T00:00:00Z",
            ),
            (
                &["gt2026-01-05", "le2026-02-01"],
                "2026-01-06T00:00:00Z",
                "2026-02-02T00:00:00Z",
            ),
            (
                &["sa2026-01-05", "eb2026-02-01"],
                "2026-01-06T00:00:00Z",
                "2026-02-01T00:00:00Z",
            ),
        ] {
            let wanted = (Some(from.to_owned()), Some(before.to_owned()));
            assert_eq!(bounds(text, "UTC"), wanted, "{text:?}");
        }
        // A day is the clinic's day.
        let (from, before) = bounds(&["2026-07-01"], "Europe/Madrid");
        assert_eq!(from.unwrap(), "2026-06-30T22:00:00Z");
        assert_eq!(before.unwrap(), "2026-07-01T22:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "eq",
            "20",
            "2026-13",
            "2026-02-30",
            "2026-1-1",
            "2026-01-01T",
            "2026-01-01T25:00",
            "2026T10:00",
            "2026-01-01T10",
            "2026-01-01T10:00:00.Z",
            "2026-01-01T10:00:00+1",
            "zz2026",
            "2026-01-01-01",
            "ñ026",
            "2026-01-01T10:00:00+99:99",
        ] {
            assert_eq!(DateCriterion::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", prefix in "(eq|ne|gt|lt|ge|le|sa|eb|ap|)", date in "[0-9:TZ.+ -]{0,32}") {
            let zone = TimeZone::get("Europe/Madrid").unwrap();
            for text in [text, format!("{prefix}{date}")] {
                if let Some(criterion) = DateCriterion::parse(&text) {
                    let _ = range(&[criterion.clone(), criterion], &zone);
                }
            }
        }
    }
}
