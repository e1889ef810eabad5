"""12: a rolling update of database, API and web application by one commit, under load."""
import time

import platform_state as platform
import repository
from argocd import delivered
from load import under_load
from report import Report
from shell import wait


def turn(one: str, other: str) -> None:
    """Whichever of the two the environment says, it says the other one afterwards."""
    text = repository.ENVIRONMENT.read_text()
    if one not in text:
        one, other = other, one
    if one not in text:
        raise SystemExit(f"drill: environments/local.yaml says neither {other!r} nor {one!r}")
    repository.ENVIRONMENT.write_text(text.replace(one, other, 1))


def rolling() -> None:
    """12: other resources for each of them, one commit, under load."""
    report = Report("12", "rolling update of database, API and web application under load")
    with under_load("r") as load:
        began, at = time.monotonic(), time.time()
        before = {p["metadata"]["uid"] for p in _all()}
        turn("resources: {cpu: 250m", "resources: {cpu: 260m")
        turn("resources: {cpu: 100m, memory: 128Mi}", "resources: {cpu: 110m, memory: 128Mi}")
        turn("resources: {cpu: 50m, memory: 64Mi}", "resources: {cpu: 60m, memory: 64Mi}")
        revision = repository.commit("Roll every component")
        delivered(revision)
        report.took("commit delivered", time.monotonic() - began)
        wait("every pod of them to be new", lambda: not ({p["metadata"]["uid"] for p in _all()} & before) and platform.all_ready(), 1200, 2)
        report.took("everything new and ready", time.monotonic() - began)
        report.silence(load, at)
        load.more(20)
    report.account(load)
    report.expect(report.facts["failed"] == 0, "no request failed")
    report.end()


def _all() -> list[dict]:
    return platform.of_generation(platform.active()) + platform.pods(platform.APP, "app.kubernetes.io/name in (api, web)")
