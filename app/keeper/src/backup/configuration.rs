//! The configuration in a system snapshot: the manifests that run, the cluster's own objects, and further files.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Kubernetes, Snapshot};
use serde_json::Value;
use ureq::Agent;

use super::pipeline::Sealing;
use super::repository;
use crate::catalog::StoredStream;

/// A person's answer to `what was left out?`, in the archive.
const LEFT_OUT: &str = "left-out.txt";

/// Stores the configuration as a tar stream. Returns the git revision, and the stream.
pub(super) fn store(
    config: &BackupConfig,
    snapshot: &Snapshot,
    sealing: &Sealing<'_>,
) -> anyhow::Result<(Option<String>, Option<StoredStream>)> {
    let directory = tempfile::Builder::new()
        .prefix("snapshot-")
        .tempdir_in(&config.work_directory)?;
    let revision = match &snapshot.repository {
        None => None,
        Some(repository) => {
            let running = repository::running_revision(config, snapshot);
            Some(repository::fetch(
                repository,
                running.as_deref(),
                directory.path(),
                sealing.run,
            )?)
        }
    };
    let (reader, writer) = std::io::pipe()?;
    let stored = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write(config, snapshot, directory.path(), writer));
        let stored = sealing.store("configuration", reader);
        match (writing.join(), stored) {
            (Ok(Err(error)), _) | (Ok(Ok(())), Err(error)) => Err(error),
            (Ok(Ok(())), Ok(stored)) => Ok(stored),
            (Err(_), _) => bail!("a worker died: this is a bug of the keeper"),
        }
    })?;
    Ok((revision, Some(stored)))
}

fn write(
    config: &BackupConfig,
    snapshot: &Snapshot,
    repository: &std::path::Path,
    sink: impl Write,
) -> anyhow::Result<()> {
    let mut archive = tar::Builder::new(sink);
    archive.follow_symlinks(false);
    let mut left_out = Vec::new();
    if snapshot.repository.is_some() {
        for entry in std::fs::read_dir(repository)? {
            let entry = entry?;
            if entry.file_name() == ".git" {
                continue;
            }
            let name = std::path::Path::new("manifests").join(entry.file_name());
            if entry.file_type()?.is_dir() {
                archive.append_dir_all(name, entry.path())?;
            } else {
                archive.append_path_with_name(entry.path(), name)?;
            }
        }
    }
    if let Some(kubernetes) = &snapshot.kubernetes {
        let api = Api::open(kubernetes, config)?;
        for (name, list) in api.everything(&mut left_out)? {
            append(
                &mut archive,
                &format!("cluster/{name}.json"),
                &serde_json::to_vec_pretty(&list)?,
            )?;
        }
    }
    for (name, path) in &snapshot.files {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        append(&mut archive, &format!("files/{name}"), &bytes)?;
    }
    append(&mut archive, LEFT_OUT, left_out.join("\n").as_bytes())?;
    archive.into_inner()?.flush()?;
    Ok(())
}

fn append(archive: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    archive
        .append_data(&mut header, name, bytes)
        .with_context(|| format!("cannot store {name}"))
}

/// The Kubernetes API, as far as this service account may read it.
pub(super) struct Api<'a> {
    agent: Agent,
    kubernetes: &'a Kubernetes,
    deadline: Duration,
}

impl<'a> Api<'a> {
    pub(super) fn open(kubernetes: &'a Kubernetes, config: &BackupConfig) -> anyhow::Result<Self> {
        let agent = crate::http::agent(Some(&kubernetes.ca_file), config.deadlines.connect.to_std())?;
        Ok(Self {
            agent,
            kubernetes,
            deadline: config.deadlines.request.to_std(),
        })
    }

    /// One object or list; `None` where this account may not read it.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let token = std::fs::read_to_string(&self.kubernetes.token_file)
            .with_context(|| format!("cannot read {}", self.kubernetes.token_file.display()))?;
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.kubernetes.api_server))
            .header("authorization", format!("Bearer {}", token.trim()))
            .config()
            .timeout_global(Some(self.deadline))
            .build()
            .call()
            .with_context(|| format!("cannot ask the Kubernetes API for {path}"))?;
        match answer.status().as_u16() {
            200 => {
                let body = answer.body_mut().with_config().limit(1 << 30).read_json();
                Ok(Some(body.with_context(|| format!("{path} is no JSON"))?))
            }
            403..=405 => Ok(None),
            status => bail!("the Kubernetes API answers {status} for {path}"),
        }
    }

    /// Every list that may be read, by `group/version/resource`.
    fn everything(&self, left_out: &mut Vec<String>) -> anyhow::Result<Vec<(String, Value)>> {
        let mut lists = Vec::new();
        for (name, base) in self.versions()? {
            let Some(resources) = self.get(&base)? else {
                left_out.push(format!("{name}: not readable"));
                continue;
            };
            for resource in resources["resources"].as_array().into_iter().flatten() {
                let Some(plural) = resource["name"].as_str().filter(|plural| !plural.contains('/')) else {
                    continue;
                };
                let listable = resource["verbs"]
                    .as_array()
                    .is_some_and(|verbs| verbs.iter().any(|verb| verb == "list"));
                if !listable {
                    continue;
                }
                if self.kubernetes.except.iter().any(|except| except == plural) {
                    left_out.push(format!("{name}/{plural}: by configuration"));
                    continue;
                }
                match self.get(&format!("{base}/{plural}"))? {
                    Some(list) => lists.push((format!("{name}/{plural}"), list)),
                    None => left_out.push(format!("{name}/{plural}: this account may not list it")),
                }
            }
        }
        Ok(lists)
    }

    fn versions(&self) -> anyhow::Result<Vec<(String, String)>> {
        let groups = self
            .get("/apis")?
            .context("this account may not discover the Kubernetes API")?;
        let mut versions = vec![("core/v1".to_owned(), "/api/v1".to_owned())];
        for group in groups["groups"].as_array().into_iter().flatten() {
            if let Some(version) = group.pointer("/preferredVersion/groupVersion").and_then(Value::as_str) {
                versions.push((version.to_owned(), format!("/apis/{version}")));
            }
        }
        Ok(versions)
    }
}
