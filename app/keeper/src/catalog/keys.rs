//! Where everything lies in the bucket. The layout is written down in `docs/backup-format.md`.

use super::id::BackupId;

/// The keys of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    cluster: String,
}

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Manifest(BackupId),
    /// A record of verification (not its signature).
    Record(BackupId),
    /// Anything else inside a backup's folder.
    Part(BackupId),
    /// Nothing of ours.
    Foreign,
}

impl Layout {
    pub(crate) fn new(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
        }
    }

    /// Of all backups.
    pub(crate) fn backups(&self) -> String {
        format!("{}/backups/", self.cluster)
    }

    /// Of one backup.
    pub(crate) fn backup(&self, id: &BackupId) -> String {
        format!("{}{id}/", self.backups())
    }

    pub(crate) fn manifest(&self, id: &BackupId) -> String {
        format!("{}manifest.json", self.backup(id))
    }

    pub(crate) fn records(&self, id: &BackupId) -> String {
        format!("{}verifications/", self.backup(id))
    }

    /// Of the binary logs of one generation.
    pub(crate) fn binlogs(&self, generation: u32) -> String {
        format!("{}/g{generation}/binlogs/", self.cluster)
    }

    /// Of the claim of one scheduled run.
    pub(crate) fn claim(&self, slot: &str) -> String {
        format!("{}/claims/{slot}.json", self.cluster)
    }

    /// Reads a key under [`Layout::backups`].
    pub(crate) fn meaning(&self, key: &str) -> Meaning {
        let Some((id, rest)) = key.strip_prefix(&self.backups()).and_then(|rest| rest.split_once('/')) else {
            return Meaning::Foreign;
        };
        let Ok(id) = id.parse::<BackupId>() else {
            return Meaning::Foreign;
        };
        match rest.split_once('/') {
            None if rest == "manifest.json" => Meaning::Manifest(id),
            None if rest == "manifest.json.asc" => Meaning::Part(id),
            Some(("verifications", name)) if is_plain(name, ".json") => Meaning::Record(id),
            Some(("verifications", name)) if is_plain(name, ".json.asc") => Meaning::Part(id),
            Some(("data" | "configuration", name)) if is_plain(name, ".pgp") => Meaning::Part(id),
            _ => Meaning::Foreign,
        }
    }
}

fn is_plain(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix)
        .is_some_and(|stem| !stem.is_empty() && !stem.contains(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_and_everything_else_is_foreign() {
        let layout = Layout::new("prod");
        let id: BackupId = "20261124T020003Z-daily-1a2b3c".parse().unwrap();
        assert_eq!(layout.meaning(&layout.manifest(&id)), Meaning::Manifest(id.clone()));
        assert_eq!(
            layout.meaning(&format!("{}data/000000.pgp", layout.backup(&id))),
            Meaning::Part(id.clone())
        );
        assert_eq!(
            layout.meaning(&format!("{}20261124T030000Z-readable.json", layout.records(&id))),
            Meaning::Record(id)
        );
        for key in [
            "prod/backups/README",
            "prod/backups/x/manifest.json",
            "other/backups/20261124T020003Z-daily-1a2b3c/manifest.json",
            "prod/backups/20261124T020003Z-daily-1a2b3c/notes.txt",
            "prod/backups/20261124T020003Z-daily-1a2b3c/data/a/b.pgp",
        ] {
            assert_eq!(layout.meaning(key), Meaning::Foreign, "{key}");
        }
    }
}
