//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    galeno::cli::run(galeno::cli::Cli::parse())
}
