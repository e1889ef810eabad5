//! What is in the data directory: `mariadbd --wsrep-recover`, always, since Galera's own file says nothing after a crash
//! and a node started without its position can come back green with its history gone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::cnf;
use super::numbering;
use super::settings::Settings;
use crate::agreement::{Found, Position};
use crate::gtid::Gtids;

/// What was found, and, if it is unusable, why.
#[derive(Debug)]
pub(crate) struct Inspection {
    pub(crate) found: Found,
    pub(crate) problem: Option<String>,
    /// The GTID of the last transaction.
    pub(crate) numbering: Option<Gtids>,
}

impl Inspection {
    fn of(found: Found) -> Self {
        Self {
            found,
            problem: None,
            numbering: None,
        }
    }

    fn unusable(problem: String) -> Self {
        Self {
            problem: Some(problem),
            ..Self::of(Found::Unusable)
        }
    }
}

/// Below this many free bytes mariadbd cannot even recover.
pub(crate) const LEAST_FREE: u64 = 32 << 20;

/// Looks into the data directory. `joining`: a join had begun and not ended, and what a state transfer leaves behind is
/// no damage but to be expected.
pub(crate) fn inspect(settings: &Settings, joining: bool) -> anyhow::Result<Inspection> {
    let data = settings.config.data_directory();
    if is_empty(&data)? {
        return Ok(Inspection::of(Found::Nothing));
    }
    if joining && is_untransferred(&data) {
        return Ok(Inspection::of(Found::Nothing));
    }
    // The transfer's script leaves this while it works, and leaves no system tables when it fails half way.
    if data.join("sst_in_progress").exists() || (joining && !data.join("mysql").is_dir()) {
        let problem = "the remains of a state transfer that did not end".to_owned();
        return Ok(Inspection::unusable(problem));
    }
    let free = free_bytes(&settings.config.volume)?;
    if free < LEAST_FREE {
        let problem = format!(
            "the volume is full: {} KiB are free on {}, and recovery needs {} MiB. Enlarge the volume",
            free >> 10,
            settings.config.volume.display(),
            LEAST_FREE >> 20
        );
        return Ok(Inspection::unusable(problem));
    }
    recover(settings, &data)
}

fn recover(settings: &Settings, data: &Path) -> anyhow::Result<Inspection> {
    let file = cnf::write_alone(settings, data)?;
    let log = settings.run_file("recover.log");
    let _ = fs::remove_file(&log);
    let mariadbd = &settings.config.mariadb.mariadbd;
    let output = Command::new(mariadbd)
        .arg(format!("--defaults-file={}", file.display()))
        .arg("--wsrep-on=ON")
        .arg(format!(
            "--wsrep-provider={}",
            settings.config.mariadb.provider.display()
        ))
        .arg("--wsrep-recover")
        // Nobody is contacted: it only has to be there.
        .arg("--wsrep-cluster-address=gcomm://nowhere.invalid")
        .arg(format!("--log-error={}", log.display()))
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", mariadbd.display()))?;
    let status = output.status;
    // What it has to say before it opens its log, it says on standard error.
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    match recovered(&text) {
        Some(Found::State(_)) if status.success() && is_marked_inconsistent(data) => Ok(Inspection::unusable(
            "Galera has marked it as inconsistent with what the other members hold".to_owned(),
        )),
        Some(found) if status.success() => Ok(Inspection {
            numbering: numbering::find(settings, data),
            ..Inspection::of(found)
        }),
        _ => {
            let errors: Vec<&str> = text.lines().filter(|line| line.contains("[ERROR]")).take(3).collect();
            let said = if errors.is_empty() {
                "no error".to_owned()
            } else {
                errors.join(" | ")
            };
            let problem = format!(
                "mariadbd cannot open {} ({status}). It says: {said}. The whole log: {}",
                data.display(),
                log.display()
            );
            Ok(Inspection::unusable(problem))
        }
    }
}

/// Galera takes the history out of its own file when the members found that this one holds something else than they do.
/// The tables know nothing of it: with their position the node would join, and differ for ever.
fn is_marked_inconsistent(data: &Path) -> bool {
    let text = fs::read_to_string(data.join("grastate.dat")).unwrap_or_default();
    let uuid = text.lines().find_map(|line| line.strip_prefix("uuid:"));
    uuid.is_some_and(|uuid| is_zero(uuid.trim()))
}

/// Whether a UUID is the one that stands for no history.
fn is_zero(uuid: &str) -> bool {
    uuid.chars().all(|c| c == '0' || c == '-')
}

/// Whether a joiner has got nothing yet: the transfer's script makes `.sst` when the donor has sent the head of the stream,
/// and moves what it has received from there into its place. Before that there are only files that mariadbd makes for itself.
fn is_untransferred(data: &Path) -> bool {
    [".sst", "ibdata1", "mysql"]
        .iter()
        .all(|name| !data.join(name).exists())
}

/// The position in the log of `--wsrep-recover`.
fn recovered(log: &str) -> Option<Found> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.split_once("Recovered position:"))?
        .1
        .trim();
    let text = line.split(',').next()?.trim();
    let (uuid, seqno) = text.rsplit_once(':')?;
    let seqno: i64 = seqno.parse().ok()?;
    match uuid.parse() {
        Ok(uuid) if seqno >= 0 => Some(Found::State(Position { uuid, seqno })),
        Err(_) if is_zero(uuid) => Some(Found::NoState),
        _ => None,
    }
}

/// Whether there is nothing in a directory but what a file system puts there.
pub(crate) fn is_empty(directory: &Path) -> anyhow::Result<bool> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", directory.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        if entry.file_name() != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Free bytes for this user on the file system of `path`.
pub(crate) fn free_bytes(path: &Path) -> anyhow::Result<u64> {
    let stat = rustix::fs::statvfs(path).with_context(|| format!("cannot examine {}", path.display()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Lays out an empty data directory, beside its place first, so that a crash leaves none that is half done.
pub(crate) fn lay_out(settings: &Settings) -> anyhow::Result<()> {
    let data = settings.config.data_directory();
    let beside = settings.config.keeper_directory().join("layout");
    clear(&beside)?;
    fs::create_dir_all(&beside).with_context(|| format!("cannot create {}", beside.display()))?;
    let file = cnf::write_alone(settings, &beside)?;
    let program = &settings.config.mariadb.install_db;
    let output = Command::new(program)
        .arg(format!("--defaults-file={}", file.display()))
        .arg(format!("--datadir={}", beside.display()))
        .args([
            "--auth-root-authentication-method=socket",
            "--auth-root-socket-user=mysql",
            "--skip-test-db",
        ])
        .arg("--skip-name-resolve")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() || !beside.join("mysql").is_dir() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let last: Vec<&str> = said.lines().rev().take(8).collect();
        anyhow::bail!("{} failed ({}): {}", program.display(), output.status, last.join(" | "));
    }
    clear(&data)?;
    fs::rename(&beside, &data).with_context(|| format!("cannot put {} in its place", data.display()))?;
    sync(&settings.config.volume)
}

/// Empties the data directory: only ever what a broken state transfer left, or what a person ordered to be discarded.
pub(crate) fn empty_data(settings: &Settings) -> anyhow::Result<()> {
    let data = settings.config.data_directory();
    clear(&data)?;
    fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
    sync(&settings.config.volume)
}

fn clear(directory: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

fn sync(directory: &Path) -> anyhow::Result<()> {
    let open = fs::File::open(directory).and_then(|file| file.sync_all());
    open.with_context(|| format!("cannot sync {}", directory.display()))
}

/// Removes what Galera would otherwise take up again from before: the last view, for a node that joins or starts; and
/// also the position and the cache, for a node that begins a history of its own.
pub(crate) fn forget_galera(settings: &Settings, also_history: bool) -> anyhow::Result<()> {
    let files: &[&str] = if also_history {
        &["gvwstate.dat", "grastate.dat", "galera.cache"]
    } else {
        &["gvwstate.dat"]
    };
    for name in files {
        let path: PathBuf = settings.config.data_directory().join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Tells Galera that this node may start a new primary component from `at`. Galera's own guess (`safe_to_bootstrap`)
/// knows of the last node that left cleanly and of nothing else; the keepers have agreed.
pub(crate) fn permit_bootstrap(settings: &Settings, at: Position) -> anyhow::Result<()> {
    let path = settings.config.data_directory().join("grastate.dat");
    let text = format!(
        "# GALERA saved state\nversion: 2.1\nuuid:    {}\nseqno:   {}\nsafe_to_bootstrap: 1\n",
        at.uuid, at.seqno
    );
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "6f1dd1b1-6d4f-11ef-8a5b-0242ac120002";

    #[test]
    fn a_position_is_read_from_the_log() {
        let log = format!("2026-01-01  1:00:00 0 [Note] WSREP: Recovered position: {UUID}:1234,1-1-5\nmore\n");
        let at = Position {
            uuid: UUID.parse().unwrap(),
            seqno: 1234,
        };
        assert_eq!(recovered(&log), Some(Found::State(at)));
        let none = "[Note] WSREP: Recovered position: 00000000-0000-0000-0000-000000000000:-1";
        assert_eq!(recovered(none), Some(Found::NoState));
    }

    #[test]
    fn a_transfer_has_begun_when_the_donor_has_sent_something() {
        let data = tempfile::tempdir().unwrap();
        for own in ["galera.cache", "grastate.dat", "sst_in_progress"] {
            fs::write(data.path().join(own), "").unwrap();
        }
        assert!(is_untransferred(data.path()));
        fs::create_dir(data.path().join(".sst")).unwrap();
        assert!(!is_untransferred(data.path()));
    }

    #[test]
    fn a_state_without_a_number_is_no_position() {
        assert_eq!(recovered(&format!("WSREP: Recovered position: {UUID}:-1")), None);
        assert_eq!(recovered("nothing"), None);
    }
}
