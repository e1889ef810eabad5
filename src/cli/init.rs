//! `galeno init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use super::{End, Shell};
use crate::finding::{Finding, Place};
use crate::pipeline::folders;
use crate::report::Sources;
use crate::topology::values::DnsLabel;

/// Write a small, commented environment that compiles as it stands.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An environment that exists is never overwritten.\n\nExamples:\n  galeno init clinic && galeno compile --environment clinic"
)]
pub(super) struct Args {
    /// The environment's name: lower-case letters, digits and hyphens, at most 20.
    name: String,
}

fn text(name: &DnsLabel) -> String {
    include_str!("init.yaml.j2").replace("{{ name }}", name.as_str())
}

fn write(shell: &Shell, name: &DnsLabel) -> std::io::Result<()> {
    std::fs::create_dir_all(shell.root.join(folders::ENVIRONMENTS))?;
    let path = shell.root.join(file(name.as_str()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text(name).as_bytes())?;
    file.sync_all()
}

fn file(name: &str) -> String {
    format!("{}/{name}.yaml", folders::ENVIRONMENTS)
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let name = match args.name.parse::<DnsLabel>() {
        Ok(name) if args.name.len() <= 20 => name,
        Ok(_) => {
            return refuse(
                shell,
                End::Findings,
                Finding::error("spec/name", format!("`{}` is longer than 20 characters", args.name))
                    .mend("choose a shorter name"),
            );
        }
        Err(problem) => {
            return refuse(
                shell,
                End::Findings,
                Finding::error("spec/name", problem.problem).mend(problem.mend),
            );
        }
    };
    match write(shell, &name) {
        Ok(()) => {
            shell.say(&format!(
                "wrote {}\nnext: read it, then `galeno compile --environment {name}`",
                file(name.as_str())
            ));
            End::Done
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let finding = Finding::error("io/exists", "the environment exists already")
                .mend("choose another name; nothing is overwritten");
            refuse(shell, End::Refused, at(finding, name.as_str()))
        }
        Err(error) => refuse(
            shell,
            End::Unreadable,
            at(
                Finding::error("io/write", format!("cannot be written: {error}")),
                name.as_str(),
            ),
        ),
    }
}

fn at(finding: Finding, name: &str) -> Finding {
    finding.at(Place {
        file: Some(file(name)),
        ..Place::default()
    })
}

fn refuse(shell: &Shell, end: End, finding: Finding) -> End {
    shell.tell(&[finding], &Sources::default(), true);
    end
}
