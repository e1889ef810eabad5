//! Values, changes and places in words, none of them longer than a person reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::checks::upgrade::Effect;
use crate::finding::ObjectId;
use crate::plan::diff::{Change, Line, What};
use crate::plan::model::Target;

/// A stretch of a line: prose, or what stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "form", content = "text", rename_all = "lowercase")]
pub(super) enum Span {
    Text(String),
    Code(String),
}

pub(super) type Spans = Vec<Span>;

pub(super) fn text(text: impl Into<String>) -> Span {
    Span::Text(text.into())
}

/// A stretch of a file, on one line.
pub(super) fn code(text: impl AsRef<str>) -> Span {
    Span::Code(clip(text.as_ref(), LONGEST_VALUE))
}

/// Characters of a value that are shown.
const LONGEST_VALUE: usize = 160;
/// Changes of one object that are shown, and lines of one text.
const MOST_CHANGES: usize = 24;
const MOST_LINES: usize = 16;
/// Names of objects in a line.
const MOST_NAMES: usize = 12;

/// The beginning of a text, in one line: control characters are spelt out.
pub(super) fn clip(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == most {
            out.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Names, and how many more there are.
pub(super) fn list(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| clip(name, 80)).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn value(value: &Value) -> Span {
    match value {
        Value::String(text) if !text.is_empty() => code(text),
        other => code(other.to_string()),
    }
}

/// Characters of two long texts that are shown around where they differ.
const AROUND: usize = 28;

/// Two values; of long texts what is near their difference.
fn pair(old: &Value, new: &Value) -> (Span, Span) {
    let (Value::String(a), Value::String(b)) = (old, new) else {
        return (value(old), value(new));
    };
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) <= 3 * AROUND {
        return (value(old), value(new));
    }
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let rest = a.len().min(b.len()) - same;
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let near = |text: &[char]| {
        let from = same.saturating_sub(AROUND);
        let to = (text.len() - tail + AROUND).min(text.len());
        let lead = if from > 0 { "…" } else { "" };
        let end = if to < text.len() { "…" } else { "" };
        code(format!("{lead}{}{end}", text[from..to].iter().collect::<String>()))
    };
    (near(&a), near(&b))
}

/// What differs, each a line.
pub(super) fn changes(changes: &[Change]) -> Vec<Spans> {
    let mut lines: Vec<Spans> = changes.iter().take(MOST_CHANGES).flat_map(change).collect();
    if changes.len() > MOST_CHANGES {
        lines.push(vec![text(format!("and {} more fields", changes.len() - MOST_CHANGES))]);
    }
    lines
}

fn change(change: &Change) -> Vec<Spans> {
    let path = code(&change.path);
    match &change.what {
        What::Added { new } => vec![vec![path, text(" added: "), value(new)]],
        What::Removed { old } => vec![vec![path, text(" removed: "), value(old)]],
        What::Changed { old, new } => {
            let (old, new) = pair(old, new);
            vec![vec![path, text(": "), old, text(" → "), new]]
        }
        What::Order => vec![vec![path, text(": in another order")]],
        What::Items { added, removed } => {
            let mut line = vec![path, text(":")];
            for (sign, items) in [("-", removed), ("+", added)] {
                for item in items.iter().take(MOST_NAMES) {
                    line.extend([text(format!(" {sign} ")), value(item)]);
                }
                if items.len() > MOST_NAMES {
                    line.push(text(format!(" {sign} {} more", items.len() - MOST_NAMES)));
                }
            }
            vec![line]
        }
        What::Lines { lines: None } => vec![vec![path, text(": another text, too long to compare by line")]],
        What::Lines { lines: Some(lines) } => {
            let mut told = vec![vec![path, text(":")]];
            told.extend(lines.iter().take(MOST_LINES).map(|line| match line {
                Line::Added(line) => vec![code(format!("+ {line}"))],
                Line::Removed(line) => vec![code(format!("- {line}"))],
            }));
            if lines.len() > MOST_LINES {
                told.push(vec![text(format!("and {} more lines", lines.len() - MOST_LINES))]);
            }
            told
        }
    }
}

/// What a change does.
pub(super) fn effect(effect: &Effect) -> Spans {
    let reason = if effect.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", effect.reason)
    };
    vec![
        text(clip(&format!("{}{reason}", effect.message), 400)),
        text(" ("),
        code(effect.code),
        text(")"),
    ]
}

/// The different objects among targets.
pub(super) fn objects<'a>(targets: &[&'a Target]) -> Vec<&'a ObjectId> {
    let set: BTreeSet<&ObjectId> = targets.iter().map(|target| &target.object).collect();
    set.into_iter().collect()
}

/// The names of objects, a line a kind.
pub(super) fn by_kind(targets: &[&Target]) -> Vec<Spans> {
    let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for object in objects(targets) {
        let name = if object.namespace.is_empty() {
            object.name.clone()
        } else {
            format!("{}/{}", object.namespace, object.name)
        };
        kinds.entry(&object.kind).or_default().push(name);
    }
    let line = |(kind, names): (&str, Vec<String>)| {
        vec![
            text(format!("{} {}: ", names.len(), clip(kind, 60))),
            code(list(&names, MOST_NAMES)),
        ]
    };
    kinds.into_iter().map(line).collect()
}

/// Where objects are: `prod · eu-central · database`; what is the same in several places is named once.
pub(super) fn places(targets: &[Target]) -> String {
    let mut regions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut components = BTreeSet::new();
    for target in targets {
        regions.entry(&target.environment).or_default().insert(&target.region);
        components.insert(clip(&target.component, 60));
    }
    let sets: BTreeSet<&BTreeSet<&str>> = regions.values().collect();
    let names = |set: &BTreeSet<&str>| list(&set.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), 6);
    let regions_told = match sets.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => names(one),
        _ => "several regions".to_owned(),
    };
    let environments: Vec<String> = regions.keys().map(|name| (*name).to_owned()).collect();
    let components: Vec<String> = components.into_iter().collect();
    let components = match components.len() {
        0..=3 => components.join(", "),
        many => format!("{many} components"),
    };
    let parts = [list(&environments, 6), regions_told, components];
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" · ")
}
