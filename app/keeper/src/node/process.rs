//! mariadbd as a child process.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::agreement::Position;
use crate::gtid::Gtids;

/// A running mariadbd. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct MariaDbd {
    child: Child,
    /// When it was told to end, and when patience ends.
    stopping: Option<Instant>,
}

/// How it is started; the bootstrap is an argument of one process start, never a file that would outlive it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    pub(crate) new_cluster: bool,
    pub(crate) start_position: Option<Position>,
    /// The GTID there.
    pub(crate) numbering: Option<Gtids>,
}

impl MariaDbd {
    pub(crate) fn start(program: &Path, file: &Path, arguments: &Arguments) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .arg(format!("--defaults-file={}", file.display()))
            .stdin(Stdio::null());
        if arguments.new_cluster {
            command.arg("--wsrep-new-cluster");
        }
        if let Some(position) = arguments.start_position {
            let numbering = arguments.numbering.as_ref().map(|gtid| format!(",{gtid}"));
            command.arg(format!(
                "--wsrep-start-position={position}{}",
                numbering.unwrap_or_default()
            ));
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        tracing::info!(pid = child.id(), ?arguments, "started mariadbd");
        Ok(Self { child, stopping: None })
    }

    /// Asks it to end cleanly; after `patience` it is killed.
    pub(crate) fn stop(&mut self, patience: Duration) {
        if self.stopping.is_none() {
            tracing::info!(pid = self.child.id(), "stopping mariadbd");
            self.signal(Signal::TERM);
            self.stopping = Some(Instant::now() + patience);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if let Some(status) = self.child.try_wait().context("cannot wait for mariadbd")? {
            return Ok(Some(status));
        }
        if self.stopping.is_some_and(|end| Instant::now() > end) {
            tracing::error!(pid = self.child.id(), "mariadbd did not end in time: killing it");
            self.stopping = Some(Instant::now() + Duration::from_mins(1));
            self.signal(Signal::KILL);
        }
        Ok(None)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended meanwhile; the next look will tell.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for MariaDbd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For a log line: the code, or the signal.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown end".to_owned(),
    }
}
