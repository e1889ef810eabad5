//! Two replicas of the API on two nodes of one Galera cluster: what the unique key, the counting statement and
//! certification decide when nobody shares a lock, and what is left when a node or a replica is killed.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

#[path = "../it/support/mod.rs"]
mod support;

mod cluster;
mod contention;
mod fitness;
mod losses;
