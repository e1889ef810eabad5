//! Which files differ between two sides.

use std::collections::BTreeMap;

use git2::{DiffOptions, ObjectType, Oid, Tree};

use super::repository::{Repository, Side, refused};
use crate::finding::Finding;

/// Where a file's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// In git.
    Blob(Oid),
    /// On the disk.
    Disk,
}

/// A file that differs. At least one of both sides has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path below the root.
    pub path: String,
    /// As it was.
    pub old: Option<Content>,
    /// As it becomes.
    pub new: Option<Content>,
}

impl Repository {
    /// The files below some folders that differ, by path. Trees with the same id are not looked into, so that the time
    /// it takes follows the size of the change.
    pub fn changes(&self, base: &Side, head: &Side, folders: &[&str]) -> Result<Vec<FileChange>, Box<Finding>> {
        let mut found = BTreeMap::new();
        match (base.commit, head.commit) {
            (Some(base), Some(head)) => {
                let (old, new) = (self.tree(base)?, self.tree(head)?);
                for folder in folders {
                    let (old, new) = (self.subtree(&old, folder)?, self.subtree(&new, folder)?);
                    self.walk(old.as_ref(), new.as_ref(), folder, &mut found)?;
                }
            }
            (Some(base), None) => self.against_disk(base, folders, &mut found)?,
            (None, _) => {
                let message = "the files on the disk cannot be what a change is compared with";
                return Err(Box::new(
                    Finding::error("git/base", message).mend("name a revision: a branch, a tag or a commit"),
                ));
            }
        }
        Ok(found.into_values().collect())
    }

    /// The bytes of one side of a change.
    pub fn read(&self, path: &str, content: Content) -> Result<Vec<u8>, Box<Finding>> {
        match content {
            Content::Blob(id) => {
                let blob = self.git.find_blob(id).map_err(refused(path))?;
                Ok(blob.content().to_vec())
            }
            Content::Disk => Ok(self.file(&Side::working_tree(), path)?.unwrap_or_default()),
        }
    }

    fn walk(
        &self,
        old: Option<&Tree<'_>>,
        new: Option<&Tree<'_>>,
        at: &str,
        found: &mut BTreeMap<String, FileChange>,
    ) -> Result<(), Box<Finding>> {
        if old.map(Tree::id) == new.map(Tree::id) {
            return Ok(());
        }
        let mut names: BTreeMap<String, [Option<(Oid, ObjectType)>; 2]> = BTreeMap::new();
        for (which, tree) in [old, new].into_iter().enumerate() {
            for entry in tree.into_iter().flat_map(Tree::iter) {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                names.entry(name).or_default()[which] = entry.kind().map(|kind| (entry.id(), kind));
            }
        }
        for (name, [old, new]) in names.into_iter().filter(|(_, [old, new])| old != new) {
            let path = format!("{at}/{name}");
            let of =
                |kind: ObjectType, side: Option<(Oid, ObjectType)>| side.filter(|(_, k)| *k == kind).map(|(id, _)| id);
            let tree = |id: Oid| self.git.find_tree(id).map_err(refused(&path));
            let trees = [of(ObjectType::Tree, old), of(ObjectType::Tree, new)];
            if trees.iter().any(Option::is_some) {
                let [old, new] = trees.map(|id| id.map(tree).transpose());
                self.walk(old?.as_ref(), new?.as_ref(), &path, found)?;
            }
            let (old, new) = (of(ObjectType::Blob, old), of(ObjectType::Blob, new));
            if old != new {
                put(found, path, old.map(Content::Blob), new.map(Content::Blob));
            }
        }
        Ok(())
    }

    fn against_disk(
        &self,
        base: Oid,
        folders: &[&str],
        found: &mut BTreeMap<String, FileChange>,
    ) -> Result<(), Box<Finding>> {
        let mut options = DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_typechange(true)
            .disable_pathspec_match(true)
            .ignore_submodules(true);
        for folder in folders {
            options.pathspec(format!("{}{folder}", self.prefix));
        }
        let tree = self.tree(base)?;
        let diff = self
            .git
            .diff_tree_to_workdir_with_index(Some(&tree), Some(&mut options))
            .map_err(refused("the files on the disk cannot be compared"))?;
        for delta in diff.deltas() {
            let path_of = |file: git2::DiffFile<'_>| file.path_bytes().map(|p| String::from_utf8_lossy(p).into_owned());
            let Some(path) = path_of(delta.new_file()).or_else(|| path_of(delta.old_file())) else {
                continue;
            };
            let Some(path) = path.strip_prefix(&self.prefix).map(str::to_owned) else {
                continue;
            };
            let id = delta.old_file().id();
            let old = (delta.old_file().exists() && !id.is_zero()).then_some(Content::Blob(id));
            let on_disk = self.root().is_some_and(|root| root.join(&path).is_file());
            if old.is_some() || on_disk {
                put(found, path, old, on_disk.then_some(Content::Disk));
            }
        }
        Ok(())
    }
}

fn put(found: &mut BTreeMap<String, FileChange>, path: String, old: Option<Content>, new: Option<Content>) {
    found.insert(path.clone(), FileChange { path, old, new });
}

impl Repository {
    /// Every file below a folder of a side, by path.
    pub fn files(&self, side: &Side, folder: &str) -> Result<Vec<(String, Content)>, Box<Finding>> {
        let mut files = Vec::new();
        match side.commit {
            Some(commit) => {
                if let Some(tree) = self.subtree(&self.tree(commit)?, folder)? {
                    self.list(&tree, folder, &mut files)?;
                }
            }
            None => {
                if let Some(root) = self.root() {
                    disk(&root, folder, &mut files);
                }
            }
        }
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(files)
    }

    fn list(&self, tree: &Tree<'_>, at: &str, files: &mut Vec<(String, Content)>) -> Result<(), Box<Finding>> {
        for entry in tree {
            let path = format!("{at}/{}", String::from_utf8_lossy(entry.name_bytes()));
            match entry.kind() {
                Some(ObjectType::Blob) => files.push((path, Content::Blob(entry.id()))),
                Some(ObjectType::Tree) => {
                    let below = self.git.find_tree(entry.id()).map_err(refused(&path))?;
                    self.list(&below, &path, files)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Every regular file below a folder of the disk; links are not followed.
fn disk(root: &std::path::Path, folder: &str, files: &mut Vec<(String, Content)>) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{folder}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => disk(root, &path, files),
            Ok(kind) if kind.is_file() => files.push((path, Content::Disk)),
            _ => {}
        }
    }
}
