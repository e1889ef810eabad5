//! A plan as headings, items and lines, whatever form they get.

use std::collections::BTreeMap;

use serde::Serialize;

use super::words::{self, Spans, code, text};
use crate::checks::survival::State as Left;
use crate::checks::upgrade::Class;
use crate::finding::{Finding, Severity};
use crate::plan::SurvivalChange;
use crate::plan::model::{Entry, EnvironmentChange, Plan, Requested, State, Verb};

#[derive(Serialize)]
pub(super) struct Document {
    pub(super) title: String,
    /// What is to be known first, each a line.
    pub(super) summary: Vec<Spans>,
    pub(super) sections: Vec<Section>,
}

#[derive(Serialize)]
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) items: Vec<Item>,
}

/// One thing that is told, with its particulars.
#[derive(Serialize)]
pub(super) struct Item {
    pub(super) mark: char,
    /// How dangerous it is, in words; none where it is not.
    pub(super) danger: Option<&'static str>,
    /// Whether it should catch the eye.
    pub(super) loud: bool,
    pub(super) head: Spans,
    pub(super) details: Vec<Spans>,
}

impl Item {
    fn new(mark: char, head: Spans) -> Self {
        Self {
            mark,
            danger: None,
            loud: false,
            head,
            details: Vec::new(),
        }
    }
}

pub(super) fn of(plan: &Plan) -> Document {
    let mut sections = Vec::new();
    let mut add = |heading: &str, items: Vec<Item>| {
        if !items.is_empty() {
            sections.push(Section {
                heading: heading.to_owned(),
                items,
            });
        }
    };
    add("Not right", plan.findings.iter().map(finding).collect());
    add("Restores", plan.restores.iter().map(restore).collect());
    add("Environments", plan.environments.iter().map(environment).collect());
    sections.extend(survival(&plan.survival));
    sections.extend(entries(&plan.changed, ""));
    sections.extend(entries(&plan.by_galeno, "By a newer Galeno: "));
    Document {
        title: format!("{} to {}", revision(&plan.base), revision(&plan.head)),
        summary: summary(plan),
        sections,
    }
}

fn revision(revision: &crate::plan::Revision) -> String {
    match &revision.commit {
        Some(id) if revision.name.starts_with(&id[..7]) => id[..12].to_owned(),
        Some(id) => format!("{} ({})", words::clip(&revision.name, 60), &id[..12]),
        None => revision.name.clone(),
    }
}

fn summary(plan: &Plan) -> Vec<Spans> {
    if plan.is_empty() {
        return vec![vec![text("Nothing differs.")]];
    }
    let counts: Vec<String> = [
        (Verb::Added, "added"),
        (Verb::Changed, "changed"),
        (Verb::Removed, "removed"),
    ]
    .into_iter()
    .map(|(verb, word)| format!("{} {word}", plan.count(verb)))
    .collect();
    let names: Vec<String> = plan.environments.iter().map(|e| e.name.clone()).collect();
    let mut lines = vec![vec![text(format!(
        "Objects: {}; in {}.",
        counts.join(", "),
        words::list(&names, 6)
    ))]];
    let worst = match plan.worst() {
        Class::None => "No pod is replaced.",
        Class::Rolling => "Pods are replaced a few at a time; what they serve goes on.",
        Class::Restart => "Something stops before it starts again.",
        Class::Recreate => "Something cannot be changed in place: it would have to be made anew.",
        Class::DataAtRisk => "Data, copies of data or their protection are at risk.",
    };
    lines.push(vec![text(worst)]);
    if !plan.restores.is_empty() {
        lines.push(vec![text(format!("Restores asked for: {}.", plan.restores.len()))]);
    }
    lines
}

fn finding(finding: &Finding) -> Item {
    let mut item = Item::new('!', vec![text(words::clip(&finding.message, 300))]);
    item.loud = finding.severity == Severity::Error;
    item.danger = Some(match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    });
    let file = finding.place.file.as_deref().map(|file| vec![text("in "), code(file)]);
    item.details.extend(file);
    for (lead, part) in [("because ", &finding.reason), ("mend: ", &finding.mend)] {
        if !part.is_empty() {
            item.details
                .push(vec![text(format!("{lead}{}", words::clip(part, 300)))]);
        }
    }
    item
}

fn restore(requested: &Requested) -> Item {
    let request = &requested.request;
    let source = &request.source;
    let mut head = vec![
        code(&requested.environment),
        text(format!(": generation {} is made from the backup ", request.generation)),
        code(&source.backup),
    ];
    if let Some(to) = &source.to {
        head.extend([text(" and what was written up to "), code(to)]);
    }
    let mut item = Item::new('+', head);
    item.loud = true;
    item.details.push(vec![text(format!(
        "{}, asked by {}; may be merged until {}",
        words::clip(&request.reason, 300),
        words::clip(&request.requested_by, 100),
        words::clip(&request.expires, 40),
    ))]);
    if !source.despite.is_empty() {
        item.details.push(vec![text(format!(
            "It is accepted although its data may contradict itself: {}.",
            words::clip(&source.despite.join(", "), 300)
        ))]);
    }
    item.details.push(if requested.now {
        vec![text(
            "In one merge: traffic stops at once and resumes when the generation is accepted. What is written until then, \
             and was written since the backup, is not in it.",
        )]
    } else {
        vec![
            text("It is prepared beside the live database, which goes on; "),
            code("galeno restore switch"),
            text(" moves the traffic in a second change."),
        ]
    });
    item.details.push(vec![text("request: "), code(&requested.file)]);
    item
}

fn environment(environment: &EnvironmentChange) -> Item {
    let (mark, word) = match environment.state {
        State::Added => ('+', "is new"),
        State::Changed => ('~', "is changed"),
        State::Removed => ('-', "goes"),
    };
    let mut item = Item::new(mark, vec![code(&environment.name), text(format!(" {word}"))]);
    item.loud = environment.state == State::Removed;
    if environment.state == State::Changed && environment.written.is_empty() {
        item.details.push(vec![text("its environment file says the same")]);
    }
    item.details.extend(words::changes(&environment.written));
    if let Some((old, new)) = &environment.generator {
        item.details.push(vec![text(format!(
            "compiled by {}, before by {}",
            words::clip(new, 60),
            words::clip(old, 60)
        ))]);
    }
    if let Some(why) = &environment.untold {
        item.details.push(vec![text(format!(
            "whether a newer Galeno changed something cannot be told: {}",
            words::clip(why, 300)
        ))]);
    }
    item
}

/// What is survived otherwise: the same for several losses is one item.
fn survival(changes: &[SurvivalChange]) -> Option<Section> {
    let mut order: Vec<&SurvivalChange> = Vec::new();
    let mut losses: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for change in changes {
        let same = (
            &change.environment,
            change.service,
            change.before,
            change.after,
            change.promised,
            &change.reason,
        );
        let list = losses.entry(same).or_default();
        if list.is_empty() {
            order.push(change);
        }
        list.push(change.loss.clone());
    }
    let word = |state: Option<Left>| state.map_or("not there", Left::name);
    let item = |change: &SurvivalChange| {
        let same = (
            &change.environment,
            change.service,
            change.before,
            change.after,
            change.promised,
            &change.reason,
        );
        let lost = losses
            .get(&same)
            .map_or(String::new(), |losses| words::list(losses, 12));
        let (before, after) = (word(change.before), word(change.after));
        let head = vec![
            code(&change.environment),
            text(format!(": {} {before} → {after}, without ", change.service.name())),
            code(lost),
        ];
        let mut item = Item::new('~', head);
        item.loud = change.promised && change.after == Some(Left::Lost);
        item.danger = item.loud.then_some("promised, and lost");
        if !change.reason.is_empty() {
            item.details.push(vec![text(words::clip(&change.reason, 300))]);
        }
        item
    };
    let items: Vec<Item> = order.into_iter().map(item).collect();
    (!items.is_empty()).then(|| Section {
        heading: "What is survived".to_owned(),
        items,
    })
}

/// Entries by their places, in the order of the most dangerous of each.
fn entries(entries: &[Entry], lead: &str) -> Vec<Section> {
    let mut order = Vec::new();
    let mut sections: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let heading = format!("{lead}{}", words::places(&entry.targets));
        if !sections.contains_key(&heading) {
            order.push(heading.clone());
        }
        sections.entry(heading).or_default().push(entry);
    }
    let section = |heading: String| {
        let entries = sections.remove(&heading).unwrap_or_default();
        Section {
            items: items(&entries),
            heading,
        }
    };
    order.into_iter().map(section).collect()
}

/// One item an entry; what only comes or goes, without danger, is one item by its verb.
fn items(entries: &[&Entry]) -> Vec<Item> {
    let is_plain = |entry: &&&Entry| entry.verb != Verb::Changed && entry.class == Class::None;
    let (plain, others): (Vec<&&Entry>, Vec<&&Entry>) = entries.iter().partition(is_plain);
    let mut items: Vec<Item> = others.into_iter().map(|entry| item(entry)).collect();
    for verb in [Verb::Removed, Verb::Added] {
        let entries: Vec<&Entry> = plain.iter().filter(|e| e.verb == verb).map(|e| **e).collect();
        match entries.as_slice() {
            [] => {}
            [one] => items.push(item(one)),
            many => items.push(list(verb, many)),
        }
    }
    items
}

fn mark(verb: Verb) -> (char, &'static str) {
    match verb {
        Verb::Added => ('+', "added"),
        Verb::Changed => ('~', "changed"),
        Verb::Removed => ('-', "removed"),
    }
}

fn list(verb: Verb, entries: &[&Entry]) -> Item {
    let (sign, word) = mark(verb);
    let targets: Vec<_> = entries.iter().flat_map(|entry| &entry.targets).collect();
    let mut item = Item::new(
        sign,
        vec![text(format!("{} objects {word}", words::objects(&targets).len()))],
    );
    item.details = words::by_kind(&targets);
    item
}

fn item(entry: &Entry) -> Item {
    let (sign, word) = mark(entry.verb);
    let targets: Vec<_> = entry.targets.iter().collect();
    let objects = words::objects(&targets);
    let mut head = match objects.as_slice() {
        [one] => vec![code(one.to_string())],
        many => vec![text(format!("{} objects", many.len()))],
    };
    head.push(text(format!(" {word}")));
    // A single change stands beside what it changes.
    let changes = words::changes(&entry.changes);
    let mut item = Item::new(sign, head);
    item.danger = (entry.class > Class::None).then(|| entry.class.name());
    item.loud = entry.class >= Class::Recreate;
    for effect in entry.effects.iter().filter(|effect| effect.class > Class::None) {
        item.details.push(words::effect(effect));
        if !effect.mend.is_empty() {
            item.details
                .push(vec![text(format!("instead: {}", words::clip(&effect.mend, 300)))]);
        }
    }
    item.details.extend(changes);
    if objects.len() > 1 {
        item.details.extend(words::by_kind(&targets));
    }
    item
}
