//! A MariaDB of our own, a world in it, and a client.

pub mod client;
pub mod mariadb;
pub mod program;
pub mod world;

pub use client::{Answer, Client};
pub use mariadb::MariaDb;
pub use program::Api;
pub use world::World;

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Waits until something holds; generous, since the machine may be busy.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let give_up = Instant::now() + Duration::from_mins(3);
    loop {
        if let Some(value) = look().await {
            return value;
        }
        assert!(Instant::now() < give_up, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
