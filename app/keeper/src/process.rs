//! Programs that are run: their errors are read, they end when the run ends, and their exit code is never ignored.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::run::Run;

/// Lines of its errors that are kept to be shown when a program fails.
const KEPT: usize = 20;
const POLL: Duration = Duration::from_millis(20);

/// A command whose process dies when this one does, even by SIGKILL: a server on a half-restored directory must not
/// outlive the restore. (Linux asks for that in the child, between fork and exec; `setpriv` does it without unsafe code.)
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

/// A running program. Dropping it kills it.
pub(crate) struct Program {
    name: String,
    child: Arc<Mutex<Child>>,
    errors: Option<JoinHandle<VecDeque<String>>>,
    watch: Option<JoinHandle<Option<String>>>,
}

impl Program {
    /// Starts a program whose standard input and output the command has set up. Each line of its standard error goes
    /// to `line`, on another thread.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        run: &Run,
        mut line: impl FnMut(&str) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}; is it installed?"))?;
        let stderr = child.stderr.take().context("a piped stream is there")?;
        let errors = std::thread::spawn(move || {
            let mut kept = VecDeque::new();
            for text in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&text).into_owned();
                line(&text);
                kept.push_back(text);
                if kept.len() > KEPT {
                    kept.pop_front();
                }
            }
            kept
        });
        let child = Arc::new(Mutex::new(child));
        let watch = std::thread::spawn({
            let (child, run) = (Arc::clone(&child), run.clone());
            move || watch(&child, &run)
        });
        Ok(Self {
            name: name.to_owned(),
            child,
            errors: Some(errors),
            watch: Some(watch),
        })
    }

    /// Its standard output, once.
    pub(crate) fn output(&self) -> anyhow::Result<ChildStdout> {
        self.lock().stdout.take().context("standard output was not piped")
    }

    /// Its standard input, once.
    pub(crate) fn input(&self) -> anyhow::Result<ChildStdin> {
        self.lock().stdin.take().context("standard input was not piped")
    }

    /// Waits for its end. Anything but exit code 0 is an error that quotes its last lines.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let stopped = self.watch.take().and_then(|watch| watch.join().ok()).flatten();
        let errors = self
            .errors
            .take()
            .and_then(|errors| errors.join().ok())
            .unwrap_or_default();
        let status: ExitStatus = self
            .lock()
            .wait()
            .with_context(|| format!("cannot wait for {}", self.name))?;
        if let Some(reason) = stopped {
            return Err(anyhow!(reason));
        }
        if !status.success() {
            let tail: Vec<_> = errors.iter().map(String::as_str).collect();
            bail!("{} failed ({status}):\n  {}", self.name, tail.join("\n  "));
        }
        Ok(())
    }

    /// Whether it has ended by itself or was killed.
    pub(crate) fn has_ended(&self) -> bool {
        self.watch.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        let child = self.lock();
        let id = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("a process has an id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)
            .with_context(|| format!("cannot stop {}", self.name))
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        let _ = self.lock().kill();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if let Some(watch) = self.watch.take() {
            let _ = watch.join();
        }
        if let Some(errors) = self.errors.take() {
            let _ = errors.join();
        }
        let _ = self.lock().wait();
    }
}

/// Waits until the program ends; kills it when the run is over and says why.
fn watch(child: &Mutex<Child>, run: &Run) -> Option<String> {
    loop {
        {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return None,
            }
            if let Err(reason) = run.check() {
                let _ = child.kill();
                return Some(reason.to_string());
            }
        }
        std::thread::sleep(POLL);
    }
}
