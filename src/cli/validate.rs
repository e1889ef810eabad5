//! `galeno validate`.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::ValueEnum;

use super::{End, Shell};
use crate::checks::{policy, references, schema};
use crate::finding::{Finding, Severity};
use crate::pipeline::{Manifests, read_paths, read_text};
use crate::report::{self, Format, Sources};

/// Check any Kubernetes manifests, without a cluster: schemas, what the API server would refuse, references, policies.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Objects that others refer to may be elsewhere: a missing one is a warning, unless `--complete`.\n\nExamples:\n  \
galeno validate generated/prod/eu-central\n  \
helm template chart | galeno validate -\n  \
galeno validate --kubernetes 1.35 --kubernetes 1.36 --crds my-crds/ manifests/\n  \
galeno validate --format sarif manifests/ > findings.sarif"
)]
pub(super) struct Args {
    /// Files and folders; `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The form of the report, on standard output.
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
    /// Folders with CustomResourceDefinitions of further kinds.
    #[arg(long, value_name = "DIR")]
    crds: Vec<PathBuf>,
    /// Kubernetes minor versions to check against.
    #[arg(long, value_name = "MINOR", default_value = "1.36")]
    kubernetes: Vec<String>,
    /// The manifests are all that their cluster holds: a missing object is an error, an unused one a warning.
    #[arg(long)]
    complete: bool,
    /// Leave out Galeno's own policies. Those among the manifests hold in any case.
    #[arg(long)]
    no_policies: bool,
    /// The least that makes the command fail.
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

fn gather(args: &Args, sources: &Sources) -> Manifests {
    let (streams, paths): (Vec<&String>, Vec<&String>) = args.paths.iter().partition(|path| *path == "-");
    let mut all = read_paths(&paths.into_iter().cloned().collect::<Vec<_>>());
    if !streams.is_empty() {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        if let Err(error) = read {
            all.findings.push(Finding::error(
                "io/read",
                format!("standard input cannot be read: {error}"),
            ));
        }
        let stream = read_text("<stdin>", &bytes);
        sources.give("<stdin>", &String::from_utf8_lossy(&bytes));
        all.items.extend(stream.items);
        all.files.extend(stream.files);
        all.findings.extend(stream.findings);
    }
    all
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let sources = Sources::default();
    let (catalog, versions) = match settings(args) {
        Ok(settings) => settings,
        Err(findings) => {
            shell.tell(&findings, &sources, true);
            return End::Unreadable;
        }
    };
    let Manifests {
        items,
        files,
        mut findings,
    } = gather(args, &sources);
    if items.is_empty() && findings.is_empty() {
        findings.push(
            Finding::error("validate/nothing", "there is no object in what was given")
                .because("a check of nothing is never a pass"),
        );
    }
    findings.extend(schema::check(&items, &catalog, &versions));
    let options = references::Options {
        complete: args.complete,
        ..references::Options::default()
    };
    findings.extend(references::check(&items, &options));
    findings.extend(policy::check(&items, &catalog, !args.no_policies));
    crate::finding::sort(&mut findings);
    let color = shell.colored(std::io::stdout().is_terminal());
    let printed = Shell::print(&report::tell(args.format, &findings, &files, &sources, color));
    shell.say(&format!(
        "{} objects in {} files: {}",
        items.len(),
        files.len(),
        report::count(&findings)
    ));
    let least = match args.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    if findings.iter().any(|f| f.severity >= least) {
        End::Findings
    } else {
        printed
    }
}

fn settings(args: &Args) -> Result<(schema::Catalog, Vec<schema::KubeVersion>), Vec<Finding>> {
    let mut catalog = schema::Catalog::upstream();
    for folder in &args.crds {
        catalog.add_crds(folder)?;
    }
    let version = |text: &String| {
        text.parse::<schema::KubeVersion>().map_err(|_| {
            vec![
                Finding::error(
                    "validate/version",
                    format!("there are no schemas for Kubernetes `{text}`"),
                )
                .mend("write a minor version from 1.33 to 1.37"),
            ]
        })
    };
    let versions = args.kubernetes.iter().map(version).collect::<Result<_, _>>()?;
    Ok((catalog, versions))
}
