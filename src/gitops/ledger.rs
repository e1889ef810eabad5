//! Requests of restores that the history knows and the files do not.

use std::collections::BTreeMap;

use git2::{ObjectType, Sort};

use super::repository::refused;
use super::{Repository, Side};
use crate::finding::Finding;

impl Repository {
    /// Files directly in a folder that some commit below `HEAD` held and the files on the disk do not: name and content,
    /// as the newest such commit had it. A revert of a restore leaves such a file.
    pub fn taken_back(&self, folder: &str) -> Result<Vec<(String, Vec<u8>)>, Box<Finding>> {
        let told = refused("the history cannot be read");
        let head = self.head()?;
        let mut walk = self.git.revwalk().map_err(&told)?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(&told)?;
        walk.push(head).map_err(&told)?;
        let there = self.folder(&Side::working_tree(), folder)?;
        let mut found = BTreeMap::new();
        let mut seen = None;
        for commit in walk {
            let tree = self.subtree(&self.tree(commit.map_err(&told)?)?, folder)?;
            let Some(tree) = tree.filter(|tree| seen.replace(tree.id()) != Some(tree.id())) else {
                continue; // as it was in the commit before
            };
            for entry in tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob)) {
                let Some(name) = entry.name().ok().filter(|name| !there.iter().any(|one| one == name)) else {
                    continue;
                };
                if !found.contains_key(name) {
                    let blob = self.git.find_blob(entry.id()).map_err(&told)?;
                    found.insert(name.to_owned(), blob.content().to_vec());
                }
            }
        }
        Ok(found.into_iter().collect())
    }
}
