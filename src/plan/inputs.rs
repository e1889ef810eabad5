//! What a person wrote: environment files and requests of restores.

use std::collections::BTreeSet;

use serde_json::Value;

use super::diff;
use super::model::{EnvironmentChange, Requested, State};
use crate::finding::{Finding, Place};
use crate::gitops::{FileChange, Repository, Side};
use crate::pipeline::folders;
use crate::spec::{self, RestoreRequest};
use crate::yaml::{self, Limits};

/// The names of the environments of which something differs.
pub(super) fn names(changes: &[FileChange]) -> BTreeSet<String> {
    let name = |path: &str| {
        let (folder, rest) = path.split_once('/')?;
        match folder {
            folders::GENERATED => rest.split_once('/').map(|(name, _)| name.to_owned()),
            folders::ENVIRONMENTS => match rest.split_once('/') {
                Some((name, _)) => Some(name.to_owned()),
                None => rest.strip_suffix(".yaml").map(str::to_owned),
            },
            _ => None,
        }
    };
    changes.iter().filter_map(|change| name(&change.path)).collect()
}

/// What differs in one environment's file, and whether what was compiled fits it.
pub(super) fn environment(
    repository: &Repository,
    base: &Side,
    head: &Side,
    name: &str,
    findings: &mut Vec<Finding>,
) -> Result<EnvironmentChange, Box<Finding>> {
    let file = format!("{}/{name}.yaml", folders::ENVIRONMENTS);
    let (old, new) = (repository.file(base, &file)?, repository.file(head, &file)?);
    let value = |bytes: Option<&Vec<u8>>| bytes.and_then(|bytes| read(&file, bytes));
    let written = match (value(old.as_ref()), value(new.as_ref())) {
        (Some(old), Some(new)) => diff::compare(&old, &new),
        _ => Vec::new(),
    };
    let (before, after) = (index(repository, base, name)?, index(repository, head, name)?);
    let state = match (old.is_some() || before.is_some(), new.is_some() || after.is_some()) {
        (false, _) => State::Added,
        (true, false) => State::Removed,
        (true, true) => State::Changed,
    };
    if let Some(stale) = stale(repository, head, name, after.as_ref())? {
        findings.push(stale);
    }
    let generator = |index: Option<&Value>| Some(index?.get("generator")?.as_str()?.to_owned());
    let generator = generator(before.as_ref())
        .zip(generator(after.as_ref()))
        .filter(|(old, new)| old != new);
    Ok(EnvironmentChange {
        name: name.to_owned(),
        state,
        written,
        generator,
        untold: None,
    })
}

fn read(file: &str, bytes: &[u8]) -> Option<Value> {
    let text = yaml::decode(file, bytes, &Limits::ENVIRONMENT).ok()?;
    let mut documents = yaml::read(file, text, &Limits::ENVIRONMENT).documents;
    (documents.len() == 1).then(|| documents.remove(0).value)
}

fn index(repository: &Repository, side: &Side, name: &str) -> Result<Option<Value>, Box<Finding>> {
    let bytes = repository.file(side, &format!("{}/{name}/index.json", folders::GENERATED))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The error that what is compared was not compiled from what is written.
fn stale(
    repository: &Repository,
    head: &Side,
    name: &str,
    index: Option<&Value>,
) -> Result<Option<Finding>, Box<Finding>> {
    let Some((loaded, _)) = repository.load(head, name)? else {
        return Ok(None);
    };
    let compiled = index.and_then(|index| index.get("input")).and_then(Value::as_str);
    let message = match &loaded {
        None => format!("`{name}` is not right as it is written: `galeno compile` says what is wrong"),
        Some(loaded) if compiled != Some(loaded.input.as_str()) => {
            format!("what is compiled of `{name}` is not what its environment file says now")
        }
        Some(_) => return Ok(None),
    };
    let finding = Finding::error("plan/stale", message)
        .because("the plan tells what is in generated/, which is what Argo CD applies")
        .mend("run `galeno compile` first");
    Ok(Some(finding.at(Place {
        file: Some(format!("{}/{name}.yaml", folders::ENVIRONMENTS)),
        ..Place::default()
    })))
}

/// The restores that are asked for: requests that the base does not have. One that was changed or taken away is an error.
pub(super) fn restores(
    repository: &Repository,
    changes: &[FileChange],
    environments: &[EnvironmentChange],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Requested>, Box<Finding>> {
    let mut requested = Vec::new();
    for change in changes {
        let mut parts = change.path.split('/');
        let (Some(folders::ENVIRONMENTS), Some(name), Some(folders::RESTORES)) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let place = Place {
            file: Some(change.path.clone()),
            ..Place::default()
        };
        if change.old.is_some() {
            let what = if change.new.is_some() { "changed" } else { "taken away" };
            findings.push(
                Finding::error("plan/ledger", format!("the request of a restore is {what}"))
                    .because("the ledger is append-only: what was restored, and from what, must be the same for whoever reads it later")
                    .mend("restore the file from git, and write a new request with the next number")
                    .at(place),
            );
            continue;
        }
        let Some(content) = change.new else { continue };
        let bytes = repository.read(&change.path, content)?;
        let (parsed, found) = spec::parse::<RestoreRequest>(&change.path, &bytes, spec::restore_schema());
        findings.extend(found);
        let Some((request, _)) = parsed else { continue };
        let active = Value::from(request.generation);
        let switched =
            |e: &EnvironmentChange| e.name == name && e.written.iter().any(|c| sets(c, "/database/active", &active));
        requested.push(Requested {
            environment: name.to_owned(),
            file: change.path.clone(),
            now: environments.iter().any(switched),
            request,
        });
    }
    Ok(requested)
}

fn sets(change: &diff::Change, pointer: &str, value: &Value) -> bool {
    let (diff::What::Added { new } | diff::What::Changed { new, .. }) = &change.what else {
        return false;
    };
    change.pointer == pointer && new == value
}
