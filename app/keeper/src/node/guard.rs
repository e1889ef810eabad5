//! What mariadbd must be ended for although nobody asked: it would stay as it is for ever.

use std::time::{Duration, Instant};

use super::recover;
use super::sql::Component;
use super::watch::Seen;

/// An open door that cannot be shut for so long is shut by ending mariadbd.
const SHUT_WITHIN: Duration = Duration::from_secs(10);
/// A node that can apply nothing for so long, since its volume is full, makes way for the others.
const STUCK_FOR: Duration = Duration::from_secs(15);
/// A node that has left its group for so long does not come back by itself.
const OUT_FOR: Duration = Duration::from_secs(10);

/// Since when each of them has been so.
#[derive(Debug, Default)]
pub(super) struct Guard {
    open_since: Option<Instant>,
    /// And the last write-set that was applied.
    stuck_since: Option<(Instant, i64)>,
    out_since: Option<Instant>,
}

/// What the keeper wants and knows besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// Clients may come in.
    pub(super) open: bool,
    /// The node is in no primary component: nothing can be written.
    pub(super) non_primary: bool,
    pub(super) members: u8,
}

impl Guard {
    /// Why mariadbd is to be ended now, if it is.
    pub(super) fn look(&mut self, seen: &Seen, expected: Expected) -> Option<&'static str> {
        let open = self.stays_open(seen, expected);
        let full = self.holds_everybody_up(seen, expected);
        let out = self.is_out(seen);
        open.or(full).or(out)
    }

    /// Another mariadbd runs, or none.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// A door that stays open against the keeper's will. One through which nothing can be written anyway is not worth it.
    fn stays_open(&mut self, seen: &Seen, expected: Expected) -> Option<&'static str> {
        let open = seen.opened && !expected.open && !expected.non_primary;
        (lasting(&mut self.open_since, open) > SHUT_WITHIN).then_some("mariadbd does not shut its door")
    }

    /// mariadbd waits for ever for room on a full volume, and by flow control the whole cluster waits with it. Where the
    /// others are a majority without this node, it leaves them; it comes back when the volume has been enlarged.
    fn holds_everybody_up(&mut self, seen: &Seen, expected: Expected) -> Option<&'static str> {
        let full = seen.free.is_some_and(|free| free < recover::LEAST_FREE);
        let majority = u32::from(expected.members) / 2 + 1;
        let held_up = seen
            .observation
            .as_ref()
            .filter(|o| full && o.primary() && o.receive_queue > 0 && o.size > majority)
            .map(|o| o.committed);
        let since = match (held_up, self.stuck_since) {
            (None, _) => {
                self.stuck_since = None;
                return None;
            }
            (Some(now), Some((since, then))) if now == then => since,
            (Some(now), _) => {
                self.stuck_since = Some((Instant::now(), now));
                return None;
            }
        };
        let why = "the volume is full and holds the whole cluster up: leaving it to the others";
        (since.elapsed() > STUCK_FOR).then_some(why)
    }

    /// Galera closes its connection for good after a state transfer that failed and when the members voted a node to be
    /// inconsistent; mariadbd then runs on, outside, for ever. Without a quorum the connection stays: that is not meant.
    fn is_out(&mut self, seen: &Seen) -> Option<&'static str> {
        let observation = seen.observation.as_ref();
        let out = observation.is_some_and(|o| o.component == Component::Disconnected);
        let why = "Galera has left its group for good: starting again from the volume";
        (lasting(&mut self.out_since, out) > OUT_FOR).then_some(why)
    }
}

/// How long something has been so without a break.
fn lasting(since: &mut Option<Instant>, is_so: bool) -> Duration {
    if !is_so {
        *since = None;
        return Duration::ZERO;
    }
    since.get_or_insert_with(Instant::now).elapsed()
}
