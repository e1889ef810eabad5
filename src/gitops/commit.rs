//! One commit of what was compiled, and of nothing else.

use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{ErrorCode, FileMode, IndexEntry, IndexTime, Oid, RepositoryState, Signature};

use super::compiled::CompiledFiles;
use super::repository::{Repository, refused};
use super::sign::Signer;
use crate::bundle::Index;
use crate::finding::{Finding, Place};

/// What is to be committed, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where `generated/` stands in the repository that is written, from its top.
    pub folder: String,
    /// What was compiled.
    pub environments: Vec<CompiledFiles>,
    /// Other files that Galeno makes, by their paths from the top: the published schemas.
    pub others: Vec<(String, Vec<u8>)>,
    /// The message's first lines.
    pub message: String,
    /// The revision that holds the environment files.
    pub source: String,
    /// Whether `Signed-off-by` is added.
    pub sign_off: bool,
    /// Whether a signature is demanded, whatever git is set up for.
    pub sign: bool,
}

/// A path and what it holds from now on; `None` where it goes.
pub(super) type Update<'a> = (String, Option<&'a [u8]>);

/// What a commit changes on top of a parent: every path once.
pub(super) fn updates<'a>(
    repository: &Repository,
    parent: Option<Oid>,
    request: &'a Request,
) -> Result<Vec<Update<'a>>, Box<Finding>> {
    let mut updates = Vec::new();
    for environment in &request.environments {
        let folder = format!("{}/{}", request.folder, environment.environment);
        // What an earlier compile made and this one does not; a file of somebody else's stays.
        if let Some(index) = index_at(repository, parent, &folder)? {
            let gone = index
                .files
                .into_keys()
                .filter(|path| !environment.files.contains_key(path));
            updates.extend(gone.map(|path| (format!("{folder}/{path}"), None)));
        }
        let files = environment.files.iter();
        updates.extend(files.map(|(path, bytes)| (format!("{folder}/{path}"), Some(bytes.as_slice()))));
    }
    updates.extend(
        request
            .others
            .iter()
            .map(|(path, bytes)| (path.clone(), Some(bytes.as_slice()))),
    );
    Ok(updates)
}

/// The index of what a commit holds of an environment.
fn index_at(repository: &Repository, commit: Option<Oid>, folder: &str) -> Result<Option<Index>, Box<Finding>> {
    let Some(commit) = commit else { return Ok(None) };
    let path = format!("{folder}/{}", Index::FILE);
    let bytes = repository.blob(commit, &path)?;
    bytes.map(|bytes| Index::parse(&bytes)).transpose().map_err(|why| {
        Box::new(
            Finding::error("commit/index", format!("the index that is committed is damaged: {why}"))
                .mend("restore it from an earlier commit")
                .at(Place {
                    file: Some(path.clone()),
                    ..Place::default()
                }),
        )
    })
}

impl Repository {
    /// A file of a commit, by its path from the top.
    fn blob(&self, commit: Oid, path: &str) -> Result<Option<Vec<u8>>, Box<Finding>> {
        match self.entry(commit, path)? {
            None => Ok(None),
            Some(id) => {
                let blob = self
                    .git
                    .find_blob(id)
                    .map_err(refused(format!("{path} cannot be read")))?;
                Ok(Some(blob.content().to_vec()))
            }
        }
    }

    /// The id of what a commit holds at a path from the top.
    pub(super) fn entry(&self, commit: Oid, path: &str) -> Result<Option<Oid>, Box<Finding>> {
        match self.tree(commit)?.get_path(Path::new(path)) {
            Ok(entry) => Ok(Some(entry.id())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(refused(format!("{path} cannot be read"))(error)),
        }
    }

    /// Refuses while something stands in the way: another operation of git, or a prepared commit.
    pub fn is_ready(&self) -> Result<(), Vec<Finding>> {
        if self.git.state() != RepositoryState::Clean {
            let finding = Finding::error(
                "commit/busy",
                format!("git is in the middle of something: {:?}", self.git.state()),
            );
            return Err(vec![finding.mend("end it or abort it (`git status` says how)")]);
        }
        let head = self.head().map_err(|finding| vec![*finding])?;
        let tree = self.tree(head).map_err(|finding| vec![*finding])?;
        let diff = self.git.diff_tree_to_index(Some(&tree), None, None);
        let diff = diff.map_err(|error| vec![*refused("the index cannot be compared")(error)])?;
        let staged = diff.deltas().filter_map(|delta| {
            let path = delta.new_file().path().or_else(|| delta.old_file().path())?;
            let finding = Finding::error("commit/dirty-index", "a change is staged")
                .because("Galeno commits what it compiled and nothing else; what you have prepared is yours to commit")
                .mend("commit it, or take it out of the index with `git restore --staged`");
            Some(finding.at(Place {
                file: Some(path.to_string_lossy().into_owned()),
                ..Place::default()
            }))
        });
        let staged: Vec<Finding> = staged.collect();
        if staged.is_empty() { Ok(()) } else { Err(staged) }
    }

    /// The branch that is checked out; an error where none is.
    pub fn current_branch(&self) -> Result<String, Box<Finding>> {
        let head = self.git.head().map_err(refused("HEAD cannot be read"))?;
        let name = head.shorthand().ok().filter(|_| head.is_branch()).map(str::to_owned);
        name.ok_or_else(|| {
            Box::new(Finding::error("commit/detached", "no branch is checked out").mend("name one with `--branch`"))
        })
    }

    /// The tip of a local branch.
    pub(super) fn tip(&self, branch: &str) -> Result<Option<Oid>, Box<Finding>> {
        match self.git.refname_to_id(&format!("refs/heads/{branch}")) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(refused(format!("the branch `{branch}` cannot be read"))(error)),
        }
    }

    /// Makes a commit of the request on top of a parent; `None` where nothing would change. No reference is moved.
    pub(super) fn make(&self, parent: Option<Oid>, request: &Request) -> Result<Option<Oid>, Box<Finding>> {
        let failed = |what: &'static str| refused(what);
        let parent = parent
            .map(|id| self.git.find_commit(id))
            .transpose()
            .map_err(failed("no parent"))?;
        let old = match &parent {
            Some(commit) => commit.tree(),
            None => self
                .git
                .treebuilder(None)
                .and_then(|b| b.write())
                .and_then(|id| self.git.find_tree(id)),
        };
        let old = old.map_err(failed("the parent cannot be read"))?;
        let mut builder = TreeUpdateBuilder::new();
        for (path, bytes) in updates(self, parent.as_ref().map(git2::Commit::id), request)? {
            match bytes {
                Some(bytes) => {
                    let blob = self.git.blob(bytes).map_err(failed("a file cannot be stored"))?;
                    builder.upsert(path, blob, FileMode::Blob);
                }
                // What is not there need not go.
                None if old.get_path(Path::new(&path)).is_ok() => drop(builder.remove(path)),
                None => {}
            }
        }
        let tree = builder
            .create_updated(&self.git, &old)
            .map_err(failed("the tree cannot be stored"))?;
        if parent.is_some() && tree == old.id() {
            return Ok(None);
        }
        let tree = self.git.find_tree(tree).map_err(failed("the tree cannot be read"))?;
        let (config, author) = self.author()?;
        let message = message(request, &author);
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let buffer = self
            .git
            .commit_create_buffer(&author, &author, &message, &tree, &parents)
            .map_err(failed("the commit cannot be made"))?;
        let text = std::str::from_utf8(&buffer).map_err(|_| {
            Box::new(Finding::error(
                "git/refused",
                "the commit's author or message is no text",
            ))
        })?;
        let made = match Signer::of(&config, &identity(&author), request.sign)? {
            Some(signer) => self.git.commit_signed(text, &signer.sign(&buffer)?, None),
            None => self
                .git
                .odb()
                .and_then(|odb| odb.write(git2::ObjectType::Commit, &buffer)),
        };
        made.map(Some).map_err(failed("the commit cannot be stored"))
    }

    /// Who git says that commits, and all that git is set up for.
    fn author(&self) -> Result<(git2::Config, Signature<'static>), Box<Finding>> {
        let config = self.git.config().and_then(|mut config| config.snapshot());
        let config = config.map_err(refused("the configuration of git cannot be read"))?;
        let author = self.git.signature().map_err(|_| {
            Box::new(
                Finding::error("commit/author", "git does not know who you are")
                    .mend("`git config user.name \"…\"` and `git config user.email …`"),
            )
        })?;
        Ok((config, author))
    }

    /// Whether git is set up to add `Signed-off-by` (`format.signOff`).
    pub fn signs_off(&self) -> bool {
        self.git
            .config()
            .and_then(|config| config.get_bool("format.signoff"))
            .unwrap_or(false)
    }

    /// Moves a branch from where it was seen to a new commit. If somebody else has moved it meanwhile, that is an error.
    pub(super) fn advance(&self, branch: &str, from: Option<Oid>, to: Oid) -> Result<(), Box<Finding>> {
        let name = format!("refs/heads/{branch}");
        let moved = match from {
            Some(from) => self.git.reference_matching(&name, to, true, from, "galeno commit"),
            None => self.git.reference(&name, to, false, "galeno commit"),
        };
        moved.map(drop).map_err(|error| {
            Box::new(
                Finding::error(
                    "commit/raced",
                    format!("the branch `{branch}` was moved meanwhile: {}", error.message()),
                )
                .because("nothing of what the other wrote is lost; nothing was committed here")
                .mend("run it again"),
            )
        })
    }

    /// Makes the index say what was committed, so that git sees the files as they are: unchanged.
    pub(super) fn refresh(&self, parent: Option<Oid>, request: &Request) -> Result<(), Box<Finding>> {
        let failed = refused("the index cannot be written");
        let mut index = self.git.index().map_err(&failed)?;
        for (path, bytes) in updates(self, parent, request)? {
            match bytes {
                None => match index.remove_path(Path::new(&path)) {
                    Err(error) if error.code() != ErrorCode::NotFound => return Err(failed(error)),
                    _ => {}
                },
                Some(bytes) => {
                    let id = Oid::hash_object(git2::ObjectType::Blob, bytes).map_err(&failed)?;
                    let known = index.get_path(Path::new(&path), 0);
                    if known.is_none_or(|entry| entry.id != id) {
                        index.add(&entry(path, id)).map_err(&failed)?;
                    }
                }
            }
        }
        index.write().map_err(&failed)
    }
}

impl Repository {
    /// Files that differ between two commits and that the disk already holds as the second does: the index says so, so
    /// that git does not take them for changes of the person's.
    pub(super) fn own_what_is_there(&self, from: Oid, to: Oid) -> Result<(), Box<Finding>> {
        let failed = refused("the index cannot be written");
        let (old, new) = (self.tree(from)?, self.tree(to)?);
        let diff = self
            .git
            .diff_tree_to_tree(Some(&old), Some(&new), None)
            .map_err(&failed)?;
        let Some(work) = self.git.workdir() else { return Ok(()) };
        let mut index = self.git.index().map_err(&failed)?;
        for delta in diff.deltas() {
            let Some(path) = delta.new_file().path().or_else(|| delta.old_file().path()) else {
                continue;
            };
            let on_disk = std::fs::read(work.join(path)).ok();
            let id = on_disk.and_then(|bytes| Oid::hash_object(git2::ObjectType::Blob, &bytes).ok());
            match (id, delta.status()) {
                (None, git2::Delta::Deleted) => index.remove_path(path).map_err(&failed)?,
                (Some(id), status) if status != git2::Delta::Deleted && id == delta.new_file().id() => {
                    index
                        .add(&entry(path.to_string_lossy().into_owned(), id))
                        .map_err(&failed)?;
                }
                _ => {}
            }
        }
        index.write().map_err(&failed)
    }
}

/// An entry without what the disk says: git looks at the file when it next wants to know.
fn entry(path: String, id: Oid) -> IndexEntry {
    let never = IndexTime::new(0, 0);
    IndexEntry {
        ctime: never,
        mtime: never,
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.into_bytes(),
    }
}

pub(super) fn identity(author: &Signature<'_>) -> String {
    let bytes = [author.name_bytes(), b" <", author.email_bytes(), b">"].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn message(request: &Request, author: &Signature<'_>) -> String {
    let mut message = format!("{}\n\nGaleno-Source: {}\n", request.message.trim_end(), request.source);
    if request.sign_off {
        message.push_str("Signed-off-by: ");
        message.push_str(&identity(author));
        message.push('\n');
    }
    message
}
