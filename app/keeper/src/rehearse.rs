//! Rehearsing: the newest backup is restored on a throw-away instance, compared and measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, RestoreSource, Site, Verification};
use serde::Serialize;

use crate::accept;
use crate::catalog::{self, BackupId, Entry, Layout, State};
use crate::chains;
use crate::openpgp::Trusted;
use crate::restore::place::{Before, Place, Request};
use crate::restore::server::Server;
use crate::restore::{self, Chosen, Phases};
use crate::run::Run;
use crate::store::Bucket;
use crate::text::size;
use crate::verify;

/// What a rehearsal found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rehearsed {
    pub(crate) backup: BackupId,
    pub(crate) checks: Vec<String>,
    /// Seconds by phase.
    pub(crate) phases: Vec<(String, f64)>,
    /// Seconds from nothing to a database that was compared.
    pub(crate) recovery_seconds: f64,
    pub(crate) database_bytes: u64,
    /// GiB, and the seconds that a restore of so much would take by the measured rate.
    pub(crate) extrapolated: Vec<(u32, f64)>,
    /// Others that were found readable on the way.
    pub(crate) also_verified: Vec<BackupId>,
}

/// Restores `backup` (`latest` or an id) from the bucket of `from` to the rehearsal directory.
pub(crate) fn rehearse(config: &BackupConfig, from: Site, backup: &str, run: &Run) -> anyhow::Result<Rehearsed> {
    let rehearsal = config
        .rehearsal
        .as_ref()
        .context("the configuration has no `rehearsal`: where to?")?;
    let also_verified = verify_the_unverified(config, from, run)?;
    let source = RestoreSource {
        backup: backup_id(config, from, backup)?,
        to: None,
    };
    std::fs::create_dir_all(&rehearsal.directory)
        .with_context(|| format!("cannot make {}", rehearsal.directory.display()))?;
    let place = Place::new(&rehearsal.directory);
    place.clear().context("the rehearsal directory cannot be emptied")?;
    let started = Instant::now();
    let chosen = restore::choose(config, from, &config.cluster.name, &source)?;
    let result = restore_and_check(config, &chosen, &place, source, run);
    let elapsed = started.elapsed();
    place
        .clear()
        .context("the rehearsal directory cannot be emptied afterwards")?;
    let (checks, phases) =
        result.with_context(|| format!("backup {} does not stand the rehearsal", chosen.manifest.id))?;
    if config.openpgp.signing_key_file.is_some() {
        verify::record(config, &chosen, Verification::Restored, &checks, phases.clone())?;
    }
    if elapsed > rehearsal.objective.to_std() {
        bail!(
            "the restore took {elapsed:.0?}, and {} is promised (`rehearsal.objective`)",
            rehearsal.objective
        );
    }
    Ok(Rehearsed {
        backup: chosen.manifest.id.clone(),
        checks,
        recovery_seconds: elapsed.as_secs_f64(),
        database_bytes: chosen.manifest.database_bytes,
        extrapolated: extrapolate(
            &phases,
            elapsed,
            chosen.manifest.database_bytes,
            &rehearsal.full_size_gibibytes,
        ),
        phases,
        also_verified,
    })
}

/// The newest backup counts, verified or not: whether it can be restored is what is to be found out.
fn backup_id(config: &BackupConfig, from: Site, backup: &str) -> anyhow::Result<String> {
    if backup != "latest" {
        return Ok(backup.to_owned());
    }
    let newest = entries(config, from)?
        .into_iter()
        .rfind(|entry| matches!(entry.state, State::Complete { .. }));
    Ok(newest
        .context("there is no complete backup to rehearse")?
        .id
        .to_string())
}

fn entries(config: &BackupConfig, from: Site) -> anyhow::Result<Vec<Entry>> {
    let bucket = Bucket::open(restore::site(config, from)?, &config.deadlines)?;
    Ok(catalog::list(
        &bucket,
        &Layout::new(&config.cluster.name),
        &Trusted::load(&config.openpgp)?,
    )?
    .0)
}

/// Backups count for retention only when they are verified, and the Job that makes them cannot read them: this one can.
fn verify_the_unverified(config: &BackupConfig, from: Site, run: &Run) -> anyhow::Result<Vec<BackupId>> {
    let mut verified = Vec::new();
    for entry in entries(config, from)? {
        if let State::Complete { verified: None, .. } = entry.state {
            verify::verify(config, from, &entry.id, run)?;
            verified.push(entry.id);
        }
    }
    Ok(verified)
}

type Found = (Vec<String>, Vec<(String, f64)>);

fn restore_and_check(
    config: &BackupConfig,
    chosen: &Chosen,
    place: &Place,
    source: RestoreSource,
    run: &Run,
) -> anyhow::Result<Found> {
    let request = Request {
        generation: config.cluster.generation,
        cluster: config.cluster.name.clone(),
        source,
    };
    if !matches!(place.inspect(&request)?, Before::Empty) {
        bail!("the rehearsal directory is not empty");
    }
    let restored = restore::restore_to(config, chosen, place, request, run)?;
    let mut phases = Phases { done: restored.phases };
    let manifest = &chosen.manifest;
    let mut checks = vec![format!(
        "{} was restored and a server started on it",
        size(manifest.database_bytes)
    )];
    let server = phases.measure("start again", || Server::start(config, &place.data(), run))?;
    let mut session = server.connect()?;
    phases.measure("compare", || accept::compare(&mut session, &manifest.tables))?;
    checks.push(format!(
        "{} tables have the rows and checksums of the manifest",
        manifest.tables.len()
    ));
    chains::check(&mut session, &manifest.access_log)?;
    checks.push(format!(
        "{} chains of the access log lead up to the heads in the manifest",
        manifest.access_log.len()
    ));
    let checked = phases.measure("check", || accept::check_all(&mut session))?;
    checks.push(format!("CHECK TABLE found no damage in {checked} tables"));
    let held = phases.measure("invariants", || {
        accept::check_invariants(config.acceptance.invariants.as_ref(), &mut session)
    })?;
    checks.push(held);
    drop(session);
    server.stop()?;
    Ok((checks, phases.done))
}

/// Starting and stopping servers takes as long for any size; the rest grows with it.
fn extrapolate(phases: &[(String, f64)], elapsed: Duration, bytes: u64, sizes: &[u32]) -> Vec<(u32, f64)> {
    let fixed: f64 = phases
        .iter()
        .filter(|(name, _)| name.starts_with("st"))
        .map(|(_, seconds)| seconds)
        .sum();
    let gib = precise(bytes) / precise(1 << 30);
    let rate = (elapsed.as_secs_f64() - fixed).max(0.0) / gib.max(1e-9);
    sizes
        .iter()
        .map(|&size| (size, fixed + rate * f64::from(size)))
        .collect()
}

/// Exact up to 2^53 bytes, which is eight petabytes.
#[expect(clippy::cast_precision_loss, reason = "sizes of databases are far below 2^53 bytes")]
fn precise(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_extrapolated_and_what_does_not_is_not() {
        let phases = vec![("start".to_owned(), 2.0), ("download, verify, extract".to_owned(), 8.0)];
        let times = extrapolate(&phases, Duration::from_secs(10), 1 << 30, &[100]);
        assert_eq!(times, [(100, 802.0)]);
    }
}
