//! Galeno compiles a short environment file into a whole clinical platform as GitOps.
//!
//! Data flows one way: `spec` (what a person wrote) → `topology` (what it means) → `components` (typed objects) →
//! `checks` (findings) → `bundle` (files). Nothing imports upward; see `ARCHITECTURE.md`.

pub mod bundle;
pub mod checks;
pub mod cli;
pub mod components;
pub mod digest;
pub mod finding;
pub mod gitops;
pub mod page;
pub mod pipeline;
pub mod plan;
pub mod policies;
pub mod report;
pub mod restore;
pub mod spec;
pub mod status;
pub mod topology;
pub mod yaml;
