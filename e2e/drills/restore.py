"""5: data destroyed by a person, and the database restored to the second before by two pull requests."""
import datetime
import math
import re
import subprocess
import time

import platform_state as platform
import repository
from argocd import delivered
from load import under_load
from report import Report
from shell import say, wait

KUBELETS = ("kubelets look at mounted ConfigMaps up to a minute and a half apart, and while some have not heard which generation is active nobody "
            "is served: nobody may be served from two.")
# What somebody does to the wrong database: every clinic's name changed, and then the table dropped.
DESTROY = "SET FOREIGN_KEY_CHECKS = 0; UPDATE clinic SET name = 'test'; DROP TABLE clinic;"


def request(generation: int, *arguments: str) -> str:
    """The pull request for a restore."""
    return repository.pull_request(f"restore-{generation}", f"Restore local: generation {generation}", lambda: repository.galeno(
        "restore", "request", "-e", "local", "--requested-by", "drill", *arguments))


def switch(to: int) -> str:
    return repository.pull_request(f"switch-{to}-{int(time.time())}", f"Switch local to generation {to}", lambda: repository.galeno(
        "restore", "switch", "-e", "local", "--to", str(to)))


def accepted(generation: int, number: int = 0) -> bool:
    """Whether a member of the database itself says so: its gate is a row."""
    try:
        return platform.sql(f"SELECT COUNT(*) FROM keeper.generation WHERE number = {generation}", platform.member(number, generation)).strip() == "1"
    except subprocess.CalledProcessError:  # not there yet, or does not answer yet
        return False


def second(moment: float) -> str:
    """As a request for a restore names it: UTC, whole seconds."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def boundary() -> str:
    """The next full second, once it is over: binary logs count in seconds."""
    moment = math.ceil(time.time())
    wait("the second to be over", lambda: time.time() > moment + 0.05, 3, 0.05)
    return second(moment)


def destroyed() -> None:
    """5: see above. The second pull request is made when the restored database is accepted."""
    report = Report("5", "data destroyed by a person, restored by pull request to the second before")
    report.remark("every request needs the table that is gone until it is restored.")
    report.remark(KUBELETS)
    with under_load("d") as load:
        old = platform.active()
        new = repository.next_generation()
        began = time.monotonic()
        say(platform.job("backup-daily").strip().splitlines()[-1])
        report.took("backup of the serving database", time.monotonic() - began)
        load.more(30)
        load.pause()
        to = boundary()
        before = platform.sql("CHECKSUM TABLE clinic.clinic, clinic.access_log")
        platform.sql(f"USE clinic; {DESTROY}")
        began, at = time.monotonic(), time.time()
        load.resume()
        say("the table is gone; requests fail")
        platform.job("backup-ship")
        report.took("what was written since the backup is stored", time.monotonic() - began)
        revision = request(new, "--to", to, "--reason", "somebody dropped a table")
        report.took("pull request merged", time.monotonic() - began)
        delivered(revision)
        report.took("delivered by Argo CD", time.monotonic() - began)
        wait(f"generation {new} to be accepted", lambda: accepted(new), 900, 2)
        report.took("restored, replicated, accepted, beside the serving one", time.monotonic() - began)
        report.expect(platform.active() == old, f"until now generation {old} was the active one")
        found = platform.sql("CHECKSUM TABLE clinic.clinic, clinic.access_log", platform.member(0, new))
        report.expect(found == before, "clinic and access_log are to the byte what they were before")
        switched = time.monotonic()
        switch(new)
        load.more(10, "writes to be confirmed by the new generation", 300)
        report.took("switch: from the merge to the next confirmed write", time.monotonic() - switched)
        report.took("service back, from the loss", time.monotonic() - began)
        report.silence(load, at)
        platform.settled()
        load.more(10)
    report.account(load)
    report.end()


def retire(generation: int) -> None:
    """Takes a generation that served before out of git, and then, by hand, what holds its data out of the cluster."""
    def change() -> None:
        repository.galeno("restore", "retire", "-e", "local", str(generation))
        refused = repository.galeno("compile", check=False)
        named = re.findall(r"--allow-removal (\S+)", refused.stdout + refused.stderr)
        repository.galeno("compile", *(part for file in dict.fromkeys(named) for part in ("--allow-removal", file)))
    delivered(repository.pull_request(f"retire-{generation}", f"Retire generation {generation}", change))
    # A finished backup's pod holds the claim that it copied.
    platform.kubectl("-n", platform.DATA, "delete", "jobs", "-l", "app.kubernetes.io/component=backup")
    # Nothing that holds data goes by itself, nor by mistake: it is marked with its own name first.
    for kind, name in [("statefulset", f"mariadb-g{generation}"), *(("pvc", f"data-{platform.member(n, generation)}") for n in range(3))]:
        platform.kubectl("-n", platform.DATA, "annotate", "--overwrite", kind, name, f"galeno.dev/delete={name}")
        platform.kubectl("-n", platform.DATA, "delete", kind, name, "--wait=false")
    say(f"generation {generation} is retired")
