//! Changes of one field of an environment file, and the acknowledgement of what it puts at risk, with everything else,
//! comments too, as it stands.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::checks::upgrade;
use crate::finding::{Finding, Place, has_errors};
use crate::pipeline::{self, folders};
use crate::spec::{self, Environment, Source};
use crate::topology::names::{Namespace, objects};

/// Makes a generation the one that serves: `database.active`.
pub fn activate(root: &Path, environment: &str, generation: u32, now: Timestamp) -> Result<String, Vec<Finding>> {
    change(root, environment, now, &|source, value| {
        value["database"]["active"] = json!(generation);
        let text = set(source, "active", &generation.to_string())?;
        let about = format!("ConfigMap {}/{}", Namespace::Data.name(), objects::INTENT);
        acknowledge(
            text,
            value,
            upgrade::GENERATION_SWITCHED,
            &about,
            "asked for by a restore",
        )
    })
}

/// Names a generation that is not needed any more: `database.retired`.
pub fn retire(root: &Path, environment: &str, generation: u32, now: Timestamp) -> Result<String, Vec<Finding>> {
    change(root, environment, now, &|source, value| {
        let mut retired = value["database"]["retired"].as_array().cloned().unwrap_or_default();
        retired.push(json!(generation));
        value["database"]["retired"] = retired.into();
        let text = append(source, "retired", &generation.to_string())?;
        let name = objects::generation(generation);
        let about = format!("StatefulSet {}/{name}", Namespace::Data.name());
        acknowledge(
            text,
            value,
            upgrade::DATA_REMOVED,
            &about,
            "a newer generation serves, and is backed up",
        )
    })
}

/// How a field is changed: the new text, and in the value what the text then must mean. `None`: the form is too unusual.
type Change<'a> = &'a dyn Fn(&Source, &mut Value) -> Option<String>;

fn change(root: &Path, environment: &str, now: Timestamp, change: Change<'_>) -> Result<String, Vec<Finding>> {
    let file = format!("{}/{environment}.yaml", folders::ENVIRONMENTS);
    let place = || Place {
        file: Some(file.clone()),
        ..Place::default()
    };
    let io = |what: &str, error: &std::io::Error| {
        vec![Finding::error("io/write", format!("cannot be {what}: {error}")).at(place())]
    };
    let path = root.join(&file);
    let before = std::fs::read(&path).map_err(|error| io("read", &error))?;
    let (parsed, findings) = spec::parse::<Environment>(&file, &before, spec::environment_schema());
    let Some((_, source)) = parsed else {
        return Err(findings);
    };
    let mut wanted = source.parsed::<Environment>().unwrap_or_default();
    let text = change(&source, &mut wanted);
    let means = |text: &String| {
        let (parsed, _) = spec::parse::<Environment>(&file, text.as_bytes(), spec::environment_schema());
        parsed.and_then(|(_, source)| source.parsed::<Environment>())
    };
    let Some(text) = text.filter(|text| means(text).as_ref() == Some(&wanted)) else {
        let database = &wanted["database"];
        let mend = format!(
            "write under `database:` `active: {}` and `retired: {}`",
            database["active"], database["retired"]
        );
        let finding = Finding::error(
            "restore/edit",
            "the environment file is written in a form that Galeno does not edit",
        );
        return Err(vec![finding.mend(mend).at(place())]);
    };
    replace(&path, text.as_bytes()).map_err(|error| io("written", &error))?;
    let (_, findings) = pipeline::load(root, environment, now);
    if has_errors(&findings) {
        // What is refused does not stay.
        replace(&path, &before).map_err(|error| io("written", &error))?;
        return Err(findings);
    }
    Ok(file)
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("yaml.galeno~");
    std::fs::write(&aside, bytes)?;
    std::fs::rename(&aside, path)
}

/// The text with `database.FIELD` set.
fn set(source: &Source, field: &str, value: &str) -> Option<String> {
    let pointer = format!("/database/{field}");
    if !source.written(&pointer) {
        return insert(source, field, value);
    }
    let span = source.span(&pointer)?;
    let (lead, rest) = source.text.split_at_checked(span.offset)?;
    Some(format!("{lead}{value}{}", rest.get(span.length..)?))
}

/// The text with an item added to the list `database.FIELD`.
fn append(source: &Source, field: &str, value: &str) -> Option<String> {
    let last = (0..10_000)
        .take_while(|i| source.written(&format!("/database/{field}/{i}")))
        .last();
    let Some(last) = last else {
        return insert(source, field, &format!("[{value}]"));
    };
    let span = source.span(&format!("/database/{field}/{last}"))?;
    let (lead, rest) = source.text.split_at_checked(span.offset + span.length)?;
    let line = source.text.get(..span.offset)?.rsplit('\n').next()?;
    if begins_item(line) {
        // Another one below it, after what else stands on its line.
        let (same, below) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
        return Some(format!("{lead}{same}\n{line}{value}{below}"));
    }
    Some(format!("{lead}, {value}{rest}"))
}

/// The text in which a change is acknowledged by its code, if it is not already: it puts data at risk, and is meant.
fn acknowledge(text: String, value: &mut Value, code: &str, about: &str, reason: &str) -> Option<String> {
    let mut known = value["acknowledge"].as_array().cloned().unwrap_or_default();
    if known.iter().any(|one| one["code"] == code && one["about"] == about) {
        return Some(text);
    }
    known.insert(0, json!({"code": code, "about": about, "reason": reason}));
    value["acknowledge"] = known.into();
    let entry = format!("{{code: {code}, about: {about}, reason: \"{reason}\"}}");
    let (parsed, _) = spec::parse::<Environment>("", text.as_bytes(), spec::environment_schema());
    let (_, source) = parsed?;
    if !source.written("/acknowledge/0") {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{end}\nacknowledge:\n  - {entry}\n"));
    }
    before(&text, source.span("/acknowledge/0")?.offset, &entry, begins_item)
}

/// The text with a new field before `database.image`, which is always there.
fn insert(source: &Source, field: &str, value: &str) -> Option<String> {
    let image = source.span("/database/image")?;
    let key = source.text.get(..image.offset)?.rfind("image")?;
    before(&source.text, key, &format!("{field}: {value}"), |line| {
        line.trim().is_empty()
    })
}

/// The text with `new` before what stands at an offset: on a line of its own where that one is alone on its line so far,
/// else with a comma between.
fn before(text: &str, offset: usize, new: &str, alone: fn(&str) -> bool) -> Option<String> {
    let (lead, rest) = text.split_at_checked(offset)?;
    let line = lead.rsplit('\n').next()?;
    let separator = if alone(line) {
        format!("\n{line}")
    } else {
        ", ".to_owned()
    };
    Some(format!("{lead}{new}{separator}{rest}"))
}

/// Whether a line so far is an indent and the dash of a list's item.
fn begins_item(line: &str) -> bool {
    line.trim_end()
        .strip_suffix('-')
        .is_some_and(|indent| indent.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = include_str!("../../environments/prod.yaml");

    fn source(text: &str) -> Source {
        let (parsed, findings) = spec::parse::<Environment>("e.yaml", text.as_bytes(), spec::environment_schema());
        parsed.unwrap_or_else(|| panic!("{findings:?}")).1
    }

    fn added(before: &str, after: &str) -> Vec<String> {
        let old: Vec<&str> = before.lines().collect();
        after
            .lines()
            .filter(|line| !old.contains(line))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_field_is_set_and_comments_stay() {
        let once = set(&source(BLOCK), "active", "1").unwrap();
        assert_eq!(added(BLOCK, &once), ["  active: 1"]);
        assert_eq!(once.lines().count(), BLOCK.lines().count() + 1);
        let commented = once.replace("active: 1", "active: 1 # for now");
        let twice = set(&source(&commented), "active", "12").unwrap();
        assert_eq!(added(&commented, &twice), ["  active: 12 # for now"]);
    }

    #[test]
    fn items_are_added_in_the_lists_own_form() {
        let first = append(&source(BLOCK), "retired", "0").unwrap();
        assert_eq!(added(BLOCK, &first), ["  retired: [0]"]);
        let second = append(&source(&first), "retired", "1").unwrap();
        assert_eq!(added(&first, &second), ["  retired: [0, 1]"]);
        let block = first.replace("retired: [0]", "retired:\n    - 0 # gone");
        let second = append(&source(&block), "retired", "1").unwrap();
        assert_eq!(added(&block, &second), ["    - 1"]);
        source(&second);
    }

    #[test]
    fn what_is_acknowledged_stands_before_what_was() {
        let mut value = source(BLOCK).parsed::<Environment>().unwrap();
        let acknowledged =
            |text: String, value: &mut Value, about: &str| acknowledge(text, value, "a/b", about, "why").unwrap();
        let first = acknowledged(BLOCK.to_owned(), &mut value, "Job x/y");
        assert_eq!(source(&first).parsed::<Environment>().unwrap(), value);
        let second = acknowledged(first.clone(), &mut value, "Job x/z");
        assert_eq!(source(&second).parsed::<Environment>().unwrap(), value);
        assert_eq!(
            added(&first, &second),
            ["  - {code: a/b, about: Job x/z, reason: \"why\"}"]
        );
        assert_eq!(
            acknowledged(second.clone(), &mut value, "Job x/z"),
            second,
            "once is enough"
        );
    }

    #[test]
    fn a_flow_mapping_is_edited_too() {
        let start = BLOCK.find("database:\n").unwrap();
        let end = BLOCK.find("\napi:").unwrap();
        let image = "ghcr.io/galeno-platform/database:0.1.0@sha256:3549b0028b75d981cdda2e573e9cb49dedc200185876df299f912b79f69dabd8";
        let flow = format!(
            "{}database: {{image: \"{image}\", size: 200Gi}}\n{}",
            &BLOCK[..start],
            &BLOCK[end..]
        );
        let edited = set(&source(&flow), "active", "3").unwrap();
        assert!(edited.contains("database: {active: 3, image: "), "{edited}");
        source(&edited);
    }
}
