//! *schema*: every object against the schema of its kind, as the API server of each declared Kubernetes version would
//! hold it, without one.
//!
//! Checked are the structure (unknown and missing fields, types, enums, limits, patterns, and in which versions kinds
//! and fields exist), what the API server checks in code ([`rules`]: names, ports, quantities, references inside an
//! object, fields that exclude each other), and for custom resources the CEL rules of their definitions ([`cel`]).
//! Not checked is what needs the cluster: other objects, admission plug-ins, quotas, and CEL rules that compare with
//! the object as it was (`oldSelf`).

mod catalog;
mod cel;
mod constraints;
mod embedded;
mod fields;
mod formats;
mod model;
mod path;
mod read;
mod rules;
mod value;
mod version;
mod walk;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rayon::prelude::*;

pub use catalog::{Catalog, Scope};
pub(super) use cel::{Expression, Failure, Scope as Variables};
pub(super) use formats::Quantity;
pub use version::{KubeVersion, UnknownVersion};

use crate::bundle::Item;
use crate::finding::{Finding, Place};
use path::at;
use value::Fault;
use version::Minors;
use walk::Walk;

/// How many objects a thread takes at a time: below that, sharing costs more than it saves.
const SHARE: usize = 8;
/// The stack of a thread, in bytes: the parser of CEL takes tens of kilobytes for each level of an expression. Memory
/// is taken only as it is used.
const STACK: usize = 64 * 1024 * 1024;

/// The threads that check. There may be none to be had, and then rules in CEL are told as not evaluated.
pub(super) static THREADS: LazyLock<Option<rayon::ThreadPool>> =
    LazyLock::new(|| rayon::ThreadPoolBuilder::new().stack_size(STACK).build().ok());

/// Checks objects against the schemas of their kinds in every one of the given Kubernetes versions; without versions,
/// in which version a kind or field exists is not asked. Definitions of custom resources among the objects count: what
/// they define is known as from the catalog.
///
/// The findings are in the order of the objects.
pub fn check(items: &[Item], catalog: &Catalog, versions: &[KubeVersion]) -> Vec<Finding> {
    let mut own = None;
    for item in items
        .iter()
        .filter(|item| item.object.kind() == "CustomResourceDefinition")
    {
        // A definition that cannot be used is told when it is checked itself.
        let _ = own.get_or_insert_with(|| catalog.clone()).add_crd(item.object.value());
    }
    let catalog = own.as_ref().unwrap_or(catalog);
    let versions = Minors::of(versions);
    let results: Vec<Checked<'_>> = match &*THREADS {
        Some(threads) => threads.install(|| {
            items
                .par_iter()
                .with_min_len(SHARE)
                .map(|item| one(item, catalog, versions, true))
                .collect()
        }),
        None => items.iter().map(|item| one(item, catalog, versions, false)).collect(),
    };
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for (item, (own_findings, not_evaluated)) in items.iter().zip(results) {
        findings.extend(own_findings);
        for (rule, reason) in not_evaluated {
            // Once for each rule of a kind, not for each object.
            if told.insert((item.object.api_version(), item.object.kind(), rule)) {
                findings.push(not_evaluated_note(item, rule, &reason));
            }
        }
    }
    findings
}

/// What there is to say of one object, and the rules that could not be evaluated, with why.
type Checked<'a> = (Vec<Finding>, Vec<(&'a str, String)>);

fn one<'a>(item: &'a Item, catalog: &'a Catalog, versions: Minors, deep_stack: bool) -> Checked<'a> {
    let (api_version, kind) = (item.object.api_version(), item.object.kind());
    let Some(entry) = catalog.get(api_version, kind) else {
        return (vec![unknown_kind(item, catalog)], Vec::new());
    };
    let mut walk = Walk::new(item, versions, deep_stack);
    let missing = versions.without(entry.minors);
    if !missing.is_empty() {
        let fault = Fault::new(format!(
            "is {api_version}, and Kubernetes {missing} has no {kind} of that"
        ))
        .because(format!("it exists in {} only", entry.minors))
        .mend(other_versions(catalog, item, versions));
        walk.error("schema/kind-not-in-version", at!["apiVersion"], fault);
    }
    usage(&mut walk, entry);
    rules::metadata::identity(&mut walk, entry.scope);
    match entry.root() {
        Ok(root) => walk.object(root),
        Err(reason) => {
            let fault = Fault::new(format!("is {kind}, whose definition cannot be used: {reason}"))
                .because("the object was not checked")
                .mend("take the definition as its project publishes it");
            walk.error("schema/bad-crd", at!["kind"], fault);
        }
    }
    (walk.findings, walk.not_evaluated)
}

/// Versions of a kind that work, and should not be relied on.
fn usage(walk: &mut Walk<'_>, entry: &catalog::Kind) {
    let api_version = walk.item.object.api_version();
    let version = api_version.rsplit('/').next().unwrap_or_default();
    if entry.is_built_in() && (version.contains("alpha") || version.contains("beta")) {
        let fault = Fault::new(format!("is {api_version}, which a cluster does not serve by default"))
            .because("alpha and beta versions of Kubernetes' own kinds are off unless the API server is told otherwise")
            .mend("use the stable version of the kind, or enable it with `--runtime-config`");
        walk.tell(
            crate::finding::Severity::Warning,
            "schema/not-served-by-default",
            at!["apiVersion"],
            fault,
        );
    } else if entry.deprecated {
        let fault = Fault::new(format!("is {api_version}, which is deprecated"))
            .because("a later release of the project will not serve it")
            .mend("use a newer version of the kind");
        walk.tell(
            crate::finding::Severity::Warning,
            "schema/deprecated",
            at!["apiVersion"],
            fault,
        );
    }
}

/// Where a kind exists instead.
fn other_versions(catalog: &Catalog, item: &Item, versions: Minors) -> String {
    let kind = item.object.kind();
    let stability = |version: &str| {
        if version.contains("alpha") {
            0
        } else {
            1 + u8::from(!version.contains("beta"))
        }
    };
    let known = catalog.versions_of(item.object.group(), kind).into_iter();
    let usable = known.filter(|v| {
        catalog
            .get(v, kind)
            .is_some_and(|k| versions.without(k.minors).is_empty())
    });
    match usable.max_by_key(|version| (stability(version), *version)) {
        Some(version) => format!("write `apiVersion: {version}`"),
        None => "leave the object out, or raise the Kubernetes version of the environment".to_owned(),
    }
}

fn unknown_kind(item: &Item, catalog: &Catalog) -> Finding {
    let (api_version, kind) = (item.object.api_version(), item.object.kind());
    let near = value::nearest(kind, catalog.kinds_of(api_version));
    let elsewhere: Vec<&str> = catalog.api_versions_of(kind).collect();
    let mend = match (near, elsewhere.as_slice()) {
        (Some(near), _) => format!("did you mean `kind: {near}`?"),
        (None, [_, ..]) => format!("did you mean `apiVersion: {}`?", elsewhere.join("` or `")),
        (None, []) => "give the folder with its CustomResourceDefinition by `--crds DIR`".to_owned(),
    };
    Finding::warning(
        "schema/unknown-kind",
        format!("there is no schema for {kind} of {api_version}"),
    )
    .because("the object was not checked")
    .mend(mend)
    .at(Place {
        pointer: Some("/kind".to_owned()),
        ..item.place("/kind")
    })
}

fn not_evaluated_note(item: &Item, rule: &str, reason: &str) -> Finding {
    let kind = item.object.kind();
    Finding::note(
        "schema/rule-not-evaluated",
        format!("a rule of {kind} was not evaluated: {}", rule.trim()),
    )
    .because(reason.to_owned())
    .mend("the API server will evaluate it when the object is applied")
    .at(item.place(""))
}
