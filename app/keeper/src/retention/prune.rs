//! Carrying the plan out.

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Storage};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::catalog::{self, Entry, Kind, Layout, State};
use crate::openpgp::Trusted;
use crate::run::Run;
use crate::ship;
use crate::store::Bucket;

use super::overdue::{Seen, overdue};
use super::plan::{Item, Plan, Worth, plan};

/// What a prune did, or would do.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pruned {
    /// Backup and reason.
    pub(crate) deleted: Vec<(String, String)>,
    /// Would have gone too, but for `retention.maxDeletions`.
    pub(crate) postponed: Vec<(String, String)>,
    /// Left alone; a person should look.
    pub(crate) suspicious: Vec<(String, String)>,
    /// Keys that are none of ours, left alone.
    pub(crate) foreign: Vec<String>,
    /// Uploads that nobody finished, aborted.
    pub(crate) uploads_aborted: usize,
    /// Shipped binary logs that no kept backup needs.
    pub(crate) binlogs_deleted: usize,
    /// What should have happened by now, and has not.
    pub(crate) overdue: Vec<String>,
}

/// Prunes every bucket; with `dry_run`, only says what it would do.
pub(crate) fn prune(config: &BackupConfig, dry_run: bool, run: &Run) -> anyhow::Result<Pruned> {
    let zone = TimeZone::get(&config.time_zone)
        .with_context(|| format!("`timeZone` {:?} is not an IANA time zone", config.time_zone))?;
    let trusted = Trusted::load(&config.openpgp)?;
    let mut pruned = Pruned::default();
    let mut seen = Vec::new();
    for storage in std::iter::once(&config.storage).chain(&config.secondary) {
        seen.extend(
            prune_bucket(config, storage, &trusted, &zone, dry_run, run, &mut pruned)
                .with_context(|| format!("pruning bucket {}", storage.bucket))?,
        );
    }
    let mut kinds = vec![Kind::Daily];
    kinds.extend(config.snapshot.as_ref().map(|_| Kind::Weekly));
    kinds.extend(config.secondary.as_ref().map(|_| Kind::Monthly));
    pruned.overdue = overdue(&seen, &kinds, Timestamp::now());
    Ok(pruned)
}

fn prune_bucket(
    config: &BackupConfig,
    storage: &Storage,
    trusted: &Trusted,
    zone: &TimeZone,
    dry_run: bool,
    run: &Run,
    pruned: &mut Pruned,
) -> anyhow::Result<Vec<Seen>> {
    let bucket = Bucket::open(storage, &config.deadlines)?;
    // Refuses to go on when this machine's clock and the store's disagree.
    bucket.check()?;
    let layout = Layout::new(&config.cluster.name);
    let (entries, foreign) = catalog::list(&bucket, &layout, trusted)?;
    let items: Vec<Item> = entries.iter().map(|entry| item(entry, config)).collect();
    let plan = plan(&items, &config.retention, zone, Timestamp::now());
    if !dry_run {
        for (id, why) in &plan.delete {
            run.check()?;
            let entry = entries
                .iter()
                .find(|entry| entry.id == *id)
                .context("a planned backup is listed")?;
            tracing::info!(%id, why, "deleting");
            delete(&bucket, &layout, entry)?;
        }
        pruned.uploads_aborted += abort_uploads(config, &bucket, &layout)?;
    }
    pruned.binlogs_deleted += prune_binlogs(config, &bucket, &entries, &plan, dry_run)?;
    let text = |list: Vec<(catalog::BackupId, String)>| list.into_iter().map(|(id, why)| (id.to_string(), why));
    let Plan {
        delete,
        postponed,
        suspicious,
    } = plan;
    pruned.deleted.extend(text(delete));
    pruned.postponed.extend(text(postponed));
    pruned.suspicious.extend(text(suspicious));
    pruned.foreign.extend(foreign);
    Ok(entries.iter().filter_map(seen).collect())
}

fn seen(entry: &Entry) -> Option<Seen> {
    match &entry.state {
        State::Complete {
            manifest, verified_at, ..
        } => Some(Seen {
            kind: entry.id.kind(),
            completed_at: manifest.completed_at,
            verified_at: *verified_at,
        }),
        State::Incomplete | State::Untrusted { .. } => None,
    }
}

fn item(entry: &Entry, config: &BackupConfig) -> Item {
    let worth = match &entry.state {
        State::Complete {
            manifest,
            stored_at,
            verified,
            ..
        } => Worth::Complete {
            completed_at: manifest.completed_at,
            stored_at: *stored_at,
            verified: verified.is_some_and(|level| level >= config.retention.counts),
        },
        State::Incomplete => Worth::Incomplete,
        State::Untrusted { .. } => Worth::Untrusted,
    };
    Item {
        id: entry.id.clone(),
        worth,
        last_modified: entry.last_modified,
    }
}

/// The manifest goes first: from that moment the backup does not exist, and what is left are remains.
fn delete(bucket: &Bucket, layout: &Layout, entry: &Entry) -> anyhow::Result<()> {
    let manifest = layout.manifest(&entry.id);
    if entry.keys.contains(&manifest) {
        bucket.delete(&manifest)?;
    }
    for key in entry.keys.iter().filter(|key| **key != manifest) {
        bucket.delete(key)?;
    }
    let left: Vec<String> = bucket
        .list(&layout.backup(&entry.id))?
        .into_iter()
        .map(|object| object.key)
        .collect();
    if let Some(left) = left.iter().find(|key| entry.keys.contains(key)) {
        bail!("`{left}` was deleted, and the bucket still lists it");
    }
    Ok(())
}

fn abort_uploads(config: &BackupConfig, bucket: &Bucket, layout: &Layout) -> anyhow::Result<usize> {
    let mut aborted = 0;
    for upload in bucket.open_uploads(&layout.backups())? {
        let age = upload.initiated.map(|at| Timestamp::now().duration_since(at));
        if age.is_some_and(|age| {
            age > jiff::SignedDuration::try_from(config.retention.incomplete_after.to_std()).unwrap_or_default()
        }) {
            bucket.abort_upload(&upload.key, &upload.upload_id)?;
            aborted += 1;
        }
    }
    Ok(aborted)
}

/// Binary logs are needed from the oldest daily backup that stays.
fn prune_binlogs(
    config: &BackupConfig,
    bucket: &Bucket,
    entries: &[Entry],
    plan: &Plan,
    dry_run: bool,
) -> anyhow::Result<usize> {
    let stays = entries
        .iter()
        .filter(|entry| !plan.delete.iter().any(|(id, _)| *id == entry.id));
    let oldest = stays
        .filter(|entry| entry.id.kind() == Kind::Daily)
        .filter_map(|entry| match &entry.state {
            State::Complete { manifest, .. } => Some(manifest.started_at),
            _ => None,
        })
        .min();
    // Without a backup to replay them on, who knows what they are good for: they stay.
    match oldest {
        Some(oldest) => ship::delete_before(config, bucket, oldest, dry_run),
        None => Ok(0),
    }
}
