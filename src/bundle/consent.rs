//! What a write may lose, and what a person must say first.

use std::path::Path;
use std::str::FromStr;

use super::difference::{Difference, EDITED_MEND, STRAY_MEND, place};
use crate::finding::Finding;

/// Kinds of which the removal can lose data, or takes everything with it that hangs on them: as they stand in file names.
const STATEFUL: &[&str] = &[
    "application",
    "applicationset",
    "appproject",
    "cephblockpool",
    "cephcluster",
    "cephfilesystem",
    "cephfilesystemsubvolumegroup",
    "cephobjectstore",
    "customresourcedefinition",
    "namespace",
    "persistentvolume",
    "persistentvolumeclaim",
    "statefulset",
    "storageclass",
    "volume",
    "volumesnapshot",
    "volumesnapshotclass",
    "volumesnapshotcontent",
];

/// More removals than this, and more than [`SHARE`] percent of the tree, need consent.
const FEW: usize = 10;
const SHARE: usize = 20;

/// What a person has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Files that somebody changed by hand may be overwritten and removed.
    pub overwrite_edited: bool,
    /// Removals that were agreed to.
    pub removals: Vec<Removal>,
}

/// One agreement to a removal: `--allow-removal N` or `--allow-removal PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Exactly this many files in all.
    Count(usize),
    /// This file, which may be of a kind that holds data; or every file below this folder.
    Path(String),
}

impl Removal {
    fn names(&self, path: &str) -> bool {
        let Self::Path(named) = self else { return false };
        let below = path.strip_prefix(named.trim_end_matches('/'));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Removal {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Path(text.to_owned()), Self::Count))
    }
}

impl std::fmt::Display for Removal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Path(path) => path.fmt(f),
        }
    }
}

/// Whether a write may go ahead: the consents that nothing needed, or everything that stands against it.
pub(super) fn check(difference: &Difference, consent: &Consent, directory: &Path) -> Result<Vec<String>, Vec<Finding>> {
    let mut findings = Vec::new();
    for path in &difference.stray {
        findings.push(
            Finding::error("tree/stray", "Galeno did not write this file")
                .because("everything below the directory is Galeno's, so that Argo CD applies nothing else")
                .mend(STRAY_MEND)
                .at(place(directory, path)),
        );
    }
    if !consent.overwrite_edited {
        for path in &difference.edited {
            findings.push(
                Finding::error("tree/edited", "the file was changed by hand since Galeno wrote it")
                    .because("writing would lose the change")
                    .mend(EDITED_MEND)
                    .at(place(directory, path)),
            );
        }
    }
    let removed: Vec<&String> = if consent.overwrite_edited {
        difference.obsolete.iter().chain(&difference.gone).collect()
    } else {
        difference.obsolete.iter().collect()
    };
    findings.extend(removals(&removed, difference.owned, consent, directory));
    if findings.is_empty() {
        Ok(needless(&removed, consent))
    } else {
        Err(findings)
    }
}

fn removals(removed: &[&String], owned: usize, consent: &Consent, directory: &Path) -> Vec<Finding> {
    let agreed = |path: &str| consent.removals.iter().any(|removal| removal.names(path));
    let mut findings: Vec<Finding> = removed
        .iter()
        .filter(|path| is_stateful(path) && !agreed(path))
        .map(|path| {
            Finding::error(
                "tree/removes-state",
                "the write would remove an object that holds data or much else",
            )
            .because("once merged, Argo CD may delete it, and what hangs on it, from the cluster")
            .mend(format!(
                "put it back into the environment, or agree with --allow-removal {path}"
            ))
            .at(place(directory, path))
        })
        .collect();
    let counted = consent.removals.contains(&Removal::Count(removed.len()));
    let unsaid = removed.iter().filter(|path| !agreed(path)).count();
    let many = unsaid > FEW && unsaid * 100 > owned * SHARE;
    if many && !counted {
        let message = format!("the write would remove {} of {owned} files", removed.len());
        findings.push(
            Finding::error("tree/removes-much", message)
                .because(format!(
                    "more than {SHARE} % at once is rarely meant: a region or a component may have been lost"
                ))
                .mend(format!(
                    "look at the input; if it is meant, agree with --allow-removal {}",
                    removed.len()
                ))
                .at(place(directory, "")),
        );
    }
    findings
}

fn needless(removed: &[&String], consent: &Consent) -> Vec<String> {
    let serves = |removal: &&Removal| match removal {
        Removal::Count(count) => *count == removed.len(),
        Removal::Path(_) => removed.iter().any(|path| removal.names(path)),
    };
    consent
        .removals
        .iter()
        .filter(|r| !serves(r))
        .map(ToString::to_string)
        .collect()
}

/// Whether a file holds an object of a kind that is not removed without a word. The file's name begins with the kind.
fn is_stateful(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kind = name.split('-').next().unwrap_or(name);
    let kind = kind.split('.').next().unwrap_or(kind);
    STATEFUL.contains(&kind)
}
