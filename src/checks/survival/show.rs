//! The matrix as a table for people.

use std::fmt::Write as _;

use super::{Matrix, Service, State};

/// A table: a line for each loss, a column for each service, and below it why something is not kept.
pub fn text(matrix: &Matrix) -> String {
    let services: Vec<Service> = Service::ALL
        .into_iter()
        .filter(|service| matrix.rows.iter().any(|row| row.services.contains_key(service)))
        .collect();
    let losses: Vec<String> = matrix.rows.iter().map(|row| row.loss.to_string()).collect();
    let width = losses
        .iter()
        .map(|loss| loss.chars().count())
        .max()
        .unwrap_or(0)
        .max("loss".len());
    let mut out = format!("{:width$}  promised", "loss");
    for service in &services {
        let _ = write!(out, "  {}", service.name());
    }
    out.push('\n');
    for (row, loss) in matrix.rows.iter().zip(&losses) {
        let _ = write!(out, "{loss:width$}  {:8}", if row.promised { "yes" } else { "-" });
        for service in &services {
            let state = row.services.get(service).map_or("-", |outcome| outcome.state.name());
            let _ = write!(out, "  {state:0$}", service.name().len());
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        out.push('\n');
    }
    // The same reason is told once, with every loss and service that it is the reason of.
    let mut reasons: Vec<(State, &str, Vec<String>)> = Vec::new();
    for (row, loss) in matrix.rows.iter().zip(&losses) {
        for (service, outcome) in row.services.iter().filter(|(_, outcome)| outcome.state != State::Kept) {
            let what = format!("{loss}: {}", service.name());
            match reasons
                .iter_mut()
                .find(|(state, reason, _)| *state == outcome.state && *reason == outcome.reason)
            {
                Some((_, _, list)) => list.push(what),
                None => reasons.push((outcome.state, &outcome.reason, vec![what])),
            }
        }
    }
    for wanted in [State::Lost, State::Degraded] {
        for (_, reason, list) in reasons.iter().filter(|(state, _, _)| *state == wanted) {
            let more = if list.len() > 4 {
                format!(" and {} more", list.len() - 4)
            } else {
                String::new()
            };
            let shown: Vec<&str> = list.iter().take(4).map(String::as_str).collect();
            let _ = write!(out, "\n{}: {reason}\n    {}{more}\n", wanted.name(), shown.join("; "));
        }
    }
    out
}
