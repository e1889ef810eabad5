//! The files that items stand in, in order, so that a folder's items are found at once.

use std::collections::HashSet;

use globset::Glob;
use serde_json::Value;

use super::json::text;
use crate::bundle::Item;

/// The files of the items, in order.
#[derive(Default)]
pub(super) struct Files<'a> {
    /// Each file with the number of its item, in order.
    pub(super) sorted: Vec<(&'a str, usize)>,
    roots: HashSet<&'a str>,
}

impl<'a> Files<'a> {
    pub(super) fn new(items: &'a [Item]) -> Self {
        let mut sorted: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(i, item)| (plain(&item.file), i))
            .collect();
        sorted.sort_unstable();
        let roots = sorted
            .iter()
            .filter_map(|(file, _)| Some(file.split_once('/')?.0))
            .collect();
        Self { sorted, roots }
    }

    /// The items below a folder that a source delivers, and those that it leaves out by `include` or `exclude`. Without
    /// `recurse` only files directly in the folder count.
    pub(super) fn of_source(&self, folder: &str, directory: &Value) -> (Vec<usize>, Vec<usize>) {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let recurse = directory["recurse"] == true;
        let matches = |field: &str| {
            let pattern = Some(text(&directory[field])).filter(|pattern| !pattern.is_empty())?;
            // A pattern that is none leaves everything in: Argo CD then refuses the whole source.
            Some(Glob::new(pattern).ok()?.compile_matcher())
        };
        let (include, exclude) = (matches("include"), matches("exclude"));
        let start = self.sorted.partition_point(|(file, _)| *file < prefix.as_str());
        let inside = self.sorted[start..]
            .iter()
            .map_while(|(file, i)| Some((file.strip_prefix(&prefix)?, *i)))
            .filter(|(rest, _)| recurse || !rest.contains('/'));
        let (delivered, left_out): (Vec<_>, Vec<_>) = inside.partition(|(rest, _)| {
            include.as_ref().is_none_or(|glob| glob.is_match(rest))
                && !exclude.as_ref().is_some_and(|glob| glob.is_match(rest))
        });
        let numbers = |list: Vec<(&str, usize)>| list.into_iter().map(|(_, i)| i).collect();
        (numbers(delivered), numbers(left_out))
    }

    /// Whether a path names a folder of the repository that the items stand in.
    pub(super) fn is_ours(&self, path: &str) -> bool {
        let path = plain(path);
        let root = path.split_once('/').map_or(path, |(root, _)| root);
        root == "generated" || self.roots.contains(root)
    }
}

/// A path without `./` before it and `/` behind it.
pub(super) fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}
