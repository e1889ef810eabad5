//! Replaying shipped binary logs on a restored database, up to a moment.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use galeno_contract::backup::BackupConfig;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Chosen;
use super::fetch::Opening;
use super::server::Server;
use crate::process::{self, Program};
use crate::run::Run;
use crate::ship::{self, Gtids, Shipped};

/// Which binary logs to replay, and where to stop.
#[derive(Debug)]
pub(super) struct Replay {
    chain: Vec<Shipped>,
    start: Gtids,
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
    let chain = ship::chain(&shipped, &start, to).with_context(|| format!("cannot restore to {to}"))?;
    Ok(Replay { chain, start, to })
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
        let start = format!("--start-position={reached}");
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

/// Hands every line that `mariadb-binlog` prints for `path` to `line`. Times are UTC.
pub(crate) fn events(
    path: &Path,
    arguments: &[&str],
    run: &Run,
    mut line: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut command = process::command("mariadb-binlog");
    command
        .arg("--no-defaults")
        .args(arguments)
        .arg(path)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let program = Program::start("mariadb-binlog", &mut command, run, |_| {})?;
    let mut output = BufReader::with_capacity(1 << 16, program.output()?);
    let mut text = Vec::new();
    while output.read_until(b'\n', &mut text)? > 0 {
        line(&text)?;
        text.clear();
    }
    program.finish()
}

/// The header line of a GTID event: `#261124 22:26:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d <tab>GTID 1-1-6 trans`.
pub(super) fn event_gtid(line: &[u8]) -> Option<&str> {
    let line = header(line)?;
    let (_, rest) = line.split_once("\tGTID ")?;
    rest.split_whitespace().next()
}

/// The time of an event's header line.
pub(crate) fn event_time(line: &[u8]) -> Option<Timestamp> {
    let text = header(line)?.get(1..16)?;
    let time = jiff::civil::DateTime::strptime("%y%m%d %H:%M:%S", text.replace("  ", " 0")).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn header(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line.get(..line.len().min(200))?).ok()?;
    (line.starts_with('#') && line.contains(" server id ")).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_headers_of_events() {
        let line = b"#261124 22:26:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d \tGTID 1-1-6 trans\n";
        assert_eq!(event_gtid(line), Some("1-1-6"));
        assert_eq!(event_time(line).unwrap().to_string(), "2026-11-24T22:26:06Z");
        let early = b"#261124  2:06:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d \tXid = 5\n";
        assert_eq!(event_time(early).unwrap().to_string(), "2026-11-24T02:06:06Z");
        assert_eq!(event_gtid(early), None);
        assert_eq!(event_gtid(b"INSERT INTO t VALUES ('\tGTID 1-1-6')\n"), None);
    }
}
