//! Making a backup: choose a member, copy it, and write the manifest when everything else is certain.

mod choose;
mod claim;
mod configuration;
mod desync;
pub(crate) mod pipeline;
mod repository;
mod source;
pub(crate) mod tables;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member, Storage};
use jiff::Timestamp;
use mysql::prelude::Queryable as _;

use crate::catalog::{self, BackupId, Kind, Layout, Manifest, StoredStream, Timings, Versions};
use crate::database;
use crate::openpgp::{Recipients, Signer, Trusted};
use crate::run::Run;
use crate::store::Bucket;
use desync::Desynced;
use pipeline::Sealing;
use source::{Source, Stage, Told};
use tables::Snapshots;

/// How a backup ended well.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is in the bucket.
    Made(Box<Manifest>),
    /// Another Job has claimed this scheduled run.
    Claimed { by: String },
}

/// What a backup needs, read and judged before anything is touched.
struct Ready<'a> {
    config: &'a BackupConfig,
    bucket: Bucket,
    layout: Layout,
    signer: Signer,
    recipients: Recipients,
    trusted: Trusted,
    run: &'a Run,
}

/// Makes one backup of `kind`. With `scheduled`, only one of the Jobs of this slot runs.
pub(crate) fn run(config: &BackupConfig, kind: Kind, scheduled: bool, run: &Run) -> anyhow::Result<Outcome> {
    let ready = prepare(config, kind, run)?;
    let health = choose::ask_patiently(config, |member| member.mounted, run)?;
    let ranked = choose::ranked(&health)?;
    let Some(rank) = ranked.iter().position(|member| member.mounted) else {
        bail!(
            "no member whose volume is mounted here can be copied; in sync are: {}",
            join(ranked.iter().map(|m| &m.name))
        );
    };
    let name = ranked[rank].name.clone();
    if scheduled {
        let turn = (name.as_str(), u32::try_from(rank).unwrap_or(u32::MAX));
        if let Some(by) = claim::claim(config, &ready.bucket, &ready.layout, kind, turn, run)? {
            return Ok(Outcome::Claimed { by });
        }
    }
    if ranked.len() < config.database.members.len() {
        tracing::warn!(
            in_sync = ranked.len(),
            members = config.database.members.len(),
            "the cluster is not whole"
        );
    }
    let member = config
        .database
        .members
        .iter()
        .find(|member| member.name == name)
        .context("a member is a member")?;
    make(&ready, kind, member, ranked.len() > 1).map(|manifest| Outcome::Made(Box::new(manifest)))
}

/// The names of the members in sync, the best to ask first. Members that a backup left desynced are put back.
pub(crate) fn health(config: &BackupConfig) -> anyhow::Result<Vec<String>> {
    Ok(names(&choose::ranked(&choose::ask_all(config))?))
}

/// The same for a Job that has just begun and would rather speak to one of them: it is given a moment, and comes first of
/// those that count alike.
pub(crate) fn health_at_first(
    config: &BackupConfig,
    preferred: Option<&str>,
    run: &Run,
) -> anyhow::Result<Vec<String>> {
    let is_preferred = |member: &choose::Health| Some(member.name.as_str()) == preferred;
    let health = choose::ask_patiently(config, is_preferred, run)?;
    let mut ranked = choose::ranked(&health)?;
    ranked.sort_by_key(|member| (member.counts_anew(), !is_preferred(member)));
    Ok(names(&ranked))
}

fn names(ranked: &[&choose::Health]) -> Vec<String> {
    ranked.iter().map(|member| member.name.clone()).collect()
}

fn prepare<'a>(config: &'a BackupConfig, kind: Kind, run: &'a Run) -> anyhow::Result<Ready<'a>> {
    let bucket = Bucket::open(target(config, kind)?, &config.deadlines)?;
    let signer = Signer::load(&config.openpgp)?;
    let recipients = Recipients::load(&config.openpgp)?;
    let trusted = Trusted::load(&config.openpgp)?;
    let probe = signer.detached("a probe", b"probe")?;
    trusted
        .verify_detached("what this keeper signs", b"probe", probe.as_bytes())
        .context("nobody would believe this backup: add the signer to `trustedSignerFiles`")?;
    bucket.check()?;
    let layout = Layout::new(&config.cluster.name);
    Ok(Ready {
        config,
        bucket,
        layout,
        signer,
        recipients,
        trusted,
        run,
    })
}

/// The bucket in which backups of `kind` live.
pub(crate) fn target(config: &BackupConfig, kind: Kind) -> anyhow::Result<&Storage> {
    match kind {
        Kind::Daily | Kind::Weekly => Ok(&config.storage),
        Kind::Monthly => config
            .secondary
            .as_ref()
            .context("a monthly backup goes to the recovery region, and the configuration names no `secondary` bucket"),
    }
}

fn make(ready: &Ready<'_>, kind: Kind, member: &Member, desync: bool) -> anyhow::Result<Manifest> {
    let started_at = Timestamp::now();
    let id = BackupId::new(kind, started_at);
    tracing::info!(%id, member = %member.name, bucket = ready.bucket.name(), "backup begins");
    let sealing = Sealing {
        bucket: &ready.bucket,
        signer: &ready.signer,
        recipients: &ready.recipients,
        settings: &ready.config.stream,
        run: ready.run,
        folder: ready.layout.backup(&id),
        title: format!("{id}/"),
    };
    let made = copy_and_describe(ready, &sealing, member, desync, id, started_at);
    if made.is_err() {
        sealing.discard();
    }
    made
}

fn copy_and_describe(
    ready: &Ready<'_>,
    sealing: &Sealing<'_>,
    member: &Member,
    desync: bool,
    id: BackupId,
    started_at: Timestamp,
) -> anyhow::Result<Manifest> {
    let config = ready.config;
    let data_directory = member
        .data_directory
        .as_deref()
        .context("this member's volume is not mounted here")?;
    let (git_revision, configuration) = match (&config.snapshot, id.kind()) {
        (Some(snapshot), Kind::Weekly) => configuration::store(config, snapshot, sealing)?,
        (None, Kind::Weekly) => bail!("a system snapshot needs `snapshot` in the configuration"),
        (Some(snapshot), _) => (repository::running_revision(config, snapshot), None),
        (None, _) => (None, None),
    };
    let mut session = database::connect(&config.database, member, config.deadlines.connect.to_std())?;
    check_data_directory(&mut session, member, data_directory)?;
    let desynced = Desynced::begin(session, &member.name, desync)?;
    let copy = copy(ready, sealing, member, data_directory)?;
    let tables_started = ready.run.elapsed();
    let (tables, access_log) = copy
        .snapshots
        .sums(&copy.told.position, ready.run)
        .context("cannot checksum the tables")?;
    let tables_took = ready.run.elapsed().saturating_sub(tables_started);
    desynced.end()?;
    let completed_at = Timestamp::now();
    let kind = id.kind();
    let manifest = Manifest {
        format: 1,
        id,
        kind,
        cluster: config.cluster.name.clone(),
        generation: config.cluster.generation,
        member: member.name.clone(),
        started_at,
        completed_at,
        position: copy.told.position,
        versions: Versions {
            server: copy.told.server,
            mariadb_backup: copy.told.tool,
            keeper: env!("CARGO_PKG_VERSION").to_owned(),
        },
        git_revision,
        database_bytes: copy.database_bytes,
        data: copy.stored,
        configuration,
        tables,
        access_log,
        signer: ready.signer.fingerprint.clone(),
        recipients: ready.recipients.fingerprints.clone(),
        timings: Timings {
            stream: millis(copy.took),
            tables: millis(tables_took),
            total: millis(completed_at.duration_since(started_at).unsigned_abs()),
        },
    };
    seal_manifest(ready, &manifest)?;
    Ok(manifest)
}

/// Writes the manifest and reads everything back as a stranger would see it.
fn seal_manifest(ready: &Ready<'_>, manifest: &Manifest) -> anyhow::Result<()> {
    let folder = ready.layout.backup(&manifest.id);
    let there = ready.bucket.list(&folder)?;
    let streams = std::iter::once(&manifest.data).chain(&manifest.configuration);
    for segment in streams.flat_map(|stream| &stream.segments) {
        let key = format!("{folder}{}", segment.name);
        match there.iter().find(|object| object.key == key) {
            Some(object) if object.size == segment.size => {}
            Some(object) => bail!(
                "`{key}` has {} bytes in the bucket instead of {}",
                object.size,
                segment.size
            ),
            None => bail!("`{key}` was written, and the bucket does not list it"),
        }
    }
    ready.run.check()?;
    catalog::signed_put(
        &ready.bucket,
        &ready.signer,
        &ready.layout.manifest(&manifest.id),
        manifest,
    )?;
    let (read_back, _) = catalog::read_manifest(&ready.bucket, &ready.layout, &ready.trusted, &manifest.id)
        .context("the manifest was written and cannot be read back")?;
    if read_back != *manifest {
        bail!("the manifest that was read back is not the one that was written");
    }
    Ok(())
}

struct Copy {
    stored: StoredStream,
    told: Told,
    snapshots: Snapshots,
    database_bytes: u64,
    took: Duration,
}

fn copy(ready: &Ready<'_>, sealing: &Sealing<'_>, member: &Member, data: &Path) -> anyhow::Result<Copy> {
    let started = ready.run.elapsed();
    let database_bytes = directory_size(data)?;
    let mut snapshots = Snapshots::prepare(ready.config, member)?;
    let (source, stages) = Source::start(ready.config, member, data, ready.run)?;
    let output = source.program.output()?;
    let (stored, taken) = std::thread::scope(|scope| {
        let taker = scope.spawn(move || {
            let mut taken = Ok(());
            for stage in stages {
                if taken.is_ok() && matches!(stage, Stage::BlockDdl | Stage::BlockCommit) {
                    taken = snapshots.take();
                }
            }
            taken.map(|()| snapshots)
        });
        let stored = sealing.store("data", output);
        if stored.is_err() {
            source.program.kill();
        }
        (stored, taker.join())
    });
    // A broken pipe makes mariadb-backup fail too: then the other end knows why.
    let (stored, told) = match (stored, source.finish()) {
        (Err(error), _) | (Ok(_), Err(error)) => return Err(error),
        (Ok(stored), Ok(told)) => (stored, told),
    };
    let snapshots = match taken {
        Ok(taken) => taken.context("cannot look at the tables at the backup's position")?,
        Err(_) => bail!("a worker died: this is a bug of the keeper"),
    };
    Ok(Copy {
        stored,
        told,
        snapshots,
        database_bytes,
        took: ready.run.elapsed().saturating_sub(started),
    })
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// mariadb-backup copies from where the *server* says its data is, whatever it is told: the volume must be mounted there.
fn check_data_directory(session: &mut mysql::Conn, member: &Member, data: &Path) -> anyhow::Result<()> {
    let there: Option<String> = session.query_first("SELECT @@GLOBAL.datadir")?;
    let there = there.context("the member does not tell where its data is")?;
    if Path::new(&there) != data {
        bail!(
            "{} keeps its data in {there}, and its volume is mounted here at {}: mount it at the same path",
            member.name,
            data.display()
        );
    }
    Ok(())
}

/// Bytes of all files below `directory`. Files may come and go meanwhile.
fn directory_size(directory: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read the data directory {}", directory.display()))?;
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => total += directory_size(&entry.path()).unwrap_or_default(),
            Ok(metadata) => total += metadata.len(),
            Err(_) => {}
        }
    }
    Ok(total)
}

fn join<'t>(texts: impl Iterator<Item = &'t String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(", ")
}
