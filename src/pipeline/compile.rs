//! Environments to trees of files, some of them side by side.

use std::path::Path;

use rayon::prelude::*;

use super::ledger::{RECORD, Record};
use super::{Loaded, folders, load, render};
use crate::bundle::{Item, Tree};
use crate::checks::schema::Catalog;
use crate::finding::{Finding, Place, has_errors};

/// One environment, compiled and not yet written.
#[derive(Debug)]
pub struct Compiled {
    /// Its name.
    pub name: String,
    /// Where its files belong, below the repository.
    pub folder: String,
    /// Its files.
    pub tree: Tree,
    /// How many of them are objects.
    pub objects: usize,
}

/// One environment that every check of its objects has passed, before it counts as compiled.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where its files belong, below the repository.
    pub folder: &'a str,
    /// What was read.
    pub loaded: &'a Loaded,
    /// Its objects, as checks see them.
    pub items: &'a [Item],
    /// Its files.
    pub tree: &'a Tree,
}

/// What else is to be said of a candidate, such as how it differs from what is committed.
pub type Inspection<'a> = &'a (dyn Fn(&Candidate<'_>) -> Vec<Finding> + Sync);

/// Compiles environments. What is wrong with one is told beside it; without a tree there is at least one error.
pub fn compile(root: &Path, names: &[String], now: jiff::Timestamp) -> Vec<(Option<Compiled>, Vec<Finding>)> {
    compile_inspected(root, names, now, &|_| Vec::new())
}

/// As [`compile`], with what an inspection of each environment finds.
pub fn compile_inspected(
    root: &Path,
    names: &[String],
    now: jiff::Timestamp,
    inspect: Inspection<'_>,
) -> Vec<(Option<Compiled>, Vec<Finding>)> {
    let catalog = Catalog::upstream();
    // A thread that waits for a part of one environment would begin another meanwhile, and in the end all of them would be
    // half done and in memory: so many are begun as there are threads, then the next.
    names
        .chunks(rayon::current_num_threads())
        .flat_map(|some| {
            some.par_iter()
                .map(|name| compile_one(root, name, now, &catalog, inspect))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn compile_one(
    root: &Path,
    name: &str,
    now: jiff::Timestamp,
    catalog: &Catalog,
    inspect: Inspection<'_>,
) -> (Option<Compiled>, Vec<Finding>) {
    let (loaded, mut findings) = load(root, name, now);
    let Some(loaded) = loaded else { return (None, findings) };
    let rendered = render(&loaded, catalog);
    findings.extend(rendered.findings);
    if has_errors(&findings) {
        return (None, findings);
    }
    let objects = rendered.manifests.len();
    let mut files = Vec::new();
    if !loaded.ledger.entries.is_empty() {
        files.push((RECORD.to_owned(), Record::of(&loaded.ledger).bytes()));
    }
    let generator = concat!("galeno ", env!("CARGO_PKG_VERSION"));
    match Tree::render(generator, &loaded.input, &rendered.manifests, files) {
        Ok(tree) => {
            let folder = format!("{}/{name}", folders::GENERATED);
            findings.extend(inspect(&Candidate {
                name,
                folder: &folder,
                loaded: &loaded,
                items: &rendered.items,
                tree: &tree,
            }));
            let compiled = (!has_errors(&findings)).then(|| Compiled {
                name: name.to_owned(),
                folder,
                tree,
                objects,
            });
            (compiled, findings)
        }
        Err(found) => {
            findings.extend(found);
            (None, findings)
        }
    }
}

/// What stands under `generated/` and belongs to no environment.
pub fn strangers(root: &Path, names: &[String]) -> Vec<Finding> {
    let Ok(entries) = std::fs::read_dir(root.join(folders::GENERATED)) else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort_unstable();
    let tell = |name: &String| {
        let place = Place {
            file: Some(format!("{}/{name}", folders::GENERATED)),
            ..Place::default()
        };
        Finding::error("bundle/stray", format!("`{name}` belongs to no environment"))
            .because("Argo CD may still sync what stands there")
            .mend("remove it by hand, once nothing of it runs any more; Galeno removes no environment by itself")
            .at(place)
    };
    found.iter().filter(|name| !names.contains(name)).map(tell).collect()
}
