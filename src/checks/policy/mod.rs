//! *policy*: what the cluster's admission policies would say of the objects, before anybody applies them.
//!
//! A policy is a `ValidatingAdmissionPolicy` with its binding and its parameters, as the API server reads it and nothing
//! else: the same file is evaluated here and enforced there. Those of Galeno stand in `policies/`; those that stand among
//! the objects hold for the objects of their cluster.
//!
//! A policy about pods is held against the pods that each workload would make ([`subject`]). Requests are creations.
//! What cannot be evaluated here is an error that names it: nothing is passed because it was not understood.

mod admit;
mod cases;
mod matching;
mod model;
mod read;
mod subject;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

use rayon::prelude::*;

use super::schema::{Catalog, THREADS};
use crate::bundle::Item;
use crate::finding::{Finding, Severity};
use crate::policies::builtin;
use admit::{Judgement, Verdict};
use matching::World;
use model::{Action, Binding, Policy};
use subject::Subject;

pub use cases::{Tested, test};

/// How many objects a thread takes at a time.
const SHARE: usize = 32;

/// Holds objects against the policies of their clusters, and against Galeno's own where `own` is set and the cluster has
/// no policy of the same name. The findings come cluster by cluster, and in each in the order of the objects.
pub fn check(items: &[Item], catalog: &Catalog, own: bool) -> Vec<Finding> {
    let mut clusters: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items {
        clusters.entry(&item.cluster).or_default().push(item);
    }
    let work = || {
        clusters
            .values()
            .flat_map(|items| cluster(items, catalog, own))
            .collect()
    };
    // The parser of CEL needs a deep stack.
    match &*THREADS {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

fn cluster(items: &[&Item], catalog: &Catalog, own: bool) -> Vec<Finding> {
    let (mut policies, mut findings) = model::policies(items);
    let mut defaults: Vec<&Item> = Vec::new();
    if own {
        for builtin in builtin() {
            if policies.iter().any(|policy| policy.name == builtin.name) {
                continue;
            }
            let (found, problems) = model::policies(&builtin.items.iter().collect::<Vec<_>>());
            policies.extend(found);
            findings.extend(problems);
            defaults.extend(&builtin.items);
        }
    }
    if policies.is_empty() {
        return findings;
    }
    let world = World::new(items, &defaults);
    let results: Vec<Vec<Finding>> = items
        .par_iter()
        .with_min_len(SHARE)
        .map(|item| {
            let subjects = subject::of(item, catalog);
            subjects
                .iter()
                .flat_map(|subject| judge(subject, &policies, &world))
                .collect()
        })
        .collect();
    findings.extend(results.into_iter().flatten());
    findings
}

/// What every policy says of one object.
fn judge(subject: &Subject<'_>, policies: &[Policy], world: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut request = None;
    for policy in policies.iter().filter(|policy| policy.may_concern(subject)) {
        let request = request.get_or_insert_with(|| admit::Request::new(subject, world));
        let mut told = BTreeSet::new();
        for binding in &policy.bindings {
            for judgement in admit::judge(policy, binding, request, world) {
                // Two bindings, or two parameters, may say the same.
                if told.insert((judgement.verdict, judgement.message.clone())) {
                    findings.push(finding(subject, policy, binding, &judgement));
                }
            }
        }
    }
    findings
}

fn finding(subject: &Subject<'_>, policy: &Policy, binding: &Binding, judgement: &Judgement) -> Finding {
    let name = &policy.name;
    let (severity, code, reason) = match judgement.verdict {
        Verdict::NotEvaluated => (
            Severity::Error,
            "policy/not-evaluated",
            format!(
                "the policy `{name}` says something that is not supported here, and what was not evaluated is not passed"
            ),
        ),
        Verdict::Ignored => (
            Severity::Note,
            code_of(name),
            format!("the policy `{name}` failed, and says `failurePolicy: Ignore`"),
        ),
        Verdict::Refused => (
            match binding.action {
                Action::Deny => Severity::Error,
                Action::Warn => Severity::Warning,
                Action::Audit => Severity::Note,
            },
            code_of(name),
            format!(
                "the policy `{name}` ({}) says so, and the API server enforces it",
                policy.file
            ),
        ),
    };
    let mend = match judgement.verdict {
        Verdict::NotEvaluated => "write the expression with what is supported (docs/checks/policies.md)",
        _ => "",
    };
    Finding::new(severity, code, judgement.message.clone())
        .because(reason)
        .mend(mend)
        .at(subject.place())
}

/// The code of a policy's findings, `policy/NAME`. Codes live as long as the program: policies are few.
fn code_of(name: &str) -> &'static str {
    /// More than anybody has; beyond it policies share a code.
    const MOST: usize = 4096;
    static CODES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let code = format!("policy/{name}");
    let Ok(mut codes) = CODES.lock() else {
        return "policy/other";
    };
    if let Some(known) = codes.get(code.as_str()) {
        return known;
    }
    if codes.len() >= MOST {
        return "policy/other";
    }
    let code: &'static str = Box::leak(code.into_boxed_str());
    codes.insert(code);
    code
}
