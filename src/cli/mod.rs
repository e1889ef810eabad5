//! The command line: one file a subcommand, each parses flags, calls one function and prints.

mod commit;
mod compile;
mod completions;
mod explain;
mod init;
mod plan;
mod policy;
mod report;
mod restore;
mod schema;
mod status;
mod survive;
mod validate;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::finding::{Finding, Severity, has_errors};
use crate::report::{Format, Sources};

const AFTER_HELP: &str = "\
Exit codes:
  0  done, nothing wrong
  1  findings: something in the input or in the manifests is wrong, or `--check` found files that are not fresh
  2  the command line is wrong
  3  refused: writing would lose something that Galeno did not make, or remove too much; nothing was changed
  4  a file could not be read or written

Examples:
  galeno init clinic                 write a small environment to begin with
  galeno compile                     environments/*.yaml to generated/
  galeno compile --check             fail if generated/ is not what the environments mean
  galeno explain prod database       what an environment means, and why
  galeno plan                        what a branch changes, the most dangerous first
  galeno commit --push               exactly what was compiled, and nothing else
  galeno restore list -e prod        the generations of a database; `request` asks for another
  galeno status prod                 what runs now: zones, pods, the database and its gate, backups
  galeno validate manifests/         any Kubernetes manifests, without a cluster
  galeno policy test                 the cases of the admission policies
  galeno survive prod                what is left when a node, a disk, a zone or a region is lost";

/// Compiles a short environment file into a whole clinical platform as GitOps.
#[derive(Debug, Parser)]
#[command(name = "galeno", version, after_help = AFTER_HELP, max_term_width = 110)]
pub struct Cli {
    /// The repository: the folder that holds `environments/`.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Say nothing but findings.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compile(compile::Args),
    Validate(validate::Args),
    Explain(explain::Args),
    Policy(policy::Args),
    Survive(survive::Args),
    Init(init::Args),
    Plan(plan::Args),
    Commit(commit::Args),
    Restore(restore::Args),
    Report(report::Args),
    Status(status::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Findings,
    Refused,
    Unreadable,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Done => 0,
            End::Findings => 1,
            End::Refused => 3,
            End::Unreadable => 4,
        })
    }
}

/// What commands share: where the repository is and how to speak. Data goes to standard output, everything else to
/// standard error.
struct Shell {
    root: PathBuf,
    color: Color,
    quiet: bool,
}

impl Shell {
    fn colored(&self, terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }

    /// Progress and results for a person, on standard error.
    fn say(&self, line: &str) {
        if !self.quiet {
            // Nobody listens to a closed standard error.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// Data, on standard output. A reader that went away, such as `head`, is no failure.
    fn print(text: &str) -> End {
        match std::io::stdout()
            .write_all(text.as_bytes())
            .and_then(|()| std::io::stdout().flush())
        {
            Ok(()) => End::Done,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => End::Done,
            Err(_) => End::Unreadable,
        }
    }

    /// Tells findings on standard error, notes only where a person may want them.
    fn tell(&self, findings: &[Finding], sources: &Sources, notes: bool) {
        let mut shown: Vec<Finding> = findings
            .iter()
            .filter(|f| notes || f.severity > Severity::Note)
            .cloned()
            .collect();
        crate::finding::sort(&mut shown);
        let color = self.colored(std::io::stderr().is_terminal());
        let _ = write!(
            std::io::stderr(),
            "{}",
            crate::report::tell(Format::Text, &shown, &[], sources, color)
        );
    }
}

/// Runs a command line.
pub fn run(cli: Cli) -> ExitCode {
    let shell = Shell {
        root: cli.root,
        color: cli.color,
        quiet: cli.quiet,
    };
    let end = match cli.command {
        Command::Compile(args) => compile::run(&shell, &args),
        Command::Validate(args) => validate::run(&shell, &args),
        Command::Explain(args) => explain::run(&shell, &args),
        Command::Policy(args) => policy::run(&shell, &args),
        Command::Survive(args) => survive::run(&shell, &args),
        Command::Init(args) => init::run(&shell, &args),
        Command::Plan(args) => plan::run(&shell, &args),
        Command::Commit(args) => commit::run(&shell, &args),
        Command::Restore(args) => restore::run(&shell, &args),
        Command::Report(args) => report::run(&shell, &args),
        Command::Status(args) => status::run(&shell, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    end.into()
}

/// The end that findings call for.
fn end_of(findings: &[Finding]) -> End {
    if has_errors(findings) { End::Findings } else { End::Done }
}

/// The environments that are asked for; all of them where none is.
fn environments(shell: &Shell, asked: &[String]) -> Result<Vec<String>, Vec<Finding>> {
    let all = crate::pipeline::discover(&shell.root).map_err(|finding| vec![*finding])?;
    if asked.is_empty() {
        return Ok(all.names().to_vec());
    }
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    for name in asked {
        match all.named(name) {
            Ok(name) => names.push(name.to_owned()),
            Err(finding) => wrong.push(*finding),
        }
    }
    names.sort_unstable();
    names.dedup();
    if wrong.is_empty() { Ok(names) } else { Err(wrong) }
}
