//! `mariadb-backup`, streaming.

use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member};
use tempfile::TempDir;

use crate::catalog::Position;
use crate::database;
use crate::process::{self, Program};
use crate::run::Run;

/// A moment in a backup that others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No statement can change a table's definition; on Galera the node has stopped applying.
    BlockDdl,
    /// Nothing can commit.
    BlockCommit,
}

/// A running mariadb-backup.
pub(super) struct Source {
    pub(super) program: Program,
    said: Arc<Mutex<Said>>,
    /// Holds the option file with the password, and what mariadb-backup writes beside the stream.
    _directory: TempDir,
}

/// What mariadb-backup reports while it runs.
#[derive(Debug, Default, Clone)]
struct Said {
    galera: Option<String>,
    gtid: Option<String>,
    server: Option<String>,
    tool: Option<String>,
    completed: bool,
}

/// What a finished mariadb-backup has told.
pub(super) struct Told {
    pub(super) position: Position,
    pub(super) server: String,
    pub(super) tool: String,
}

impl Source {
    /// Starts copying `member`. The receiver ends when mariadb-backup does.
    pub(super) fn start(
        config: &BackupConfig,
        member: &Member,
        data: &Path,
        run: &Run,
    ) -> anyhow::Result<(Self, Receiver<Stage>)> {
        let directory = tempfile::Builder::new()
            .prefix("backup-")
            .tempdir_in(&config.work_directory)
            .with_context(|| format!("cannot write to {}", config.work_directory.display()))?;
        let options = directory.path().join("options.cnf");
        database::write_options(&config.database, member, &options)?;
        let mut command = process::command("mariadb-backup");
        command
            .arg(format!("--defaults-file={}", options.display()))
            .args([
                "--backup",
                "--stream=mbstream",
                "--galera-info",
                "--databases-exclude=lost+found",
            ])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--target-dir={}", directory.path().join("target").display()))
            .arg(format!("--parallel={}", config.stream.copy_threads.max(1)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let said = Arc::new(Mutex::new(Said::default()));
        let (sender, stages) = channel();
        let program = Program::start("mariadb-backup", &mut command, run, {
            let said = Arc::clone(&said);
            move |line| listen(line, &said, &sender)
        })?;
        Ok((
            Self {
                program,
                said,
                _directory: directory,
            },
            stages,
        ))
    }

    /// Waits for the end. Only exit code 0 *and* its last word count: it writes megabytes before it fails.
    pub(super) fn finish(self) -> anyhow::Result<Told> {
        self.program.finish()?;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !said.completed {
            bail!("mariadb-backup ended without saying `completed OK!`");
        }
        let galera = said
            .galera
            .context("mariadb-backup reported no Galera position: is `wsrep_on` off?")?;
        let (state_uuid, seqno) = parse_galera(&galera)?;
        Ok(Told {
            position: Position {
                state_uuid,
                seqno,
                gtid: said.gtid.unwrap_or_default(),
            },
            server: said
                .server
                .context("mariadb-backup did not report the server's version")?,
            tool: said.tool.context("mariadb-backup did not report its own version")?,
        })
    }
}

fn listen(line: &str, said: &Mutex<Said>, stages: &Sender<Stage>) {
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    if line.ends_with("Acquired locks for BACKUP STAGE BLOCK_DDL") {
        let _ = stages.send(Stage::BlockDdl);
    } else if line.ends_with("Acquired locks for BACKUP STAGE BLOCK_COMMIT") {
        let _ = stages.send(Stage::BlockCommit);
    } else if let Some((_, position)) = line.split_once("Writing Galera info succeeded with ") {
        said.galera = Some(position.trim().to_owned());
    } else if let Some((_, gtid)) = line.split_once("GTID of the last change '") {
        said.gtid = gtid.split('\'').next().map(str::to_owned);
    } else if let Some((_, version)) = line.split_once("Using server version ") {
        said.server = Some(version.trim().to_owned());
    } else if let Some(rest) = line.strip_prefix("mariadb-backup based on MariaDB server ") {
        said.tool = rest.split_whitespace().next().map(str::to_owned);
    } else if line.ends_with("completed OK!") {
        said.completed = true;
    }
    tracing::debug!(target: "mariadb-backup", "{line}");
}

/// `UUID:SEQNO DOMAIN`
fn parse_galera(text: &str) -> anyhow::Result<(String, i64)> {
    let parsed = text
        .split_whitespace()
        .next()
        .and_then(|position| position.split_once(':'));
    let (uuid, seqno) = parsed.with_context(|| format!("{text:?} is not a Galera position"))?;
    let seqno: i64 = seqno
        .parse()
        .with_context(|| format!("{text:?} is not a Galera position"))?;
    if uuid.bytes().all(|byte| byte == b'0' || byte == b'-') {
        bail!("the node's state UUID is zero: its history is lost, and a backup of it would hide that");
    }
    Ok((uuid.to_owned(), seqno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listens_to_mariadb_backup() {
        let said = Mutex::new(Said::default());
        let (sender, stages) = channel();
        for line in [
            "[00] 2026-11-24 22:25:35 Using server version 10.11.19-MariaDB-0+deb12u1-log",
            "mariadb-backup based on MariaDB server 10.11.19-MariaDB debian-linux-gnu (x86_64)",
            "[00] 2026-11-24 22:25:36 Acquired locks for BACKUP STAGE BLOCK_DDL",
            "[00] 2026-11-24 22:25:36 Acquired locks for BACKUP STAGE BLOCK_COMMIT",
            "[00] 2026-11-24 22:25:36 Writing Galera info succeeded with f3b3c0d0-e855-11f1-a3cc-0e647ff56503:6 1",
            "[00] 2026-11-24 22:25:36 MySQL binlog position: filename 'binlog.000002', position '379', GTID of the last change '1-1-5'",
            "[00] 2026-11-24 22:25:36 completed OK!",
        ] {
            listen(line, &said, &sender);
        }
        let said = said.into_inner().unwrap();
        assert_eq!(
            parse_galera(&said.galera.unwrap()).unwrap(),
            ("f3b3c0d0-e855-11f1-a3cc-0e647ff56503".to_owned(), 6)
        );
        assert_eq!(said.gtid.unwrap(), "1-1-5");
        assert_eq!(said.tool.unwrap(), "10.11.19-MariaDB");
        assert!(said.completed);
        assert_eq!(
            stages.try_iter().collect::<Vec<_>>(),
            [Stage::BlockDdl, Stage::BlockCommit]
        );
    }

    #[test]
    fn a_zero_uuid_is_no_position() {
        let error = parse_galera("00000000-0000-0000-0000-000000000000:0 1").unwrap_err();
        assert!(error.to_string().contains("zero"), "{error}");
        assert!(parse_galera("nonsense").is_err());
    }
}
