//! One keeper for one volume.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, bail};

/// The lock on a volume; held as long as this lives, *and* as long as any process lives that was started meanwhile:
/// mariadbd inherits it, so that one left behind by a killed keeper keeps the next keeper out.
#[derive(Debug)]
pub(crate) struct VolumeLock {
    _file: File,
}

/// Locks the volume whose keeper directory this is, or says who has it.
pub(crate) fn take(directory: &Path) -> anyhow::Result<VolumeLock> {
    fs::create_dir_all(directory).with_context(|| {
        format!(
            "cannot create {}: is the volume mounted, and writable?",
            directory.display()
        )
    })?;
    let path = directory.join("lock");
    let shown = path.display();
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {shown}"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!(
            "another keeper, or a mariadbd that it left behind, works on this volume: it holds {shown}. Two on one volume \
             would destroy it; stop the other one"
        ),
        Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("cannot lock {shown}")),
    }
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())
        .with_context(|| format!("cannot pass {shown} on to mariadbd"))?;
    Ok(VolumeLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let first = take(directory.path()).unwrap();
        let error = take(directory.path()).unwrap_err().to_string();
        assert!(error.contains("another keeper"), "{error}");
        drop(first);
        take(directory.path()).unwrap();
    }
}
