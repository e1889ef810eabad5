"""12: a rolling update of database and API by one commit, under load."""
import json
import time

import platform_state as platform
import repository
from layout import STATE
from load import Load
from report import Report
from shell import say, wait


def delivered(revision: str, seconds: float = 300) -> None:
    def state():
        found = json.loads((STATE / "delivered.json").read_text())
        if found["tried"] == revision and found["complaints"]:
            say(f"      not delivered yet: {found['complaints'][0][:200]}")
        return found["revision"] == revision
    wait(f"revision {revision[:12]} to be delivered", state, seconds, 1)


def edit(before: str, after: str) -> None:
    file = repository.WORK / "environments" / "local.yaml"
    text = file.read_text()
    if before not in text:
        raise SystemExit(f"drill: environments/local.yaml does not say {before!r}")
    file.write_text(text.replace(before, after, 1))


def rolling() -> None:
    """12: other resources for database and API, one commit, under load."""
    report = Report("12", "rolling update of database and API under load")
    platform.settled()
    authority, token = platform.staff()
    with Load(authority, token, f"r{int(time.time())}") as load:
        wait("the load to run", lambda: len(load.confirmed) > 10, 60)
        began, at = time.monotonic(), time.time()
        before = {p["metadata"]["uid"] for p in _all()}
        cpu = lambda text: f"resources: {{cpu: {text}"
        now = next(c for c in ("250m", "260m") if cpu(c) in (repository.WORK / "environments" / "local.yaml").read_text())
        other = {"250m": "260m", "260m": "250m"}[now]
        edit(cpu(now), cpu(other))
        text = (repository.WORK / "environments" / "local.yaml").read_text()
        small = "resources: {cpu: 100m, memory: 128Mi}"
        edit(*((small, "resources: {cpu: 110m, memory: 128Mi}") if small in text else ("resources: {cpu: 110m, memory: 128Mi}", small)))
        revision = repository.commit("Roll every component")
        delivered(revision)
        report.took("commit delivered", time.monotonic() - began)
        wait("every pod of database and API to be new", lambda: not ({p["metadata"]["uid"] for p in _all()} & before) and platform.all_ready(), 1200, 2)
        report.took("everything new and ready", time.monotonic() - began)
        report.took("longest time without an answer", load.outage(at))
        enough = len(load.confirmed) + 20
        wait("the load to go on", lambda: len(load.confirmed) > enough, 60)
    report.account(load)
    report.expect(report.facts["failed"] == 0, "no request failed")
    report.end()


def _all() -> list[dict]:
    return platform.pods(platform.DATA, "app.kubernetes.io/name=mariadb") + platform.pods(platform.APP, "app.kubernetes.io/name=api")
