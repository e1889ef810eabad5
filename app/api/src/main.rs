//! The clinical REST API

fn main() {}
