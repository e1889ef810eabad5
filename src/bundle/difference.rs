//! What a directory holds against what it should.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::TreeError;
use super::index::{INDEX, Index};
use super::stage::{self, STAGE};
use crate::digest::sha256;
use crate::finding::{Finding, Place};

/// What stands in a directory otherwise than it should. Paths are relative to it, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Files that should be there and are not.
    pub missing: Vec<String>,
    /// Files as Galeno wrote them earlier, which should read otherwise now.
    pub stale: Vec<String>,
    /// Files as Galeno wrote them earlier, which should not be there any more.
    pub obsolete: Vec<String>,
    /// Files of Galeno's that somebody has changed since.
    pub edited: Vec<String>,
    /// Files that Galeno did not write, and what is no file.
    pub stray: Vec<String>,
    /// Whether the index is to be written.
    pub index: bool,
    /// Whether an earlier write was interrupted.
    pub interrupted: bool,
    /// Those of the edited files that should not be there any more.
    pub(super) gone: Vec<String>,
    /// How many files the index names.
    pub(super) owned: usize,
}

impl Difference {
    /// Whether the directory holds exactly what it should.
    pub fn is_none(&self) -> bool {
        *self
            == Self {
                owned: self.owned,
                ..Self::default()
            }
    }

    /// The differences, each as an error that names the file; `directory` as the person typed it.
    pub fn findings(&self, directory: &Path) -> Vec<Finding> {
        let mend = "run `galeno compile` and commit the result";
        let tell = |code, paths: &[String], message: &'static str, mend: &'static str| -> Vec<Finding> {
            let finding = |path: &String| Finding::error(code, message).mend(mend).at(place(directory, path));
            paths.iter().map(finding).collect()
        };
        let mut findings = tell("tree/missing", &self.missing, "the file is missing", mend);
        findings.extend(tell(
            "tree/stale",
            &self.stale,
            "the file is not what the environment means now",
            mend,
        ));
        findings.extend(tell(
            "tree/obsolete",
            &self.obsolete,
            "the environment no longer has this object",
            mend,
        ));
        findings.extend(tell(
            "tree/edited",
            &self.edited,
            "the file was changed by hand",
            EDITED_MEND,
        ));
        findings.extend(tell(
            "tree/stray",
            &self.stray,
            "Galeno did not write this file",
            STRAY_MEND,
        ));
        if self.interrupted {
            let message = "an earlier `galeno compile` was interrupted";
            findings.push(
                Finding::error("tree/interrupted", message)
                    .mend(mend)
                    .at(place(directory, STAGE)),
            );
        }
        if self.index {
            let message = "the index does not fit the environment";
            findings.push(
                Finding::error("tree/index", message)
                    .mend(mend)
                    .at(place(directory, INDEX)),
            );
        }
        findings
    }
}

pub(super) const STRAY_MEND: &str = "move it elsewhere or delete it; Galeno deletes nothing that it did not write";
pub(super) const EDITED_MEND: &str =
    "put the change into the environment, then undo it here with git, or give --overwrite-edited to lose it";

pub(super) fn place(directory: &Path, path: &str) -> Place {
    Place {
        file: Some(format!("{}/{path}", directory.display())),
        ..Place::default()
    }
}

/// Compares a directory with the files that should be in it.
pub(super) fn find(
    files: &BTreeMap<String, Vec<u8>>,
    wanted: &Index,
    directory: &Path,
) -> Result<Difference, TreeError> {
    let index = Index::read(&directory.join(INDEX))?;
    let mut known = stage::interrupted(directory)?;
    let mut difference = Difference {
        index: index.as_ref() != Some(wanted),
        interrupted: stage::exists(directory),
        owned: index.as_ref().map_or(0, |index| index.files.len()),
        ..Difference::default()
    };
    known.extend(index);
    let owned = |path: &str| known.iter().any(|index| index.files.contains_key(path));
    let unchanged = |path: &str, digest: &str| known.iter().any(|i| i.files.get(path).is_some_and(|d| d == digest));

    let on_disk = scan(directory)?;
    let states: Vec<(&String, State)> = on_disk
        .par_iter()
        .map(|(path, regular)| {
            if !regular {
                return Ok((path, State::Stray));
            }
            let file = directory.join(path);
            let bytes = std::fs::read(&file).map_err(|error| TreeError::io("read", &file, error))?;
            let should = files.get(path);
            let state = if should == Some(&bytes) {
                State::Right
            } else if !owned(path) {
                State::Stray
            } else if !unchanged(path, &sha256(&bytes)) {
                State::Edited
            } else if should.is_some() {
                State::Stale
            } else {
                State::Obsolete
            };
            Ok((path, state))
        })
        .collect::<Result<_, TreeError>>()?;
    for (path, state) in states {
        match state {
            State::Right => {}
            State::Stale => difference.stale.push(path.clone()),
            State::Obsolete => difference.obsolete.push(path.clone()),
            State::Edited => {
                if !files.contains_key(path) {
                    difference.gone.push(path.clone());
                }
                difference.edited.push(path.clone());
            }
            State::Stray => difference.stray.push(path.clone()),
        }
    }
    difference.missing = files
        .keys()
        .filter(|path| !on_disk.contains_key(*path))
        .cloned()
        .collect();
    Ok(difference)
}

/// How a file on disk stands to what should be there.
enum State {
    Right,
    Stale,
    Obsolete,
    Edited,
    Stray,
}

/// Everything below a directory that is no directory, and whether it is a regular file. The index and the place of a
/// write are left out.
fn scan(directory: &Path) -> Result<BTreeMap<String, bool>, TreeError> {
    let mut found = BTreeMap::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        let at = directory.join(&folder);
        let entries = match std::fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if folder.is_empty() && error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(TreeError::io("list", &at, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| TreeError::io("list", &at, error))?;
            let kind = entry
                .file_type()
                .map_err(|error| TreeError::io("look at", &entry.path(), error))?;
            let name = entry.file_name();
            // A name that is no text is none of Galeno's.
            let regular = kind.is_file() && name.to_str().is_some();
            let name = name.to_string_lossy();
            let path = if folder.is_empty() {
                name.into_owned()
            } else {
                format!("{folder}/{name}")
            };
            if path == INDEX || path == STAGE {
                continue;
            }
            if kind.is_dir() {
                open.push(path);
            } else {
                found.insert(path, regular);
            }
        }
    }
    Ok(found)
}
