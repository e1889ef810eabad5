//! Replaying shipped binary logs on a restored database, up to a moment.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use galeno_contract::backup::BackupConfig;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Chosen;
use super::fetch::Opening;
use super::server::Server;
use crate::binlog::{beginning, event_gtid, event_seqno, events, headers};
use crate::gtid::Gtids;
use crate::process::{self, Program};
use crate::run::Run;
use crate::ship::{self, Shipped, Stand};

/// Which binary logs to replay, and where to stop.
#[derive(Debug)]
pub(super) struct Replay {
    chain: Vec<Shipped>,
    start: Gtids,
    /// Galera's number of the last transaction in the backup.
    seqno: i64,
    to: Timestamp,
}

/// Finds the binary logs from the backup to the moment `to`, or says what is missing.
pub(super) fn plan(_config: &BackupConfig, chosen: &Chosen, to: Timestamp) -> anyhow::Result<Replay> {
    let manifest = &chosen.manifest;
    let start: Gtids = manifest.position.gtid.parse()?;
    if start.is_empty() {
        bail!(
            "backup {} has no GTID position: nothing can be replayed on it",
            manifest.id
        );
    }
    let since = Some(manifest.started_at);
    let shipped = ship::list(
        &chosen.bucket,
        &chosen.layout,
        &chosen.trusted,
        manifest.generation,
        since,
    )?;
    let seqno = manifest.position.seqno;
    let stand = Stand {
        state_uuid: &manifest.position.state_uuid,
        gtid: &start,
        seqno,
    };
    let chain = ship::chain(&shipped, stand, to).with_context(|| format!("cannot restore to {to}"))?;
    Ok(Replay {
        chain,
        start,
        seqno,
        to,
    })
}

/// Replays; returns the GTID position that was reached.
pub(super) fn apply(
    config: &BackupConfig,
    chosen: &Chosen,
    replay: &Replay,
    server: &Server,
    staging: &Path,
    run: &Run,
) -> anyhow::Result<String> {
    let mut command = process::command("mariadb");
    command
        .args([
            "--no-defaults",
            "--user=root",
            "--binary-mode",
            "--batch",
            "--max-allowed-packet=1G",
        ])
        .arg(format!("--socket={}", server.socket().display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let client = Program::start("mariadb", &mut command, run, |_| {})?;
    let mut input = client.input()?;
    let replayed = feed(config, chosen, replay, &mut input, staging, run);
    drop(input);
    match (replayed, client.finish()) {
        // The client says why it stopped reading.
        (_, Err(error)) => Err(error.context("a transaction could not be replayed")),
        (replayed, Ok(())) => replayed.map(|reached| reached.to_string()),
    }
}

fn feed(
    config: &BackupConfig,
    chosen: &Chosen,
    replay: &Replay,
    input: &mut impl Write,
    staging: &Path,
    run: &Run,
) -> anyhow::Result<Gtids> {
    // The server asks nobody for a password; statements about accounts need the privilege tables all the same. This
    // session keeps its rights.
    input.write_all(b"FLUSH PRIVILEGES;\nSET SESSION sql_log_bin = 0;\n")?;
    let stop = replay
        .to
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string();
    let mut reached = replay.start.clone();
    let mut seqno = replay.seqno;
    for shipped in &replay.chain {
        let Some(stream) = &shipped.archive.stream else {
            continue;
        };
        let path = staging.join("binlog");
        let opening = Opening {
            bucket: &chosen.bucket,
            decryptor: &chosen.decryptor,
            trusted: &chosen.trusted,
            run,
            folder: shipped.folder.clone(),
            title: shipped.folder.clone(),
            workers: usize::from(config.stream.workers.clamp(1, 2)),
        };
        opening.read(stream, |source| {
            std::io::copy(source, &mut File::create(&path)?).context("cannot store a binary log")
        })?;
        let log = same_numbering(&path, &reached, seqno, run)
            .with_context(|| format!("cannot replay a binary log of {}", shipped.archive.member))?;
        seqno = log.seqno;
        let start = format!("--start-position={}", reached.within(&log.head, &log.end));
        events(&path, &[&start, &format!("--stop-datetime={stop}")], run, |line| {
            if let Some(gtid) = event_gtid(line) {
                reached.advance(&gtid.parse()?);
            }
            input.write_all(line).context("the client stopped reading")
        })?;
        std::fs::remove_file(&path)?;
    }
    Ok(reached)
}

/// A binary log: the GTID positions where it begins and ends, and Galera's number of its last transaction, or of what was
/// reached before.
struct Log {
    head: Gtids,
    end: Gtids,
    seqno: i64,
}

/// Sees that a binary log counts its transactions as what is there already does: what was reached by GTID must be what was
/// reached by Galera's own number, which `Xid` is, on every member. Members have been seen to count anew after a crash; a replay
/// would then pass over what was confirmed.
fn same_numbering(path: &Path, reached: &Gtids, seqno: i64, run: &Run) -> anyhow::Result<Log> {
    let (mut gtid, mut last) = (None, seqno);
    let (mut text, mut head, mut end) = (String::new(), None, Gtids::default());
    headers(path, run, |line| {
        if head.is_none() {
            text.push_str(&String::from_utf8_lossy(line));
            head = beginning(&text);
        }
        if let Some(found) = event_gtid(line) {
            let found: Gtids = found.parse()?;
            end.advance(&found);
            gtid = Some(found);
        }
        if let Some(own) = event_seqno(line)
            && let Some(gtid) = gtid.take()
        {
            if reached.covers(&gtid) != (own <= seqno) {
                bail!(
                    "its transaction {gtid} is Galera's {own}, and {reached} was reached with {seqno}: it counts otherwise than \
                     the member that was backed up. Restore a later backup, or this one without a moment"
                );
            }
            last = last.max(own);
        }
        Ok(())
    })?;
    let head = head.context("it does not say where it begins")?;
    end.advance(&head);
    Ok(Log { head, end, seqno: last })
}
