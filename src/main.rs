//! Galeno: compiles environments into GitOps manifests.

fn main() {}
