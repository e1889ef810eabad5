//! Which history a member's binary logs belong to. A forced recovery begins a new one, with Galera's numbers from 1 again and
//! with GTIDs that go on: the same GTID may have been given to another transaction, which was given up.

use anyhow::Context as _;
use mysql::prelude::Queryable as _;
use mysql::{Conn, Row};

use super::Closed;
use crate::agreement::StateUuid;

/// Events read at once.
const EVENTS: u32 = 500;

/// `wsrep_cluster_state_uuid`; fails where the member has lost it.
pub(super) fn state_uuid(session: &mut Conn) -> anyhow::Result<String> {
    let row: Option<(String, String)> = session.query_first("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'")?;
    let (_, text) = row.context("the member is not a Galera node")?;
    let uuid: StateUuid = text.parse().map_err(anyhow::Error::msg)?;
    Ok(uuid.to_string())
}

/// Leaves the files since Galera last counted from the beginning.
pub(super) fn keep_newest(session: &mut Conn, closed: &mut Vec<Closed>) -> anyhow::Result<()> {
    let first: Vec<Option<i64>> = closed
        .iter()
        .map(|file| {
            first_seqno(session, &file.name).with_context(|| format!("cannot read the events of {}", file.name))
        })
        .collect::<Result<_, _>>()?;
    closed.drain(..newest(&first));
    Ok(())
}

/// Where the newest history begins, by each file's first number. Files without one stay with what follows.
fn newest(first: &[Option<i64>]) -> usize {
    let mut begins = 0;
    let mut last: Option<(usize, i64)> = None;
    for (index, seqno) in first.iter().enumerate() {
        let Some(seqno) = *seqno else { continue };
        match last {
            Some((before, highest)) if seqno <= highest => begins = before + 1,
            _ => {}
        }
        last = Some((index, seqno));
    }
    begins
}

/// Galera's number of the first transaction in a file: `Xid`, in the event that ends it.
fn first_seqno(session: &mut Conn, file: &str) -> mysql::Result<Option<i64>> {
    let mut from: u64 = 4;
    loop {
        let events: Vec<Row> =
            session.exec(format!("SHOW BINLOG EVENTS IN '{file}' FROM {from} LIMIT {EVENTS}"), ())?;
        for event in &events {
            if event.get::<String, _>("Event_type").as_deref() == Some("Xid") {
                return Ok(event.get::<String, _>("Info").as_deref().and_then(number));
            }
        }
        match events.last().and_then(|event| event.get::<u64, _>("End_log_pos")) {
            Some(end) if end > from && events.len() == EVENTS as usize => from = end,
            _ => return Ok(None),
        }
    }
}

/// `COMMIT /* xid=1225 */`
fn number(info: &str) -> Option<i64> {
    let (_, rest) = info.split_once("xid=")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_begins_where_the_numbers_fall() {
        assert_eq!(newest(&[Some(1), Some(40), Some(90)]), 0);
        assert_eq!(newest(&[Some(40), None, Some(90), None, Some(1), Some(7)]), 3);
        assert_eq!(newest(&[Some(40), Some(2), Some(1)]), 2);
        assert_eq!(newest(&[None, None]), 0);
        assert_eq!(newest(&[]), 0);
    }

    #[test]
    fn the_number_stands_in_a_comment() {
        assert_eq!(number("COMMIT /* xid=1225 */"), Some(1225));
        assert_eq!(number("BEGIN GTID 1-1-5"), None);
    }
}
