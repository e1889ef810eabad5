//! What the programs of the platform read at start.
//!
//! The generator renders these very types into ConfigMaps, and the programs parse them, so that a manifest and the
//! program that reads it cannot disagree. Every type refuses unknown fields.

pub mod api;
pub mod backup;
mod duration;
pub mod invariants;
pub mod keeper;
pub mod metrics;
pub mod web;

pub use duration::{Duration, InvalidDuration};
