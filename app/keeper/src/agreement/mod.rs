//! Who starts the database: the rule, as pure logic.
//!
//! A [`Machine`] takes what happens (answers, proposals, what mariadbd does) and says what is to be done. It reads no
//! clock, opens no socket and touches no file, so that `model.rs` can check the very code that runs in production:
//! every order of messages, crashes, lost volumes and restarts, up to a bound.
//!
//! The rule in short. A new primary component is started only by a member that *every* other member has granted it to,
//! at an epoch higher than any they have granted before. A member grants only while its mariadbd is stopped, and only
//! to a state at least as far as its own, and only if it would decide the same on what it knows itself. Whoever grants gives up its own attempt, so two attempts cannot both succeed.
//! What a silent, empty or damaged member had is unknown: then everybody waits for it, or for a person.

mod decide;
mod holding;
mod machine;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
mod types;

pub(crate) use decide::Why;
pub(crate) use holding::assess;
pub(crate) use machine::{Action, DatabaseEvent, Machine, Orders, Setup, Start};
pub(crate) use types::{Durable, Envelope, Fork, Found, Holding, Ordinal, Phase, Position, Report, StateUuid};
