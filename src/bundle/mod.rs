//! Manifests, and how they become files and come back.

mod object;

pub use object::{Item, Manifest, NotAnObject, Object, Reason, to_object};
