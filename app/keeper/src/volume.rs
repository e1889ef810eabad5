//! The layout of a database volume, shared by the node and the restore: `data` is mariadbd's data directory, `keeper`
//! holds the lock, what the node remembers, and the marker of a finished restore. A state transfer empties `data`, so
//! nothing that must be remembered lives there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use galeno_contract::keeper::keeper_directory;
use serde::{Deserialize, Serialize};

/// Written as the last step of a restore, once `data` has been verified, prepared and moved into place. Without it a
/// generation whose source is a restore never starts from what is on a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RestoredMarker {
    /// The generation that the volume was restored for.
    pub(crate) generation: u32,
    /// The id of the backup.
    pub(crate) backup: String,
}

/// The file of the [`RestoredMarker`].
fn restored_file(volume: &Path) -> PathBuf {
    keeper_directory(volume).join("restored.json")
}

/// The marker of a finished restore, if there is one.
pub(crate) fn read_restored(volume: &Path) -> anyhow::Result<Option<RestoredMarker>> {
    read_json(&restored_file(volume))
}

/// Reads a file of the keeper's directory; `None` if there is none.
pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<Option<T>> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .with_context(|| format!("{} is damaged", file.display()))
}

/// Writes a file of the keeper's directory so that after a crash at any moment either the old or the new content is
/// there, and so that it is on disk when this returns.
pub(crate) fn write_json<T: Serialize>(file: &Path, value: &T) -> anyhow::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    let temporary = file.with_extension("new");
    let write = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        let mut out = File::create(&temporary)?;
        out.write_all(&serde_json::to_vec_pretty(value)?)?;
        out.sync_all()?;
        fs::rename(&temporary, file)?;
        File::open(directory)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_there_is_none() {
        let volume = tempfile::tempdir().unwrap();
        assert_eq!(read_restored(volume.path()).unwrap(), None);
        let marker = RestoredMarker {
            generation: 1,
            backup: "b".into(),
        };
        write_json(&restored_file(volume.path()), &marker).unwrap();
        assert_eq!(read_restored(volume.path()).unwrap(), Some(marker));
        fs::write(restored_file(volume.path()), "{").unwrap();
        assert!(read_restored(volume.path()).is_err());
    }
}
