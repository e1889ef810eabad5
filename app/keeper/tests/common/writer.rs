//! A client that writes numbered rows all the time, over several nodes, and remembers which were confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use mysql::{Conn, Opts};

use super::cluster::Cluster;
use super::net::enter;
use super::wait_within;

/// Writers of one test that follow each other write different numbers.
static WRITERS: AtomicI64 = AtomicI64::new(0);
const NUMBERS: i64 = 1_000_000_000;

#[derive(Debug, Clone, Copy)]
pub struct Confirmed {
    pub id: i64,
    pub node: usize,
    /// When it was sent.
    pub begun: Instant,
    /// When it was confirmed.
    pub at: Instant,
}

pub struct Writer {
    stop: Arc<AtomicBool>,
    confirmed: Arc<Mutex<Vec<Confirmed>>>,
    errors: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    /// One thread for each of `nodes`, which prefers that node and goes to the next one when it fails. A number whose
    /// fate is unknown is never written again: the check must not hide a row that is there twice.
    pub fn start(cluster: &Cluster, nodes: &[usize]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let confirmed = Arc::new(Mutex::new(Vec::new()));
        let errors = Arc::new(AtomicU64::new(0));
        let targets: Vec<(usize, Opts)> = nodes.iter().map(|&n| (n, cluster.client_options(n).into())).collect();
        let first = WRITERS.fetch_add(1, Ordering::Relaxed) * NUMBERS;
        let threads = (0..nodes.len())
            .map(|worker| {
                let (stop, confirmed, errors) = (stop.clone(), confirmed.clone(), errors.clone());
                let (targets, hub) = (targets.clone(), cluster.net.hub());
                thread::spawn(move || {
                    enter(&hub);
                    work(worker, first, &targets, &stop, &confirmed, &errors);
                })
            })
            .collect();
        Self {
            stop,
            confirmed,
            errors,
            threads,
        }
    }

    pub fn count(&self) -> usize {
        self.confirmed.lock().unwrap().len()
    }

    pub fn confirmed(&self) -> Vec<Confirmed> {
        self.confirmed.lock().unwrap().clone()
    }

    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Waits until `more` further rows are confirmed.
    pub fn wait_for_more(&self, cluster: &Cluster, more: usize) {
        let target = self.count() + more;
        wait_within(
            &format!("{more} more confirmed rows"),
            super::PATIENCE,
            || (self.count() >= target).then_some(()),
            || cluster.describe(),
        );
    }

    /// Stops, and gives what was confirmed.
    pub fn stop(&mut self) -> Vec<Confirmed> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.confirmed()
    }

    /// Stops, and checks: every confirmed row is there exactly once, no row twice, and the nodes are equal.
    pub fn finish(&mut self, cluster: &Cluster, nodes: &[usize]) -> usize {
        let confirmed = self.stop();
        for &node in nodes {
            let lost = lost(cluster, node, &confirmed);
            assert!(
                lost.is_empty(),
                "node {node} lacks {} of {}: {lost:?}",
                lost.len(),
                confirmed.len()
            );
        }
        cluster.assert_same(nodes);
        confirmed.len()
    }

    /// As [`Writer::finish`], where a person gave up what only `member` had at the `outage` of all: that is the last ones
    /// that it confirmed before it, if any, and nothing else. Returns how many.
    pub fn finish_without(&mut self, cluster: &Cluster, nodes: &[usize], member: usize, outage: Instant) -> usize {
        let confirmed = self.stop();
        let lost = lost(cluster, nodes[0], &confirmed);
        let of_member: Vec<&Confirmed> = confirmed
            .iter()
            .filter(|c| c.node == member && c.begun < outage)
            .collect();
        let last = &of_member[of_member.len().saturating_sub(lost.len())..];
        let ids = |list: &[&Confirmed]| list.iter().map(|c| c.id).collect::<BTreeSet<i64>>();
        assert_eq!(
            ids(&lost),
            ids(last),
            "other rows are lost than the last that node {member} confirmed"
        );
        cluster.assert_same(nodes);
        lost.len()
    }
}

/// What was confirmed, and is not there. No row may be there twice.
fn lost<'a>(cluster: &Cluster, node: usize, confirmed: &'a [Confirmed]) -> Vec<&'a Confirmed> {
    assert!(!confirmed.is_empty(), "nothing was written");
    let rows: BTreeMap<i64, i64> = cluster
        .query_all(node, "SELECT id, COUNT(*) FROM clinic.numbers GROUP BY id")
        .into_iter()
        .collect();
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "node {node} has rows twice: {twice:?}");
    confirmed.iter().filter(|c| !rows.contains_key(&c.id)).collect()
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(
    worker: usize,
    first: i64,
    targets: &[(usize, Opts)],
    stop: &AtomicBool,
    confirmed: &Mutex<Vec<Confirmed>>,
    errors: &AtomicU64,
) {
    let mut target = worker;
    let mut conn: Option<Conn> = None;
    let mut id = first + i64::try_from(worker).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let (node, options) = &targets[target % targets.len()];
        let outcome = (|| -> mysql::Result<Instant> {
            let conn = match &mut conn {
                Some(conn) => conn,
                closed => closed.insert(Conn::new(options.clone())?),
            };
            let begun = Instant::now();
            conn.exec_drop("INSERT INTO clinic.numbers (id, node) VALUES (?, ?)", (id, *node))?;
            Ok(begun)
        })();
        if let Ok(begun) = outcome {
            confirmed.lock().unwrap().push(Confirmed {
                id,
                node: *node,
                begun,
                at: Instant::now(),
            });
            // Fast enough to hit every moment, slow enough not to be the only thing this machine does.
            thread::sleep(Duration::from_millis(2));
        } else {
            errors.fetch_add(1, Ordering::Relaxed);
            conn = None;
            target += 1;
            thread::sleep(Duration::from_millis(50));
        }
        id += i64::try_from(targets.len()).unwrap();
    }
}
