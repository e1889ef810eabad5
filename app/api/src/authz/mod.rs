//! Who may do what: one table, and one function that reads it.

mod relation;
mod table;

pub use relation::relations;
pub use table::{Action, RULES, Relation, Role, allowed, markdown};
