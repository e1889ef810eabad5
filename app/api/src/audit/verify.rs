//! Verifying the access log.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{MySqlConnection, Row, mysql::MySqlRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::line::{Line, sealed, source_from};
use crate::{
    db::Stamp,
    keys::{Keys, Purpose, hex},
};

/// Lines between two words about how far it is.
const TOLD_EVERY: u64 = 10_000;

/// The head of a lane as somebody wrote it down elsewhere: in a backup's manifest, on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The lane.
    pub lane: u16,
    /// How many lines it had.
    pub seq: u64,
    /// The hash of the last of them, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
}

/// Something that an unaltered log does not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// A line does not have the hash of its content and place.
    Altered {
        /// The lane.
        lane: u16,
        /// The place in it.
        seq: u64,
    },
    /// Lines are missing.
    Gap {
        /// The lane.
        lane: u16,
        /// The first place that is missing.
        from: u64,
        /// The next place that is there, or one past the head.
        to: u64,
    },
    /// Lines stand after the head.
    Beyond {
        /// The lane.
        lane: u16,
        /// The head's place.
        head: u64,
    },
    /// The head's seal is not this platform's.
    BrokenSeal {
        /// The lane.
        lane: u16,
    },
    /// A lane has lines and no head.
    NoHead {
        /// The lane.
        lane: u16,
    },
    /// The log does not contain what an anchor says it contained.
    AnchorMissed {
        /// The lane.
        lane: u16,
        /// The anchor's place.
        seq: u64,
    },
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Nothing was found.
    pub intact: bool,
    /// Lines read.
    pub lines: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The heads now: write them down elsewhere, and give them as anchors later.
    pub heads: Vec<Anchor>,
}

struct HeadRow {
    seq: u64,
    hash: Vec<u8>,
    seal: Vec<u8>,
    seal_key: Vec<u8>,
}

/// The head of each lane.
pub async fn heads(db: &mut MySqlConnection, organization: Uuid) -> Result<Vec<Anchor>, sqlx::Error> {
    let heads = read_heads(db, organization).await?;
    Ok(heads
        .iter()
        .map(|(lane, head)| Anchor {
            lane: *lane,
            seq: head.seq,
            hash: hex(&head.hash),
        })
        .collect())
}

async fn read_heads(db: &mut MySqlConnection, organization: Uuid) -> Result<BTreeMap<u16, HeadRow>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT lane, seq, hash, seal, seal_key FROM access_lane WHERE organization = ? ORDER BY lane")
            .bind(organization)
            .fetch_all(db)
            .await?;
    rows.iter()
        .map(|row| {
            let head = HeadRow {
                seq: row.try_get("seq")?,
                hash: row.try_get("hash")?,
                seal: row.try_get("seal")?,
                seal_key: row.try_get("seal_key")?,
            };
            Ok((row.try_get("lane")?, head))
        })
        .collect()
}

/// Reads every line of an organization's log once, in one snapshot (the caller's transaction), with constant memory. Says
/// every now and then how many it has read.
pub async fn verify(
    db: &mut MySqlConnection,
    keys: &Keys,
    organization: Uuid,
    anchors: &[Anchor],
    mut progress: impl FnMut(u64),
) -> Result<Verdict, sqlx::Error> {
    let heads = read_heads(db, organization).await?;
    let mut reader = Reader::new(organization, &heads, anchors);
    let mut rows = sqlx::query(
        "SELECT lane, seq, id, at, actor_kind, actor, role, relation, purpose, action, outcome, patient, resource_kind, \
         resource, request, source, hash FROM access_log WHERE organization = ? ORDER BY lane, seq",
    )
    .bind(organization)
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        reader.line(&row)?;
        if reader.lines.is_multiple_of(TOLD_EVERY) {
            progress(reader.lines);
        }
    }
    drop(rows);
    let (lines, mut findings) = reader.end();
    for (lane, head) in &heads {
        let sealed = sealed(organization, *lane, head.seq, &head.hash);
        if head.seq > 0 && !keys.verify(Purpose::AccessLog, &head.seal_key, &sealed, &head.seal) {
            findings.push(Finding::BrokenSeal { lane: *lane });
        }
    }
    let heads = heads
        .iter()
        .map(|(lane, head)| Anchor {
            lane: *lane,
            seq: head.seq,
            hash: hex(&head.hash),
        })
        .collect();
    Ok(Verdict {
        intact: findings.is_empty(),
        lines,
        findings,
        heads,
    })
}

struct Reader<'a> {
    organization: Uuid,
    heads: &'a BTreeMap<u16, HeadRow>,
    anchors: Vec<&'a Anchor>,
    lane: Option<u16>,
    seq: u64,
    hash: Vec<u8>,
    lines: u64,
    seen: Vec<u16>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn new(organization: Uuid, heads: &'a BTreeMap<u16, HeadRow>, anchors: &'a [Anchor]) -> Self {
        let anchors = anchors.iter().filter(|anchor| anchor.seq > 0).collect();
        Self {
            organization,
            heads,
            anchors,
            lane: None,
            seq: 0,
            hash: vec![0; 32],
            lines: 0,
            seen: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn line(&mut self, row: &MySqlRow) -> Result<(), sqlx::Error> {
        let lane: u16 = row.try_get("lane")?;
        let seq: u64 = row.try_get("seq")?;
        let hash: Vec<u8> = row.try_get("hash")?;
        if self.lane != Some(lane) {
            self.close();
            self.lane = Some(lane);
            self.seq = 0;
            self.hash = vec![0; 32];
            self.seen.push(lane);
        }
        self.lines += 1;
        if seq != self.seq + 1 {
            self.findings.push(Finding::Gap {
                lane,
                from: self.seq + 1,
                to: seq,
            });
        } else if line_of(row)?.hash(self.organization, lane, seq, &self.hash)[..] != hash[..] {
            self.findings.push(Finding::Altered { lane, seq });
        }
        let text = hex(&hash);
        self.anchors
            .retain(|anchor| !(anchor.lane == lane && anchor.seq == seq && anchor.hash == text));
        self.seq = seq;
        self.hash = hash;
        Ok(())
    }

    /// The lane's last line must be what its head says.
    fn close(&mut self) {
        let Some(lane) = self.lane else { return };
        match self.heads.get(&lane) {
            None => self.findings.push(Finding::NoHead { lane }),
            Some(head) if self.seq < head.seq => {
                self.findings.push(Finding::Gap {
                    lane,
                    from: self.seq + 1,
                    to: head.seq + 1,
                });
            }
            Some(head) if self.seq > head.seq => self.findings.push(Finding::Beyond { lane, head: head.seq }),
            Some(head) if self.hash != head.hash => self.findings.push(Finding::Altered { lane, seq: self.seq }),
            Some(_) => {}
        }
    }

    fn end(mut self) -> (u64, Vec<Finding>) {
        self.close();
        for (lane, head) in self.heads {
            if head.seq > 0 && !self.seen.contains(lane) {
                self.findings.push(Finding::Gap {
                    lane: *lane,
                    from: 1,
                    to: head.seq + 1,
                });
            }
        }
        for anchor in self.anchors {
            self.findings.push(Finding::AnchorMissed {
                lane: anchor.lane,
                seq: anchor.seq,
            });
        }
        (self.lines, self.findings)
    }
}

pub(super) fn line_of(row: &MySqlRow) -> Result<Line, sqlx::Error> {
    Ok(Line {
        id: row.try_get("id")?,
        at: row.try_get::<Stamp, _>("at")?,
        actor_kind: row.try_get("actor_kind")?,
        actor: row.try_get("actor")?,
        role: row.try_get("role")?,
        relation: row.try_get("relation")?,
        purpose: row.try_get("purpose")?,
        action: row.try_get("action")?,
        outcome: row.try_get("outcome")?,
        patient: row.try_get("patient")?,
        resource_kind: row.try_get("resource_kind")?,
        resource: row.try_get("resource")?,
        request: row.try_get("request")?,
        source: source_from(row.try_get::<Option<Vec<u8>>, _>("source")?.as_deref()),
    })
}
