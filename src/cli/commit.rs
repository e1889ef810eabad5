//! `galeno commit`.

use std::collections::BTreeMap;

use super::{End, Shell, environments};
use crate::finding::Finding;
use crate::gitops::{CompiledFiles, Destination, Done, Repository, Request, commit, compiled};
use crate::pipeline::{self, Loaded, folders};
use crate::report::Sources;
use crate::spec;

/// Commit exactly what was compiled, and nothing else.
///
/// The commit holds the files that the index of each environment names, byte for byte as Galeno wrote them, and the published
/// schemas. Your other work in the tree stays as it is; a prepared index is refused. The author, the signature (OpenPGP or
/// SSH) and the sign-off are those that git is set up for; the trailer Galeno-Source names the revision of the environments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Pushing goes through the `git` program, with its credentials. Where somebody else was faster, the commit is \
made again on top of theirs, unless they changed the same environment: then nothing is committed.\n\nExamples:\n  \
galeno compile && galeno commit                  to the branch that is checked out\n  \
galeno commit -m \"Four replicas\" --push          and to its remote\n  \
galeno commit --branch deploy --push             to another branch\n  \
galeno commit --environment prod --sign          one environment, signed"
)]
pub(super) struct Args {
    /// Commit this environment only; may be given more than once.
    #[arg(long, short, value_name = "NAME")]
    environment: Vec<String>,
    /// The message; it says which environments were compiled if absent.
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// Push the branch.
    #[arg(long)]
    push: bool,
    /// The remote to push to.
    #[arg(long, value_name = "NAME", default_value = "origin", requires = "push")]
    remote: String,
    /// The branch to commit to, which need not be checked out; it begins at HEAD if it is new.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Add `Signed-off-by`, as `format.signOff` in git's configuration does.
    #[arg(long, short)]
    signoff: bool,
    /// Sign the commit, as `commit.gpgSign` in git's configuration does.
    #[arg(long, short = 'S')]
    sign: bool,
}

pub(super) fn run(shell: &Shell, args: &Args) -> End {
    match work(shell, args) {
        Ok(lines) => {
            for line in &lines {
                shell.say(line);
            }
            End::Done
        }
        Err(findings) => {
            shell.tell(&findings, &Sources::below(&shell.root), true);
            End::Refused
        }
    }
}

/// What goes to one place.
#[derive(Default)]
struct Batch {
    environments: Vec<CompiledFiles>,
    folder: String,
    sign: bool,
}

fn work(shell: &Shell, args: &Args) -> Result<Vec<String>, Vec<Finding>> {
    let repository = Repository::open(&shell.root).map_err(|finding| vec![*finding])?;
    let mut batches: BTreeMap<Option<(String, String)>, Batch> = BTreeMap::new();
    for name in environments(shell, &args.environment)? {
        let (loaded, findings) = pipeline::load(&shell.root, &name, jiff::Timestamp::UNIX_EPOCH);
        let Some(loaded) = loaded else { return Err(findings) };
        let place = elsewhere(&loaded);
        let batch = batches.entry(place.clone()).or_default();
        let own = &loaded.topology.argocd;
        batch.folder = match place {
            Some(_) => own.path.trim_matches('/').to_owned(),
            None => repository.from_top(folders::GENERATED),
        };
        batch.sign |= !own.signing_keys.is_empty();
        batch.environments.push(compiled(&shell.root, &name)?);
    }
    let mut lines = Vec::new();
    for (place, batch) in batches {
        let destination = destination(args, place)?;
        let request = request(shell, args, &repository, batch, &destination)?;
        let done = commit(&repository, &request, &destination)?;
        lines.extend(told(&request, &done));
    }
    Ok(lines)
}

/// Another repository that the environment is committed to, and the branch there.
fn elsewhere(loaded: &Loaded) -> Option<(String, String)> {
    let value = loaded.source.parsed::<spec::Environment>()?;
    let text = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    Some((text("/gitops/repository")?, text("/gitops/branch")?))
}

fn destination(args: &Args, place: Option<(String, String)>) -> Result<Destination, Vec<Finding>> {
    let Some((repository, branch)) = place else {
        return Ok(Destination::Here {
            branch: args.branch.clone(),
            push: args.push.then(|| args.remote.clone()),
        });
    };
    if !args.push {
        let message = format!("the environment is committed to {repository} (`gitops.repository`), which is not here");
        let finding = Finding::error("commit/elsewhere", message).mend("agree with `--push` that it is written there");
        return Err(vec![finding]);
    }
    Ok(Destination::Elsewhere {
        repository,
        branch: args.branch.clone().unwrap_or(branch),
    })
}

fn request(
    shell: &Shell,
    args: &Args,
    repository: &Repository,
    batch: Batch,
    destination: &Destination,
) -> Result<Request, Vec<Finding>> {
    let names: Vec<&str> = batch.environments.iter().map(|one| one.environment.as_str()).collect();
    let message = args
        .message
        .clone()
        .unwrap_or_else(|| format!("Compile {}", names.join(", ")));
    let head = repository.side("HEAD").map_err(|finding| vec![*finding])?;
    let others = match destination {
        Destination::Here { .. } => schemas(shell, repository),
        Destination::Elsewhere { .. } => Vec::new(),
    };
    Ok(Request {
        folder: batch.folder,
        environments: batch.environments,
        others,
        message,
        source: head.id().unwrap_or_default(),
        sign_off: args.signoff || repository.signs_off(),
        sign: args.sign || batch.sign,
    })
}

/// The published schemas, where the repository has them and they are this Galeno's.
fn schemas(shell: &Shell, repository: &Repository) -> Vec<(String, Vec<u8>)> {
    let own = [
        ("environment", spec::environment_schema()),
        ("restore", spec::restore_schema()),
    ];
    let path = |kind: &str| format!("schemas/{kind}.schema.json");
    own.into_iter()
        .filter_map(|(kind, schema)| {
            let bytes = std::fs::read(shell.root.join(path(kind))).ok()?;
            (bytes == super::schema::text(schema).into_bytes()).then(|| (repository.from_top(&path(kind)), bytes))
        })
        .collect()
}

fn told(request: &Request, done: &Done) -> Vec<String> {
    let names: Vec<&str> = request
        .environments
        .iter()
        .map(|one| one.environment.as_str())
        .collect();
    let names = names.join(", ");
    let Some(commit) = &done.commit else {
        return vec![format!(
            "{names}: nothing to commit: `{}` holds it already",
            done.branch
        )];
    };
    let mut line = format!(
        "{names}: committed to `{}` as {}",
        done.branch,
        &commit[..12.min(commit.len())]
    );
    if let Some(remote) = &done.pushed {
        line.push_str(", and pushed to ");
        line.push_str(remote);
    }
    match done.rebased {
        0 => {}
        1 => line.push_str("; somebody else was faster, theirs comes before"),
        times => {
            line.push_str("; others were faster ");
            line.push_str(&times.to_string());
            line.push_str(" times, theirs comes before");
        }
    }
    let mut lines = vec![line];
    lines.extend(done.note.clone());
    lines
}
