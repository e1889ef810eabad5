//! Reading the bucket: which backups there are, and what each is worth.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use galeno_contract::backup::Verification;
use jiff::Timestamp;
use serde::Serialize;

use crate::openpgp::Trusted;
use crate::store::{Bucket, Object, StoreError};
use crate::text::sha256_hex;

use super::id::BackupId;
use super::keys::{Layout, Meaning};
use super::manifest::{FORMAT, Manifest};
use super::record::{Record, signed_get};

/// One backup in the bucket.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) id: BackupId,
    #[serde(flatten)]
    pub(crate) state: State,
    /// When the store got the newest of its objects, by the store's clock.
    pub(crate) last_modified: Timestamp,
    /// Bytes of its objects.
    pub(crate) size: u64,
    #[serde(skip)]
    pub(crate) keys: Vec<String>,
}

/// What a backup is worth.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub(crate) enum State {
    /// Its manifest is there and signed by a trusted key.
    Complete {
        manifest: Box<Manifest>,
        /// When the store got the manifest, by the store's clock.
        #[serde(rename = "manifestStoredAt")]
        stored_at: Timestamp,
        /// The best verification on record.
        #[serde(skip_serializing_if = "Option::is_none")]
        verified: Option<Verification>,
        #[serde(rename = "verifiedAt", skip_serializing_if = "Option::is_none")]
        verified_at: Option<Timestamp>,
    },
    /// It has no manifest: interrupted, half deleted, or still being written.
    Incomplete,
    /// Its manifest cannot be believed.
    Untrusted { why: String },
}

/// Everything under the cluster's folder of backups, oldest first, and the keys that are none of ours.
pub(crate) fn list(bucket: &Bucket, layout: &Layout, trusted: &Trusted) -> anyhow::Result<(Vec<Entry>, Vec<String>)> {
    let mut folders: BTreeMap<BackupId, Vec<(Meaning, Object)>> = BTreeMap::new();
    let mut foreign = Vec::new();
    for object in bucket.list(&layout.backups())? {
        match layout.meaning(&object.key) {
            Meaning::Foreign => foreign.push(object.key),
            meaning @ (Meaning::Manifest(_) | Meaning::Record(_) | Meaning::Part(_)) => {
                let (Meaning::Manifest(id) | Meaning::Record(id) | Meaning::Part(id)) = &meaning else {
                    continue;
                };
                folders.entry(id.clone()).or_default().push((meaning.clone(), object));
            }
        }
    }
    let entries = folders
        .into_iter()
        .map(|(id, objects)| entry(bucket, layout, trusted, id, &objects))
        .collect::<Result<_, _>>();
    Ok((entries?, foreign))
}

fn entry(
    bucket: &Bucket,
    layout: &Layout,
    trusted: &Trusted,
    id: BackupId,
    objects: &[(Meaning, Object)],
) -> anyhow::Result<Entry> {
    let manifest = objects
        .iter()
        .find(|(meaning, _)| matches!(meaning, Meaning::Manifest(_)));
    let state = match manifest {
        None => State::Incomplete,
        Some((_, object)) => match read_manifest(bucket, layout, trusted, &id) {
            Ok((manifest, json)) => {
                let best = best_record(bucket, trusted, &id, &sha256_hex(&json), objects)?;
                State::Complete {
                    manifest: Box::new(manifest),
                    stored_at: object.last_modified,
                    verified: best.as_ref().map(|record| record.level),
                    verified_at: best.map(|record| record.verified_at),
                }
            }
            // Deleted since it was listed, by a prune: what is left are remains.
            Err(error) if store_error(&error).is_some_and(StoreError::is_not_found) => State::Incomplete,
            Err(error) if store_error(&error).is_some() => return Err(error),
            Err(error) => State::Untrusted {
                why: format!("{error:#}"),
            },
        },
    };
    Ok(Entry {
        id,
        state,
        last_modified: objects
            .iter()
            .map(|(_, object)| object.last_modified)
            .max()
            .unwrap_or_default(),
        size: objects.iter().map(|(_, object)| object.size).sum(),
        keys: objects.iter().map(|(_, object)| object.key.clone()).collect(),
    })
}

fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    error.downcast_ref()
}

/// A record that cannot be believed, or is of another manifest, counts for nothing.
fn best_record(
    bucket: &Bucket,
    trusted: &Trusted,
    id: &BackupId,
    manifest_sha256: &str,
    objects: &[(Meaning, Object)],
) -> anyhow::Result<Option<Record>> {
    let mut best: Option<Record> = None;
    for (_, object) in objects
        .iter()
        .filter(|(meaning, _)| matches!(meaning, Meaning::Record(_)))
    {
        match signed_get::<Record>(bucket, trusted, &object.key) {
            Ok((record, _)) if record.backup == *id && record.manifest_sha256 == manifest_sha256 => {
                let rank = |record: &Record| (record.level, record.verified_at);
                if best.as_ref().is_none_or(|best| rank(best) < rank(&record)) {
                    best = Some(record);
                }
            }
            Ok(_) => tracing::warn!(key = %object.key, "a record of another backup counts for nothing"),
            Err(error) if store_error(&error).is_some_and(|error| !error.is_not_found()) => return Err(error),
            Err(error) => tracing::warn!(key = %object.key, error = %format!("{error:#}"), "an unbelievable record"),
        }
    }
    Ok(best)
}

/// Reads and verifies one manifest, and checks that it is about this backup of this cluster.
pub(crate) fn read_manifest(
    bucket: &Bucket,
    layout: &Layout,
    trusted: &Trusted,
    id: &BackupId,
) -> anyhow::Result<(Manifest, Vec<u8>)> {
    let (manifest, json): (Manifest, _) = signed_get(bucket, trusted, &layout.manifest(id))?;
    if manifest.format != FORMAT {
        bail!(
            "backup {id} has format {}, and this keeper reads only format {FORMAT}",
            manifest.format
        );
    }
    if manifest.id != *id || manifest.kind != id.kind() {
        bail!(
            "the manifest in the folder of {id} is that of {}: it was moved",
            manifest.id
        );
    }
    if layout.backups() != Layout::new(&manifest.cluster).backups() {
        bail!("backup {id} is of cluster `{}`, not of this one", manifest.cluster);
    }
    check_segments(&manifest).with_context(|| format!("the manifest of {id} contradicts itself"))?;
    Ok((manifest, json))
}

fn check_segments(manifest: &Manifest) -> anyhow::Result<()> {
    let streams = [
        ("data", Some(&manifest.data)),
        ("configuration", manifest.configuration.as_ref()),
    ];
    for (name, stream) in streams {
        let Some(stream) = stream else { continue };
        if stream.compression != "zstd" {
            bail!("compression {:?} is unknown", stream.compression);
        }
        for (index, segment) in stream.segments.iter().enumerate() {
            if segment.name != format!("{name}/{index:06}.pgp") {
                bail!("segment {index} is called {:?}", segment.name);
            }
        }
        if stream.segments.is_empty() {
            bail!("the stream {name} has no segment");
        }
    }
    Ok(())
}
