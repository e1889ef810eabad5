//! The API over a real MariaDB.

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
