//! Restores as a person asks for them: requests in the ledger, and the two fields of the environment file that say which
//! generation serves and which are not needed any more.
//!
//! Nothing here speaks to a cluster: each function writes one file, which a commit and a merge make come true.

mod edit;
mod request;
mod states;

pub use edit::{activate, retire};
pub use request::{Asked, request};
pub use states::{GenerationState, State, states};
