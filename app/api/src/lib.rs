//! The clinical REST API.
//!
//! `http` is how requests come in and answers go out, `db` the database's nodes, `auth` who somebody is, `authz` what
//! they may do, `audit` the access log, `resources` one module for each kind of thing, `fhir` the same things as FHIR,
//! `cli` the program's commands.

mod app;
pub mod audit;
pub mod auth;
pub mod authz;
pub mod cli;
pub mod db;
mod fhir;
#[doc(hidden)]
pub mod fuzz;
pub mod http;
pub mod keys;
mod maintenance;
pub mod people;
mod resources;
pub mod seed;

pub use app::App;
#[doc(hidden)]
pub use resources::belongings;
#[doc(hidden)]
pub use resources::patients::mend as mend_pairs;
