"""8: the whole site is lost. Git and the bucket survive; one commit, and the service is back in a new place (R4)."""
import datetime
import re
import time

import images
import platform_state as platform
import repository
import site_of_cluster as site
from argocd import delivered
from load import Load
from report import Report
from restore import request
from shell import say


def lost() -> None:
    report = Report("8", "the whole site is lost; only git and the bucket survive")
    platform.settled()
    new = repository.next_generation()
    authority, token = platform.staff()
    with Load(authority, token, f"l{int(time.time())}") as load:
        load.more(10, "the load to run")
        platform.job("backup-daily")
        load.more(20)
        shipped = re.search(r"everything confirmed before (\S+) is stored", platform.job("backup-ship"))[1]
        kept = {code for code, at in load.confirmed.items() if at < datetime.datetime.fromisoformat(shipped).timestamp() - 1}
        load.more(5)
        load.pause()
        confirmed = len(load.confirmed)
        began, at = time.monotonic(), time.time()
        site.lose()
        # The last whole second of which everything is in the bucket.
        moment = datetime.datetime.fromisoformat(shipped).replace(microsecond=0)
        request(new, "--to", moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "--now", "--reason", "the site is lost")
        report.took("restore and switch merged, in one commit", time.monotonic() - began)
        site.begin(images.of_programs())
        report.took("a new cluster, with Argo CD", time.monotonic() - began)
        platform.settled(1800)
        report.took("service back, from the loss", time.monotonic() - began)
        delivered(repository.head())
        report.expect(platform.active() == new, f"generation {new} serves")
        load.authority = platform.authority()  # the new cluster's own
        found = load.there()
        missing = [code for code in load.confirmed if code not in found]
        report.facts.update({"confirmed": confirmed, "lost": len(missing), "twice": len([c for c, n in found.items() if len(n) > 1])})
        report.expect(not [code for code in kept if code not in found], f"all {len(kept)} writes that were confirmed before the last shipment are there")
        late = max(load.confirmed.values(), default=at) - min((load.confirmed[c] for c in missing), default=max(load.confirmed.values(), default=at))
        report.took("loss (RPO): the span of confirmed writes that are gone", max(late, 0.0))
        report.expect(time.monotonic() - began < 3600, "within R4's hour")
    say("      a promise of two minutes: what was written since the last shipment of binary logs is gone with a site")
    report.end()
