"""docs/drills.md, out of what the drills measured last."""
import json

from layout import ROOT
from report import FOLDER, SILENCE

HEAD = """# Drills

Played on the cluster of `make cluster` (see [e2e/README.md](../e2e/README.md): three zones, two cores for everything) while a
writer, a changer, two readers and a visitor of the web page go on, by the load balancer, Traefik and TLS. A write counts as confirmed when its answer came. A
request that got no answer, or one of `5xx` or `429`, or Traefik's own that it knows no route, is a failed request; writers send it again, under the same idempotency key,
until they know. *Asked again* are requests whose kept connection had ended before anything was answered: browsers send them again by
themselves. `make drills` writes this page. *Load* is the machine's load average of the last five minutes when the drill ended:
with far more than two the cores were short, and times are upper bounds.

"""


def write() -> None:
    found = sorted((json.loads(f.read_text()) for f in FOLDER.glob("*.json")), key=lambda d: int(d["number"]))
    lines = [HEAD, "| drill | result | requests | failed | asked again | confirmed writes | lost | twice | older reads | load | on |\n", "|---|---|---|---|---|---|---|---|---|---|---|\n"]
    for one in found:
        facts = one["facts"]
        cells = [str(facts.get(key, "–")) for key in ("requests", "failed", "asked again", "confirmed", "lost", "twice", "older reads")]
        lines.append(f"| {one['number']}. {one['title']} | {'passed' if not one['complaints'] else 'failed: ' + '; '.join(one['complaints'])} | "
                     + " | ".join(cells) + f" | {one['load']} | {one['at']} |\n")
    lines += [f"\n{one['number']}: {remark}\n" for one in found for remark in one["remarks"]]
    lines.append("\n## How long it took\n\n| drill | what | seconds |\n|---|---|---|\n")
    for one in found:
        lines += [f"| {one['number']} | {what} | {seconds} |\n" for what, seconds in one["times"].items()]
    lines += [chart(found), short_form()]
    (ROOT / "docs" / "drills.md").write_text("".join(lines))


CHART = """
## The longest time without a confirmed write

```mermaid
xychart-beta
    x-axis "drill" [{names}]
    y-axis "seconds"
    bar [{bars}]
```
"""

SHORT = """
## The short form

CI has no half hour to build a Kubernetes. It plays these drills on processes: three real Galera nodes under their keepers, each in a
network namespace of its own, a writer that counts every confirmed row, and assertions. `.github/workflows/drills.yml` plays the
whole ones every night.

| drill | in CI |
|---|---|
"""
# The drill, the file of a test of it, and the test.
NODE, API, WHOLE = "app/keeper/tests/node_start.rs", "app/api/tests/galera/losses.rs", "app/keeper/tests/whole.rs"
TESTS = [
    ("1", NODE, "a_killed_node_comes_back_by_incremental_transfer"),
    ("1", API, "a_killed_replica_and_a_killed_node_lose_nothing_that_was_confirmed"),
    ("2", NODE, "a_cut_leaves_the_majority_writing_and_heals_by_itself"),
    ("5", WHOLE, "what_is_rendered_backs_up_restores_accepts_and_opens"),
    ("9", NODE, "all_killed_at_once_under_load_lose_nothing"),
    ("12", NODE, "a_rolling_restart_loses_no_write"),
]


def short_form() -> str:
    for _, file, name in TESTS:
        if f"fn {name}()" not in (ROOT / file).read_text():
            raise SystemExit(f"drills: {file} has no test {name}")
    return SHORT + "".join(f"| {number} | [`{name}`](../{file}) |\n" for number, file, name in TESTS)


def chart(found: list[dict]) -> str:
    """The longest silence of each drill, drawn where Markdown is shown with Mermaid."""
    known = {}
    for one in found:
        silences = [seconds for what, seconds in one["times"].items() if what.startswith(SILENCE)]
        if silences:
            known[one["number"]] = max(silences)
    return CHART.format(names=", ".join(f'"{number}"' for number in known), bars=", ".join(map(str, known.values())))
