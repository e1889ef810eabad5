//! Repositories in temporary folders, with a home of their own, so that nobody's configuration of git counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A world of its own: a home with git's configuration, and repositories beside it.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// One repository in it.
#[derive(Clone)]
pub(crate) struct Repo {
    pub(crate) path: PathBuf,
    home: PathBuf,
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A shipped environment file.
pub(crate) fn shipped(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("environments/{name}.yaml"));
    fs::read_to_string(file).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let home = world.at("home");
        fs::create_dir(&home).unwrap();
        fs::write(
            home.join(".gitconfig"),
            "[user]\nname = Ada Example\nemail = ada@example.org\n[init]\ndefaultBranch = main\n",
        )
        .unwrap();
        world
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn repo(&self, name: &str) -> Repo {
        Repo {
            path: self.at(name),
            home: self.at("home"),
        }
    }

    /// A repository with environments, compiled and committed.
    pub(crate) fn compiled(&self, environments: &[&str]) -> Repo {
        let repo = self.repo("work");
        fs::create_dir(&repo.path).unwrap();
        repo.git(&["init", "--quiet"]);
        for name in environments {
            repo.write(&format!("environments/{name}.yaml"), &shipped(name));
        }
        repo.ok(&["compile"]);
        repo.commit_all("Begin");
        repo
    }

    /// A bare repository with what another holds.
    pub(crate) fn remote(&self, of: &Repo) -> String {
        let path = self.at("remote.git").to_string_lossy().into_owned();
        of.git(&["clone", "--quiet", "--bare", ".", &path]);
        of.git(&["remote", "add", "origin", &path]);
        of.git(&["fetch", "--quiet", "origin"]);
        path
    }

    pub(crate) fn clone(&self, remote: &str, name: &str) -> Repo {
        let repo = self.repo(name);
        fs::create_dir(&repo.path).unwrap();
        repo.git(&["clone", "--quiet", remote, "."]);
        repo
    }
}

impl Repo {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.path)
            .env("HOME", &self.home)
            .env("GNUPGHOME", self.home.join("gnupg"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("GIT_DIR")
            .env_remove("SSH_AUTH_SOCK")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C");
        command
    }

    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Output {
        self.command(program).args(args).output().unwrap()
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.run("git", args);
        assert!(output.status.success(), "git {args:?}: {}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }

    pub(crate) fn galeno(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_galeno"))
            .args(["--color", "never"])
            .args(args)
            .output()
            .unwrap()
    }

    pub(crate) fn spawn(&self, args: &[&str]) -> std::process::Child {
        self.command(env!("CARGO_BIN_EXE_galeno"))
            .args(["--color", "never"])
            .args(args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs Galeno, which must succeed; what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.galeno(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr).split("error[").skip(1).collect::<String>()
        );
        text(&output.stdout)
    }

    /// Runs Galeno, which must refuse with a code; what it said.
    pub(crate) fn refused(&self, args: &[&str], code: &str) -> String {
        let output = self.galeno(args);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{args:?} was not refused: {said}");
        assert!(said.contains(code), "{code} is not in: {said}");
        said
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap()
    }

    /// Replaces a text in a file, which must be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "`{from}` is not in {file}");
        self.write(file, &text.replace(from, to));
    }

    pub(crate) fn commit_all(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Commits the environments alone.
    pub(crate) fn commit_environments(&self, message: &str) {
        self.git(&["add", "environments"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }
}
