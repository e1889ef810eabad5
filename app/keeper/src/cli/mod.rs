//! Arguments in, one function called, its result out. One file per subcommand.

mod accept;
mod backup;
mod catalog;
mod common;
mod node;
mod prune;
mod rehearse;
#[cfg(test)]
mod rendered;
mod restore;
mod ship;
mod snapshot;
mod verify;

use clap::{Parser, Subcommand};

/// Starts, recovers, backs up, verifies and restores a MariaDB Galera database.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Node(node::Arguments),
    Backup(backup::Arguments),
    Snapshot(snapshot::Arguments),
    Ship(ship::Arguments),
    Rehearse(rehearse::Arguments),
    Restore(restore::Arguments),
    Accept(accept::Arguments),
    Prune(prune::Arguments),
    Catalog(catalog::Arguments),
    Verify(verify::Arguments),
}

/// Parses the arguments and runs the command they name.
pub(crate) fn run() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Node(arguments) => node::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments),
        Command::Ship(arguments) => ship::run(&arguments),
        Command::Rehearse(arguments) => rehearse::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Accept(arguments) => accept::run(&arguments),
        Command::Prune(arguments) => prune::run(&arguments),
        Command::Catalog(arguments) => catalog::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    }
}
