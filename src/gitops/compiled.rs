//! What is committed: exactly the files that a compile wrote, as it wrote them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::bundle::Index;
use crate::digest::sha256;
use crate::finding::{Finding, Place};
use crate::pipeline::folders;

/// The files of one environment, by their paths below `generated/ENV/`.
#[derive(Clone, Debug)]
pub struct CompiledFiles {
    /// The environment.
    pub environment: String,
    /// Its files with their bytes, the index among them.
    pub files: BTreeMap<String, Vec<u8>>,
    /// SHA-256 of what they were made from.
    pub input: String,
}

/// Reads what was compiled of an environment; files that differ from what the index says are errors.
pub fn compiled(root: &Path, environment: &str) -> Result<CompiledFiles, Vec<Finding>> {
    let folder = format!("{}/{environment}", folders::GENERATED);
    let place = |path: &str| Place {
        file: Some(format!("{folder}/{path}")),
        ..Place::default()
    };
    let bytes = std::fs::read(root.join(&folder).join(Index::FILE)).map_err(|error| {
        vec![
            Finding::error(
                "commit/not-compiled",
                format!("nothing is compiled of `{environment}`: {error}"),
            )
            .mend(format!("run `galeno compile --environment {environment}` first"))
            .at(place(Index::FILE)),
        ]
    })?;
    let index = Index::parse(&bytes).map_err(|why| {
        let finding = Finding::error("commit/index", format!("the index is damaged: {why}"));
        vec![
            finding
                .mend("restore it with git, and compile again")
                .at(place(Index::FILE)),
        ]
    })?;
    let mut files = BTreeMap::new();
    let mut findings = Vec::new();
    for (path, digest) in &index.files {
        match std::fs::read(root.join(&folder).join(path)) {
            Ok(bytes) if sha256(&bytes) == *digest => drop(files.insert(path.clone(), bytes)),
            Ok(_) => findings.push(
                Finding::error("commit/edited", "the file is not as Galeno wrote it")
                    .because("what is committed must be what the checks have seen")
                    .mend("put the change into the environment file and compile again")
                    .at(place(path)),
            ),
            Err(error) => findings.push(
                Finding::error("commit/missing", format!("the file cannot be read: {error}"))
                    .mend("run `galeno compile` again")
                    .at(place(path)),
            ),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    files.insert(Index::FILE.to_owned(), bytes);
    Ok(CompiledFiles {
        environment: environment.to_owned(),
        files,
        input: index.input,
    })
}
