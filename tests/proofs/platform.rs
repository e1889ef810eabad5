//! The shipped environments, as the checks see them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use galeno::bundle::{Item, Object, paths};
use galeno::{components, pipeline};
use serde_json::Value;

/// This repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// An environment as it was read.
pub(crate) fn loaded(name: &str) -> pipeline::Loaded {
    let (loaded, findings) = pipeline::load(&root(), name, jiff::Timestamp::UNIX_EPOCH);
    loaded.unwrap_or_else(|| panic!("{name}: {findings:?}"))
}

/// Every object of an environment.
pub(crate) fn items(name: &str) -> Vec<Item> {
    let output = components::render(&loaded(name).topology);
    let paths = paths(&output.manifests);
    let item = |(manifest, path): (&galeno::bundle::Manifest, &String)| Item {
        cluster: Arc::from(format!("{name}/{}", manifest.region)),
        file: Arc::from(format!("generated/{name}/{path}")),
        positions: None,
        object: manifest.object.clone(),
    };
    output.manifests.iter().zip(&paths).map(item).collect()
}

/// An object alone in a file.
pub(crate) fn item(value: Value) -> Item {
    Item {
        cluster: Arc::from(""),
        file: Arc::from("x.yaml"),
        positions: None,
        object: Object::new(value).unwrap(),
    }
}

/// Changes the one object of a kind and a name in a region (by the end of its cluster's name).
pub(crate) fn change(items: &mut [Item], region: &str, kind: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let mut found: Vec<&mut Item> = items
        .iter_mut()
        .filter(|i| i.cluster.ends_with(region) && i.object.kind() == kind && i.object.name() == name)
        .collect();
    assert_eq!(found.len(), 1, "{kind} {name} in {region}");
    let mut value = found[0].object.value().clone();
    change(&mut value);
    assert_ne!(&value, found[0].object.value(), "{kind} {name}: nothing was changed");
    found[0].object = Object::new(value).unwrap();
}

/// Runs the program in a folder.
pub(crate) fn galeno(root: &Path, args: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_galeno"))
        .args(["--color", "never", "--root"])
        .arg(root)
        .args(args)
        .current_dir(root)
        .output()
        .unwrap()
}
