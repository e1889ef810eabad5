//! A commit on a branch, here or elsewhere, among others who write too.

use std::path::PathBuf;

use git2::Oid;

use super::commit::Request;
use super::program;
use super::repository::{Repository, Side, refused};
use crate::finding::{Finding, Place};
use crate::pipeline::folders;

/// Where a commit goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A branch of this repository, and if a remote is named, the branch of the same name there.
    Here {
        /// The branch; the one that is checked out if absent.
        branch: Option<String>,
        /// The remote that it is pushed to.
        push: Option<String>,
    },
    /// A branch of another repository, by its address.
    Elsewhere {
        /// The address.
        repository: String,
        /// The branch.
        branch: String,
    },
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The commit; none where nothing was to be committed.
    pub commit: Option<String>,
    /// The branch.
    pub branch: String,
    /// Where it was pushed to.
    pub pushed: Option<String>,
    /// How often somebody else was faster.
    pub rebased: usize,
    /// What is left to the person.
    pub note: Option<String>,
}

/// Others may be faster so often before it is given up.
const ATTEMPTS: usize = 12;

/// Commits what was compiled, and pushes it where that is asked for. Either all of it is done or nothing is.
pub fn commit(repository: &Repository, request: &Request, destination: &Destination) -> Result<Done, Vec<Finding>> {
    let one = |finding: Box<Finding>| vec![*finding];
    match destination {
        Destination::Elsewhere {
            repository: url,
            branch,
        } => {
            let line = Line::of(repository, url, branch).map_err(one)?;
            elsewhere(&line, request).map_err(one)
        }
        Destination::Here { branch, push } => {
            repository.is_ready()?;
            here(repository, request, branch.as_deref(), push.as_deref()).map_err(one)
        }
    }
}

fn here(
    repository: &Repository,
    request: &Request,
    branch: Option<&str>,
    push: Option<&str>,
) -> Result<Done, Box<Finding>> {
    let head = repository.head()?;
    fits(repository, head, request, "HEAD")?;
    let current = repository.current_branch().ok();
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => repository.current_branch()?,
    };
    let tip = repository.tip(&branch)?;
    let parent = tip.unwrap_or(head);
    if tip.is_some_and(|tip| tip != head) {
        fits(repository, parent, request, &branch)?;
    }
    let mut done = Done {
        branch: branch.clone(),
        ..Done::default()
    };
    let Some(first) = repository.make(Some(parent), request)? else {
        return Ok(done);
    };
    let is_current = current.as_deref() == Some(&branch);
    let mut last = first;
    if let Some(remote) = push {
        let line = Line::of(repository, remote, &branch)?;
        (last, done.rebased) = line.push(Some(parent), first, request)?;
        done.pushed = Some(remote.to_owned());
    }
    repository.advance(&branch, tip, if is_current { first } else { last })?;
    if is_current {
        repository.refresh(Some(parent), request)?;
        if last != first {
            done.note = follow(repository, first, last)?;
        }
    }
    done.commit = Some(last.to_string());
    Ok(done)
}

/// Takes over what others have pushed meanwhile, unless the person works on the same files.
fn follow(repository: &Repository, from: Oid, to: Oid) -> Result<Option<String>, Box<Finding>> {
    let Some(work) = repository.git.workdir() else {
        return Ok(None);
    };
    let index = repository.git.path().join("index");
    let before = std::fs::read(&index).ok();
    repository.own_what_is_there(from, to)?;
    let output = program::run(work, &["reset", "--keep", "--quiet", &to.to_string()])?;
    if output.status.success() {
        return Ok(None);
    }
    if let Some(before) = before {
        let failed = |error: std::io::Error| {
            Box::new(Finding::error(
                "io/write",
                format!("the index cannot be restored: {error}"),
            ))
        };
        std::fs::write(&index, before).map_err(failed)?;
    }
    Ok(Some(format!(
        "it is pushed as {to}, but your branch could not follow, since you have changed files that others changed too ({}): \
         put your changes aside (`git stash`) and run `git reset --keep {to}`",
        program::said(&output)
    )))
}

fn elsewhere(line: &Line<'_>, request: &Request) -> Result<Done, Box<Finding>> {
    let mut done = Done {
        branch: line.branch.clone(),
        ..Done::default()
    };
    let parent = line.fetch()?;
    if let Some(first) = line.repository.make(parent, request)? {
        let (last, rebased) = line.push(parent, first, request)?;
        done.commit = Some(last.to_string());
        done.rebased = rebased;
        done.pushed = Some(line.remote.clone());
    }
    Ok(done)
}

/// Refuses where a commit holds an environment file that says something else than what was compiled.
fn fits(repository: &Repository, commit: Oid, request: &Request, what: &str) -> Result<(), Box<Finding>> {
    let side = Side {
        name: what.to_owned(),
        commit: Some(commit),
    };
    for environment in &request.environments {
        let name = &environment.environment;
        let Some((loaded, _)) = repository.load(&side, name)? else {
            if what != "HEAD" {
                continue;
            }
            return Err(differs(name, format!("`environments/{name}.yaml` is not committed")));
        };
        if loaded.is_none_or(|loaded| loaded.input != environment.input) {
            let message = format!("`{name}` was compiled from something else than {what} holds");
            return Err(differs(name, message));
        }
    }
    Ok(())
}

fn differs(name: &str, message: String) -> Box<Finding> {
    let file = format!("{}/{name}.yaml", folders::ENVIRONMENTS);
    Box::new(
        Finding::error("commit/source", message)
            .because("what is compiled names the revision that it was made from; that must be true")
            .mend(format!(
                "commit the environment first (`git commit {file} environments/{name}`), compile, and run it again"
            ))
            .at(Place {
                file: Some(file.clone()),
                ..Place::default()
            }),
    )
}

/// A branch of another repository, and the way to it.
struct Line<'a> {
    repository: &'a Repository,
    remote: String,
    branch: String,
    folder: PathBuf,
    /// A reference of this process alone, which keeps what was fetched.
    kept: String,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if let Ok(mut reference) = self.repository.git.find_reference(&self.kept) {
            // What is left is a reference that nobody reads.
            let _ = reference.delete();
        }
    }
}

impl<'a> Line<'a> {
    fn of(repository: &'a Repository, remote: &str, branch: &str) -> Result<Self, Box<Finding>> {
        let valid = git2::Reference::is_valid_name(&format!("refs/heads/{branch}"));
        if !valid || remote.starts_with('-') {
            let message = format!("`{branch}` at `{remote}` is no branch");
            return Err(Box::new(Finding::error("commit/branch", message)));
        }
        let folder = repository
            .git
            .workdir()
            .unwrap_or_else(|| repository.git.path())
            .to_owned();
        Ok(Self {
            repository,
            remote: remote.to_owned(),
            branch: branch.to_owned(),
            folder,
            kept: format!("refs/galeno/{}", std::process::id()),
        })
    }

    /// The tip of the branch there; `None` where it does not exist.
    fn fetch(&self) -> Result<Option<Oid>, Box<Finding>> {
        let listed = program::must(
            &self.folder,
            &[
                "ls-remote",
                "--heads",
                &self.remote,
                &format!("refs/heads/{}", self.branch),
            ],
            &format!("`{}` cannot be read", self.remote),
        )?;
        if listed.stdout.is_empty() {
            return Ok(None);
        }
        let from = format!("+refs/heads/{}:{}", self.branch, self.kept);
        program::must(
            &self.folder,
            &[
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                &self.remote,
                &from,
            ],
            &format!("`{}` cannot be fetched", self.remote),
        )?;
        let id = self
            .repository
            .git
            .refname_to_id(&self.kept)
            .map_err(refused("what was fetched cannot be read"))?;
        Ok(Some(id))
    }

    /// Pushes a commit. Where somebody else was faster, it is made again on top of theirs, if they left these files alone.
    fn push(&self, parent: Option<Oid>, first: Oid, request: &Request) -> Result<(Oid, usize), Box<Finding>> {
        let (mut parent, mut commit) = (parent, first);
        for rebased in 0..ATTEMPTS {
            let to = format!("{commit}:refs/heads/{}", self.branch);
            let output = program::run(&self.folder, &["push", "--porcelain", &self.remote, &to])?;
            if output.status.success() {
                return Ok((commit, rebased));
            }
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            if !lost_a_race(&told) {
                let line = told
                    .lines()
                    .find(|line| line.starts_with('!'))
                    .unwrap_or_default()
                    .replace('\t', " ");
                let message = format!(
                    "`{}` does not take the push: {line} {}",
                    self.remote,
                    program::said(&output)
                );
                return Err(Box::new(
                    Finding::error("commit/push", message).because("nothing was committed here either"),
                ));
            }
            let Some(theirs) = self.fetch()? else { continue };
            self.unrelated(parent, theirs, request)?;
            parent = Some(theirs);
            match self.repository.make(parent, request)? {
                Some(again) => commit = again,
                // They have committed the very same.
                None => return Ok((theirs, rebased + 1)),
            }
        }
        let message = format!("others were faster {ATTEMPTS} times on `{}`", self.branch);
        Err(Box::new(
            Finding::error("commit/raced", message).mend("run it again when it is calmer"),
        ))
    }

    /// Makes sure that what others wrote between two commits and what is to be committed do not touch.
    fn unrelated(&self, parent: Option<Oid>, theirs: Oid, request: &Request) -> Result<(), Box<Finding>> {
        let repository = self.repository;
        let follows = parent.is_none_or(|parent| {
            theirs == parent || repository.git.graph_descendant_of(theirs, parent).unwrap_or(false)
        });
        if !follows {
            let message = format!(
                "your branch holds commits that `{}` does not, and it has others",
                self.remote
            );
            return Err(Box::new(
                Finding::error("commit/diverged", message)
                    .because("Galeno moves its own files alone; what you committed is yours to rebase")
                    .mend("`git pull --rebase`, `galeno compile`, and run it again; nothing was committed"),
            ));
        }
        for environment in &request.environments {
            let folder = format!("{}/{}", request.folder, environment.environment);
            let before = parent.map(|id| repository.entry(id, &folder)).transpose()?.flatten();
            let after = repository.entry(theirs, &folder)?;
            if before != after && !self.same(theirs, request)? {
                return Err(conflict(&folder, &self.remote));
            }
        }
        fits(repository, theirs, request, &format!("{}/{}", self.remote, self.branch))
    }

    fn same(&self, theirs: Oid, request: &Request) -> Result<bool, Box<Finding>> {
        Ok(self.repository.make(Some(theirs), request)?.is_none())
    }
}

fn conflict(folder: &str, remote: &str) -> Box<Finding> {
    Box::new(
        Finding::error(
            "commit/conflict",
            format!("somebody else has committed to `{folder}` at `{remote}` meanwhile"),
        )
        .because("one of the two would undo the other; nothing was committed or lost")
        .mend("`git pull --rebase`, `galeno compile`, look at the difference (`galeno plan`), and run it again")
        .at(Place {
            file: Some(folder.to_owned()),
            ..Place::default()
        }),
    )
}

/// Whether a push failed because the branch has moved, or moved at this very moment.
fn lost_a_race(porcelain: &str) -> bool {
    const SAID: [&str; 6] = [
        "(fetch first)",
        "(non-fast-forward)",
        "(stale info)",
        "cannot lock ref",
        "failed to update ref",
        "incorrect old value provided",
    ];
    porcelain
        .lines()
        .filter(|line| line.starts_with('!'))
        .any(|line| SAID.iter().any(|said| line.contains(said)))
}
