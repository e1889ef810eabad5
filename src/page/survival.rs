//! What is left after each loss, as a table.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checks::survival::{Matrix, Service, State};

/// The matrix: a column a service, a row a loss.
#[derive(Serialize)]
pub(super) struct Table {
    services: Vec<&'static str>,
    rows: Vec<Row>,
    reasons: Vec<Reason>,
}

#[derive(Serialize)]
struct Row {
    loss: String,
    promised: bool,
    /// What is left of each service; "–" where the environment does not have it.
    cells: Vec<&'static str>,
}

/// Why something is not kept, with everything that it is the reason of.
#[derive(Serialize)]
struct Reason {
    state: &'static str,
    why: String,
    of: String,
}

pub(super) fn table(matrix: &Matrix) -> Table {
    let has = |service: &Service| matrix.rows.iter().any(|row| row.services.contains_key(service));
    let services: Vec<Service> = Service::ALL.into_iter().filter(has).collect();
    let mut reasons: BTreeMap<(std::cmp::Reverse<State>, &str), Vec<String>> = BTreeMap::new();
    for row in &matrix.rows {
        for (service, outcome) in row.services.iter().filter(|(_, outcome)| outcome.state != State::Kept) {
            let key = (std::cmp::Reverse(outcome.state), outcome.reason.as_str());
            reasons
                .entry(key)
                .or_default()
                .push(format!("{} without {}", service.name(), row.loss));
        }
    }
    Table {
        services: services.iter().map(|service| service.name()).collect(),
        rows: matrix
            .rows
            .iter()
            .map(|row| Row {
                loss: row.loss.to_string(),
                promised: row.promised,
                cells: services
                    .iter()
                    .map(|service| row.services.get(service).map_or("–", |outcome| outcome.state.name()))
                    .collect(),
            })
            .collect(),
        reasons: reasons
            .into_iter()
            .map(|((state, why), of)| Reason {
                state: state.0.name(),
                why: why.to_owned(),
                of: of.join("; "),
            })
            .collect(),
    }
}
