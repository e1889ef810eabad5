//! The check *references*: each rule by a good and a bad case, a whole platform that is clean and breaks wherever one
//! thing is taken out of it, and arbitrary objects.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a fixture that cannot be read must fail the test"
)]

mod cases;
mod faults;
mod properties;
mod support;
