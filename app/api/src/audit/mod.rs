//! The access log: who saw or changed whose what, when, from where and why.
//!
//! Lines are written in the transaction of the access itself. They stand in lanes, each a hash chain; the head of a lane
//! is sealed with a key that the database does not hold. Whoever alters, removes or reorders lines in the database breaks
//! a hash; whoever recomputes the hashes cannot make the seal; and the heads that each backup carries show a lane that
//! was cut short or rolled back.

mod chain;
mod line;
mod routes;
mod verify;

pub use chain::{Held, Lanes, append};
pub(crate) use line::source_from;
pub use line::{Line, Outcome, Purpose};
pub use routes::router;
pub use verify::{Anchor, Finding, Verdict, heads, verify};
