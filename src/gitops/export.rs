//! An environment as a side has it, in a folder of its own, so that it can be worked out there.

use tempfile::TempDir;

use super::{Repository, Side};
use crate::finding::Finding;
use crate::pipeline::{self, Loaded, folders};

impl Repository {
    /// Puts an environment's file and its ledger into a folder; `None` where the side does not have the environment.
    pub fn export(&self, side: &Side, name: &str) -> Result<Option<TempDir>, Box<Finding>> {
        let environment = format!("{}/{name}.yaml", folders::ENVIRONMENTS);
        let Some(bytes) = self.file(side, &environment)? else {
            return Ok(None);
        };
        let mut files = vec![(environment, bytes)];
        let ledger = folders::ledger(name);
        for file in self.folder(side, &ledger)? {
            let path = format!("{ledger}/{file}");
            files.extend(self.file(side, &path)?.map(|bytes| (path, bytes)));
        }
        let record = format!("{}/{name}/restores.json", folders::GENERATED);
        files.extend(self.file(side, &record)?.map(|bytes| (record, bytes)));
        let failed =
            |error: std::io::Error| Box::new(Finding::error("io/write", format!("no temporary files: {error}")));
        let folder = tempfile::tempdir().map_err(failed)?;
        for (path, bytes) in files {
            let path = folder.path().join(path);
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(&path, bytes)).map_err(failed)?;
        }
        Ok(Some(folder))
    }

    /// Works out an environment as a side has it. Whether a request of a restore has expired since does not matter.
    #[allow(clippy::type_complexity, reason = "absent, wrong and loaded are three answers")]
    pub fn load(&self, side: &Side, name: &str) -> Result<Option<(Option<Loaded>, Vec<Finding>)>, Box<Finding>> {
        let Some(folder) = self.export(side, name)? else {
            return Ok(None);
        };
        Ok(Some(pipeline::load(folder.path(), name, jiff::Timestamp::UNIX_EPOCH)))
    }
}
