//! `galeno plan`.

use std::io::IsTerminal as _;

use super::{End, Shell, end_of};
use crate::finding::Finding;
use crate::gitops::{Repository, Side};
use crate::plan::{self, Format};
use crate::report::Sources;

/// Say what a change of generated/ does: by object and field, the most dangerous first.
///
/// Objects are compared by what they say, not by how they are written; what repeats is told once; and what a newer Galeno
/// changed is told apart from what you changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without BASE, the files on the disk are compared with the commit where this branch left the default \
branch, or with HEAD.\n\nExamples:\n  \
galeno plan                              what your branch changes\n  \
galeno plan HEAD                         what is not committed yet\n  \
galeno plan v1.2 v1.3 --format html      between two revisions, as a page\n  \
galeno plan origin/main HEAD --format markdown > comment.md"
)]
pub(super) struct Args {
    /// The revision to compare with.
    base: Option<String>,
    /// The revision that is compared; the files on the disk if absent.
    head: Option<String>,
    /// The form of the output.
    #[arg(long, value_name = "FORM", default_value = "terminal")]
    format: Format,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    match plan(shell, args) {
        Ok(plan) => {
            let color = shell.colored(std::io::stdout().is_terminal());
            match Shell::print(&plan::tell(&plan, args.format, color)) {
                End::Done => end_of(&plan.findings),
                other => other,
            }
        }
        Err(finding) => {
            shell.tell(&[*finding], &Sources::below(&shell.root), true);
            End::Findings
        }
    }
}

fn plan(shell: &Shell, args: &Args) -> Result<plan::Plan, Box<Finding>> {
    let repository = Repository::open(&shell.root)?;
    let base = match &args.base {
        Some(revision) => repository.side(revision)?,
        None => repository.default_base()?,
    };
    let head = match &args.head {
        Some(revision) => repository.side(revision)?,
        None => Side::working_tree(),
    };
    plan::plan(&repository, &base, &head)
}
