//! Restoring a backup to an empty volume.

pub(crate) mod expected;
pub(crate) mod fetch;
pub(crate) mod place;
mod prepare;
mod replay;
pub(crate) mod server;
mod versions;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, RestoreSource, Site, Storage};
use jiff::Timestamp;

use crate::accept;
use crate::catalog::{self, BackupId, Entry, Layout, Manifest, State};
use crate::openpgp::{Decryptor, Trusted};
use crate::run::Run;
use crate::store::Bucket;
use crate::text::size;
use fetch::Opening;
use place::{Before, Place, Request, Restored};
use server::Server;

/// Room on disk beyond the database itself: redo that is applied, temporary tables, the replay.
const MARGIN: u64 = 256 << 20;

/// How a restore ended well.
#[derive(Debug)]
pub(crate) enum Outcome {
    Restored(Box<Restored>),
    /// It had been done before: the data may have changed since, and was not looked at.
    Already {
        backup: String,
    },
}

/// A backup that is going to be restored, with what is needed for it.
pub(crate) struct Chosen {
    pub(crate) bucket: Bucket,
    pub(crate) layout: Layout,
    pub(crate) trusted: Trusted,
    pub(crate) decryptor: Decryptor,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_json: Vec<u8>,
}

/// Restores what the configuration says to the volume it names.
pub(crate) fn run(config: &BackupConfig, run: &Run) -> anyhow::Result<Outcome> {
    let wanted = config
        .restore
        .as_ref()
        .context("the configuration has no `restore`: what, and where to?")?;
    let cluster = wanted.source_cluster.as_ref().unwrap_or(&config.cluster.name);
    let request = Request {
        generation: config.cluster.generation,
        cluster: cluster.clone(),
        source: wanted.source.clone(),
    };
    let place = Place::of_data(&wanted.data_directory)?;
    if let Before::Done(backup) = place.inspect(&request)? {
        return Ok(Outcome::Already { backup });
    }
    let chosen = choose(config, wanted.from, cluster, &wanted.source)?;
    let restored = restore_to(config, &chosen, &place, request, run)?;
    Ok(Outcome::Restored(Box::new(restored)))
}

/// Fetches, verifies, prepares, replays if asked, and puts in place.
pub(crate) fn restore_to(
    config: &BackupConfig,
    chosen: &Chosen,
    place: &Place,
    request: Request,
    run: &Run,
) -> anyhow::Result<Restored> {
    let manifest = &chosen.manifest;
    versions::check(manifest)?;
    check_room(manifest, place)?;
    let target = request.source.to.as_deref().map(parse_time).transpose()?;
    // Found before the long work begins, so that a gap in the binary logs is known at once.
    let replay = target.map(|to| replay::plan(config, chosen, to)).transpose()?;
    let staging = place.begin(&request)?;
    let mut phases = Phases::default();
    let data = staging.join("data");
    phases.measure("download, verify, extract", || extract(config, chosen, &data, run))?;
    phases.measure("prepare", || prepare::prepare(config, &data, manifest, run))?;
    let replayed_to = finish_data(
        config,
        chosen,
        &request,
        replay.as_ref(),
        (&staging, &data),
        &mut phases,
        run,
    )?;
    run.check()?;
    let restored = Restored {
        request,
        backup: manifest.id.clone(),
        position: manifest.position.clone(),
        replayed_to,
        finished_at: Timestamp::now(),
        phases: phases.done,
    };
    place.finish(&data, &restored)?;
    Ok(restored)
}

/// Starts a server on the prepared data: that proves that it starts, replays what is asked for, and leaves in it what it
/// was restored from.
fn finish_data(
    config: &BackupConfig,
    chosen: &Chosen,
    request: &Request,
    replay: Option<&replay::Replay>,
    (staging, data): (&Path, &Path),
    phases: &mut Phases,
    run: &Run,
) -> anyhow::Result<Option<String>> {
    let manifest = &chosen.manifest;
    let server = phases.measure("start", || Server::start(config, data, run))?;
    let mut session = server.connect()?;
    let (mut replayed_to, mut tables) = (None, manifest.tables.clone());
    if let Some(replay) = replay {
        phases.measure("replay", || {
            // Replaying on top of a wrong state would hide that it is wrong.
            accept::compare(&mut session, &manifest.tables).context("before replaying binary logs")?;
            replayed_to = Some(replay::apply(config, chosen, replay, &server, staging, run)?);
            tables = accept::sums(&mut session)?;
            Ok(())
        })?;
    }
    let expected = expected::Expected {
        backup: manifest.id.clone(),
        replayed_to: replayed_to.clone(),
        tables,
    };
    expected::write(&mut session, request.generation, &expected)?;
    drop(session);
    phases.measure("stop", || server.stop())?;
    Ok(replayed_to)
}

/// Streams the backup into mbstream; every byte is verified before mbstream sees it.
fn extract(config: &BackupConfig, chosen: &Chosen, data: &Path, run: &Run) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)?;
    std::fs::set_permissions(data, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let workers = match config.stream.workers {
        0 => 2,
        set => usize::from(set),
    };
    let opening = chosen.opening(run, workers);
    opening.read(&chosen.manifest.data, |stream| prepare::unpack(stream, data, run))
}

impl Chosen {
    /// How its segments are opened.
    pub(crate) fn opening<'a>(&'a self, run: &'a Run, workers: usize) -> Opening<'a> {
        Opening {
            bucket: &self.bucket,
            decryptor: &self.decryptor,
            trusted: &self.trusted,
            run,
            folder: self.layout.backup(&self.manifest.id),
            title: format!("{}/", self.manifest.id),
            workers,
        }
    }
}

/// The bucket of `site`.
pub(crate) fn site(config: &BackupConfig, site: Site) -> anyhow::Result<&Storage> {
    match site {
        Site::Primary => Ok(&config.storage),
        Site::Secondary => config
            .secondary
            .as_ref()
            .context("the configuration names no `secondary` bucket"),
    }
}

/// Finds the backup that `source` means and verifies its manifest.
pub(crate) fn choose(
    config: &BackupConfig,
    from: Site,
    cluster: &str,
    source: &RestoreSource,
) -> anyhow::Result<Chosen> {
    let trusted = Trusted::load(&config.openpgp)?;
    let decryptor = Decryptor::load(&config.openpgp)?;
    let bucket = Bucket::open(site(config, from)?, &config.deadlines)?;
    bucket.check()?;
    let layout = Layout::new(cluster);
    let before = source.to.as_deref().map(parse_time).transpose()?;
    let id = match source.backup.as_str() {
        "latest" => latest(&bucket, &layout, &trusted, before)?,
        id => id.parse()?,
    };
    let (manifest, manifest_json) = catalog::read_manifest(&bucket, &layout, &trusted, &id)
        .with_context(|| format!("backup {id} cannot be restored"))?;
    if let Some(before) = before
        && manifest.completed_at > before
    {
        bail!(
            "backup {id} ended at {}, after the moment {before} that is asked for",
            manifest.completed_at
        );
    }
    Ok(Chosen {
        bucket,
        layout,
        trusted,
        decryptor,
        manifest,
        manifest_json,
    })
}

/// The newest backup; one that was verified is preferred to a newer one that was not.
fn latest(bucket: &Bucket, layout: &Layout, trusted: &Trusted, before: Option<Timestamp>) -> anyhow::Result<BackupId> {
    let (entries, _) = catalog::list(bucket, layout, trusted)?;
    let rank = |entry: &Entry| match &entry.state {
        State::Complete { manifest, verified, .. } if before.is_none_or(|before| manifest.completed_at <= before) => {
            Some((verified.is_some(), manifest.completed_at))
        }
        _ => None,
    };
    let best = entries
        .iter()
        .filter_map(|entry| rank(entry).map(|rank| (rank, entry)))
        .max_by_key(|(rank, _)| *rank);
    let Some(((verified, _), entry)) = best else {
        bail!(
            "{}: there is no complete backup that ended before {before:?}",
            bucket.name()
        );
    };
    if !verified {
        tracing::warn!(id = %entry.id, "no backup was ever verified: taking the newest one");
    }
    Ok(entry.id.clone())
}

fn check_room(manifest: &Manifest, place: &Place) -> anyhow::Result<()> {
    let needed = manifest.database_bytes.max(manifest.data.bytes) + manifest.database_bytes / 10 + MARGIN;
    let free = place.free_bytes()?;
    if free < needed {
        bail!(
            "the volume has {} free, and this backup needs {}; nothing was written",
            size(free),
            size(needed)
        );
    }
    Ok(())
}

/// A moment as people write it.
pub(crate) fn parse_time(text: &str) -> anyhow::Result<Timestamp> {
    text.parse()
        .with_context(|| format!("{text:?} is not a time; write it like 2026-11-24T02:00:00Z"))
}

/// Measured phases.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    pub(crate) done: Vec<(String, f64)>,
}

impl Phases {
    /// Does `work`, and notes how long it took.
    pub(crate) fn measure<T>(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        tracing::info!(phase = name, "begins");
        let start = Instant::now();
        let value = work()?;
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!(phase = name, seconds, "done");
        self.done.push((name.to_owned(), seconds));
        Ok(value)
    }
}
