//! Where a restore puts the data, and the marks that make it repeatable after a crash at any instant.
//!
//! ```text
//! VOLUME/keeper/restore.json    what is being restored here: written first
//! VOLUME/keeper/restoring/      half-finished work: thrown away whenever a restore begins
//! VOLUME/data/                  appears by one rename, complete, with `galeno-restored.json` in it
//! VOLUME/keeper/restored.json   the same mark, where a state transfer does not remove it: written last
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use galeno_contract::backup::RestoreSource;
use galeno_contract::keeper::{data_directory, keeper_directory};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupId, Position};
use crate::volume::{RestoredMarker, read_json, read_restored, write_json};

/// What a volume is being restored to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) generation: u32,
    /// The cluster whose backup it is.
    pub(crate) cluster: String,
    pub(crate) source: RestoreSource,
}

/// What a volume was restored from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Restored {
    pub(crate) request: Request,
    pub(crate) backup: BackupId,
    /// The Galera position of the backup.
    pub(crate) position: Position,
    /// The GTID up to which binary logs were replayed on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replayed_to: Option<String>,
    pub(crate) finished_at: Timestamp,
    /// Seconds by phase.
    pub(crate) phases: Vec<(String, f64)>,
}

/// The state of a volume.
#[derive(Debug)]
pub(crate) enum Before {
    /// Nothing to lose here.
    Empty,
    /// This very restore has been finished already, from this backup.
    Done(String),
}

/// A volume.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    volume: PathBuf,
}

const MARK: &str = "galeno-restored.json";

impl Place {
    pub(crate) fn new(volume: &Path) -> Self {
        Self {
            volume: volume.to_owned(),
        }
    }

    /// The volume whose data directory is `data`, which must be called so (`VOLUME/data`).
    pub(crate) fn of_data(data: &Path) -> anyhow::Result<Self> {
        let volume = data.parent().filter(|volume| data_directory(volume) == data);
        let volume = volume.with_context(|| format!("{} is not the `data` directory of a volume", data.display()))?;
        Ok(Self::new(volume))
    }

    pub(crate) fn data(&self) -> PathBuf {
        data_directory(&self.volume)
    }

    /// Half-finished work.
    pub(crate) fn staging(&self) -> PathBuf {
        keeper_directory(&self.volume).join("restoring")
    }

    fn request_file(&self) -> PathBuf {
        keeper_directory(&self.volume).join("restore.json")
    }

    /// Looks before anything is touched. Refuses a volume that holds anything but this very restore.
    pub(crate) fn inspect(&self, request: &Request) -> anyhow::Result<Before> {
        if let Some(begun) = read_json::<Request>(&self.request_file())? {
            self.same(&begun, request)?;
        }
        if let Some(done) = read_restored(&self.volume)? {
            if done.generation != request.generation {
                bail!(
                    "{} was restored for generation {}: it is left alone",
                    self.volume.display(),
                    done.generation
                );
            }
            return Ok(Before::Done(done.backup));
        }
        if !has_entries(&self.data())? {
            return Ok(Before::Empty);
        }
        match read_json::<Restored>(&self.data().join(MARK))? {
            Some(done) => {
                self.same(&done.request, request)?;
                // Killed between the rename and the last mark.
                self.mark_done(&done)?;
                Ok(Before::Done(done.backup.to_string()))
            }
            None => bail!(
                "{} is not empty and does not carry the mark of a restore: it is left alone; restore to an empty volume",
                self.data().display()
            ),
        }
    }

    fn same(&self, there: &Request, wanted: &Request) -> anyhow::Result<()> {
        if there == wanted {
            return Ok(());
        }
        bail!(
            "{} belongs to generation {} of `{}`, restored from {}; it is left alone, and generation {} of `{}` from {} \
             needs an empty volume of its own",
            self.volume.display(),
            there.generation,
            there.cluster,
            describe(&there.source),
            wanted.generation,
            wanted.cluster,
            describe(&wanted.source)
        );
    }

    /// Marks the volume as this restore's and makes an empty staging directory.
    pub(crate) fn begin(&self, request: &Request) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(keeper_directory(&self.volume))
            .with_context(|| format!("cannot write to {}", self.volume.display()))?;
        write_json(&self.request_file(), request)?;
        let staging = self.staging();
        remove_all(&staging)?;
        fs::create_dir_all(&staging)?;
        fs::set_permissions(&staging, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(staging)
    }

    /// Turns `prepared`, below the staging directory, into the data directory: by one rename.
    pub(crate) fn finish(&self, prepared: &Path, restored: &Restored) -> anyhow::Result<()> {
        write_json(&prepared.join(MARK), restored)?;
        // All of it is on disk before it gets its name.
        rustix::fs::syncfs(File::open(prepared)?).context("cannot flush the volume")?;
        let data = self.data();
        match fs::remove_dir(&data) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{} is not empty any more", data.display())),
        }
        fs::rename(prepared, &data).with_context(|| format!("cannot rename to {}", data.display()))?;
        sync_directory(&self.volume)?;
        self.mark_done(restored)?;
        remove_all(&self.staging())
    }

    /// The mark that `keeper node` looks for.
    fn mark_done(&self, restored: &Restored) -> anyhow::Result<()> {
        let marker = RestoredMarker {
            generation: restored.request.generation,
            backup: restored.backup.to_string(),
        };
        write_json(&keeper_directory(&self.volume).join("restored.json"), &marker)
    }

    /// Empties a volume that is only for rehearsals. It must be empty but for what earlier restores left.
    pub(crate) fn clear(&self) -> anyhow::Result<()> {
        let (data, keeper) = (self.data(), keeper_directory(&self.volume));
        if has_entries(&data)? && !data.join(MARK).exists() {
            bail!(
                "{} holds a database that is none of a rehearsal: it is left alone",
                data.display()
            );
        }
        // Moved as a whole first: half a database without its mark could not be told from somebody's.
        let old = keeper.join("cleared");
        remove_all(&old)?;
        std::fs::create_dir_all(&keeper)?;
        match fs::rename(&data, &old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => remove_all(&keeper),
        }
    }

    /// Free bytes on the volume.
    pub(crate) fn free_bytes(&self) -> anyhow::Result<u64> {
        let status = rustix::fs::statvfs(&self.volume)
            .with_context(|| format!("cannot look at the volume {}", self.volume.display()))?;
        Ok(status.f_bavail.saturating_mul(status.f_frsize))
    }
}

/// What a source is called in messages.
pub(crate) fn describe(source: &RestoreSource) -> String {
    match &source.to {
        Some(to) => format!("{} up to {to}", source.backup),
        None => source.backup.clone(),
    }
}

fn has_entries(directory: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.any(|entry| entry.map_or(true, |entry| entry.file_name() != "lost+found"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look into {}", directory.display())),
    }
}

fn sync_directory(directory: &Path) -> anyhow::Result<()> {
    File::open(directory)?
        .sync_all()
        .with_context(|| format!("cannot flush {}", directory.display()))
}

pub(super) fn remove_all(directory: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(directory) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot empty {}", directory.display())),
    }
}
