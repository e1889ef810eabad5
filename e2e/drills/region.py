"""8: the region is lost, with its bucket. Git and the recovery region's bucket survive: one commit promotes that region (R4)."""
import datetime
import re
import time

import bucket
import images
import outside
import platform_state as platform
import repository
import site_of_cluster as site
from argocd import delivered
from load import Load, under_load
from report import Report
from restore import ask, request, second
from shell import say

# Nothing of it runs yet: a place for a cluster, and a bucket. Its cluster will have the addresses of the one that is lost.
REGION = """
  - name: there
    role: recovery
    zones: [zone-a, zone-b, zone-c]
    network:
      apiServer: https://172.18.0.2:6443
      controlPlane: [172.18.0.0/16]
      nodes: 172.18.0.0/16
      pods: 10.244.0.0/16
      services: 10.96.0.0/16

storage: {"""
COPY = f"""  monthly:
    region: there
    bucket:
      endpoint: https://{bucket.HOST}:9000
      name: {outside.MONTHLY}
      region: there
      addresses: [172.19.0.2/32]
      privateAuthority: true
  openpgp:
"""


def lost() -> None:
    report = Report("8", "the region is lost, with its bucket; the recovery region is promoted by a commit")
    with under_load("l", 20) as load:
        if "name: there" in repository.ENVIRONMENT.read_text():
            raise SystemExit("drill: the region was lost once; it takes a new cluster (`make cluster-down cluster`)")
        repository.change(("\nstorage: {", REGION), ("  openpgp:\n", COPY))
        delivered(repository.commit("A recovery region, with a bucket for monthly copies"))
        copied = time.time()
        say(platform.job("backup-monthly").strip().splitlines()[-1])
        load.more(20)
        load.pause()
        began, at, new = time.monotonic(), time.time(), repository.next_generation()
        site.lose()
        outside.bucket_lost()
        repository.pull_request("promote-there", "Promote the region `there`: `here` is lost", promoted,
                                "--allow-removal", "here", "--allow-removal", "argocd/here")
        report.took("promoted, in one commit", time.monotonic() - began)
        rebuilt(report, load, began, new, copied)
        platform.job("backup-daily")
        daily = [key for key in bucket.keys(name=outside.MONTHLY) if "-daily-" in key and key.endswith("/manifest.json")]
        report.expect(len(daily) == 1, f"the next backup goes to the bucket beside the new primary: {daily}")
        alerts = [line for line in outside.ALERTS.read_text().splitlines() if float(line.split()[0]) > at and "keeper restore" in line]
        report.expect(not alerts, f"no restore failed: {alerts[:1]}")
    report.end()


def cluster_lost() -> None:
    """16: what survives is git and the bucket, with the binary logs that were shipped."""
    report = Report("16", "the cluster is lost; git and the bucket survive")
    with under_load("c") as load:
        platform.job("backup-daily")
        load.more(20)
        said = re.search(r"everything confirmed before (\S+) is stored", platform.job("backup-ship"))[1]
        shipped = datetime.datetime.fromisoformat(said).timestamp()
        load.more(5)
        load.pause()
        began, new = time.monotonic(), repository.next_generation()
        site.lose()
        # The last whole second of which everything is in the bucket.
        request(new, "--to", second(shipped), "--now", "--reason", "the cluster is lost")
        report.took("restore and switch merged, in one commit", time.monotonic() - began)
        rebuilt(report, load, began, new, shipped - 1)
    report.end()


def rebuilt(report: Report, load: Load, began: float, generation: int, stored: float) -> None:
    """A new cluster out of git, and its database out of a bucket, which holds everything confirmed before `stored`."""
    kept = {code for code, at in load.confirmed.items() if at < stored}
    site.begin(images.of_programs())
    report.took("a new cluster, with Argo CD", time.monotonic() - began)
    platform.settled(1800)
    report.took("service back, from the loss", time.monotonic() - began)
    delivered(repository.head())
    report.expect(platform.active() == generation, f"generation {generation} serves")
    platform.forget()
    load.authority = platform.authority()  # the new cluster's own
    found = load.there()
    missing = [code for code in load.confirmed if code not in found]
    report.facts.update({"confirmed": len(load.confirmed), "lost": len(missing), "twice": len([c for c, n in found.items() if len(n) > 1])})
    report.expect(not kept - set(found), f"all {len(kept)} writes that were confirmed before the last copy are there")
    last = max(load.confirmed.values())
    report.took("loss (RPO): the span of confirmed writes that are gone", last - min((load.confirmed[code] for code in missing), default=last))
    report.expect(time.monotonic() - began < 3600, "within R4's hour")


def promoted() -> None:
    """What a person writes: who is primary now, what is restored, that what the lost region held is given up, and that older
    generations, whose backups are lost, are not asked for again."""
    older = repository.generations()
    repository.change(("  - name: here\n    role: primary\n", "  - name: here\n    role: recovery\n"),
                      ("  - name: there\n    role: recovery\n", "  - name: there\n    role: primary\n"))
    ask("--backup", "latest", "--now", "--reason", "the region here is lost")
    for generation in older:
        repository.galeno("restore", "retire", "-e", "local", str(generation))
    # The list is there: a restore is acknowledged in it.
    given_up = "".join(f"  - {{code: upgrade/primary-moved, about: StatefulSet {platform.DATA}/mariadb-g{generation}, "
                       "reason: the region here is lost}\n" for generation in older)
    repository.change(("\nacknowledge:\n", f"\nacknowledge:\n{given_up}"))
