//! Who may do what: one table, and one function that reads it.

mod relation;
mod table;

pub use relation::{Standing, relations};
pub use table::{Action, RULES, Relation, Role, allowed, allowed_while_restricted, markdown};
