"""6: a restore that is interrupted at each step; and one that can never come true, and is taken back."""
import pathlib
import tempfile
import time

import argocd
import bucket
import platform_state as platform
import repository
from argocd import delivered
from control import ask, kubectl
from client import Client
from load import Load, under_load
from report import Report
from restore import KUBELETS, accepted, request, retire, switch
from shell import say, wait


def interrupted() -> None:
    report = Report("6", "a restore is interrupted at each step, and one is taken back")
    report.remark(KUBELETS)
    report.remark("the restore that is taken back was asked for with `--now`: traffic stops when it is merged.")
    with under_load("i") as load:
        old = platform.active()
        platform.job("backup-daily")
        first = at_each_step(report)
        report.expect(len(load.failed) == 0, "no request failed while it was prepared")
        report.expect(platform.active() == old, f"generation {old} is the one that serves")
        load.pause()
        there_and_back(report, load, old, first)
        load.resume()
        load.more(10)
        reverted(report, load, old)
        load.more(20)
    report.account(load)
    retire(first)
    report.end()


def at_each_step(report: Report) -> int:
    """Prepared beside the serving database: each step is cut short once, Argo CD's controller is killed, and everything is
    applied again in another order by a sync that knows no hooks. It is accepted all the same."""
    number, began = repository.next_generation(), time.monotonic()
    request(number, "--backup", "latest", "--reason", "drill: interrupted at each step")
    wait("the first pod of the new generation to fetch", lambda: fetches(number), 300, 0.1)
    platform.kill("argocd-application-controller-0", argocd.NAMESPACE)
    kill(number, 0)
    say("      interrupted while it is fetched; Argo CD's controller is gone too")
    wait("the first member to run again", lambda: phase(number, 0) == "Running", 300)
    kill(number, 0)
    say("      interrupted while the first member starts")
    wait("the second member to join", lambda: phase(number, 1) == "Running", 300)
    kill(number, 1)
    say("      interrupted while the second member takes the state")
    shuffled(number)
    wait("the job that accepts", lambda: jobs(number), 300)
    deleted = jobs(number)
    kubectl("-n", platform.DATA, "delete", "job", *deleted.values(), "--wait=false")
    say("      the job that accepts is deleted")
    wait("Argo CD to make it again", lambda: jobs(number) and not jobs(number).keys() & deleted.keys(), 300)
    wait(f"generation {number} to be accepted", lambda: accepted(number), 900, 2)
    report.took("accepted, after five interruptions", time.monotonic() - began)
    report.expect(all(accepted(number, n) for n in range(3)), "it was accepted once, and every member says so")
    return number


def there_and_back(report: Report, load: Load, old: int, new: int) -> None:
    """Both generations are whole, and each program hears in its own time which one is active: nobody is served from both. What is
    written here stays where it was written, so that other clients than the drill's do it."""
    with Load(load.authority, load.token, f"x{int(time.time())}") as clients:
        clients.more(10)
        for to, left in ((new, old), (old, new)):
            before, began = newest(to), time.monotonic()
            switch(to)
            wait(f"a write to be confirmed by generation {to}", lambda to=to, before=before: newest(to) > before, 300, 1)
            report.took(f"switch of whole generations, to {to}: from the merge to the next confirmed write", time.monotonic() - began)
            since = time.time()
            platform.settled()
            clients.more(10)
            if to == new:
                # What these clients read was made after the backup: only the generation that was left has it.
                seen = [status for at, status in clients.reads if at > since]
                report.expect(len(seen) > 0 and 200 not in seen, f"generation {left} was read by nobody after generation {to} began to serve: {len(seen)} asked")
            first = platform.sql(f"SELECT MIN(created_at) FROM clinic.clinic WHERE created_at > '{before}'", platform.member(0, to)).strip()
            report.expect(newest(left) <= first, f"generation {left} confirmed nothing after generation {to} began to: {newest(left)}, {first}")


def newest(generation: int) -> str:
    return platform.sql("SELECT MAX(created_at) FROM clinic.clinic", platform.member(0, generation)).strip()


def reverted(report: Report, load: Load, old: int) -> None:
    """Asked for with --now, of a backup that cannot be read: traffic stops. The way back is one commit; nothing waits for the
    restore that will never be ready."""
    backup = bucket.newest()
    damaged = bucket.largest(backup)
    with tempfile.TemporaryDirectory(prefix="galeno-drill.") as folder:
        good, bad = pathlib.Path(folder, "good"), pathlib.Path(folder, "bad")
        bucket.fetch(damaged, good)
        bad.write_bytes(good.read_bytes()[:-7])
        bucket.put(damaged, bad)
        number, since = repository.next_generation(), time.time()
        delivered(request(number, "--backup", backup, "--now", "--reason", "drill: it can never come true"))
        say("      merged with --now")
        bucket.alerted(since, "restore", seconds=300)
        wait("traffic to stop", lambda: load.silence() > 5, 180)
        report.took("from the merge to the end of all traffic", time.time() - since - load.silence())
        report.expect(not accepted(number), "the gate is shut")
        status, _, said = Client(load.authority).once("GET", "/clinics")
        report.expect(status == 503 and "urn:galeno:problem:unavailable" in said, f"whoever asks is told so: {status} {said[:120]}")
        began = time.monotonic()
        switch(old)
        load.more(10, "writes to be confirmed by the old generation again", 300)
        report.took("from the way back to the next confirmed write", time.monotonic() - began)
        report.expect(platform.active() == old, f"generation {old} serves again")
        platform.settled()
        bucket.put(damaged, good)
        retire(number)


def kill(generation: int, number: int) -> None:
    platform.kill(platform.member(number, generation))


def fetches(generation: int) -> bool:
    """Whether the first member's backup is being fetched now."""
    found = ask("-n", platform.DATA, "get", "pod", platform.member(0, generation), "-o",
                'jsonpath={.status.initContainerStatuses[?(@.name=="restore")].state.running.startedAt}', check=False)
    return bool(found.stdout)


def phase(generation: int, number: int) -> str:
    found = ask("-n", platform.DATA, "get", "pod", platform.member(number, generation), "-o", "jsonpath={.status.phase}", check=False)
    return found.stdout


def jobs(generation: int) -> dict[str, str]:
    """Those that accept, by what each is called in the cluster alone."""
    found = platform.get("-n", platform.DATA, "jobs", "-l", "app.kubernetes.io/component=restore")["items"]
    return {j["metadata"]["uid"]: j["metadata"]["name"] for j in found if j["metadata"]["name"].startswith(f"acceptance-g{generation}-")}


def shuffled(generation: int) -> None:
    """What holds no data of it is deleted; then a person's selective sync: every file of the restore and of the database, backwards, twice."""
    here = repository.WORK / "generated" / "local" / "here"
    files = sorted([*(here / "restore").glob("*.yaml"), *(here / "database").glob(f"*g{generation}*.yaml")], reverse=True)
    for file in files:
        if file.name.startswith(("configmap-", "service-", "poddisruptionbudget-")):
            kubectl("delete", "--wait=false", "--ignore-not-found", "-f", file)
    for account in ("database", "restore") * 2:
        for file in (f for f in files if f.parent.name == account):
            kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller",
                    f"--as=system:serviceaccount:argocd:deploy-{account}", "-f", file)
    say("      everything of it applied again, backwards, twice")
