//! The keeper: a Galera node that starts, recovers, backs up, verifies and restores itself.

mod accept;
mod agreement;
mod alert;
mod backup;
mod binlog;
mod catalog;
mod chains;
mod cli;
mod control;
mod database;
mod generation;
mod gtid;
mod http;
mod metrics;
mod node;
mod openpgp;
mod process;
mod rehearse;
mod restore;
mod retention;
mod run;
mod ship;
mod store;
mod text;
mod verify;
mod volume;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keeper: {error:#}");
            ExitCode::FAILURE
        }
    }
}
