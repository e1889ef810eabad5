//! The API over a real MariaDB.

// One crate of tests: its modules share what others of the workspace could not reach anyway, and not every one of them
// uses all of what they share.
#![allow(dead_code, unreachable_pub)]

mod support;

mod appointments;
mod audit;
mod auth;
mod authorization;
mod emergency;
mod foundation;
mod oidc;
mod openapi;
mod patients;
mod prescriptions;
mod process;
mod records;
mod rights;
mod traces;
