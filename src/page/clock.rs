//! When what runs by itself: a clock of one day, and the same as a table.

use std::f64::consts::TAU;

use serde::Serialize;

use super::svg::{Drawing, escape};
use crate::topology::Topology;

/// One thing that runs by itself.
#[derive(Serialize)]
pub(super) struct Schedule {
    number: usize,
    name: &'static str,
    days: String,
    times: String,
    line: String,
    kept: String,
    #[serde(skip)]
    minutes: Vec<u32>,
}

pub(super) fn schedules(topology: &Topology) -> Vec<Schedule> {
    let backup = &topology.backup;
    let schedule = &backup.schedule;
    let mut list = vec![
        entry(
            "daily backup",
            schedule.daily.as_str(),
            format!("{} kept", backup.keep_daily),
        ),
        entry(
            "weekly snapshot",
            schedule.weekly.as_str(),
            format!("{} kept", backup.keep_weekly),
        ),
    ];
    if let Some(monthly) = &backup.monthly {
        let kept = format!("{} kept, in {}", backup.keep_monthly, monthly.region);
        list.push(entry("monthly backup", schedule.monthly.as_str(), kept));
    }
    list.push(entry(
        "rehearsal of a restore",
        schedule.rehearsal.as_str(),
        "reports how long it took".to_owned(),
    ));
    if let Some(every) = backup.ship_every {
        list.push(Schedule {
            number: 0,
            name: "binary logs",
            days: "every day".to_owned(),
            times: format!("every {every}"),
            line: String::new(),
            kept: "the most that a total disaster loses".to_owned(),
            minutes: Vec::new(),
        });
    }
    for (i, schedule) in list.iter_mut().enumerate() {
        schedule.number = i + 1;
    }
    list
}

/// The line has five fields: `topology` accepts no other.
fn entry(name: &'static str, line: &str, kept: String) -> Schedule {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let field = |i: usize| fields.get(i).copied().unwrap_or("*");
    let minutes = times(field(0), field(1));
    let times = match minutes.as_slice() {
        few @ [_, ..] if few.len() <= 6 => {
            let times: Vec<String> = few.iter().map(|m| format!("{:02}:{:02}", m / 60, m % 60)).collect();
            times.join(", ")
        }
        many => format!("{} times", many.len()),
    };
    Schedule {
        number: 0,
        name,
        days: days(field(2), field(3), field(4)),
        times,
        line: line.to_owned(),
        kept,
        minutes,
    }
}

/// The minutes of a day at which a cron line runs.
fn times(minute: &str, hour: &str) -> Vec<u32> {
    let minutes = numbers(minute, 0, 59);
    let hours = numbers(hour, 0, 23);
    hours
        .iter()
        .flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute))
        .collect()
}

/// The numbers that a field of a cron line means.
fn numbers(field: &str, low: u32, high: u32) -> Vec<u32> {
    let part = |part: &str| -> Vec<u32> {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = step.parse().unwrap_or(1).max(1);
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().unwrap_or(low), to.parse().unwrap_or(high)),
            None if range == "*" => (low, high),
            None => {
                let from = range.parse().unwrap_or(low);
                (from, if part.contains('/') { high } else { from })
            }
        };
        (from..=to.min(high)).step_by(step).collect()
    };
    let mut numbers: Vec<u32> = field.split(',').flat_map(part).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn days(day: &str, month: &str, weekday: &str) -> String {
    const NAMES: [&str; 8] = [
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let months = if month == "*" {
        String::new()
    } else {
        format!(", months {month}")
    };
    let weekday = weekday
        .parse()
        .ok()
        .and_then(|i: usize| NAMES.get(i))
        .map_or(weekday, |name| name);
    match (day, weekday) {
        ("*", "*") => format!("every day{months}"),
        ("*", weekday) => format!("every {weekday}{months}"),
        (day, "*") => format!("day {day} of the month{months}"),
        (day, weekday) => format!("day {day} of the month and every {weekday}{months}"),
    }
}

const CENTRE: f64 = 180.0;
const RADIUS: f64 = 118.0;

fn point(minute: u32, radius: f64) -> (f64, f64) {
    let angle = f64::from(minute) / 1440.0 * TAU;
    (CENTRE + radius * angle.sin(), CENTRE - radius * angle.cos())
}

pub(super) fn draw(topology: &Topology) -> String {
    let schedules = schedules(topology);
    let mut drawing = Drawing::default();
    drawing.raw(&format!(
        r#"<circle class="dial" cx="{CENTRE}" cy="{CENTRE}" r="{RADIUS}"/>"#
    ));
    for hour in 0..24 {
        let (long, minute) = (hour % 3 == 0, hour * 60);
        let ((x1, y1), (x2, y2)) = (
            point(minute, RADIUS),
            point(minute, RADIUS - if long { 12.0 } else { 6.0 }),
        );
        drawing.raw(&format!(r#"<path class="tick" d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}"/>"#));
        if long {
            let (x, y) = point(minute, RADIUS - 28.0);
            drawing.raw(&format!(
                r#"<text class="hour" x="{x:.1}" y="{:.1}">{hour:02}</text>"#,
                y + 5.0
            ));
        }
    }
    if schedules
        .iter()
        .any(|schedule| schedule.minutes.is_empty() || schedule.minutes.len() > 24)
    {
        drawing.raw(&format!(
            r#"<circle class="often" cx="{CENTRE}" cy="{CENTRE}" r="{}"/>"#,
            RADIUS + 8.0
        ));
    }
    for (minute, numbers) in marks(&schedules) {
        let ((x1, y1), (x2, y2)) = (point(minute, RADIUS - 4.0), point(minute, RADIUS + 28.0));
        let (x, y) = point(minute, RADIUS + 42.0);
        drawing.raw(&format!(
            r#"<path class="hand" d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}"/><circle class="mark" cx="{x:.1}" cy="{y:.1}" r="{}"/><text class="mark-name" x="{x:.1}" y="{:.1}">{}</text>"#,
            if numbers.len() > 1 { 16 } else { 12 },
            y + 4.5,
            escape(&numbers.join(" "))
        ));
    }
    let description = "The same as the table beside it: the numbers on the dial are those of its rows.";
    drawing.finish("clock", "What runs when, within a day", description, [360, 360])
}

/// The minutes at which something runs, with the numbers of what does. What runs more often than hourly is a ring. Marks
/// that would lie on one another are one.
fn marks(schedules: &[Schedule]) -> Vec<(u32, Vec<String>)> {
    let mut all: Vec<(u32, String)> = schedules
        .iter()
        .filter(|schedule| schedule.minutes.len() <= 24)
        .flat_map(|schedule| {
            schedule
                .minutes
                .iter()
                .map(|minute| (*minute, schedule.number.to_string()))
        })
        .collect();
    all.sort();
    let mut marks: Vec<(u32, Vec<String>)> = Vec::new();
    for (minute, number) in all {
        match marks.last_mut() {
            Some((last, numbers)) if minute - *last < 42 && numbers.len() < 2 => numbers.push(number),
            _ => marks.push((minute, vec![number])),
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::{days, times};

    #[test]
    fn a_cron_line_is_read() {
        assert_eq!(times("0", "2"), [120]);
        assert_eq!(times("30", "*/12"), [30, 750]);
        assert_eq!(times("0,30", "8-9"), [480, 510, 540, 570]);
        assert_eq!(times("*/15", "23"), [1380, 1395, 1410, 1425]);
        assert_eq!(days("*", "*", "0"), "every Sunday");
        assert_eq!(days("1", "*", "*"), "day 1 of the month");
        assert_eq!(days("*", "*", "*"), "every day");
    }
}
