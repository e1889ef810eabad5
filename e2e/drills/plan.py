"""14: the plan on paper (docs/disaster-recovery.md): each block of commands in it is run as it stands, in its order."""
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import control
import platform_state as platform
import repository
from argocd import delivered
from layout import ROOT
from load import under_load
from report import Report
from restore import DESTROY, boundary
from shell import say, wait

PAPER = ROOT / "docs" / "disaster-recovery.md"


def blocks() -> dict[str, str]:
    """The commands, by the word beside `sh`."""
    found = re.findall(r"^```sh (\S+)\n(.*?)^```$", PAPER.read_text(), re.MULTILINE | re.DOTALL)
    names = [name for name, _ in found]
    if len(set(names)) != len(names) or PAPER.read_text().count("```sh") != len(names):
        raise SystemExit(f"drill: a block of {PAPER.name} has no name of its own")
    return dict(found)


class Person:
    """Somebody in a clone of the repository, with `galeno` and `kubectl`."""

    def __init__(self, folder: str):
        self.left = blocks()
        programs = Path(folder)
        (programs / "galeno").symlink_to(os.environ.get("GALENO", ROOT / "target" / "release" / "galeno"))
        (programs / "kubectl").symlink_to(control._kubectl())
        self.environment = {**os.environ, **repository.WHO, "KUBECONFIG": str(control.KUBECONFIG), "ENV": "local", "REGION": repository.region(),
                            "PATH": f"{programs}:{os.environ['PATH']}"}
        if "export ENV=" not in self.left.pop("setup"):
            raise SystemExit("drill: the plan does not begin with which environment it is")

    def does(self, name: str, **values: str) -> str:
        say(f"      {name}")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.left.pop(name)], cwd=repository.WORK, text=True, capture_output=True,
                              env={**self.environment, **values}, timeout=1200)
        if done.returncode:
            raise SystemExit(f"drill: the plan's commands `{name}` fail: {done.stdout[-800:]}{done.stderr[-2000:]}")
        return done.stdout

    def merges(self) -> str:
        """What CI checks of the branch that was pushed, and what the server does when the pull request is approved; the revision."""
        branch = repository.git("branch", "--show-current").strip()
        return repository.merge(branch, f"Merge {branch}")


def on_paper() -> None:
    report = Report("14", "the plan on paper, command by command")
    with under_load("t") as load, tempfile.TemporaryDirectory(prefix="galeno-plan.") as folder:
        old = platform.active()
        person, began = Person(folder), time.monotonic()
        for name in ("lost-node", "promote"):  # where a node is lost: drill 15; where the region is: drill 8
            person.left.pop(name)
        report.expect("mariadb" in person.does("look"), "the first look shows the database")
        person.does("member", MEMBER=platform.member(2))
        platform.settled()
        person.does("backup-now")
        load.more(10)
        load.pause()
        to = boundary()
        platform.sql(f"USE clinic; {DESTROY}")
        since = time.monotonic()
        load.resume()
        person.does("ship")
        person.does("request", TO=to, REASON="the plan is tried")
        delivered(person.merges())
        report.expect("acceptance: Complete" in person.does("accepted"), "it was accepted, and says so")
        person.does("switch")
        delivered(person.merges())
        person.does("serving")
        load.more(10, "writes to be confirmed again", 300)
        report.took("from the loss to service, by the plan", time.monotonic() - since)
        # Back to the old generation with its missing table, and forward again by hand, without Argo CD.
        new = platform.active()
        person.does("back", OLD=str(old))
        delivered(person.merges())
        repository.galeno("restore", "switch", "-e", "local", "--to", str(new))
        repository.compiled(f"Forward to generation {new}, by hand")
        person.does("by-hand")
        wait("the other generation to be active", lambda: platform.active() == new, 60)
        load.more(10, "writes to be confirmed again, without Argo CD", 300)
        repository.publish()
        person.does("by-hand-end")
        load.more(10)
        report.expect(not person.left, f"every block of the plan was run{': not ' + ', '.join(person.left) if person.left else ''}")
        report.took("the whole plan", time.monotonic() - began)
    report.account(load)
    report.end()
