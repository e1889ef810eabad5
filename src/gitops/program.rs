//! The `git` program: for transports, where a person's credentials, proxies and hooks are set up.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::finding::Finding;

/// Runs `git` in a folder. Its questions go to the terminal, as the person's own `git push` would ask.
pub(super) fn run(folder: &Path, args: &[&str]) -> Result<Output, Box<Finding>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(Stdio::inherit())
        .output();
    output.map_err(|error| {
        Box::new(
            Finding::error("git/program", format!("`git` cannot be run: {error}"))
                .because("Galeno leaves the way to other repositories, and its credentials, to git itself")
                .mend("install git"),
        )
    })
}

/// What git says, in one line for a message.
pub(super) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    lines.join("; ")
}

/// Runs `git` and takes anything but success for an error.
pub(super) fn must(folder: &Path, args: &[&str], what: &str) -> Result<Output, Box<Finding>> {
    let output = run(folder, args)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Box::new(Finding::error(
        "git/program",
        format!("{what}: {}", said(&output)),
    )))
}
