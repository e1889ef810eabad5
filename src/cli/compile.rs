//! `galeno compile`.

use super::{End, Shell, end_of, environments};
use crate::bundle::{Consent, Removal, TreeError};
use crate::finding::{Finding, has_errors};
use crate::gitops;
use crate::pipeline::{self, Candidate, Compiled};
use crate::report::{self, Sources};

/// Compile environments into checked manifests under generated/.
///
/// Nothing is written unless every environment that is compiled is right and every check passes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Files in generated/ENV/ that Galeno did not write, or that were changed since, are never replaced or \
removed: it refuses and names them.\n\nExamples:\n  \
galeno compile                          every environment\n  \
galeno compile --environment prod       one of them\n  \
galeno compile --check                  write nothing; fail if anything is stale, missing or stray\n  \
galeno compile --base v1.4              refuse what a cluster that runs v1.4 would refuse or lose\n  \
galeno compile --allow-removal 12       exactly twelve files may go\n  \
galeno compile -e prod --allow-removal eu-west  what goes below that folder of generated/prod may go"
)]
pub(super) struct Args {
    /// Compile this environment only; may be given more than once.
    #[arg(long, short, value_name = "NAME")]
    environment: Vec<String>,
    /// Write nothing: fail if generated/ is not exactly what the environments mean.
    #[arg(long)]
    check: bool,
    /// What a change is compared with, to find what a running cluster refuses or what puts data at risk. Without it: where
    /// the branch left the default branch.
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Show notes too: what is legal and built, and worth knowing.
    #[arg(long)]
    notes: bool,
    /// Agree that this many files are removed, or that this file is, or what is below this folder; may be given more than
    /// once. Paths are those below `generated/ENV/`.
    #[arg(long, value_name = "N|PATH")]
    allow_removal: Vec<Removal>,
    /// Overwrite generated files that were changed by hand.
    #[arg(long)]
    overwrite_edited: bool,
}

impl Args {
    fn consent(&self) -> Consent {
        Consent {
            overwrite_edited: self.overwrite_edited,
            removals: self.allow_removal.clone(),
        }
    }
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    let sources = Sources::below(&shell.root);
    let names = match environments(shell, &args.environment) {
        Ok(names) => names,
        Err(findings) => {
            shell.tell(&findings, &sources, true);
            return End::Findings;
        }
    };
    if names.len() > 1
        && args
            .allow_removal
            .iter()
            .any(|removal| matches!(removal, Removal::Path(_)))
    {
        let finding = Finding::error(
            "tree/whose-removal",
            "a path that may go is given, and several environments are compiled",
        );
        let finding = finding.because("the same path may stand in each of them");
        shell.tell(
            &[finding.mend("say which one is meant: `--environment NAME`")],
            &sources,
            true,
        );
        return End::Refused;
    }
    let mut compiled = Vec::new();
    let mut findings = Vec::new();
    let inspect = |candidate: &Candidate<'_>| gitops::safety(&shell.root, args.base.as_deref(), candidate);
    for (environment, found) in pipeline::compile_inspected(&shell.root, &names, jiff::Timestamp::now(), &inspect) {
        findings.extend(found);
        compiled.extend(environment);
    }
    shell.tell(&findings, &sources, args.notes);
    if has_errors(&findings) {
        shell.say(&format!("nothing was written: {}", report::count(&findings)));
        return End::Findings;
    }
    let ends: Vec<End> = compiled
        .iter()
        .map(|one| {
            if args.check {
                check(shell, one)
            } else {
                write(shell, one, args)
            }
        })
        .collect();
    if args.check && args.environment.is_empty() {
        let strangers = pipeline::strangers(&shell.root, &names);
        shell.tell(&strangers, &sources, true);
        if has_errors(&strangers) {
            return End::Findings;
        }
    }
    ends.into_iter()
        .find(|end| *end != End::Done)
        .unwrap_or_else(|| end_of(&findings))
}

fn failed(shell: &Shell, error: TreeError) -> End {
    let (end, findings) = match error {
        TreeError::Refused(findings) => (End::Refused, findings),
        other => (End::Unreadable, vec![Finding::error("io/tree", other.to_string())]),
    };
    shell.tell(&findings, &Sources::below(&shell.root), true);
    end
}

fn check(shell: &Shell, one: &Compiled) -> End {
    match one.tree.compare(&shell.root.join(&one.folder)) {
        Err(error) => failed(shell, error),
        Ok(difference) if difference.is_none() => {
            shell.say(&format!("{}: {} files are fresh", one.name, one.tree.len()));
            End::Done
        }
        Ok(difference) => {
            let findings = difference.findings(one.folder.as_ref());
            shell.tell(&findings, &Sources::below(&shell.root), true);
            shell.say(&format!(
                "{}: not fresh; run `galeno compile` and commit what it writes",
                one.name
            ));
            End::Findings
        }
    }
}

fn write(shell: &Shell, one: &Compiled, args: &Args) -> End {
    match one.tree.write(&shell.root.join(&one.folder), &args.consent()) {
        Err(error) => failed(shell, error),
        Ok(done) => {
            let (written, removed) = (done.written.len(), done.removed.len());
            shell.say(&format!(
                "{}: {} objects; {written} files written, {removed} removed, {} as they were",
                one.name, one.objects, done.unchanged
            ));
            for needless in &done.needless {
                shell.say(&format!("{}: nothing needed --allow-removal {needless}", one.name));
            }
            End::Done
        }
    }
}
