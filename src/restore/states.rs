//! What has become of each generation.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::finding::Finding;
use crate::pipeline;
use crate::spec::{Environment, RestoreRequest};

/// What a generation is for now, as git says. Whether a cluster has come so far is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It serves.
    Active,
    /// It is prepared, or was replaced: it serves nobody.
    StandingBy,
    /// It is taken away.
    Retired,
}

impl State {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::StandingBy => "standing by",
            Self::Retired => "retired",
        }
    }
}

/// One generation.
#[derive(Clone, Debug, Serialize)]
pub struct GenerationState {
    /// Its number.
    pub generation: u32,
    /// What it is for.
    pub state: State,
    /// The request's file; none for generation 0, which started empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RestoreRequest>,
}

/// Every generation of an environment, by number.
pub fn states(root: &Path, environment: &str, now: Timestamp) -> Result<Vec<GenerationState>, Vec<Finding>> {
    let (loaded, findings) = pipeline::load(root, environment, now);
    let Some(loaded) = loaded else { return Err(findings) };
    let value = loaded.source.parsed::<Environment>().unwrap_or_default();
    let active = loaded.topology.database.active;
    let retired = |number: u32| {
        let list = value.pointer("/database/retired").and_then(serde_json::Value::as_array);
        list.is_some_and(|list| list.contains(&number.into()))
    };
    let state = |number: u32| {
        if number == active {
            State::Active
        } else if retired(number) {
            State::Retired
        } else {
            State::StandingBy
        }
    };
    let mut all = vec![GenerationState {
        generation: 0,
        state: state(0),
        file: None,
        request: None,
    }];
    all.extend(loaded.ledger.entries.into_iter().map(|entry| GenerationState {
        generation: entry.request.generation,
        state: state(entry.request.generation),
        file: Some(entry.file),
        request: Some(entry.request),
    }));
    Ok(all)
}
