//! Writing lines into a lane.
//!
//! A lane takes one transaction at a time, from the moment it reads the head until COMMIT. Each process keeps to a block
//! of lanes of its own choosing, so that processes on different nodes seldom meet; when they do, the database decides
//! and the loser runs again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
};

use sqlx::{MySql, QueryBuilder, Row};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::line::{Line, sealed, source_bytes};
use crate::{
    db::{Fault, Stamp, Tx, classify},
    keys::{Keys, Purpose},
};

/// Blocks to choose from.
const BLOCKS: u16 = 16;
/// Up to so many lines are written by a statement that stays prepared: one, or those of a page of people who were found. To
/// prepare a statement costs the database more than to run it, and needs a round trip more.
const PREPARED: usize = 50;
/// Up to so many lines are written by one statement: each has 18 placeholders, and a statement may have 65,535.
const TOGETHER: usize = 1000;
/// Lanes of a block: as many as a process has connections to a node by default (`connectionsPerNode`). With fewer, transactions
/// would wait for each other's COMMIT, one lane's after the other.
const BLOCK: usize = 32;

#[derive(Clone)]
struct Head {
    lane: u16,
    seq: u64,
    hash: [u8; 32],
}

type Lane = Arc<tokio::sync::Mutex<Option<Head>>>;

/// The lanes that this process writes, for each organization.
pub struct Lanes {
    block: AtomicU16,
    turn: AtomicUsize,
    known: Mutex<HashMap<Uuid, [Lane; BLOCK]>>,
}

/// A lane that is held until the transaction has ended.
pub struct Held {
    guard: OwnedMutexGuard<Option<Head>>,
    next: Head,
}

impl Held {
    /// The transaction was committed: the lane's head is what was written.
    pub fn committed(mut self) {
        *self.guard = Some(self.next.clone());
    }
}

impl Lanes {
    /// A block of lanes at random.
    pub fn new(keys: &Keys) -> Result<Self, Fault> {
        let block = u16::from_be_bytes(keys.random()?) % BLOCKS;
        Ok(Self {
            block: AtomicU16::new(block),
            turn: AtomicUsize::new(0),
            known: Mutex::default(),
        })
    }

    /// A lane that nobody in this process holds; when all are held, the next in turn.
    async fn hold(&self, organization: Uuid) -> (u16, OwnedMutexGuard<Option<Head>>) {
        let lanes = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(organization).or_default().clone()
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let number = |index: usize| {
            let within = u16::try_from(index).unwrap_or(0);
            self.block.load(Ordering::Relaxed) * u16::try_from(BLOCK).unwrap_or(u16::MAX) + within
        };
        for step in 0..BLOCK {
            let index = (turn + step) % BLOCK;
            if let Ok(guard) = lanes[index].clone().try_lock_owned() {
                return (number(index), guard);
            }
        }
        let index = turn % BLOCK;
        let guard = lanes[index].clone().lock_owned().await;
        (number(index), guard)
    }

    /// Another process writes the same lanes: move to another block.
    fn move_on(&self) {
        let block = self.block.load(Ordering::Relaxed);
        self.block.store((block * 5 + 3) % BLOCKS, Ordering::Relaxed);
    }
}

/// Writes lines at the end of a lane, in the caller's transaction. The lane is held until the result is dropped.
pub async fn append(
    tx: &mut Tx,
    ours: &Lanes,
    keys: &Keys,
    organization: Uuid,
    lines: &[Line],
) -> Result<Option<Held>, Fault> {
    if lines.is_empty() {
        return Ok(None);
    }
    let (lane, mut guard) = ours.hold(organization).await;
    // While this lane's place is not known to be committed, nobody may rely on it.
    let known = guard.take().filter(|head| head.lane == lane);
    let head = match known {
        Some(head) => head,
        None => hold_head(tx, organization, lane)
            .await
            .map_err(|error| classify(&error))?,
    };
    let mut next = head.clone();
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        next.seq += 1;
        next.hash = line.hash(organization, lane, next.seq, &next.hash);
        rows.push((next.seq, next.hash, line));
    }
    let (seal_key, seal) = keys.sign(Purpose::AccessLog, &sealed(organization, lane, next.seq, &next.hash))?;
    let moved = sqlx::query(
        "UPDATE access_lane SET seq = ?, hash = ?, seal = ?, seal_key = ?, updated_at = ? \
         WHERE organization = ? AND lane = ? AND seq = ? AND hash = ?",
    )
    .bind(next.seq)
    .bind(&next.hash[..])
    .bind(&seal[..])
    .bind(&seal_key[..])
    .bind(Stamp::now())
    .bind(organization)
    .bind(lane)
    .bind(head.seq)
    .bind(&head.hash[..])
    .execute(&mut **tx)
    .await
    .map_err(|error| classify(&error));
    match moved {
        Ok(done) if done.rows_affected() == 1 => {}
        Ok(_) => {
            ours.move_on();
            return Err(Fault::Conflict);
        }
        Err(fault) => {
            if fault == Fault::Conflict {
                ours.move_on();
            }
            return Err(fault);
        }
    }
    for rows in rows.chunks(TOGETHER) {
        insert(tx, organization, lane, rows)
            .await
            .map_err(|error| classify(&error))?;
    }
    Ok(Some(Held { guard, next }))
}

/// The head of a lane, which is held from now on; of a new one, that of an empty lane. In one statement: transactions that look
/// for lanes which are not there, each with a lock, wait for one another to make them.
async fn hold_head(tx: &mut Tx, organization: Uuid, lane: u16) -> Result<Head, sqlx::Error> {
    let zero = [0; 32];
    let row = sqlx::query(
        "INSERT INTO access_lane (organization, lane, seq, hash, seal, seal_key, updated_at) \
         VALUES (?, ?, 0, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE seq = seq RETURNING seq, hash",
    )
    .bind(organization)
    .bind(lane)
    .bind(&zero[..])
    .bind(&zero[..])
    .bind(&zero[..8])
    .bind(Stamp::now())
    .fetch_one(&mut **tx)
    .await?;
    let hash: Vec<u8> = row.try_get("hash")?;
    let hash = hash
        .try_into()
        .map_err(|_| sqlx::Error::Decode("the head of a lane is not 32 bytes".into()))?;
    Ok(Head {
        lane,
        seq: row.try_get("seq")?,
        hash,
    })
}

async fn insert(
    tx: &mut Tx,
    organization: Uuid,
    lane: u16,
    rows: &[(u64, [u8; 32], &Line)],
) -> Result<(), sqlx::Error> {
    let mut query = QueryBuilder::<MySql>::new(
        "INSERT INTO access_log (organization, lane, seq, id, at, actor_kind, actor, role, relation, purpose, action, \
         outcome, patient, resource_kind, resource, request, source, hash) ",
    );
    query.push_values(rows, |mut values, (seq, hash, line)| {
        values
            .push_bind(organization)
            .push_bind(lane)
            .push_bind(*seq)
            .push_bind(line.id)
            .push_bind(line.at)
            .push_bind(&line.actor_kind)
            .push_bind(line.actor)
            .push_bind(&line.role)
            .push_bind(&line.relation)
            .push_bind(&line.purpose)
            .push_bind(&line.action)
            .push_bind(&line.outcome)
            .push_bind(line.patient)
            .push_bind(&line.resource_kind)
            .push_bind(line.resource)
            .push_bind(line.request)
            .push_bind(source_bytes(line.source))
            .push_bind(&hash[..]);
    });
    query
        .build()
        .persistent(rows.len() <= PREPARED)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
