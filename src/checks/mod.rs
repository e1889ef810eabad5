//! The checks: each a module, each a pure function from objects to findings.

pub mod policy;
pub mod references;
pub mod schema;
pub mod survival;
pub mod upgrade;
