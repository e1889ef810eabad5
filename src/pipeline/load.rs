//! Finds and reads environments.

use std::path::Path;

use super::{folders, ledger};
use crate::finding::{Finding, Place, has_errors, nearest};
use crate::spec::{self, Environment, Source};
use crate::topology::{Ledger, Topology, resolve};

/// One environment, worked out.
#[derive(Debug)]
pub struct Loaded {
    /// What it means.
    pub topology: Topology,
    /// Its file.
    pub source: Source,
    /// Its restores.
    pub ledger: Ledger,
    /// SHA-256 over the environment file and the ledger: the identity of the input.
    pub input: String,
    /// Losses at once that the environment wants survived beyond its promise.
    pub survive: Vec<Vec<String>>,
    /// What somebody has read and accepts.
    pub acknowledged: Vec<spec::Acknowledgement>,
}

/// The names of a repository's environments, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environments(Vec<String>);

impl Environments {
    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The one of that name, or a finding that says which there are.
    pub fn named(&self, name: &str) -> Result<&str, Box<Finding>> {
        if let Some(found) = self.0.iter().find(|n| *n == name) {
            return Ok(found);
        }
        let mend = match nearest(name, self.0.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", self.0.join(", ")),
        };
        Err(Box::new(
            Finding::error("spec/environment", format!("there is no environment `{name}`")).mend(mend),
        ))
    }
}

/// Finds the environment files of a repository.
pub fn discover(root: &Path) -> Result<Environments, Box<Finding>> {
    let folder = root.join(folders::ENVIRONMENTS);
    let place = || Place {
        file: Some(folders::ENVIRONMENTS.to_owned()),
        ..Place::default()
    };
    let entries = std::fs::read_dir(&folder).map_err(|error| {
        let message = format!("there is no folder of environments in {}: {error}", root.display());
        Box::new(Finding::error("spec/environment", message).mend("run Galeno in the repository, or name it by `--root DIR`; `galeno init NAME` writes an environment").at(place()))
    })?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        let finding = Finding::error(
            "spec/environment",
            "there is no environment: no file `environments/NAME.yaml`",
        );
        return Err(Box::new(finding.mend("`galeno init NAME` writes one").at(place())));
    }
    Ok(Environments(names))
}

/// Reads an environment and its ledger and works out what they mean. Without a result there is at least one error.
pub fn load(root: &Path, name: &str, now: jiff::Timestamp) -> (Option<Loaded>, Vec<Finding>) {
    let file = format!("{}/{name}.yaml", folders::ENVIRONMENTS);
    let bytes = match std::fs::read(root.join(&file)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let place = Place {
                file: Some(file),
                ..Place::default()
            };
            return (
                None,
                vec![Finding::error("io/read", format!("cannot be read: {error}")).at(place)],
            );
        }
    };
    let (parsed, mut findings) = spec::parse::<Environment>(&file, &bytes, spec::environment_schema());
    let (ledger, _, found) = ledger::read(root, name, now);
    findings.extend(found);
    let Some((environment, source)) = parsed else {
        return (None, findings);
    };
    if environment.name != name {
        let message = format!(
            "the environment is named `{}`, and its file `{name}.yaml`",
            environment.name
        );
        let place = Place {
            pointer: Some("/name".to_owned()),
            ..Place::default()
        };
        findings.push(
            source.locate(
                Finding::error("spec/name", message)
                    .mend(format!("write `name: {name}`, or rename the file"))
                    .at(place),
            ),
        );
    }
    let (topology, found) = resolve(&environment, &ledger, &|pointer| source.written(pointer));
    findings.extend(found.into_iter().map(|finding| source.locate(finding)));
    let Some(topology) = topology.filter(|_| !has_errors(&findings)) else {
        return (None, findings);
    };
    let input = input_digest(&source, &ledger);
    (
        Some(Loaded {
            topology,
            source,
            ledger,
            input,
            survive: environment.survive,
            acknowledged: environment.acknowledge,
        }),
        findings,
    )
}

fn input_digest(source: &Source, ledger: &Ledger) -> String {
    let mut all = source.digest();
    for entry in &ledger.entries {
        all.push('\n');
        all.push_str(&entry.digest);
    }
    crate::digest::sha256(all.as_bytes())
}
