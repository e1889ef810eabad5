//! Manifests, and how they become files and come back.

mod consent;
mod difference;
mod emit;
mod index;
mod object;
mod path;
mod stage;
mod tree;

pub use consent::{Consent, Removal};
pub use difference::Difference;
pub use emit::{NotWritten, write_yaml};
pub use index::Index;
pub use object::{Item, Manifest, NotAnObject, Object, Reason, to_object};
pub use path::paths;
pub use tree::{Tree, TreeError, Written};
