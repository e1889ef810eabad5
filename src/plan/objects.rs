//! Files that differ, as objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bundle::{Item, Object};
use crate::finding::{Finding, Place};
use crate::gitops::{Content, FileChange, Repository, Side};
use crate::pipeline::folders;
use crate::yaml::{self, Limits};

/// The objects of the files that differ, as they were and as they become.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) base: Vec<Item>,
    pub(super) head: Vec<Item>,
    pub(super) findings: Vec<Finding>,
}

/// So many files are in memory at once.
const CHUNK: usize = 2000;

/// `generated/ENV/REGION/COMPONENT/…` or `generated/ENV/argocd/REGION/…`.
pub(super) struct Location<'a> {
    pub(super) environment: &'a str,
    pub(super) region: &'a str,
    pub(super) component: &'a str,
}

/// Where a manifest's file says that it belongs; `None` for files that are no manifests.
pub(super) fn location(file: &str) -> Option<Location<'_>> {
    let is_manifest = [".yaml", ".yml", ".json"].iter().any(|ending| file.ends_with(ending));
    let mut parts = file.strip_prefix(folders::GENERATED)?.strip_prefix('/')?.split('/');
    let (environment, first) = (parts.next()?, parts.next()?);
    let (region, component) = match (first, parts.next()) {
        ("argocd", Some(region)) => (region, "argocd"),
        (region, Some(component)) if parts.clone().next().is_some() => (region, component),
        (region, Some(_)) => (region, ""),
        (_, None) => return None,
    };
    is_manifest.then_some(Location {
        environment,
        region,
        component,
    })
}

/// Reads both sides of every manifest that differs.
pub(super) fn read(repository: &Repository, changes: &[FileChange]) -> Result<Objects, Box<Finding>> {
    let mut objects = Objects::default();
    let manifests: Vec<&FileChange> = changes
        .iter()
        .filter(|change| location(&change.path).is_some())
        .collect();
    for chunk in manifests.chunks(CHUNK) {
        for old in [true, false] {
            let side = |change: &&&FileChange| if old { change.old } else { change.new };
            let files = chunk
                .iter()
                .filter_map(|change| Some((change.path.as_str(), side(&change)?)))
                .collect::<Vec<_>>();
            let (items, findings) = parse(repository, &files)?;
            if old {
                // What the base held cannot be mended any more.
                objects.base.extend(items);
            } else {
                objects.head.extend(items);
                objects.findings.extend(findings);
            }
        }
    }
    Ok(objects)
}

type Parsed = (Vec<Item>, Vec<Finding>);

pub(super) fn parse(repository: &Repository, files: &[(&str, Content)]) -> Result<Parsed, Box<Finding>> {
    let mut texts = Vec::with_capacity(files.len());
    for (path, content) in files {
        texts.push((*path, repository.read(path, *content)?));
    }
    let parts: Vec<Parsed> = texts.par_iter().map(|(path, bytes)| parse_one(path, bytes)).collect();
    let mut all = Parsed::default();
    for (items, findings) in parts {
        all.0.extend(items);
        all.1.extend(findings);
    }
    Ok(all)
}

/// The objects of one file. What is no object is told: nobody could say what it does.
pub(super) fn parse_one(file: &str, bytes: &[u8]) -> Parsed {
    let Some(location) = location(file) else {
        return Parsed::default();
    };
    let text = match yaml::decode(file, bytes, &Limits::MANIFESTS) {
        Ok(text) => text,
        Err(finding) => return (Vec::new(), vec![finding]),
    };
    let stream = yaml::read(file, text, &Limits::MANIFESTS);
    let mut findings = stream.findings;
    let cluster: Arc<str> = Arc::from(format!("{}/{}", location.environment, location.region));
    let mut items = Vec::new();
    for document in stream.documents {
        match Object::new(document.value) {
            Ok(object) => items.push(Item {
                cluster: Arc::clone(&cluster),
                file: Arc::from(file),
                positions: None,
                object,
            }),
            Err(error) => findings.push(
                Finding::error("plan/no-object", error.to_string())
                    .because("nobody can say what it does, and Argo CD would stop at it")
                    .mend("run `galeno compile`, which names files that it did not write")
                    .at(Place {
                        file: Some(file.to_owned()),
                        ..Place::default()
                    }),
            ),
        }
    }
    (items, findings)
}

/// The workloads of the clusters of which a ConfigMap or Secret differs: who reads it decides what the change does.
pub(super) fn readers(repository: &Repository, head: &Side, objects: &Objects) -> Result<Vec<Item>, Box<Finding>> {
    let mut environments = BTreeSet::new();
    for item in objects
        .head
        .iter()
        .filter(|item| matches!(item.object.kind(), "ConfigMap" | "Secret"))
    {
        environments.extend(location(&item.file).map(|at| at.environment));
    }
    let mut files = Vec::new();
    for environment in environments {
        let folder = format!("{}/{environment}", folders::GENERATED);
        files.extend(
            repository
                .files(head, &folder)?
                .into_iter()
                .filter(|(path, _)| is_workload(path)),
        );
    }
    let files: Vec<(&str, Content)> = files.iter().map(|(path, content)| (path.as_str(), *content)).collect();
    Ok(parse(repository, &files)?.0)
}

fn is_workload(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["deployment-", "statefulset-", "daemonset-"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_where_it_belongs() {
        let at = |file| location(file).map(|l| (l.environment, l.region, l.component));
        assert_eq!(
            at("generated/prod/eu/api/deployment-api.yaml"),
            Some(("prod", "eu", "api"))
        );
        assert_eq!(
            at("generated/prod/argocd/eu/application-a.yaml"),
            Some(("prod", "eu", "argocd"))
        );
        assert_eq!(at("generated/prod/eu/x.yaml"), Some(("prod", "eu", "")));
        assert_eq!(at("generated/prod/index.json"), None);
        assert_eq!(at("generated/prod/eu/api/README.md"), None);
        assert_eq!(at("environments/prod.yaml"), None);
    }
}
