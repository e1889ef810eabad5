//! Rates and times.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::Kind;

/// Something that does one transaction after the other.
pub trait Worker: Send + 'static {
    /// Does the transaction of that number. False: there is nothing left to do.
    fn work(&mut self, kind: Kind, number: usize) -> impl Future<Output = bool> + Send;
}

/// What came out.
pub struct Figures {
    /// Transactions.
    pub count: usize,
    /// Transactions a second.
    pub rate: f64,
    /// Seconds.
    pub p50: f64,
    /// Seconds.
    pub p99: f64,
}

fn figures(mut times: Vec<f64>, took: Duration) -> Figures {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| {
        times
            .get((times.len() * part / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    };
    Figures {
        count: times.len(),
        rate: times.len() as f64 / took.as_secs_f64(),
        p50: at(50),
        p99: at(99),
    }
}

/// Every worker as fast as it can.
pub async fn saturated<W: Worker>(workers: Vec<W>, time: Duration, kind: Kind) -> Figures {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let running = workers.into_iter().map(|mut worker| {
        let next = next.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < time {
                let since = Instant::now();
                if !worker.work(kind, next.fetch_add(1, Ordering::Relaxed)).await {
                    break;
                }
                times.push(since.elapsed().as_secs_f64());
            }
            times
        })
    });
    let times = futures_util::future::join_all(running)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    figures(times, begun.elapsed())
}

/// So many transactions a second. A time begins when the transaction was due, not when a worker was free for it.
pub async fn paced<W: Worker>(workers: Vec<W>, time: Duration, rate: f64, kind: Kind) -> Figures {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let running = workers.into_iter().map(|mut worker| {
        let next = next.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_secs_f64(number as f64 / rate);
                if due > time {
                    return times;
                }
                tokio::time::sleep_until((begun + due).into()).await;
                if !worker.work(kind, number).await {
                    return times;
                }
                times.push(begun.elapsed().saturating_sub(due).as_secs_f64());
            }
        })
    });
    let times = futures_util::future::join_all(running)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    figures(times, begun.elapsed())
}
