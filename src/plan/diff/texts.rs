//! Texts of several lines: configuration files, and JSON in them.

use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::path::{Path, Step};
use super::{Change, What, push, values};

/// A line that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// It was not there.
    Added(String),
    /// It is gone.
    Removed(String),
}

/// More lines than this are not compared: nobody would read it, and the time grows with the square.
const MOST_LINES: usize = 4000;

pub(super) fn compare(old: &str, new: &str, path: &Path, found: &mut Vec<Change>) {
    if let Some((old, new)) = json(old).zip(json(new)) {
        values(&old, &new, &path.below(Step::Inside), found);
        // The same JSON, written otherwise: programs see no difference.
        return;
    }
    let few = |text: &str| text.lines().count() <= MOST_LINES;
    let lines = (few(old) && few(new)).then(|| lines(old, new));
    push(path, What::Lines { lines }, found);
}

fn json(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten()
}

fn lines(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(old, new);
    let line = |change: similar::Change<&str>| {
        let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
        match change.tag() {
            ChangeTag::Equal => None,
            ChangeTag::Insert => Some(Line::Added(text)),
            ChangeTag::Delete => Some(Line::Removed(text)),
        }
    };
    diff.iter_all_changes().filter_map(line).collect()
}
