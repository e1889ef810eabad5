//! `mbstream` and `mariadb-backup --prepare`.

use std::io::{self, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use galeno_contract::backup::BackupConfig;

use crate::catalog::Manifest;
use crate::process::{self, Program};
use crate::run::Run;

/// Unpacks an mbstream into `data`.
pub(super) fn unpack(stream: &mut dyn Read, data: &Path, run: &Run) -> anyhow::Result<()> {
    let mut command = process::command("mbstream");
    command
        .args(["-x", "-C"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let program = Program::start("mbstream", &mut command, run, |_| {})?;
    let mut input = program.input()?;
    let copied = io::copy(stream, &mut input);
    drop(input);
    match (copied, program.finish()) {
        // mbstream knows better than the broken pipe: a full disk, for example.
        (Err(error), Err(failed)) if error.kind() == io::ErrorKind::BrokenPipe => Err(failed),
        (Err(error), _) => Err(error).context("cannot unpack the stream"),
        (Ok(_), finished) => finished,
    }
}

/// Applies the redo log, so that the files are a consistent database, and checks that it is the one of the manifest.
pub(super) fn prepare(config: &BackupConfig, data: &Path, manifest: &Manifest, run: &Run) -> anyhow::Result<()> {
    let mut command = process::command("mariadb-backup");
    match &config.database.defaults_file {
        Some(file) => command.arg(format!("--defaults-file={}", file.display())),
        None => command.arg("--no-defaults"),
    };
    command
        .arg("--prepare")
        .arg(format!("--target-dir={}", data.display()))
        .arg("--use-memory=256M")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let completed = Arc::new(AtomicBool::new(false));
    let program = Program::start("mariadb-backup", &mut command, run, {
        let completed = Arc::clone(&completed);
        move |line| {
            completed.fetch_or(line.ends_with("completed OK!"), Ordering::Relaxed);
            tracing::debug!(target: "mariadb-backup", "{line}");
        }
    })?;
    program.finish()?;
    if !completed.load(Ordering::Relaxed) {
        bail!("mariadb-backup --prepare ended without saying `completed OK!`");
    }
    let info = std::fs::read_to_string(data.join("xtrabackup_galera_info"))
        .context("the backup has no xtrabackup_galera_info: where it stands in the cluster's history is unknown")?;
    let position = format!("{}:{}", manifest.position.state_uuid, manifest.position.seqno);
    if info.split_whitespace().next() != Some(position.as_str()) {
        bail!("the data stands at {}, and its manifest says {position}", info.trim());
    }
    Ok(())
}
