//! From files to files: reads environments, works them out, renders, checks. The only room that touches the disk before
//! `bundle` writes.

mod compile;
mod ledger;
mod load;
mod manifests;
mod render;

pub use compile::{Candidate, Compiled, Inspection, compile, compile_inspected, strangers};
pub use load::{Environments, Loaded, discover, load};
pub use manifests::{Manifests, read_paths, read_text};
pub use render::{Rendered, items, render, world};

/// Names of the folders of a repository.
pub mod folders {
    /// Environment files.
    pub const ENVIRONMENTS: &str = "environments";
    /// What is compiled.
    pub const GENERATED: &str = "generated";
    /// Requests of restores, under `environments/ENV/`.
    pub const RESTORES: &str = "restores";

    /// The folder of an environment's requests, from the repository's root.
    pub fn ledger(environment: &str) -> String {
        format!("{ENVIRONMENTS}/{environment}/{RESTORES}")
    }
}
