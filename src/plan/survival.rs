//! What a change does to what is survived.

use std::collections::BTreeMap;

use serde::Serialize;

use super::objects;
use crate::checks::survival::{Matrix, Model, Service, State};
use crate::finding::Finding;
use crate::gitops::{Content, Repository, Side};
use crate::pipeline::{self, Loaded, folders};

/// A service that a loss leaves otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SurvivalChange {
    /// The environment.
    pub environment: String,
    /// What is lost.
    pub loss: String,
    /// The service.
    pub service: Service,
    /// Whether the environment promises that it survives.
    pub promised: bool,
    /// What was left of it; none where there was no such loss or service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<State>,
    /// What is left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<State>,
    /// Why, as it becomes.
    pub reason: String,
}

/// The matrix of an environment as a side has it, from the objects that are committed there; none where its environment
/// file is not there or not right.
pub(super) fn matrix(repository: &Repository, side: &Side, name: &str) -> Result<Option<Matrix>, Box<Finding>> {
    let Some((Some(loaded), _)) = repository.load(side, name)? else {
        return Ok(None);
    };
    of(repository, side, name, &loaded).map(Some)
}

fn of(repository: &Repository, side: &Side, name: &str, loaded: &Loaded) -> Result<Matrix, Box<Finding>> {
    let files = repository.files(side, &format!("{}/{name}", folders::GENERATED))?;
    let files: Vec<(&str, Content)> = files.iter().map(|(path, content)| (path.as_str(), *content)).collect();
    let (items, _) = objects::parse(repository, &files)?;
    Ok(Model::new(&items, pipeline::world(loaded)).matrix().0)
}

/// What differs between two matrices, the worst first.
pub(super) fn compare(environment: &str, base: &Matrix, head: &Matrix) -> Vec<SurvivalChange> {
    let cells = |matrix: &Matrix| -> BTreeMap<(String, Service), (bool, State, String)> {
        let mut cells = BTreeMap::new();
        for row in &matrix.rows {
            for (service, outcome) in &row.services {
                let cell = (row.promised, outcome.state, outcome.reason.clone());
                cells.insert((row.loss.to_string(), *service), cell);
            }
        }
        cells
    };
    let (before, after) = (cells(base), cells(head));
    let mut keys: Vec<&(String, Service)> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let state = |cell: Option<&(bool, State, String)>| cell.map(|(_, state, _)| *state);
    let mut changes: Vec<SurvivalChange> = keys
        .into_iter()
        .filter(|key| state(before.get(*key)) != state(after.get(*key)))
        .map(|key| SurvivalChange {
            environment: environment.to_owned(),
            loss: key.0.clone(),
            service: key.1,
            promised: after.get(key).or(before.get(key)).is_some_and(|cell| cell.0),
            before: state(before.get(key)),
            after: state(after.get(key)),
            reason: after.get(key).map(|cell| cell.2.clone()).unwrap_or_default(),
        })
        .collect();
    changes.sort_by(|a, b| (b.after, b.promised).cmp(&(a.after, a.promised)).then_with(|| a.cmp(b)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::survival::{Promised, RegionOf, World};

    #[test]
    fn what_is_survived_no_more_comes_first() {
        let world = |zones: &[&str]| World {
            regions: vec![RegionOf {
                cluster: "e/r".to_owned(),
                name: "r".to_owned(),
                primary: true,
                zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
            }],
            promise: Promised::Zone,
            together: Vec::new(),
        };
        let matrix = |zones: &[&str]| Model::new(&[], world(zones)).matrix().0;
        assert_eq!(compare("e", &matrix(&["a", "b"]), &matrix(&["a", "b"])), Vec::new());
        let fewer = compare("e", &matrix(&["a", "b"]), &matrix(&["a"]));
        let more = compare("e", &matrix(&["a"]), &matrix(&["a", "b"]));
        assert_eq!(fewer.len(), more.len());
        assert!(
            fewer
                .iter()
                .all(|change| change.after.is_none() && change.loss.contains('b')),
            "{fewer:?}"
        );
    }
}
