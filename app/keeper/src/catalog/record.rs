//! Small signed documents: JSON with a detached signature beside it.

use galeno_contract::backup::Verification;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::openpgp::{Signer, Trusted};
use crate::store::Bucket;

use super::id::BackupId;
use super::keys::Layout;

/// Larger than any manifest: a table takes about a hundred bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// What a verification found: signed, stored beside the backup, never overwritten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) format: u32,
    pub(crate) backup: BackupId,
    /// SHA-256 of the manifest that was verified, hexadecimal.
    pub(crate) manifest_sha256: String,
    pub(crate) level: Verification,
    pub(crate) verified_at: Timestamp,
    /// What was looked at, one sentence each.
    pub(crate) checks: Vec<String>,
    /// Measured seconds of a rehearsal, by phase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) phases: Vec<(String, f64)>,
}

/// Writes `document` under `key`, which must be free: the signature first, so that what can be seen is complete.
pub(crate) fn signed_put<T: Serialize>(
    bucket: &Bucket,
    signer: &Signer,
    key: &str,
    document: &T,
) -> anyhow::Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(document)?;
    json.push(b'\n');
    let signature = signer.detached(key, &json)?;
    bucket.put_new(&format!("{key}.asc"), signature.as_bytes())?;
    bucket.put_new(key, &json)?;
    Ok(json)
}

/// Reads the document under `key` and checks its signature before a byte of it is parsed. Returns its bytes too.
pub(crate) fn signed_get<T: DeserializeOwned>(
    bucket: &Bucket,
    trusted: &Trusted,
    key: &str,
) -> anyhow::Result<(T, Vec<u8>)> {
    let json = bucket.get(key, LIMIT)?;
    let signature = match bucket.get(&format!("{key}.asc"), 64 * 1024) {
        Err(error) if error.is_not_found() => Vec::new(),
        other => other?,
    };
    trusted.verify_detached(&format!("`{key}`"), &json, &signature)?;
    let document = serde_json::from_slice(&json)
        .map_err(|error| anyhow::anyhow!("`{key}` is signed but not understood: {error}; use a newer keeper"))?;
    Ok((document, json))
}

/// Stores what a verification found.
pub(crate) fn write_record(bucket: &Bucket, layout: &Layout, signer: &Signer, record: &Record) -> anyhow::Result<()> {
    let level = match record.level {
        Verification::Readable => "readable",
        Verification::Restored => "restored",
    };
    let at = record.verified_at.strftime("%Y%m%dT%H%M%SZ");
    let key = format!(
        "{}{at}-{level}-{:06x}.json",
        layout.records(&record.backup),
        rand::random::<u32>() & 0x00ff_ffff
    );
    signed_put(bucket, signer, &key, record)?;
    Ok(())
}
