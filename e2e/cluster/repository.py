"""The git repository that the cluster follows: this repository's environment with the digests of the images at hand."""
import os
import re

import argocd
from layout import ROOT, STATE
from outside import REPOSITORY
from shell import output, run, say
from vault import fill

WORK = STATE / "work"
ENVIRONMENT = WORK / "environments" / "local.yaml"
WHO = {"GIT_AUTHOR_NAME": "Galeno e2e", "GIT_AUTHOR_EMAIL": "e2e@clinic.localhost", "GIT_COMMITTER_NAME": "Galeno e2e",
       "GIT_COMMITTER_EMAIL": "e2e@clinic.localhost", "GIT_CONFIG_GLOBAL": "/dev/null"}


def galeno(*arguments, check=True):
    """The compiler, in the working copy."""
    return run(os.environ.get("GALENO", ROOT / "target" / "release" / "galeno"), *arguments, cwd=WORK, env={**os.environ, **WHO}, check=check)


def git(*arguments) -> str:
    return output("git", *arguments, cwd=WORK, env={**os.environ, **WHO})


def begin(images: dict[str, str]) -> None:
    """As the workflow `images` does it: names what was built, compiles, commits."""
    REPOSITORY.parent.mkdir(parents=True)
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", REPOSITORY)
    WORK.mkdir()
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", str(REPOSITORY))
    ENVIRONMENT.parent.mkdir()
    text = (ROOT / "environments" / "local.yaml").read_text()
    for name, reference in images.items():
        text, count = re.subn(rf"(image: )\S*/galeno/{name}:\S+", rf"\g<1>{reference}", text)
        if count != 1:
            raise SystemExit(f"environments/local.yaml names the image of {name} {count} times")
    keys = fill()["fingerprints"]
    text = re.sub(r"recipients: \[.*\]", f"recipients: [{keys['recipient']}]", text)
    text = re.sub(r"signer: \S+", f"signer: {keys['signer']}", text)
    ENVIRONMENT.write_text(text)
    compiled("Begin: the images that were built here")
    push()


def compiled(message: str) -> None:
    """One commit of what the environment says now, and of what the compiler makes of it."""
    galeno("compile")
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def commit(message: str) -> str:
    """Compiles, commits and publishes; the revision."""
    compiled(message)
    return publish()


def change(*changes: tuple[str, str]) -> None:
    """Changes of the environment file, each of something that it says once."""
    text = ENVIRONMENT.read_text()
    for before, after in changes:
        if text.count(before) != 1:
            raise SystemExit(f"drill: environments/local.yaml says {before!r} {text.count(before)} times")
        text = text.replace(before, after)
    ENVIRONMENT.write_text(text)


def edited(before: str, after: str, message: str) -> str:
    """One change of the environment file, committed and published."""
    change((before, after))
    return commit(message)


def push() -> str:
    git("push", "--quiet", "origin", "HEAD:main")
    revision = git("rev-parse", "HEAD").strip()
    say(f"git: {revision[:12]} {git('log', '-1', '--format=%s').strip()}")
    return revision


def publish() -> str:
    """Pushes, and tells Argo CD, as a git server's webhook does."""
    revision = push()
    argocd.refresh()
    return revision


def pull_request(name: str, message: str, edit) -> str:
    """A branch, the change on it, and the merge; the revision."""
    git("checkout", "--quiet", "-b", name)
    edit()
    compiled(message)
    return merge(name, f"Merge {name}: {message}")


def merge(branch: str, message: str) -> str:
    """What CI checks of the branch that is checked out, and its merge; the revision."""
    galeno("compile", "--check")
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--no-ff", "--message", message, branch)
    return publish()


def head() -> str:
    """The revision of the working copy, which is the published one."""
    return git("rev-parse", "HEAD").strip()


def region() -> str:
    """The one that is primary: another one once drill 8 was played."""
    return re.search(r"- name: (\S+)[^\n]*\n    role: primary", ENVIRONMENT.read_text())[1]


def next_generation() -> int:
    """The number that a request for a restore gets now."""
    return 1 + len(list((ENVIRONMENT.with_suffix("") / "restores").glob("*.yaml")))
