//! The GitOps repository: which revision runs, and its files at that revision.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Repository, Snapshot};

use super::configuration::Api;
use crate::process::{self, Program};
use crate::run::Run;

/// The revision that Argo CD says it has synced, where it can be asked. A backup does not fail because it cannot.
pub(super) fn running_revision(config: &BackupConfig, snapshot: &Snapshot) -> Option<String> {
    let repository = snapshot.repository.as_ref()?;
    match ask(config, snapshot, repository) {
        Ok(revision) => revision,
        Err(error) => {
            tracing::warn!(error = %format!("{error:#}"), "cannot tell which git revision runs");
            None
        }
    }
}

fn ask(config: &BackupConfig, snapshot: &Snapshot, repository: &Repository) -> anyhow::Result<Option<String>> {
    let (Some(application), Some(kubernetes)) = (&repository.application, &snapshot.kubernetes) else {
        return Ok(None);
    };
    let api = Api::open(kubernetes, config)?;
    let path = format!(
        "/apis/argoproj.io/v1alpha1/namespaces/{}/applications/{}",
        application.namespace, application.name
    );
    let object = api
        .get(&path)?
        .with_context(|| format!("this account may not read {path}"))?;
    let revision = object
        .pointer("/status/sync/revision")
        .and_then(serde_json::Value::as_str);
    Ok(revision.filter(|revision| !revision.is_empty()).map(str::to_owned))
}

/// Fetches the repository's files at the revision that runs (else at the tip of its branch) into `into`; returns the
/// revision.
pub(super) fn fetch(repository: &Repository, revision: Option<&str>, into: &Path, run: &Run) -> anyhow::Result<String> {
    let git = |arguments: &[&str]| git(repository, into, arguments, run);
    git(&["init", "--quiet"])?;
    let wanted = revision.unwrap_or(&repository.branch);
    git(&["fetch", "--quiet", "--depth=1", &repository.url, wanted])
        .with_context(|| format!("cannot fetch {wanted} from the repository"))?;
    git(&["checkout", "--quiet", "FETCH_HEAD", "--", &repository.path])
        .with_context(|| format!("the repository has no `{}` at {wanted}", repository.path))?;
    let head = git(&["rev-parse", "FETCH_HEAD"])?.trim().to_owned();
    if revision.is_some_and(|revision| revision != head) {
        bail!("the repository gave revision {head} instead of {wanted}");
    }
    Ok(head)
}

fn git(repository: &Repository, directory: &Path, arguments: &[&str], run: &Run) -> anyhow::Result<String> {
    let mut command = process::command("git");
    command
        .current_dir(directory)
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some(key) = &repository.ssh_key_file {
        let known = repository
            .known_hosts_file
            .as_deref()
            .unwrap_or_else(|| Path::new("/etc/ssh/ssh_known_hosts"));
        command.env(
            "GIT_SSH_COMMAND",
            format!(
                "ssh -i '{}' -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile='{}'",
                key.display(),
                known.display()
            ),
        );
    }
    let program = Program::start("git", &mut command, run, |_| {})?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut program.output()?, &mut text).context("git did not answer in text")?;
    program.finish()?;
    Ok(text)
}
