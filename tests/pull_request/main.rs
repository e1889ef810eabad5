//! What leads to a pull request and stands in it: plans, commits and requests of restores, in real git repositories.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

mod commit;
mod plan;
mod restore;
mod support;
