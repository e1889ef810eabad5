//! How much one client may ask for, in this process.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const SHARDS: usize = 16;
/// Clients remembered in one shard; beyond it those that have been quiet are forgotten.
const PER_SHARD: usize = 8_192;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A token, by its hash.
    Token([u8; 32]),
    /// An address without a token; an IPv6 client has a whole /64.
    Address(IpAddr),
    /// An address whose tokens are none of ours, or not known yet.
    Guess(IpAddr),
    /// An address that signs in.
    SignIn(IpAddr),
}

impl Who {
    pub(super) fn network(ip: IpAddr) -> IpAddr {
        match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::from((u128::from(ip) >> 64 << 64).to_be_bytes()),
            ip @ IpAddr::V4(_) => ip,
        }
    }
}

/// Leaky buckets: each holds a minute's worth and empties evenly.
pub struct Limiter {
    shards: Vec<Mutex<HashMap<Who, Bucket>>>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Fill, in requests.
    fill: f64,
    at: Instant,
    per_minute: u32,
    /// Of a token: it was good when it was last looked for.
    good: bool,
}

impl Bucket {
    fn leaked(self, now: Instant) -> f64 {
        let leak = now.duration_since(self.at).as_secs_f64() * f64::from(self.per_minute) / 60.0;
        (self.fill - leak).max(0.0)
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

impl Limiter {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request. Err: how long until there is room.
    pub fn take(&self, who: Who, per_minute: u32) -> Result<(), Duration> {
        let now = Instant::now();
        let mut shard = self.shard(who);
        if shard.len() >= PER_SHARD {
            shard.retain(|_, bucket| bucket.leaked(now) > 0.0);
            if shard.len() >= PER_SHARD {
                shard.clear();
            }
        }
        let bucket = shard.entry(who).or_insert(Bucket {
            fill: 0.0,
            at: now,
            per_minute,
            good: false,
        });
        let fill = bucket.leaked(now);
        let room = f64::from(per_minute.max(1));
        if fill + 1.0 > room {
            let wait = (fill + 1.0 - room) * 60.0 / room;
            return Err(Duration::from_secs_f64(wait.max(1.0)));
        }
        *bucket = Bucket {
            fill: fill + 1.0,
            at: now,
            per_minute,
            ..*bucket
        };
        Ok(())
    }

    /// Takes back one request that was counted.
    pub fn give_back(&self, who: Who) {
        if let Some(bucket) = self.shard(who).get_mut(&who) {
            bucket.fill = (bucket.fill - 1.0).max(0.0);
        }
    }

    /// Whether a token was good when it was last looked for: then what strangers guess at its address is none of its business.
    pub fn is_good(&self, token: Who) -> bool {
        self.shard(token).get(&token).is_some_and(|bucket| bucket.good)
    }

    /// A token that has just been made.
    pub fn welcome(&self, token: Who, per_minute: u32) {
        let _ = self.take(token, per_minute);
        self.judge(token, true);
    }

    /// Says of a token that was counted whether it is good.
    pub fn judge(&self, token: Who, good: bool) {
        if let Some(bucket) = self.shard(token).get_mut(&token) {
            bucket.good = good;
        }
    }

    fn shard(&self, who: Who) -> MutexGuard<'_, HashMap<Who, Bucket>> {
        let index = usize::try_from(self.hasher.hash_one(who) % SHARDS as u64).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Limiter, Who};

    #[test]
    fn one_client_cannot_use_another_ones_room() {
        let limiter = Limiter::new();
        let [a, b] = ["192.0.2.1", "192.0.2.2"].map(|ip| Who::Address(ip.parse().unwrap()));
        for _ in 0..10 {
            limiter.take(a, 10).unwrap();
        }
        assert!(limiter.take(a, 10).unwrap_err().as_secs() >= 1);
        assert!(limiter.take(a, 10).is_err());
        limiter.give_back(a);
        limiter.take(a, 10).unwrap();
        limiter.take(b, 10).unwrap();
        let [one, two] = ["2001:db8::1", "2001:db8::2"].map(|ip| Who::network(ip.parse().unwrap()));
        assert_eq!(one, two);
    }

    #[test]
    fn a_token_is_good_from_when_it_was_found_until_it_was_not() {
        let limiter = Limiter::new();
        let token = Who::Token([7; 32]);
        limiter.judge(token, true);
        assert!(!limiter.is_good(token), "nothing is kept of what was not counted");
        limiter.take(token, 10).unwrap();
        assert!(!limiter.is_good(token));
        limiter.judge(token, true);
        limiter.take(token, 10).unwrap();
        assert!(limiter.is_good(token));
        limiter.judge(token, false);
        assert!(!limiter.is_good(token));
        limiter.welcome(Who::Token([8; 32]), 10);
        assert!(limiter.is_good(Who::Token([8; 32])));
    }
}
