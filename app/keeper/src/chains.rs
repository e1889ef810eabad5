//! Heads of the access log's chains: the application writes who saw what into lanes, each a chain of hashes, and keeps
//! the last hash of each lane in a table. A backup's signed manifest carries those heads out of the database's reach, so
//! that nobody can rewrite a chain, even with its head, without a manifest that disagrees.

use anyhow::{Context as _, bail};
use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::catalog::ChainHead;
use crate::database::quote;

/// The table of heads, and the table of what they are the heads of.
const HEADS: &str = "access_lane";
const LINES: &str = "access_log";

/// The heads that the session sees; none where no application keeps such a log.
pub(crate) fn heads(session: &mut Conn) -> anyhow::Result<Vec<ChainHead>> {
    let schemas: Vec<String> = session.exec(
        "SELECT h.TABLE_SCHEMA FROM information_schema.TABLES h JOIN information_schema.TABLES l USING (TABLE_SCHEMA) \
         WHERE h.TABLE_NAME = ? AND l.TABLE_NAME = ? ORDER BY 1",
        (HEADS, LINES),
    )?;
    let mut heads = Vec::new();
    for schema in schemas {
        let rows: Vec<(String, u32, u64, String)> = session
            .query(format!(
                "SELECT LOWER(HEX(organization)), lane, seq, LOWER(HEX(hash)) FROM {}.{HEADS} WHERE seq > 0 ORDER BY 1, 2",
                quote(&schema)
            ))
            .with_context(|| format!("cannot read the heads of the access log in {schema}.{HEADS}"))?;
        heads.extend(rows.into_iter().map(|(organization, lane, seq, hash)| ChainHead {
            schema: schema.clone(),
            organization,
            lane,
            seq,
            hash,
        }));
    }
    Ok(heads)
}

/// Fails unless each of these heads is in its chain, at its place. More may follow it: binary logs were replayed, or life
/// went on.
pub(crate) fn check(session: &mut Conn, heads: &[ChainHead]) -> anyhow::Result<()> {
    for head in heads {
        let there: Option<String> = session
            .exec_first(
                format!(
                    "SELECT LOWER(HEX(hash)) FROM {}.{LINES} WHERE organization = UNHEX(?) AND lane = ? AND seq = ?",
                    quote(&head.schema)
                ),
                (&head.organization, head.lane, head.seq),
            )
            .with_context(|| format!("cannot read the access log {}.{LINES}", head.schema))?;
        let what = match there {
            Some(hash) if hash == head.hash => continue,
            Some(_) => "has another hash than",
            None => "is missing, and is in",
        };
        bail!(
            "the access log was altered: line {} of lane {} of organization {} {what} the signed manifest",
            head.seq,
            head.lane,
            head.organization
        );
    }
    Ok(())
}
