//! A test's own world: network namespaces joined by a bridge, a certificate authority, and real `keeper node` processes
//! that run real mariadbd. Everything ends with the value that made it, and with the test's process at the latest.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

pub mod authority;
pub mod cluster;
pub mod net;
pub mod writer;

use std::time::{Duration, Instant};

/// Generous: the machine may be very busy with other things, and then a state transfer takes minutes.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// Asks until there is an answer; what has not happened within [`PATIENCE`] will not.
pub fn wait<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    wait_within(what, PATIENCE, &mut poll, String::new)
}

/// As [`wait`]; `state` says how things are when it was in vain.
pub fn wait_within<T>(
    what: &str,
    patience: Duration,
    mut poll: impl FnMut() -> Option<T>,
    state: impl FnOnce() -> String,
) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(
            Instant::now() < end,
            "in vain for {} s: {what}\n{}",
            patience.as_secs(),
            state()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
