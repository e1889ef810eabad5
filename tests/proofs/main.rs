//! What is proven before the merge: policies, survival, upgrade safety.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

mod hostile;
mod platform;
mod policy;
mod safety;
mod survival;
mod upgrade;
