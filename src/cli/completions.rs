//! `galeno completions`.

use clap::CommandFactory as _;

use super::{Cli, End, Shell};

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  galeno completions bash > /etc/bash_completion.d/galeno\n  \
galeno completions zsh > \"${fpath[1]}/_galeno\""
)]
pub(super) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args) -> End {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "galeno", &mut text);
    Shell::print(&String::from_utf8_lossy(&text))
}
