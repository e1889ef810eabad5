//! Binary logs as `mariadb-binlog` prints them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::gtid::Gtids;
use crate::process::{self, Program};
use crate::run::Run;

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

/// The same without what the events change: their header lines.
pub(crate) fn headers(path: &Path, run: &Run, line: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    events(path, &["--base64-output=DECODE-ROWS"], run, line)
}

/// The positions that a binary log begins with, as `mariadb-binlog` prints them: one on a line, in brackets. `None`: the text
/// does not hold them, or not all of them.
pub(crate) fn beginning(text: &str) -> Option<Gtids> {
    let (_, rest) = text.split_once("\tGtid list [")?;
    let (list, _) = rest.split_once(']')?;
    let plain: String = list.chars().filter(|c| !c.is_whitespace() && *c != '#').collect();
    plain.parse().ok()
}

/// The header line of a GTID event: `#261124 22:26:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d <tab>GTID 1-1-6 trans`.
pub(crate) fn event_gtid(line: &[u8]) -> Option<&str> {
    let line = header(line)?;
    let (_, rest) = line.split_once("\tGTID ")?;
    rest.split_whitespace().next()
}

/// Galera's number of a transaction, in the header line of the event that ends it: `… <tab>Xid = 1225`.
pub(crate) fn event_seqno(line: &[u8]) -> Option<i64> {
    let (_, rest) = header(line)?.split_once("\tXid = ")?;
    rest.trim().parse().ok()
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
    fn the_head_of_a_log_tells_where_it_begins() {
        let text =
            "#261130  9:14:23 server id 1  end_log_pos 299 CRC32 0x1 \tGtid list [0-1-137,\n# 1-1-494]\n# at 299\n";
        let found = beginning(text).unwrap();
        assert_eq!(found.to_string(), "0-1-137,1-1-494");
        assert_eq!(found.of_domain(1).unwrap().to_string(), "1-1-494");
        assert_eq!(found.of_domain(2), None);
        assert!(beginning("\tGtid list []").unwrap().is_empty());
        assert_eq!(beginning("nothing"), None);
        assert_eq!(beginning("\tGtid list [0-1-137,\n"), None);
    }

    #[test]
    fn reads_the_headers_of_events() {
        let line = b"#261124 22:26:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d \tGTID 1-1-6 trans\n";
        assert_eq!(event_gtid(line), Some("1-1-6"));
        assert_eq!(event_time(line).unwrap().to_string(), "2026-11-24T22:26:06Z");
        let early = b"#261124  2:06:06 server id 1  end_log_pos 421 CRC32 0x3c57cf2d \tXid = 5\n";
        assert_eq!(event_time(early).unwrap().to_string(), "2026-11-24T02:06:06Z");
        assert_eq!(event_gtid(early), None);
        assert_eq!((event_seqno(early), event_seqno(line)), (Some(5), None));
        assert_eq!(event_gtid(b"INSERT INTO t VALUES ('\tGTID 1-1-6')\n"), None);
    }
}
