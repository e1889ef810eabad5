//! Saying what was found: a missing object with near names and its place, and what has been used.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::codes;
use super::index::{Found, Index};
use super::json::{address, annotation, pointers};
use crate::finding::{Finding, Severity};

/// The kind of thing that a reference names, and what happens if it is not there.
#[derive(Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) group: &'t str,
    pub(super) kind: &'t str,
    pub(super) code: &'static str,
    pub(super) effect: &'static str,
}

/// One cluster under examination: its index, the findings so far, and what was used.
pub(super) struct Check<'a> {
    pub(super) ix: &'a Index<'a>,
    pub(super) complete: bool,
    drafts: Vec<Draft>,
    used: Vec<bool>,
    used_provisions: Vec<bool>,
    names: Option<Names<'a>>,
}

/// A finding whose place is not yet worked out.
struct Draft {
    item: usize,
    at: usize,
    finding: Finding,
}

/// Names by kind and namespace, and namespaces by kind and name: only needed once something is missing.
struct Names<'a> {
    by_place: HashMap<(&'a str, &'a str), Vec<&'a str>>,
    by_name: HashMap<(&'a str, &'a str), BTreeSet<&'a str>>,
}

/// The annotation that names who uses an object, where no manifest shows it.
pub(super) const USED_BY: &str = "galeno.dev/used-by";

impl<'a> Check<'a> {
    pub(super) fn new(ix: &'a Index<'a>, complete: bool) -> Self {
        let (objects, provisions) = (ix.objects.items.len(), ix.provisions.len());
        Self {
            ix,
            complete,
            drafts: Vec::new(),
            used: vec![false; objects],
            used_provisions: vec![false; provisions],
            names: None,
        }
    }

    /// How bad it is that something is not there: it may be elsewhere if the set is only a part.
    pub(super) fn missing(&self) -> Severity {
        if self.complete {
            Severity::Error
        } else {
            Severity::Warning
        }
    }

    /// Where things are looked for, for people.
    pub(super) fn nowhere(&self) -> &'static str {
        if self.complete {
            "does not exist"
        } else {
            "is not among the given manifests"
        }
    }

    /// Adds a finding about a part of an object; a value that is not part of it stands for the whole object.
    pub(super) fn say(&mut self, item: usize, at: &Value, finding: Finding) {
        self.drafts.push(Draft {
            item,
            at: address(at),
            finding,
        });
    }

    /// Notes that something is used.
    pub(super) fn mark(&mut self, found: Found) {
        match found {
            Found::Object(i) => self.used[i] = true,
            Found::Provided(i) => self.used_provisions[i] = true,
            Found::Trusted => {}
        }
    }

    /// Whether an object is used, or declared to be.
    pub(super) fn is_used(&self, item: usize) -> bool {
        self.used[item] || annotation(self.ix.objects.value(item), USED_BY).is_string()
    }

    /// Whether something provided is used.
    pub(super) fn is_provision_used(&self, provision: usize) -> bool {
        self.used_provisions[provision]
    }

    /// Looks up what `at` names; says nothing if it is missing.
    pub(super) fn look(&mut self, target: &Target<'_>, ns: &str, name: &str) -> Option<Found> {
        let found = self.ix.find(target.group, target.kind, ns, name)?;
        self.mark(found);
        Some(found)
    }

    /// Looks up what `at` names, and says so if it is missing. What is no text, or empty, is not this check's matter.
    pub(super) fn expect(&mut self, item: usize, at: &'a Value, target: &Target<'_>, ns: &str) -> Option<Found> {
        let name = at.as_str().filter(|name| !name.is_empty())?;
        self.expect_name(item, at, target, ns, name)
    }

    /// The same, where what was found is of no further interest.
    pub(super) fn require(&mut self, item: usize, at: &'a Value, target: &Target<'_>, ns: &str) {
        self.expect(item, at, target, ns);
    }

    /// The same where the name is only a part of the text at `at`.
    pub(super) fn expect_name(
        &mut self,
        item: usize,
        at: &Value,
        target: &Target<'_>,
        ns: &str,
        name: &str,
    ) -> Option<Found> {
        let found = self.look(target, ns, name);
        if found.is_none() {
            let place = in_namespace(ns);
            let message = format!("{} `{name}` {}{place}", target.kind, self.nowhere());
            let mend = self.near(target.kind, ns, name);
            let finding = Finding::new(self.missing(), target.code, message)
                .because(target.effect)
                .mend(mend);
            self.say(item, at, finding);
        }
        found
    }

    /// Like `expect`; but a missing one is only looked up and marked, not told, if it is optional.
    pub(super) fn expect_unless(
        &mut self,
        optional: bool,
        item: usize,
        at: &'a Value,
        target: &Target<'_>,
        ns: &str,
    ) -> Option<Found> {
        if optional {
            return self.look(target, ns, at.as_str()?);
        }
        self.expect(item, at, target, ns)
    }

    /// Says so if a ConfigMap or Secret that was found lacks the key that `at` names.
    pub(super) fn expect_key(&mut self, item: usize, at: &'a Value, found: Found, title: &str, effect: &'static str) {
        let (Some(key), Some(keys)) = (at.as_str().filter(|key| !key.is_empty()), self.ix.keys(found)) else {
            return;
        };
        if keys.contains(&key) {
            return;
        }
        let mend = format!("{}the keys are {}", did_you_mean(key, &keys), listed(&keys));
        let message = format!("{title} has no key `{key}`");
        self.say(item, at, Finding::error(codes::KEY, message).because(effect).mend(mend));
    }

    /// Namespaces that could be meant, for people.
    pub(super) fn near_namespace(&mut self, name: &str) -> String {
        self.near("Namespace", "", name)
    }

    /// Names that could be meant, for people.
    pub(super) fn near(&mut self, kind: &str, ns: &str, name: &str) -> String {
        let ix = self.ix;
        let names = self.names.get_or_insert_with(|| Names::of(ix));
        let here = names.by_place.get(&(kind, ns)).map_or(&[][..], Vec::as_slice);
        let close = did_you_mean(name, here);
        let elsewhere = names.by_name.get(&(kind, name));
        if let Some(others) = elsewhere.filter(|others| close.is_empty() && !others.is_empty()) {
            let others: Vec<_> = others
                .iter()
                .copied()
                .map(|ns| if ns.is_empty() { "(none written)" } else { ns })
                .collect();
            return format!(
                "it exists in namespace {}: name that one, or declare it in `{ns}`",
                listed(&others)
            );
        }
        match here {
            [] => format!(
                "declare the {kind}, or correct the name; there is none{}",
                in_namespace(ns)
            ),
            names => format!("{close}there {}", is_or_are(names)),
        }
    }

    /// The findings, each with its place; of the same sentence about one object only the first, with a count.
    pub(super) fn finish(self) -> Vec<Finding> {
        let mut drafts = self.drafts;
        drafts.sort_by_key(|draft| draft.item);
        let mut findings = Vec::with_capacity(drafts.len());
        for group in drafts.chunk_by_mut(|a, b| a.item == b.item) {
            let item = self.ix.objects.items[group[0].item];
            let wanted: Vec<_> = group.iter().map(|draft| draft.at).collect();
            let pointers = pointers(item.object.value(), &wanted);
            let mut seen: HashMap<(&'static str, String), (usize, usize)> = HashMap::new();
            for draft in group.iter_mut() {
                let finding = std::mem::replace(&mut draft.finding, Finding::note("", ""));
                let key = (finding.code, finding.message.clone());
                if let Some((_, more)) = seen.get_mut(&key) {
                    *more += 1;
                    continue;
                }
                seen.insert(key, (findings.len(), 0));
                let pointer = pointers.get(&draft.at).map_or("", String::as_str);
                findings.push(finding.at(item.place(pointer)));
            }
            for (at, more) in seen.into_values().filter(|(_, more)| *more > 0) {
                let places = if more == 1 { "place" } else { "places" };
                let message = &mut findings[at].message;
                *message = format!("{message} (and {more} more {places} in this object)");
            }
        }
        findings
    }
}

impl<'a> Names<'a> {
    fn of(ix: &'a Index<'a>) -> Self {
        let mut this = Self {
            by_place: HashMap::new(),
            by_name: HashMap::new(),
        };
        let given = ix.objects.heads.iter().map(|head| (head.kind, head.ns, head.name));
        let provided = ix.provisions.iter().filter(|p| !p.name.ends_with('*'));
        for (kind, ns, name) in given.chain(provided.map(|p| (p.kind.as_str(), p.ns.as_str(), p.name.as_str()))) {
            if !name.is_empty() {
                this.by_place.entry((kind, ns)).or_default().push(name);
                this.by_name.entry((kind, name)).or_default().insert(ns);
            }
        }
        for names in this.by_place.values_mut() {
            names.sort_unstable();
            names.dedup();
        }
        this
    }
}

/// `` in namespace `x` ``, or nothing for what is cluster-scoped.
pub(super) fn in_namespace(ns: &str) -> String {
    if ns.is_empty() {
        String::new()
    } else {
        format!(" in namespace `{ns}`")
    }
}

/// `` did you mean `x`? ``, or nothing.
pub(super) fn did_you_mean(name: &str, candidates: &[&str]) -> String {
    // A name is compared with the nearest few hundred in the alphabet: nobody reads more, and it bounds the time.
    const WINDOW: usize = 256;
    // Kubernetes has no longer names, and in shorter ones everything is near.
    let length = name.len();
    if !(3..=253).contains(&length) {
        return String::new();
    }
    let start = candidates
        .partition_point(|other| *other < name)
        .saturating_sub(WINDOW / 2);
    let skipped = if candidates.len() > WINDOW { start } else { 0 };
    let near = candidates.iter().skip(skipped).take(WINDOW);
    let close = near.filter(|other| other.len() >= 3 && other.len().abs_diff(length) <= 4 + length / 3);
    let ranked = close.filter_map(|other| {
        let distance = strsim::damerau_levenshtein(name, other);
        let contained = other.contains(name) || name.contains(*other);
        (contained || distance <= 1 + length / 4).then_some((distance, *other))
    });
    ranked
        .min()
        .map_or_else(String::new, |(_, other)| format!("did you mean `{other}`? "))
}

/// At most a handful of names, for people; those that carry marks of their own are left as they are.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let marked = |name: &&str| {
        if name.contains('`') {
            (*name).to_owned()
        } else {
            format!("`{name}`")
        }
    };
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(marked).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}

fn is_or_are(names: &[&str]) -> String {
    format!("{} {}", if names.len() == 1 { "is" } else { "are" }, listed(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(
            did_you_mean("db-tsl", &["api-tls", "db-tls", "web"]),
            "did you mean `db-tls`? "
        );
        assert_eq!(
            did_you_mean("mariadb", &["mariadb-tls"]),
            "did you mean `mariadb-tls`? "
        );
        assert_eq!(did_you_mean("db-tls", &["frontend", "prometheus"]), "");
        assert_eq!(
            listed(&["a", "b", "c", "d", "e", "f", "g", "h"]),
            "`a`, `b`, `c`, `d`, `e`, `f`, 2 more"
        );
        assert_eq!(listed(&[]), "none");
    }
}
