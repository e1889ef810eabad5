//! A repository and its revisions.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Oid, Tree};

use crate::finding::Finding;

/// The git repository that holds `environments/` and `generated/`.
pub struct Repository {
    pub(super) git: git2::Repository,
    /// Where Galeno's folders stand inside it: "" or a path that ends in `/`.
    pub(super) prefix: String,
}

/// One state of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// As a person would call it.
    pub name: String,
    /// Its commit; `None` for the files on the disk.
    pub(super) commit: Option<Oid>,
}

impl Side {
    /// The files on the disk.
    pub fn working_tree() -> Self {
        Self {
            name: "working tree".to_owned(),
            commit: None,
        }
    }

    /// The id of its commit in hexadecimal; `None` for the files on the disk.
    pub fn id(&self) -> Option<String> {
        self.commit.map(|id| id.to_string())
    }

    /// Whether it is the files on the disk.
    pub fn is_working_tree(&self) -> bool {
        self.commit.is_none()
    }
}

/// A finding about something that git refused.
pub(super) fn refused(what: impl std::fmt::Display) -> impl Fn(git2::Error) -> Box<Finding> {
    let what = what.to_string();
    move |error| Box::new(Finding::error("git/refused", format!("{what}: {}", error.message())))
}

/// What the default branch may be called, in the order in which they are tried.
const DEFAULT_BRANCHES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

impl Repository {
    /// Opens the repository that `root` is in.
    pub fn open(root: &Path) -> Result<Self, Box<Finding>> {
        let git = git2::Repository::discover(root).map_err(|error| {
            let message = format!("{} is in no git repository: {}", root.display(), error.message());
            Box::new(
                Finding::error("git/none", message)
                    .because("revisions are compared and committed in the repository that holds the environments")
                    .mend("run Galeno in a clone of it, or make one with `git init`"),
            )
        })?;
        let prefix = prefix(&git, root)?;
        Ok(Self { git, prefix })
    }

    /// The folder of files, where Galeno's folders stand.
    pub fn root(&self) -> Option<PathBuf> {
        Some(self.git.workdir()?.join(&self.prefix))
    }

    /// A path below the root, from the repository's top.
    pub fn from_top(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Who git says that works here: `Name <address>`.
    pub fn person(&self) -> Option<String> {
        self.git.signature().ok().map(|who| super::commit::identity(&who))
    }

    /// A revision as git understands it: a branch, a tag, a commit, `HEAD~2`.
    pub fn side(&self, revision: &str) -> Result<Side, Box<Finding>> {
        let found = self
            .git
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map_err(|error| {
                Box::new(
                    Finding::error("git/revision", format!("there is no revision `{revision}`: {}", error.message()))
                        .mend("name a branch, a tag or a commit; in a shallow clone, fetch its history first (`git fetch --unshallow`)"),
                )
            })?;
        Ok(Side {
            name: revision.to_owned(),
            commit: Some(found.id()),
        })
    }

    /// What a change is compared with where nothing is said: where this branch left the default branch, or `HEAD`.
    pub fn default_base(&self) -> Result<Side, Box<Finding>> {
        let head = self.head()?;
        for name in DEFAULT_BRANCHES {
            let tip = self
                .git
                .find_reference(name)
                .and_then(|reference| reference.peel_to_commit());
            let Ok(tip) = tip else { continue };
            return Ok(match self.git.merge_base(head, tip.id()) {
                Ok(base) if base != head => Side {
                    name: format!("merge base with {}", short_name(name)),
                    commit: Some(base),
                },
                _ => break,
            });
        }
        Ok(Side {
            name: "HEAD".to_owned(),
            commit: Some(head),
        })
    }

    /// The commit that is checked out.
    pub(super) fn head(&self) -> Result<Oid, Box<Finding>> {
        let head = self.git.head().and_then(|head| head.peel_to_commit());
        head.map(|commit| commit.id()).map_err(|error| {
            let finding = if error.code() == ErrorCode::UnbornBranch {
                Finding::error("git/unborn", "the repository has no commit yet")
                    .mend("commit the environments first: `git add environments && git commit`")
            } else {
                Finding::error("git/refused", format!("HEAD cannot be read: {}", error.message()))
            };
            Box::new(finding)
        })
    }

    /// The tree of a commit.
    pub(super) fn tree(&self, commit: Oid) -> Result<Tree<'_>, Box<Finding>> {
        let found = self.git.find_commit(commit).and_then(|commit| commit.tree());
        found.map_err(refused(format!("commit {commit} cannot be read")))
    }

    /// A file of a side, by its path below the root; `None` where it is not there.
    pub fn file(&self, side: &Side, path: &str) -> Result<Option<Vec<u8>>, Box<Finding>> {
        let Some(commit) = side.commit else {
            return self.disk(path);
        };
        let tree = self.tree(commit)?;
        let path = format!("{}{path}", self.prefix);
        match tree.get_path(Path::new(&path)) {
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(refused(format!("{path} cannot be read"))(error)),
            Ok(entry) if entry.kind() != Some(ObjectType::Blob) => Ok(None),
            Ok(entry) => {
                let blob = self.git.find_blob(entry.id()).map_err(refused(&path))?;
                Ok(Some(blob.content().to_vec()))
            }
        }
    }

    fn disk(&self, path: &str) -> Result<Option<Vec<u8>>, Box<Finding>> {
        let Some(root) = self.root() else { return Ok(None) };
        match std::fs::read(root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Box::new(Finding::error(
                "io/read",
                format!("{path} cannot be read: {error}"),
            ))),
        }
    }

    /// The files directly in a folder of a side, by name; none where there is no folder.
    pub fn folder(&self, side: &Side, folder: &str) -> Result<Vec<String>, Box<Finding>> {
        let mut names = match side.commit {
            None => self.disk_folder(folder),
            Some(commit) => {
                let tree = self.subtree(&self.tree(commit)?, folder)?;
                let blobs = |tree: Tree<'_>| -> Vec<String> {
                    let files = tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
                    files.filter_map(|entry| entry.name().ok().map(str::to_owned)).collect()
                };
                tree.map(blobs).unwrap_or_default()
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    fn disk_folder(&self, folder: &str) -> Vec<String> {
        let Some(entries) = self.root().and_then(|root| std::fs::read_dir(root.join(folder)).ok()) else {
            return Vec::new();
        };
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// The tree of a folder below the root.
    pub(super) fn subtree(&self, tree: &Tree<'_>, folder: &str) -> Result<Option<Tree<'_>>, Box<Finding>> {
        let path = format!("{}{folder}", self.prefix);
        match tree.get_path(Path::new(&path)) {
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(refused(format!("{path} cannot be read"))(error)),
            Ok(entry) if entry.kind() != Some(ObjectType::Tree) => Ok(None),
            Ok(entry) => self.git.find_tree(entry.id()).map(Some).map_err(refused(&path)),
        }
    }
}

fn short_name(reference: &str) -> &str {
    ["refs/remotes/", "refs/heads/"]
        .iter()
        .find_map(|lead| reference.strip_prefix(lead))
        .unwrap_or(reference)
}

/// Where `root` is inside the repository.
fn prefix(git: &git2::Repository, root: &Path) -> Result<String, Box<Finding>> {
    let Some(work) = git.workdir() else {
        return Ok(String::new());
    };
    let real = |path: &Path| {
        std::fs::canonicalize(path)
            .map_err(|error| Box::new(Finding::error("io/read", format!("{}: {error}", path.display()))))
    };
    let (work, root) = (real(work)?, real(root)?);
    let below = root.strip_prefix(&work).unwrap_or(Path::new(""));
    match below.to_str() {
        Some("") => Ok(String::new()),
        Some(text) => Ok(format!("{text}/")),
        None => Err(Box::new(Finding::error(
            "git/path",
            format!("{} is no text", root.display()),
        ))),
    }
}
