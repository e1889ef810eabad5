//! How a tree is written so that a crash loses nothing.
//!
//! 1. Every new file is written below `.writing/` in the tree. A crash here has changed nothing.
//! 2. The new index is put beside them: from here on, both what the old index names and what the new one names counts as
//!    Galeno's own.
//! 3. The files are renamed into their places, and those that are no longer wanted are removed. A crash here leaves each
//!    file old or new, never half; whatever the next write wants then, it knows all of them for its own.
//! 4. The index is renamed into its place, and `.writing/` is removed.
//!
//! That holds for a process that is killed. Against the loss of power there is git, and the index that tells a torn file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::TreeError;
use super::index::Index;
use crate::digest::sha256;

/// The folder in the tree that a write works in; it is there only while one runs, or after one was interrupted.
pub(super) const STAGE: &str = ".writing";
const NEW: &str = "new";
/// Files in one folder while they wait; some file systems are slow with more.
const FOLDER: usize = 1000;

/// What a write has to do.
pub(super) struct Plan<'a> {
    /// Path and content of the files to make or replace.
    pub(super) puts: Vec<(&'a str, &'a [u8])>,
    /// Paths of the files to remove.
    pub(super) removals: &'a [String],
    /// The new index.
    pub(super) index: Vec<u8>,
}

/// Held while a tree is written; ends with the process at the latest.
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a program that was being started at this moment has a copy of it until it runs.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

pub(super) fn lock(directory: &Path) -> Result<Lock, TreeError> {
    let file = File::open(directory).map_err(|error| TreeError::io("open", directory, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(TreeError::Locked(directory.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(TreeError::io("lock", directory, error)),
    }
}

/// Whether a write was interrupted.
pub(super) fn exists(directory: &Path) -> bool {
    directory.join(STAGE).exists()
}

/// What interrupted writes have promised to write.
pub(super) fn interrupted(directory: &Path) -> Result<Vec<Index>, TreeError> {
    let stage = directory.join(STAGE);
    let Ok(entries) = fs::read_dir(&stage) else {
        return Ok(Vec::new());
    };
    let mut promises = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| TreeError::io("list", &stage, error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            promises.extend(Index::read(&path)?);
        }
    }
    Ok(promises)
}

/// Does what the plan says. `before` is asked before each step, and may end it there: tests interrupt a write by it.
pub(super) fn apply(
    directory: &Path,
    plan: &Plan<'_>,
    before: &(dyn Fn() -> std::io::Result<()> + Sync),
) -> Result<(), TreeError> {
    let stage = directory.join(STAGE);
    let new = stage.join(NEW);
    let ask = || before().map_err(|error| TreeError::io("write", directory, error));
    remove_all(&new)?;
    create(&new)?;
    for folder in 0..plan.puts.len().div_ceil(FOLDER) {
        create(&new.join(folder.to_string()))?;
    }
    plan.puts.par_iter().enumerate().try_for_each(|(number, (_, bytes))| {
        ask()?;
        write(&waiting(&new, number), bytes)
    })?;

    ask()?;
    let promise = stage.join(format!("{}.json", &sha256(&plan.index)[..16]));
    write_and_rename(&stage.join("promise"), &promise, &plan.index)?;

    let folders: BTreeSet<PathBuf> = plan
        .puts
        .iter()
        .filter_map(|(path, _)| Some(directory.join(path).parent()?.to_owned()))
        .collect();
    folders.iter().try_for_each(|folder| create(folder))?;
    plan.puts.par_iter().enumerate().try_for_each(|(number, (path, _))| {
        ask()?;
        let to = directory.join(path);
        fs::rename(waiting(&new, number), &to).map_err(|error| TreeError::io("replace", &to, error))
    })?;
    plan.removals.par_iter().try_for_each(|path| {
        ask()?;
        let file = directory.join(path);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TreeError::io("remove", &file, error)),
            _ => Ok(()),
        }
    })?;
    remove_empty(directory, plan.removals);

    ask()?;
    write_and_rename(&stage.join("index"), &directory.join(super::index::INDEX), &plan.index)?;
    ask()?;
    remove_all(&stage)
}

/// Where a new file waits.
fn waiting(new: &Path, number: usize) -> PathBuf {
    new.join((number / FOLDER).to_string())
        .join((number % FOLDER).to_string())
}

/// Removes the folders that removals have left empty.
fn remove_empty(directory: &Path, removals: &[String]) {
    let folders = |path: &String| -> Vec<PathBuf> {
        Path::new(path)
            .ancestors()
            .skip(1)
            .filter(|p| !p.as_os_str().is_empty())
            .map(Path::to_owned)
            .collect()
    };
    let folders: BTreeSet<PathBuf> = removals.iter().flat_map(folders).collect();
    // The deepest come first; a folder that still holds something refuses to go, which is what is wanted.
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(directory.join(folder));
    }
}

fn create(folder: &Path) -> Result<(), TreeError> {
    fs::create_dir_all(folder).map_err(|error| TreeError::io("create", folder, error))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), TreeError> {
    fs::write(file, bytes).map_err(|error| TreeError::io("write", file, error))
}

fn write_and_rename(from: &Path, to: &Path, bytes: &[u8]) -> Result<(), TreeError> {
    write(from, bytes)?;
    fs::rename(from, to).map_err(|error| TreeError::io("replace", to, error))
}

fn remove_all(folder: &Path) -> Result<(), TreeError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TreeError::io("remove", folder, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::bundle::{Consent, Tree};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_owned()));
        Tree::render("g", "i", &[], files).unwrap()
    }

    fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![directory.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.insert(
                        path.strip_prefix(directory).unwrap().to_owned(),
                        fs::read(&path).unwrap(),
                    );
                }
            }
        }
        found
    }

    /// Ends a write before each of its steps in turn, as a crash or a full disk would, and lets another complete it:
    /// the same tree, the old one, and a third one.
    #[test]
    fn a_write_that_ends_before_any_step_can_be_completed() {
        let old = tree(&[("a/1", "one"), ("a/2", "two"), ("b/3", "three"), ("c/4", "four")]);
        let new = tree(&[("a/1", "one"), ("a/2", "TWO"), ("b/5", "five"), ("d/6", "six")]);
        let third = tree(&[("a/2", "2"), ("b/5", "5"), ("e/7", "seven")]);
        let removals = vec!["b/3".to_owned(), "c/4".to_owned()];
        for next in [&new, &old, &third] {
            let mut stop = 0;
            loop {
                let root = tempfile::tempdir().unwrap();
                old.write(root.path(), &Consent::default()).unwrap();
                let puts: Vec<(&str, &[u8])> = new.files().filter(|(path, _)| *path != "a/1").collect();
                let index = new.index_bytes().unwrap();
                let taken = AtomicUsize::new(0);
                let before = || {
                    if taken.fetch_add(1, Ordering::SeqCst) >= stop {
                        Err(std::io::Error::other("stopped"))
                    } else {
                        Ok(())
                    }
                };
                let ended = apply(
                    root.path(),
                    &Plan {
                        puts,
                        removals: &removals,
                        index,
                    },
                    &before,
                );
                let known = [content_of(&old), content_of(&new)];
                for (path, bytes) in content(root.path()) {
                    let path = path.to_str().unwrap();
                    if path != "index.json" && !path.starts_with(STAGE) {
                        assert!(
                            known.iter().any(|tree| tree.get(path) == Some(&bytes)),
                            "{path} after {stop} steps"
                        );
                    }
                }
                next.write(root.path(), &Consent::default()).unwrap();
                assert!(next.compare(root.path()).unwrap().is_none(), "after {stop} steps");
                assert_eq!(content(root.path()).len(), next.len() + 1);
                if ended.is_ok() {
                    break;
                }
                stop += 1;
            }
            assert!(stop >= 11, "only {stop} steps");
        }
    }

    fn content_of(tree: &Tree) -> BTreeMap<String, Vec<u8>> {
        tree.files()
            .map(|(path, bytes)| (path.to_owned(), bytes.to_owned()))
            .collect()
    }
}
