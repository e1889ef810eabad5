"""8: the region is lost, with its bucket. Git and the recovery region's bucket survive: one commit promotes that region (R4)."""
import datetime
import re
import tempfile
import time

import bucket
import images
import outside
import platform_state as platform
import repository
import site_of_cluster as site
from argocd import delivered
from load import Load, under_load
from plan import Person
from report import Report
from restore import second
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
    report.remark("what was written after the monthly copy is lost with the region.")
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
        by_the_plan("promote", LOST="here", NEW="there")
        report.took("promoted, in one commit", time.monotonic() - began)
        rebuilt(report, load, began, new, copied)
        platform.job("backup-daily")
        daily = [key for key in bucket.keys(name=outside.MONTHLY) if "-daily-" in key and key.endswith("/manifest.json")]
        report.expect(len(daily) == 1, f"the next backup goes to the bucket beside the new primary: {daily}")
        alerts = [line for line in bucket.alerts() if float(line.split()[0]) > at and "keeper restore" in line]
        report.expect(not alerts, f"no restore failed: {alerts[:1]}")
    report.end()


def cluster_lost() -> None:
    """16: what survives is git and the bucket, with the binary logs that were shipped."""
    report = Report("16", "the cluster is lost; git and the bucket survive")
    report.remark("what was written after the binary logs were shipped last (every five minutes) is lost with the cluster.")
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
        by_the_plan("request", TO=second(shipped), NOW="--now", REASON="the cluster is lost")
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
    with Load(*platform.staff(), f"w{int(time.time())}") as after:
        after.more(10, "writes to be confirmed by what was rebuilt")
    seen = after.verify()
    report.expect(seen["confirmed"] >= 10 and not seen["lost"] and not seen["older reads"] and not after.odd, f"it is written and read: {seen}")


def by_the_plan(block: str, **values: str) -> None:
    """A block of commands of the plan on paper, and the merge of what it pushed."""
    with tempfile.TemporaryDirectory(prefix="galeno-plan.") as folder:
        person = Person(folder)
        person.does(block, **values)
        person.merges()
