//! The clinical REST API.

use std::process::ExitCode;

fn main() -> ExitCode {
    galeno_api::cli::main()
}
