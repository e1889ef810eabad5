//! Arguments in, one function called, its result out. One file per subcommand.

mod node;

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
}

/// Parses the arguments and runs the command they name.
pub(crate) fn run() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Node(arguments) => node::run(&arguments),
    }
}
