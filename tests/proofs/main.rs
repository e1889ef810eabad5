//! What is proven before the merge: policies, survival, upgrade safety.
#![allow(
    clippy::semicolon_if_nothing_returned,
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::too_many_lines,
    reason = "long tables of cases, each a closure over one object"
)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

mod hostile;
mod platform;
mod policy;
mod safety;
mod survival;
mod upgrade;
