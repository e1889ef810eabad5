//! What was compiled against what is committed: changes that a running cluster refuses, or that put data at risk.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::{Content, Repository, Side};
use crate::bundle::Item;
use crate::checks::upgrade;
use crate::finding::{Finding, Place, Severity};
use crate::pipeline::{self, Candidate};

/// Codes that an acknowledgement accepts here, and not while objects are checked.
const CODES: &str = "upgrade/";

/// Compares an environment with a revision; without one, with where this branch left the default branch.
pub fn safety(root: &Path, revision: Option<&str>, compiled: &Candidate<'_>) -> Vec<Finding> {
    let opened = Repository::open(root).and_then(|repository| {
        let base = match revision {
            Some(revision) => repository.side(revision),
            None => repository.default_base(),
        }?;
        Ok((repository, base))
    });
    match opened {
        Ok((repository, base)) => environment(&repository, &base, compiled),
        // Who names a revision wants it compared.
        Err(finding) if revision.is_some() => vec![*finding],
        Err(finding) => vec![
            Finding::note("upgrade/no-base", "there is no earlier revision to compare with")
                .because(finding.message)
                .mend("compile in a clone of the repository, with its history"),
        ],
    }
}

fn environment(repository: &Repository, base: &Side, compiled: &Candidate<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (before, same) = match committed(repository, base, compiled, &mut findings) {
        Ok(read) => read,
        Err(finding) => return vec![*finding],
    };
    let base_items: Vec<&Item> = before.iter().collect();
    let head_items: Vec<&Item> = compiled
        .items
        .iter()
        .filter(|item| !same.contains(&*item.file))
        .collect();
    let changes = upgrade::classify_among(&base_items, &head_items, compiled.items);
    findings.extend(upgrade::findings(&changes));
    acknowledge(compiled, &mut findings);
    findings
}

/// The committed objects whose files differ from what was compiled, and the files that do not.
fn committed(
    repository: &Repository,
    base: &Side,
    compiled: &Candidate<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<Item>, BTreeSet<String>), Box<Finding>> {
    let mut items = Vec::new();
    let mut same = BTreeSet::new();
    for (path, content) in repository.files(base, compiled.folder)? {
        let name = path.strip_prefix(&format!("{}/", compiled.folder)).unwrap_or(&path);
        let new = compiled.tree.file(name);
        let unchanged = match (new, content) {
            (Some(bytes), Content::Blob(id)) => Oid::hash_object(ObjectType::Blob, bytes).is_ok_and(|own| own == id),
            _ => false,
        };
        if unchanged {
            same.insert(path);
        } else if let Some(cluster) = cluster(compiled.name, name) {
            let read = pipeline::read_text(&path, &repository.read(&path, content)?);
            // What was committed and cannot be read is told, and is not what somebody wants to commit.
            findings.extend(read.findings.into_iter().map(|mut finding| {
                finding.severity = finding.severity.min(Severity::Warning);
                finding
            }));
            items.extend(read.items.into_iter().map(|item| Item {
                cluster: Arc::clone(&cluster),
                ..item
            }));
        }
    }
    Ok((items, same))
}

/// The cluster of an object's file below `generated/ENV/`; `None` for what is no object.
fn cluster(environment: &str, name: &str) -> Option<Arc<str>> {
    let mut parts = name.split('/');
    let region = match (parts.next()?, parts.next()?) {
        ("argocd", region) | (region, _) => region,
    };
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "yaml")
        .then(|| Arc::from(format!("{environment}/{region}")))
}

/// Turns what the environment accepts into notes, and says which acceptances accept nothing.
fn acknowledge(compiled: &Candidate<'_>, findings: &mut Vec<Finding>) {
    let accepted = compiled.loaded.acknowledged.iter().enumerate();
    for (index, acceptance) in accepted.filter(|(_, acceptance)| acceptance.code.starts_with(CODES)) {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| finding.code == acceptance.code) {
            let about = finding.place.object.as_ref().map(ToString::to_string);
            if about.as_deref() == Some(acceptance.about.as_str()) && finding.severity == Severity::Error {
                used = true;
                finding.severity = Severity::Note;
                finding.reason = format!("{} (accepted: {})", finding.reason, acceptance.reason);
            }
        }
        if !used {
            let message = format!(
                "no change is accepted by it: there is no `{}` about `{}`",
                acceptance.code, acceptance.about
            );
            let finding = Finding::warning("upgrade/needless-acknowledgement", message)
                .because("the change was merged, or it was never as the acknowledgement says")
                .mend("remove it, so that it does not accept the next such change unseen")
                .at(Place {
                    pointer: Some(format!("/acknowledge/{index}")),
                    ..Place::default()
                });
            findings.push(compiled.loaded.source.locate(finding));
        }
    }
}
