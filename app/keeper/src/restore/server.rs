//! A MariaDB server of our own on a restored data directory: no network, no replication, gone when we are done.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use galeno_contract::backup::BackupConfig;
use mysql::{Conn, OptsBuilder};

use crate::process::{self, Program};
use crate::run::Run;

/// A running throw-away server.
pub(crate) struct Server {
    program: Program,
    socket: PathBuf,
    /// Socket paths are limited to about 100 bytes, so it gets a short directory of its own.
    _directory: tempfile::TempDir,
}

impl Server {
    /// Starts mariadbd on `data` and waits until it answers. Accounts are not asked: nobody else reaches its socket.
    pub(crate) fn start(config: &BackupConfig, data: &Path, run: &Run) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("keeper-")
            .tempdir()
            .context("cannot make a directory in /tmp")?;
        let socket = directory.path().join("sql");
        let mut command = process::command("mariadbd");
        match &config.database.defaults_file {
            Some(file) => command.arg(format!("--defaults-file={}", file.display())),
            None => command.arg("--no-defaults"),
        };
        command
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", directory.path().join("pid").display()))
            .args([
                "--skip-networking",
                "--skip-grant-tables",
                "--wsrep-on=OFF",
                "--wsrep-provider=none",
            ])
            .args([
                "--skip-log-bin",
                "--skip-slave-start",
                "--max-allowed-packet=1G",
                "--event-scheduler=OFF",
                "--innodb-fast-shutdown=0",
            ])
            .args(["--innodb-buffer-pool-size=256M", "--log-error="])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.arg("--user=root");
        }
        let program = Program::start("mariadbd", &mut command, run, |line| {
            tracing::debug!(target: "mariadbd", "{line}");
        })?;
        let server = Self {
            program,
            socket,
            _directory: directory,
        };
        while server.connect().is_err() {
            if server.program.has_ended() {
                server.program.finish()?;
                bail!("mariadbd ended before it answered");
            }
            run.pause(Duration::from_millis(100))?;
        }
        Ok(server)
    }

    /// A session with every right.
    pub(crate) fn connect(&self) -> anyhow::Result<Conn> {
        let options = OptsBuilder::new()
            .socket(Some(self.socket.to_string_lossy()))
            .user(Some("root"));
        Conn::new(options).context("cannot connect to the restored database")
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Stops it cleanly and waits for it.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.program.terminate()?;
        self.program.finish()
    }
}
