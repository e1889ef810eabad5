//! Times of the day and week.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZoneDatabase;

use super::Invalid;

/// A cron line of five fields, as a `CronJob`'s schedule reads it (robfig/cron's standard parser).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CronLine(String);

const FIELDS: [(&str, u8, u8, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of the week",
        0,
        6,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

fn number(text: &str, low: u8, names: &[&str]) -> Option<u8> {
    if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return u8::try_from(at).ok().map(|at| at + low);
    }
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn field_is_valid(field: &str, low: u8, high: u8, names: &[&str]) -> bool {
    field.split(',').all(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
        if step.is_some_and(|s| s.parse::<u8>().map_or(true, |s| s == 0)) {
            return false;
        }
        if range == "*" || range == "?" {
            return true;
        }
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        match (number(from, low, names), number(to, low, names)) {
            (Some(from), Some(to)) => low <= from && from <= to && to <= high,
            _ => false,
        }
    })
}

impl CronLine {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CronLine {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(Invalid::new(
                format!("`{text}` is not a cron line: it has {} fields, not 5", fields.len()),
                "write minute, hour, day of the month, month and day of the week, such as `0 2 * * *` for 02:00 every day",
            ));
        }
        for (field, (name, low, high, names)) in fields.iter().zip(FIELDS) {
            if !field_is_valid(field, low, high, names) {
                return Err(Invalid::new(
                    format!("`{field}` is not a {name} of a cron line"),
                    format!("write {low} to {high}, a range, a list, a step such as `*/5`, or `*`"),
                ));
            }
        }
        Ok(Self(fields.join(" ")))
    }
}

/// An IANA time zone that this program's copy of the database knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zone(String);

impl Zone {
    /// Its IANA name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Zone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = TimeZoneDatabase::bundled()
            .get(text)
            .ok()
            .and_then(|zone| zone.iana_name().map(str::to_owned));
        match known {
            Some(name) if name == text => Ok(Self(name)),
            Some(name) => Err(Invalid::new(
                format!("the time zone is spelt `{name}`, not `{text}`"),
                format!("write `{name}`"),
            )),
            None => Err(Invalid::new(
                format!("`{text}` is not a time zone of the IANA database"),
                "write a name such as `Europe/Madrid`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CronLine, Zone};

    #[test]
    fn cron_lines_have_five_valid_fields() {
        for good in [
            "0 2 * * *",
            "*/5 * * * *",
            "0 3 * * sun",
            "0 4 1,15 JAN-MAR 1-5",
            "0  2 * * *",
        ] {
            assert!(good.parse::<CronLine>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2am",
            "60 2 * * *",
            "0 24 * * *",
            "0 2 0 * *",
            "0 2 * 13 *",
            "0 2 * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "@daily",
        ] {
            assert!(bad.parse::<CronLine>().is_err(), "{bad}");
        }
    }

    #[test]
    fn time_zones_are_spelt_as_iana_spells_them() {
        assert!("Europe/Madrid".parse::<Zone>().is_ok());
        assert_eq!(
            "europe/madrid".parse::<Zone>().unwrap_err().mend,
            "write `Europe/Madrid`"
        );
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }
}
