//! The clinical REST API.

use std::process::ExitCode;

/// The program is linked with musl, whose own allocator has one lock for every thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    galeno_api::cli::main()
}
