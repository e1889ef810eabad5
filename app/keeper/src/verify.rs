//! Verifying a backup without a database: every signature, every checksum, every byte decrypted and decompressed.

use anyhow::Context as _;
use galeno_contract::backup::{BackupConfig, RestoreSource, Site, Verification};
use jiff::Timestamp;
use serde::Serialize;

use crate::catalog::{self, BackupId, Record};
use crate::openpgp::Signer;
use crate::restore::{self, Chosen};
use crate::run::Run;
use crate::text::sha256_hex;

/// What a verification found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verified {
    pub(crate) backup: BackupId,
    /// What was looked at, one sentence each.
    pub(crate) checks: Vec<String>,
    /// Whether a signed record of it was stored beside the backup.
    pub(crate) recorded: bool,
}

/// Verifies backup `id` in the bucket of `from`. Where the configuration names a signing key, the result is recorded.
pub(crate) fn verify(config: &BackupConfig, from: Site, id: &BackupId, run: &Run) -> anyhow::Result<Verified> {
    let source = RestoreSource {
        backup: id.to_string(),
        to: None,
    };
    let chosen = restore::choose(config, from, &config.cluster.name, &source)?;
    let checks = check(&chosen, run)?;
    let recorded = config.openpgp.signing_key_file.is_some();
    if recorded {
        record(config, &chosen, Verification::Readable, &checks, Vec::new())?;
    }
    Ok(Verified {
        backup: id.clone(),
        checks,
        recorded,
    })
}

/// Reads the whole backup.
fn check(chosen: &Chosen, run: &Run) -> anyhow::Result<Vec<String>> {
    let manifest = &chosen.manifest;
    let mut checks = vec![format!("the manifest is signed by {}", manifest.signer)];
    let opening = chosen.opening(run, 2);
    for (name, stream) in
        std::iter::once(("data", &manifest.data)).chain(manifest.configuration.as_ref().map(|c| ("configuration", c)))
    {
        // The stream's own end is checked: it must have exactly the bytes of the manifest.
        opening
            .read(stream, |_| Ok(()))
            .with_context(|| format!("backup {} is not readable", manifest.id))?;
        checks.push(format!(
            "{name}: {} segments have their checksums, are signed by a trusted key, decrypt, and hold {} bytes",
            stream.segments.len(),
            stream.bytes
        ));
    }
    Ok(checks)
}

/// Stores a signed record of a verification.
pub(crate) fn record(
    config: &BackupConfig,
    chosen: &Chosen,
    level: Verification,
    checks: &[String],
    phases: Vec<(String, f64)>,
) -> anyhow::Result<()> {
    let record = Record {
        format: 1,
        backup: chosen.manifest.id.clone(),
        manifest_sha256: sha256_hex(&chosen.manifest_json),
        level,
        verified_at: Timestamp::now(),
        checks: checks.to_vec(),
        phases,
    };
    let signer = Signer::load(&config.openpgp)?;
    catalog::write_record(&chosen.bucket, &chosen.layout, &signer, &record).context("cannot record the verification")
}
