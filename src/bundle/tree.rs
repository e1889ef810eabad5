//! What `generated/ENV/` should hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::consent::{self, Consent};
use super::difference::{self, Difference};
use super::index::{self, Index};
use super::stage::{self, Plan};
use super::{Manifest, paths, write_yaml};
use crate::digest::sha256;
use crate::finding::{Finding, Place};

/// What `generated/ENV/` should hold: every file with its bytes, and the index of them all.
#[derive(Clone, Debug)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    index: Index,
}

/// What a write did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that were made or replaced.
    pub written: Vec<String>,
    /// Files that were removed.
    pub removed: Vec<String>,
    /// Files that were as they should be.
    pub unchanged: usize,
    /// Consents that nothing needed.
    pub needless: Vec<String>,
}

/// Why a tree was not compared or written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The operating system refused something.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The index is not one that Galeno writes.
    #[error("{}: the index is damaged: {why}; restore it with git", file.display())]
    Index {
        /// Its path.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another process writes the tree at this moment.
    #[error("another galeno is writing {}; wait for it to end", .0.display())]
    Locked(PathBuf),
    /// The index cannot be written as JSON.
    #[error("cannot write the index: {0}")]
    Json(#[from] serde_json::Error),
    /// Writing would lose something, or nothing was rendered. Nothing was changed.
    #[error("nothing was written: {} findings", .0.len())]
    Refused(Vec<Finding>),
}

impl TreeError {
    pub(super) fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

impl Tree {
    /// The bytes of a file, by its path below `generated/ENV/`.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Renders manifests, and takes other files with their paths as they are.
    ///
    /// `generator` names the program and its version, `input` is the digest of everything that the tree is made from.
    /// Fails with every object that is there twice, cannot be written, or has the path of another file.
    pub fn render(
        generator: &str,
        input: &str,
        manifests: &[Manifest],
        others: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = twice(manifests);
        let paths = paths(manifests);
        let texts: Vec<_> = manifests
            .par_iter()
            .map(|manifest| write_yaml(&manifest.object))
            .collect();
        let mut files = BTreeMap::new();
        for ((path, manifest), text) in paths.into_iter().zip(manifests).zip(texts) {
            match text {
                Ok(text) => drop(files.insert(path, text.into_bytes())),
                Err(error) => findings.push(Finding::error("tree/not-written", error.to_string()).at(Place {
                    file: Some(path),
                    object: Some(manifest.object.id()),
                    ..Place::default()
                })),
            }
        }
        for (path, bytes) in others {
            let place = Place {
                file: Some(path.clone()),
                ..Place::default()
            };
            if !index::is_inside(&path) {
                findings.push(Finding::error("tree/path", format!("`{path}` is no path inside the tree")).at(place));
            } else if files.insert(path.clone(), bytes).is_some() {
                findings.push(Finding::error("tree/path", format!("two files have the path `{path}`")).at(place));
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let digests = files
            .par_iter()
            .map(|(path, bytes)| (path.clone(), sha256(bytes)))
            .collect();
        let index = Index {
            generator: generator.to_owned(),
            input: input.to_owned(),
            files: digests,
        };
        Ok(Self { files, index })
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    #[cfg(test)]
    pub(super) fn index_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.index.bytes()
    }

    /// How many files it has, without the index.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it has no files.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What stands in a directory otherwise than it should; a directory that does not exist holds nothing.
    pub fn compare(&self, directory: &Path) -> Result<Difference, TreeError> {
        difference::find(&self.files, &self.index, directory)
    }

    /// Brings a directory to what it should hold.
    ///
    /// Only files that the directory's index names, with the digest it names, are replaced or removed; others are
    /// refused and named, as is a write that would remove much or what holds data ([`Consent`]). Nothing is touched where
    /// nothing differs. The new files are complete beside the tree before the first is renamed into it, so that a process
    /// that is killed leaves every file either old or new, and the next write completes it whatever it then should hold.
    pub fn write(&self, directory: &Path, consent: &Consent) -> Result<Written, TreeError> {
        if self.is_empty() {
            let finding = Finding::error("tree/empty", "nothing was rendered, so nothing is written")
                .because("an empty tree would remove the whole platform")
                .mend("mend the input; to take an environment down, remove its directory by hand")
                .at(Place {
                    file: Some(directory.display().to_string()),
                    ..Place::default()
                });
            return Err(TreeError::Refused(vec![finding]));
        }
        std::fs::create_dir_all(directory).map_err(|error| TreeError::io("create", directory, error))?;
        let _lock = stage::lock(directory)?;
        let difference = self.compare(directory)?;
        let needless = consent::check(&difference, consent, directory).map_err(TreeError::Refused)?;
        let changed = difference
            .edited
            .into_iter()
            .filter(|path| self.files.contains_key(path))
            .collect();
        let mut written = [difference.missing, difference.stale, changed].concat();
        let mut removed = [difference.obsolete, difference.gone].concat();
        written.sort();
        removed.sort();
        let unchanged = self.len() - written.len();
        if !written.is_empty() || !removed.is_empty() || difference.index || difference.interrupted {
            let puts = written
                .iter()
                .filter_map(|path| Some((path.as_str(), self.files.get(path)?.as_slice())))
                .collect();
            let plan = Plan {
                puts,
                removals: &removed,
                index: self.index.bytes()?,
            };
            stage::apply(directory, &plan, &|| Ok(()))?;
        }
        Ok(Written {
            written,
            removed,
            unchanged,
            needless,
        })
    }
}

/// Objects of one cluster with the same identity: the later would replace the earlier in the cluster.
fn twice(manifests: &[Manifest]) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for manifest in manifests {
        let object = &manifest.object;
        let id = (
            &*manifest.region,
            object.group(),
            object.kind(),
            object.namespace(),
            object.name(),
        );
        if let Some(first) = seen.insert(id, manifest.component) {
            findings.push(
                Finding::error(
                    "tree/object-twice",
                    format!("{} is rendered twice in {}", object.id(), manifest.region),
                )
                .because(format!(
                    "components `{first}` and `{}` both make it; one would undo the other",
                    manifest.component
                ))
                .mend("this is a mistake in Galeno: please report it with your environment file")
                .at(Place {
                    object: Some(object.id()),
                    ..Place::default()
                }),
            );
        }
    }
    findings
}
