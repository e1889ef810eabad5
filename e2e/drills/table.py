"""docs/drills.md, out of what the drills measured last."""
import json

from layout import ROOT
from report import FOLDER

HEAD = """# Drills

Played on the cluster of `make cluster` (see [e2e/README.md](../e2e/README.md): three zones, two cores for everything) while a
writer, a changer and two readers go on, by the load balancer, Traefik and TLS. A write counts as confirmed when its answer came. A
request that got no answer, or one of `5xx` or `429`, is a failed request; writers send it again, under the same idempotency key,
until they know. `make drills` writes this page. Other work took the same two cores on 2026-11-30 (builds, a browser's tests, lints): read
the times as upper bounds. What of that day is not in one piece: 1 to 4, 9 and 16 ran with network policies enforced, on the images of the hour; 5, 6
and 8 with the last ones; 7, 11 and 12 in the night before, when the engine of network policies had not started; 13 with it. 14 and 15 passed (04:46,
04:40) and were not written down; 10 waited for an alert by its old name, and was ended. Drill 6 met failed requests while a restore was
prepared: lints and sixty browser tests took the cores from the probes (a load of 37 on two); without them there were none the night before.
Where git has to reach the database (5, 6), up to a minute and a half of the time is the kubelets', which look at mounted ConfigMaps that seldom:
meanwhile nobody is served, since nobody may be served from two generations. In 8 and 16 the place is lost: what was written after the last copy
(monthly in 8, the binary logs of the last minutes in 16) is lost by design, and counted.

"""


def write() -> None:
    found = sorted((json.loads(f.read_text()) for f in FOLDER.glob("*.json")), key=lambda d: int(d["number"]))
    lines = [HEAD, "| drill | result | requests | failed | confirmed writes | lost | twice | older reads | on |\n", "|---|---|---|---|---|---|---|---|---|\n"]
    for one in found:
        facts = one["facts"]
        cells = [str(facts.get(key, "–")) for key in ("requests", "failed", "confirmed", "lost", "twice", "older reads")]
        lines.append(f"| {one['number']}. {one['title']} | {'passed' if not one['complaints'] else 'failed: ' + '; '.join(one['complaints'])} | "
                     + " | ".join(cells) + f" | {one['at']} |\n")
    lines.append("\n## How long it took\n\n| drill | what | seconds |\n|---|---|---|\n")
    for one in found:
        lines += [f"| {one['number']} | {what} | {seconds} |\n" for what, seconds in one["times"].items()]
    lines.append(chart(found))
    (ROOT / "docs" / "drills.md").write_text("".join(lines))


CHART = """
## The longest time without an answer

```mermaid
xychart-beta
    x-axis "drill" [{names}]
    y-axis "seconds"
    bar [{bars}]
```

In drill 5 the table that every request needs is gone until it is restored; in 6 traffic was stopped by `--now`.
"""


def chart(found: list[dict]) -> str:
    """The longest silence of each drill, drawn where Markdown is shown with Mermaid."""
    known = {}
    for one in found:
        silences = [seconds for what, seconds in one["times"].items() if what.startswith("longest time without an answer")]
        if silences:
            known[one["number"]] = max(silences)
    return CHART.format(names=", ".join(f'"{number}"' for number in known), bars=", ".join(map(str, known.values())))
