//! What Galeno wrote: the index of a tree.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::TreeError;

/// The index's name at the root of the tree.
pub(super) const INDEX: &str = "index.json";

/// Which files of a tree are Galeno's, and what it wrote into them. Committed beside them: only what it names is ever
/// replaced or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The generator and its version.
    pub generator: String,
    /// SHA-256 of everything that the tree was made from.
    pub input: String,
    /// Path, relative to the tree with `/` between folders, to the SHA-256 of the file's bytes.
    pub files: BTreeMap<String, String>,
}

impl Index {
    /// Its name at the root of the tree.
    pub const FILE: &str = INDEX;

    /// Reads an index's bytes and makes sure that each path stays inside the tree; or says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let index: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match index.files.keys().find(|path| !is_inside(path)) {
            Some(path) => Err(format!("`{path}` is no path inside the tree")),
            None => Ok(index),
        }
    }

    /// One file a line, so that a diff shows what changed.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads an index and makes sure that each path stays inside the tree. `None` if there is none.
    pub(super) fn read(file: &Path) -> Result<Option<Self>, TreeError> {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TreeError::io("read", file, error)),
        };
        Self::parse(&bytes).map(Some).map_err(|why| TreeError::Index {
            file: file.to_owned(),
            why,
        })
    }
}

/// Whether a path is relative, in its simplest form, and not one of Galeno's own names.
pub(super) fn is_inside(path: &str) -> bool {
    let simple = !path.is_empty()
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..");
    let normal = Path::new(path)
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    simple && normal && !path.contains(['\\', '\0']) && path != INDEX && !path.starts_with(super::stage::STAGE)
}
