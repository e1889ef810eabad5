"""3: replicas of the API and of the web application are killed, under load."""
import time

import platform_state as platform
from client import page
from load import under_load
from report import Report
from shell import say, wait

KILLED = {"api": 2, "web": 2}


def replicas() -> None:
    """3: two of three replicas of each program are killed at once, then the last of the API that was there before."""
    report = Report("3", "replicas of API and web are killed")
    with under_load("a") as load:
        before = {name: platform.pods(platform.APP, f"app.kubernetes.io/name={name}") for name in KILLED}
        began, at = time.monotonic(), time.time()
        for name, count in KILLED.items():
            kill(before[name][:count])
        say("two replicas of each are killed")
        report.expect("<!doctype html" in page(load.authority), "the page is served while two of three web servers are gone")
        wait("new ones to be ready", platform.all_ready, 300)
        report.took("six replicas ready again", time.monotonic() - began)
        load.more(20)
        report.silence(load, at)
        kill(before["api"][KILLED["api"]:])
        wait("a new one to be ready", platform.all_ready, 300)
        load.more(20)
        old = {p["metadata"]["uid"] for some in before.values() for p in some}
        left = [p for name in KILLED for p in platform.pods(platform.APP, f"app.kubernetes.io/name={name}") if p["metadata"]["uid"] in old]
        report.expect(len(left) == 1, "every API is a new one, and two of the three web servers")
    report.account(load)
    report.end()


def kill(pods: list[dict]) -> None:
    for one in pods:
        platform.kill(one["metadata"]["name"], platform.APP)
