//! The components that everything else stands on: namespaces, storage, certificates, secrets, rights and networks,
//! rendered from the environments that ship and from variants of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

#[path = "../components_apps/platform.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of other components, each of which uses a part"
)]
mod platform;

mod certificates;
mod crush;
mod namespaces;
mod network;
mod rbac;
mod reasons;
mod schema;
mod secrets;
mod snapshots;
mod storage;
