//! The keeper: a Galera node that starts, recovers, backs up, verifies and restores itself

fn main() {}
