//! Shipping binary logs, so that a restore can go on from a backup to any moment.
//!
//! One shipment: wait until a member has applied everything (a causal read), note the time, close its binary log, fetch
//! the closed files from the server as a replica would (so they arrive decrypted where they are encrypted at rest), seal
//! them like a backup, and write a signed record. All members have the same transactions under the same GTIDs but in
//! different files: on a change of member, files overlap, which does no harm.

mod archive;
mod history;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use galeno_contract::backup::{BackupConfig, Member};
use jiff::Timestamp;
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::backup::health_at_first;
use crate::backup::pipeline::Sealing;
use crate::binlog::{event_seqno, event_time, headers};
use crate::catalog::{Layout, StoredStream, signed_put};
use crate::database;
use crate::gtid::Gtids;
use crate::openpgp::{Recipients, Signer, Trusted};
use crate::process::{self, Program};
use crate::run::Run;
use crate::store::Bucket;

pub(crate) use archive::{Archive, Shipped, Stand, chain, delete_before, list};

/// What one shipment did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipment {
    pub(crate) member: String,
    /// Closed binary logs that were sent.
    pub(crate) files: usize,
    pub(crate) covers_until: Timestamp,
    pub(crate) position: String,
}

/// How it went with one member.
enum Outcome {
    Shipped(Shipment),
    /// What was shipped ends at `reached`; the member's binary logs begin at `first`, or count otherwise.
    Gap {
        reached: Gtids,
        first: Gtids,
    },
}

/// From whom, and of which history (`wsrep_cluster_state_uuid`).
struct Source<'a> {
    member: &'a Member,
    state_uuid: String,
}

/// What shipping needs, for one shipment or many.
pub(crate) struct Shipper<'a> {
    config: &'a BackupConfig,
    bucket: Bucket,
    layout: Layout,
    signer: Signer,
    recipients: Recipients,
    trusted: Trusted,
}

impl<'a> Shipper<'a> {
    pub(crate) fn open(config: &'a BackupConfig) -> anyhow::Result<Self> {
        if config.point_in_time.is_none() {
            bail!("the configuration has no `pointInTime`: nothing is to be shipped");
        }
        let shipper = Self {
            config,
            bucket: Bucket::open(&config.storage, &config.deadlines)?,
            layout: Layout::new(&config.cluster.name),
            signer: Signer::load(&config.openpgp)?,
            recipients: Recipients::load(&config.openpgp)?,
            trusted: Trusted::load(&config.openpgp)?,
        };
        shipper.bucket.check()?;
        Ok(shipper)
    }

    /// Ships everything that was confirmed until now, from the first member whose binary logs join what was shipped: one that took
    /// the whole state from another has none of before.
    pub(crate) fn ship(&self, run: &Run) -> anyhow::Result<Shipment> {
        let generation = self.config.cluster.generation;
        let last = archive::newest(&self.bucket, &self.layout, &self.trusted, generation)?;
        let mut gaps = Vec::new();
        for member in self.members(last.as_ref().map(|last| last.member.as_str()), run)? {
            match self.ship_from(member, last.as_ref(), run)? {
                Outcome::Shipped(shipment) => return Ok(shipment),
                Outcome::Gap { reached, first } => {
                    tracing::warn!(member = %member.name, %reached, %first, "its binary logs do not go on from what was shipped");
                    gaps.push(format!(
                        "{} has no binary log of the transactions between {reached} and {first}",
                        member.name
                    ));
                }
            }
        }
        bail!(
            "{}: there is a gap that no restore can cross; make a new backup now",
            gaps.join("; ")
        )
    }

    fn ship_from(&self, member: &Member, last: Option<&Archive>, run: &Run) -> anyhow::Result<Outcome> {
        let mut session = database::connect(&self.config.database, member, self.config.deadlines.connect.to_std())?;
        let source = Source {
            member,
            state_uuid: history::state_uuid(&mut session)?,
        };
        let before = last;
        let last = before.filter(|last| last.continues(&source.state_uuid));
        if last.is_none() && before.is_some() {
            tracing::warn!(
                state_uuid = source.state_uuid,
                "a forced recovery has begun a new history: no backup of before it can be continued to a moment after it; make one now"
            );
        }
        let (covers_until, mut now_at) = close(&mut session, last)?;
        let reached: Gtids = match last {
            Some(last) => last.to.parse()?,
            None => Gtids::default(),
        };
        // One that counted anew after a crash goes on from nobody but itself.
        if now_at.counts_anew() && last.is_some_and(|last| last.member != member.name) {
            let first = now_at;
            return Ok(Outcome::Gap { reached, first });
        }
        let mut files = 0;
        if !reached.covers(&now_at) || last.is_none() {
            let mut closed = closed_files(&mut session)?;
            if last.is_none() {
                history::keep_newest(&mut session, &mut closed)?;
            } else {
                let ends = closed.iter_mut().flat_map(|file| [&mut file.from, &mut file.to]);
                reached.settle(ends.chain([&mut now_at]).collect());
            }
            closed.retain(|file| !reached.covers(&file.to));
            if let Some(first) = closed.first()
                && last.is_some()
                && !reached.covers(&first.from)
            {
                let first = first.from.clone();
                return Ok(Outcome::Gap { reached, first });
            }
            files = self.send_files(closed, &source, covers_until, run)?;
        }
        if files == 0 {
            let folder = archive::folder(&self.layout, self.config.cluster.generation, covers_until);
            self.put(&folder, &self.describe(&source, (&reached, &reached), covers_until))?;
        }
        Ok(Outcome::Shipped(Shipment {
            member: member.name.clone(),
            files,
            covers_until,
            position: now_at.to_string(),
        }))
    }

    /// Those that are well: the one of the last time first, so that files do not overlap, then the best.
    fn members(&self, last: Option<&str>, run: &Run) -> anyhow::Result<Vec<&Member>> {
        let ranked = health_at_first(self.config, last, run)?;
        let member = |name: &String| self.config.database.members.iter().find(|member| member.name == *name);
        Ok(ranked.iter().filter_map(member).collect())
    }

    fn send_files(
        &self,
        closed: Vec<Closed>,
        source: &Source<'_>,
        covers_until: Timestamp,
        run: &Run,
    ) -> anyhow::Result<usize> {
        let directory = tempfile::Builder::new()
            .prefix("ship-")
            .tempdir_in(&self.config.work_directory)?;
        let options = directory.path().join("options.cnf");
        database::write_options(&self.config.database, source.member, &options)?;
        let count = closed.len();
        for (index, file) in closed.into_iter().enumerate() {
            run.check()?;
            fetch(&file.name, &options, directory.path(), run)?;
            let path = directory.path().join(&file.name);
            let last = last_events(&path, run)?;
            // Only the last one reaches up to the moment that was noted.
            let until = if index + 1 == count {
                covers_until
            } else {
                last.time.map_or(covers_until, |time| time.min(covers_until))
            };
            let folder = archive::folder(&self.layout, self.config.cluster.generation, until);
            let stream = self.seal(&folder, &path, run)?;
            let archive = Archive {
                file: file.name,
                seqno: last.seqno,
                stream: Some(stream),
                ..self.describe(source, (&file.from, &file.to), until)
            };
            self.put(&folder, &archive)?;
            std::fs::remove_file(&path)?;
        }
        Ok(count)
    }

    fn seal(&self, folder: &str, path: &Path, run: &Run) -> anyhow::Result<StoredStream> {
        let sealing = Sealing {
            bucket: &self.bucket,
            signer: &self.signer,
            recipients: &self.recipients,
            settings: &self.config.stream,
            run,
            folder: folder.to_owned(),
            title: folder.to_owned(),
        };
        let stored = sealing.store("binlog", std::fs::File::open(path)?);
        if stored.is_err() {
            sealing.discard();
        }
        stored
    }

    /// A shipment of nothing, at this place.
    fn describe(&self, source: &Source<'_>, (from, to): (&Gtids, &Gtids), covers_until: Timestamp) -> Archive {
        Archive {
            format: 1,
            cluster: self.config.cluster.name.clone(),
            generation: self.config.cluster.generation,
            member: source.member.name.clone(),
            file: String::new(),
            state_uuid: Some(source.state_uuid.clone()),
            from: from.to_string(),
            to: to.to_string(),
            covers_until,
            seqno: None,
            stream: None,
        }
    }

    fn put(&self, folder: &str, archive: &Archive) -> anyhow::Result<()> {
        signed_put(&self.bucket, &self.signer, &format!("{folder}record.json"), archive)?;
        Ok(())
    }
}

/// Waits until the member has applied what the cluster has confirmed, and closes its binary log if it holds anything
/// new. Returns the moment and the GTID position of that.
fn close(session: &mut Conn, last: Option<&Archive>) -> anyhow::Result<(Timestamp, Gtids)> {
    session.query_drop("SET SESSION wsrep_sync_wait = 1")?;
    let now: Option<(i64, String)> = session
        .query_first("SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED), @@GLOBAL.gtid_binlog_pos FROM keeper.generation LIMIT 1")
        .ok()
        .flatten();
    let (millis, position) = match now {
        Some(now) => now,
        // Any table does for a causal read; the keeper's own may be empty or not there.
        None => session
            .query_first(
                "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED), @@GLOBAL.gtid_binlog_pos FROM mysql.global_priv LIMIT 1",
            )?
            .context("the member does not tell its position")?,
    };
    session.query_drop("SET SESSION wsrep_sync_wait = 0")?;
    let position: Gtids = position.parse()?;
    if position.is_empty() {
        bail!("the member writes no binary log with GTIDs: set `log_bin` and `wsrep_gtid_mode`");
    }
    let shipped: Option<Gtids> = last.map(|last| last.to.parse()).transpose()?;
    if shipped.is_none_or(|shipped| !shipped.covers(&position)) {
        session
            .query_drop("FLUSH LOCAL BINARY LOGS")
            .context("cannot close the binary log")?;
    }
    Ok((Timestamp::from_millisecond(millis)?, position))
}

struct Closed {
    name: String,
    from: Gtids,
    to: Gtids,
}

/// All but the one that is being written, with the positions where they begin and end.
fn closed_files(session: &mut Conn) -> anyhow::Result<Vec<Closed>> {
    let names: Vec<String> = session
        .query_map("SHOW BINARY LOGS", |row: mysql::Row| row.get::<String, _>(0))?
        .into_iter()
        .collect::<Option<_>>()
        .context("SHOW BINARY LOGS")?;
    let mut starts = Vec::new();
    for name in &names {
        let start: Option<Option<String>> = session.exec_first("SELECT BINLOG_GTID_POS(?, 4)", (name,))?;
        let start = start
            .flatten()
            .with_context(|| format!("where {name} begins is unknown"))?;
        starts.push(start.parse::<Gtids>()?);
    }
    let ends = starts.iter().skip(1).cloned();
    Ok(names
        .iter()
        .zip(starts.iter().cloned())
        .zip(ends)
        .map(|((name, from), to)| Closed {
            name: name.clone(),
            from,
            to,
        })
        .collect())
}

fn fetch(file: &str, options: &Path, directory: &Path, run: &Run) -> anyhow::Result<()> {
    let mut command = process::command("mariadb-binlog");
    command
        .arg(format!("--defaults-file={}", options.display()))
        .args(["--read-from-remote-server", "--raw"])
        .arg(format!("--result-file={}/", directory.display()))
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Program::start("mariadb-binlog", &mut command, run, |_| {})?.finish()
}

/// The end of a binary log.
struct Last {
    time: Option<Timestamp>,
    /// Galera's number of the last transaction.
    seqno: Option<i64>,
}

fn last_events(path: &Path, run: &Run) -> anyhow::Result<Last> {
    let mut last = Last {
        time: None,
        seqno: None,
    };
    headers(path, run, |line| {
        last.time = last.time.max(event_time(line));
        last.seqno = last.seqno.max(event_seqno(line));
        Ok(())
    })?;
    Ok(last)
}
