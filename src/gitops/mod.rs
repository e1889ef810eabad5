//! Git: what two revisions hold, and commits of exactly what was compiled.
//!
//! Objects, trees and references are read and written by `git2`. What a person has set up outside the repository
//! (credentials, proxies, keys) is used by the programs that own it: `git` for transports, `gpg` and `ssh-keygen` for
//! signatures. See `docs/decisions/git.md`.

mod changes;
mod commit;
mod compiled;
mod export;
mod ledger;
mod program;
mod publish;
mod repository;
mod safety;
mod sign;

pub use changes::{Content, FileChange};
pub use commit::Request;
pub use compiled::{CompiledFiles, compiled};
pub use publish::{Destination, Done, commit};
pub use repository::{Repository, Side};
pub use safety::safety;
