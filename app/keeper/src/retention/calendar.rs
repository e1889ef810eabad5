//! Days, ISO weeks and months, as people in the environment's time zone count them.

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::catalog::Kind;

/// The day, week or month that `at` falls into: `2026-11-24`, `2026-W48` or `2026-11`. Texts sort like times.
pub(crate) fn slot(kind: Kind, at: Timestamp, time_zone: &str) -> anyhow::Result<String> {
    let zone =
        TimeZone::get(time_zone).with_context(|| format!("`timeZone` {time_zone:?} is not an IANA time zone"))?;
    Ok(slot_in(kind, at, &zone))
}

pub(super) fn slot_in(kind: Kind, at: Timestamp, zone: &TimeZone) -> String {
    let date = at.to_zoned(zone.clone()).date();
    match kind {
        Kind::Daily => date.to_string(),
        Kind::Weekly => {
            let week = date.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        Kind::Monthly => format!("{:04}-{:02}", date.year(), date.month()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(kind: Kind, time: &str) -> String {
        slot(kind, time.parse().unwrap(), "Europe/Madrid").unwrap()
    }

    #[test]
    fn the_day_is_that_of_the_clinic_also_when_clocks_change() {
        // 02:00 does not exist on 29 March 2026 in Madrid, and 25 October 2026 has it twice.
        assert_eq!(at(Kind::Daily, "2026-03-28T23:30:00Z"), "2026-03-29");
        assert_eq!(at(Kind::Daily, "2026-03-29T21:59:59Z"), "2026-03-29");
        assert_eq!(at(Kind::Daily, "2026-03-29T22:00:00Z"), "2026-03-30");
        assert_eq!(
            at(Kind::Daily, "2026-10-25T00:30:00Z"),
            at(Kind::Daily, "2026-10-25T01:30:00Z")
        );
        assert_eq!(at(Kind::Daily, "2026-10-25T23:00:00Z"), "2026-10-26");
    }

    #[test]
    fn weeks_are_iso_weeks_and_months_are_local() {
        assert_eq!(at(Kind::Weekly, "2026-12-31T12:00:00Z"), "2026-W53");
        assert_eq!(at(Kind::Weekly, "2027-01-03T12:00:00Z"), "2026-W53");
        assert_eq!(at(Kind::Weekly, "2027-01-03T23:30:00Z"), "2027-W01");
        assert_eq!(at(Kind::Monthly, "2026-10-31T23:30:00Z"), "2026-11");
    }

    #[test]
    fn an_unknown_zone_is_named() {
        let error = slot(Kind::Daily, Timestamp::UNIX_EPOCH, "Europe/Atlantis").unwrap_err();
        assert!(format!("{error:#}").contains("Atlantis"), "{error:#}");
    }
}
