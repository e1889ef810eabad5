//! A status for people: zones side by side, then the database, then what runs by the clock, then what is wrong.

use std::fmt::Write as _;

use jiff::{Timestamp, Unit};

use super::{Pod, Schedule, Status, Zone};

/// Narrower columns than this tell nothing.
const LEAST: usize = 16;

/// The status as lines of text. `now` is what ages are counted to.
pub fn text(status: &Status, now: Timestamp, color: bool) -> String {
    let paint = Paint { color };
    let mut out = String::new();
    let title = format!("{} · {}", status.environment, status.region);
    let _ = writeln!(out, "{}    {}", paint.strong(&title), gate(status, &paint));
    out.push('\n');
    table(&mut out, status, &paint);
    members(&mut out, status, &paint);
    schedules(&mut out, &status.schedules, now, &paint);
    if !status.jobs.is_empty() {
        let _ = writeln!(out, "\nrunning now   {}", status.jobs.join(", "));
    }
    out.push('\n');
    if status.problems.is_empty() {
        let _ = writeln!(out, "{} all is as it should be", paint.good("●"));
    }
    for problem in &status.problems {
        let _ = writeln!(out, "{} {problem}", paint.bad("○"));
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn gate(status: &Status, paint: &Paint) -> String {
    match status.database.active {
        Some(active) if status.database.is_open() => {
            paint.good(&format!("open: generation {active} of the database serves"))
        }
        Some(active) => paint.bad(&format!("shut: no member of generation {active} takes clients")),
        None => paint.bad("shut: there is no intent"),
    }
}

fn table(out: &mut String, status: &Status, paint: &Paint) {
    let mut components: Vec<&str> = status.workloads.iter().map(|each| each.component.as_str()).collect();
    components.extend(all_pods(status).map(|pod| pod.component.as_str()));
    components.sort_unstable();
    components.dedup();
    let first = components.iter().map(|name| name.len()).max().unwrap_or(0).max(LEAST);
    let columns: Vec<usize> = status.zones.iter().map(|zone| width(zone).max(LEAST) + 2).collect();
    let _ = write!(out, "{:first$}", "");
    for (zone, width) in status.zones.iter().zip(&columns) {
        let _ = write!(out, "  {:width$}", zone.name, width = width);
    }
    out.push('\n');
    row(out, "nodes", first);
    for (zone, width) in status.zones.iter().zip(&columns) {
        let marks: Vec<String> = zone.nodes.iter().map(|node| paint.mark(node.ready)).collect();
        cell(out, &marks.join(" "), (zone.nodes.len() * 2).saturating_sub(1), *width);
    }
    out.push('\n');
    for component in components {
        let lines = status
            .zones
            .iter()
            .map(|zone| of(zone, component).count())
            .max()
            .unwrap_or(0)
            .max(1);
        for line in 0..lines {
            row(out, if line == 0 { component } else { "" }, first);
            for (zone, width) in status.zones.iter().zip(&columns) {
                match of(zone, component).nth(line) {
                    Some(pod) => {
                        let name = label(pod);
                        let shown = format!("{} {name}", paint.mark(pod.ready));
                        cell(out, &shown, name.chars().count() + 2, *width);
                    }
                    None => cell(out, "", 0, *width),
                }
            }
            out.push('\n');
        }
    }
    for pod in &status.unplaced {
        let why = pod.why.as_deref().unwrap_or("no node runs it yet");
        let _ = writeln!(out, "{} {}: {why}", paint.bad("○"), pod.name);
    }
}

fn members(out: &mut String, status: &Status, paint: &Paint) {
    if status.database.members.is_empty() {
        return;
    }
    out.push_str("\nGalera\n");
    for member in &status.database.members {
        let state = member.state.as_deref().unwrap_or("unknown");
        let _ = write!(out, "  {} {:16}  {state}", paint.mark(member.is_well()), member.pod);
        if let (true, Some(size)) = (member.primary, member.size) {
            let _ = write!(out, ", in a primary component of {size}");
        }
        if let Some(committed) = member.committed {
            let _ = write!(out, ", committed {committed}");
        }
        if let Some(why) = &member.why {
            let _ = write!(out, ": {why}");
        }
        out.push('\n');
    }
}

fn schedules(out: &mut String, schedules: &[Schedule], now: Timestamp, paint: &Paint) {
    if schedules.is_empty() {
        return;
    }
    out.push_str("\nby the clock\n");
    for schedule in schedules {
        let when = match (schedule.last_done, schedule.last_begun) {
            (Some(done), _) => format!("ended well {} ago", age(now, done)),
            (None, Some(begun)) => format!("begun {} ago, has never ended well", age(now, begun)),
            (None, None) => "has not run yet".to_owned(),
        };
        let failing = schedule.last_done.is_none() && schedule.last_begun.is_some();
        let mark = if schedule.suspended || failing {
            paint.bad("○")
        } else {
            paint.good("●")
        };
        let suspended = if schedule.suspended { ", suspended" } else { "" };
        let _ = writeln!(out, "  {mark} {:18}  {when}{suspended}", schedule.name);
    }
}

/// A span in its two largest units.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now
        .since((Unit::Second, then))
        .map_or(0, |span| span.get_seconds())
        .max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

fn all_pods(status: &Status) -> impl Iterator<Item = &Pod> {
    status.zones.iter().flat_map(|zone| &zone.pods).chain(&status.unplaced)
}

fn of<'a>(zone: &'a Zone, component: &'a str) -> impl Iterator<Item = &'a Pod> {
    zone.pods.iter().filter(move |pod| pod.component == component)
}

fn label(pod: &Pod) -> String {
    match (&pod.why, pod.restarts) {
        (Some(why), _) => {
            let short: String = why.chars().take(24).collect();
            format!("{} {short}", pod.name)
        }
        (None, 0) => pod.name.clone(),
        (None, restarts) => format!("{} ↻{restarts}", pod.name),
    }
}

fn width(zone: &Zone) -> usize {
    let pods = zone.pods.iter().map(|pod| label(pod).chars().count() + 2);
    let nodes = (zone.nodes.len() * 2).saturating_sub(1);
    pods.chain([zone.name.chars().count(), nodes]).max().unwrap_or(0)
}

fn row(out: &mut String, name: &str, width: usize) {
    let _ = write!(out, "{name:width$}");
}

fn cell(out: &mut String, shown: &str, length: usize, width: usize) {
    let _ = write!(out, "  {shown}{:1$}", "", width.saturating_sub(length));
}

struct Paint {
    color: bool,
}

impl Paint {
    fn mark(&self, good: bool) -> String {
        if good { self.good("●") } else { self.bad("○") }
    }

    fn good(&self, text: &str) -> String {
        self.wrap("32", text)
    }

    fn bad(&self, text: &str) -> String {
        self.wrap("31", text)
    }

    fn strong(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
