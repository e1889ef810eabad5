//! Signatures on commits, made as git makes them: by `gpg` or `ssh-keygen`, with the key that git is set up for.

use std::io::Write as _;
use std::process::{Command, Stdio};

use git2::Config;

use crate::finding::Finding;

/// How commits are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    /// By `gpg` or what stands in for it, with a key's id; without one, with the committer's.
    OpenPgp {
        /// The program.
        program: String,
        /// The key.
        key: String,
    },
    /// By `ssh-keygen`, with a key's file or the key itself.
    Ssh {
        /// The program.
        program: String,
        /// The file, or `key::…`, or the public key itself.
        key: String,
    },
}

fn refused(message: impl Into<String>) -> Box<Finding> {
    Box::new(
        Finding::error("git/signature", message.into())
            .because("what is to be signed is never committed without its signature")
            .mend("see that `git commit --gpg-sign` works here: gpg.format, user.signingKey, and the agent that holds the key"),
    )
}

impl Signer {
    /// The signer that git is set up for, if commits are signed: `commit.gpgSign`, or whoever demands it.
    pub(super) fn of(config: &Config, committer: &str, demanded: bool) -> Result<Option<Self>, Box<Finding>> {
        if !demanded && !config.get_bool("commit.gpgsign").unwrap_or(false) {
            return Ok(None);
        }
        let text = |name: &str| config.get_string(name).ok().filter(|text| !text.is_empty());
        let key = text("user.signingkey");
        match text("gpg.format").as_deref() {
            None | Some("openpgp") => Ok(Some(Self::OpenPgp {
                program: text("gpg.openpgp.program")
                    .or_else(|| text("gpg.program"))
                    .unwrap_or_else(|| "gpg".to_owned()),
                key: key.unwrap_or_else(|| committer.to_owned()),
            })),
            Some("ssh") => Ok(Some(Self::Ssh {
                program: text("gpg.ssh.program").unwrap_or_else(|| "ssh-keygen".to_owned()),
                key: key.ok_or_else(|| refused("commits are signed by SSH, and user.signingKey names no key"))?,
            })),
            Some(other) => Err(refused(format!(
                "Galeno cannot sign in the format `{other}` (gpg.format)"
            ))),
        }
    }

    /// The armoured signature of a commit's text.
    pub(super) fn sign(&self, text: &[u8]) -> Result<String, Box<Finding>> {
        match self {
            Self::OpenPgp { program, key } => open_pgp(program, key, text),
            Self::Ssh { program, key } => ssh(program, key, text),
        }
    }
}

fn open_pgp(program: &str, key: &str, text: &[u8]) -> Result<String, Box<Finding>> {
    let mut child = Command::new(program)
        .args(["--status-fd=2", "-bsau", key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| refused(format!("`{program}` cannot be run: {error}")))?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text));
    let output = child
        .wait_with_output()
        .map_err(|error| refused(format!("`{program}` failed: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let made = said.lines().any(|line| line.starts_with("[GNUPG:] SIG_CREATED "));
    match String::from_utf8(output.stdout) {
        Ok(signature) if output.status.success() && made && written.is_ok() => Ok(signature),
        _ => Err(refused(format!(
            "`{program}` made no signature with the key `{key}`: {}",
            plain(&said)
        ))),
    }
}

/// What a program says, without the lines that are for other programs.
fn plain(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("[GNUPG:]")).collect();
    lines.join("; ")
}

fn ssh(program: &str, key: &str, text: &[u8]) -> Result<String, Box<Finding>> {
    let failed = |error: std::io::Error| refused(format!("the signature needs temporary files: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let message = folder.path().join("commit");
    std::fs::write(&message, text).map_err(failed)?;
    let mut command = Command::new(program);
    command.args(["-Y", "sign", "-n", "git", "-f"]);
    let literal = key
        .strip_prefix("key::")
        .or_else(|| key.starts_with("ssh-").then_some(key));
    if let Some(public) = literal {
        let file = folder.path().join("key.pub");
        std::fs::write(&file, format!("{public}\n")).map_err(failed)?;
        // The agent holds the private part.
        command.arg(file).arg("-U");
    } else {
        command.arg(home(key));
    }
    let output = command
        .arg(&message)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| refused(format!("`{program}` cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(refused(format!(
            "`{program}` made no signature with the key `{key}`: {}",
            plain(&said)
        )));
    }
    std::fs::read_to_string(folder.path().join("commit.sig")).map_err(failed)
}

/// A path as git reads it: `~/` is the person's home.
fn home(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    }
}
