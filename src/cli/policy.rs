//! `galeno policy`.

use std::path::{Path, PathBuf};

use super::{End, Shell, end_of};
use crate::checks::policy::test;
use crate::checks::schema::Catalog;
use crate::finding::{Finding, Place};
use crate::policies::{Texts, texts};
use crate::report::Sources;

/// Admission policies: what the cluster refuses, and compiling as well.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the cases of policies: each must admit and reject what its cases say, with the message that they expect.
    #[command(
        after_help = "A folder holds NAME.yaml (a ValidatingAdmissionPolicy, its binding, its parameters) and NAME.cases.yaml. A policy \
without a case that it must reject fails.\n\nExamples:\n  \
galeno policy test               policies/ of the repository, or Galeno's own where there is no such folder\n  \
galeno policy test my-policies/"
    )]
    Test {
        /// The folder of the policies.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let Command::Test { folder } = &args.command;
    let sources = Sources::default();
    let texts = match gather(shell, folder.as_deref()) {
        Ok(texts) => texts,
        Err(finding) => {
            shell.tell(&[*finding], &sources, true);
            return End::Unreadable;
        }
    };
    for text in &texts {
        sources.give(&text.file, &text.policy);
        if let Some(cases) = &text.cases {
            sources.give(&text.cases_file(), cases);
        }
    }
    let mut findings = Vec::new();
    for tested in test(&texts, &Catalog::upstream()) {
        let line = format!(
            "{}: {} admitted, {} rejected, as they must be",
            tested.name, tested.admitted, tested.rejected
        );
        shell.say(&line);
        findings.extend(tested.findings);
    }
    shell.tell(&findings, &sources, true);
    end_of(&findings)
}

fn gather(shell: &Shell, folder: Option<&Path>) -> Result<Vec<Texts>, Box<Finding>> {
    let own = shell.root.join("policies");
    if folder.is_none() && !own.is_dir() {
        return Ok(texts());
    }
    let folder = folder.map_or(own, Path::to_owned);
    let found = read(&folder)?;
    if found.is_empty() {
        let message = format!("there is no policy in {}", folder.display());
        let finding = Finding::error("policy/nothing", message).because("a test of nothing is never a pass");
        return Err(Box::new(
            finding.mend("name the folder that holds NAME.yaml and NAME.cases.yaml"),
        ));
    }
    Ok(found)
}

fn read(folder: &Path) -> Result<Vec<Texts>, Box<Finding>> {
    let failed = |path: &Path, error: std::io::Error| {
        let place = Place {
            file: Some(path.display().to_string()),
            ..Place::default()
        };
        Box::new(Finding::error("io/read", format!("cannot be read: {error}")).at(place))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".yaml")) else {
            continue;
        };
        if name.rsplit_once('.').is_some_and(|(_, ending)| ending == "cases") {
            continue;
        }
        let policy = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        let cases = path.with_file_name(format!("{name}.cases.yaml"));
        let cases = match std::fs::read_to_string(&cases) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(&cases, error)),
        };
        found.push(Texts {
            name: name.to_owned(),
            file: path.display().to_string(),
            policy,
            cases,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
