//! How long writes pause when a node dies: from `kill -9` to the next write that is confirmed through another node. No test
//! of anything, a measurement: `bench/failover` runs it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on ends"
)]

mod common;

use std::time::{Duration, Instant};

use common::cluster::Cluster;
use common::wait;
use common::writer::Writer;

const ALL: [usize; 3] = [0, 1, 2];

#[test]
#[ignore = "a measurement: bench/failover"]
fn failover() {
    let runs: usize = std::env::var("RUNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20);
    let mut cluster = Cluster::start();
    let mut writer = Writer::start(&cluster, &ALL);
    let mut pauses: Vec<Duration> = (0..runs)
        .map(|run| {
            writer.wait_for_more(&cluster, 100);
            let node = run % ALL.len();
            let killed = Instant::now();
            cluster.kill(node);
            // What was begun while it still died may have been confirmed with it.
            let gone = Instant::now();
            let next = wait("the next confirmed write", || {
                let confirmed = writer.confirmed();
                confirmed
                    .iter()
                    .filter(|c| c.node != node && c.begun > gone)
                    .map(|c| c.at)
                    .min()
            });
            cluster.spawn(node);
            cluster.wait_all_ready();
            next.duration_since(killed)
        })
        .collect();
    writer.finish(&cluster, &ALL);
    pauses.sort();
    let part = |percent: usize| pauses[(pauses.len() * percent).div_ceil(100).max(1) - 1].as_secs_f64();
    println!(
        "failover over {runs} runs: p50 {:.1} s, p99 {:.1} s, shortest {:.1} s, longest {:.1} s",
        part(50),
        part(99),
        part(1),
        part(100)
    );
}
