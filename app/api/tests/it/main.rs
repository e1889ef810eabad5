//! The API over a real MariaDB.

// One crate of tests: its modules share what others of the workspace could not reach anyway, and not every one of them
// uses all of what they share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Tables are read line by line, and a story is told to its end.
#![allow(
    clippy::match_same_arms,
    clippy::unnested_or_patterns,
    clippy::too_many_lines,
    clippy::format_collect
)]

mod support;

mod appointments;
mod audit;
mod auth;
mod authorization;
mod bounds;
mod command_line;
mod connections;
mod emergency;
mod erasure;
mod fhir;
mod fhir_clients;
mod fhir_walls;
mod fhir_write;
mod foundation;
mod indexes;
mod invariants;
mod merges;
mod oidc;
mod openapi;
mod patients;
mod prescriptions;
mod probes;
mod process;
mod records;
mod rights;
mod security_list;
mod traces;
