//! What the keeper remembers on the volume.

use std::path::PathBuf;

use anyhow::ensure;
use galeno_contract::keeper::NodeConfig;
use serde::{Deserialize, Serialize};

use crate::agreement::Durable;
use crate::volume::{read_json, write_json};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Content {
    cluster: String,
    generation: u32,
    agreement: Durable,
}

/// The file in the volume's keeper directory.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    file: PathBuf,
    cluster: String,
    generation: u32,
}

impl Memory {
    pub(crate) fn new(config: &NodeConfig) -> Self {
        Self {
            file: config.keeper_directory().join("state.json"),
            cluster: config.cluster.clone(),
            generation: config.generation,
        }
    }

    /// What is remembered; nothing on a volume that is new. A volume of another database is refused.
    pub(crate) fn load(&self) -> anyhow::Result<Durable> {
        let Some(content) = read_json::<Content>(&self.file)? else {
            return Ok(Durable::default());
        };
        ensure!(
            content.cluster == self.cluster && content.generation == self.generation,
            "this volume belongs to generation {} of `{}`, and this is generation {} of `{}`: the wrong volume is mounted. \
             ({})",
            content.generation,
            content.cluster,
            self.generation,
            self.cluster,
            self.file.display(),
        );
        Ok(content.agreement)
    }

    /// Remembers; on disk when it returns.
    pub(crate) fn store(&self, agreement: &Durable) -> anyhow::Result<()> {
        let content = Content {
            cluster: self.cluster.clone(),
            generation: self.generation,
            agreement: agreement.clone(),
        };
        write_json(&self.file, &content)
    }
}
