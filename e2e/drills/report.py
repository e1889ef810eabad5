"""What a drill found: on the screen, and in `.cache/e2e/drills/N.json`, from which docs/drills.md is made."""
import json
import os
import sys
import time

import platform_state as platform
from layout import CACHE

SILENCE = "longest time without a confirmed write"
FOLDER = CACHE / "drills"


class Report:
    latest: "Report | None" = None

    def __init__(self, number: str, title: str):
        """From here on there is no older result of the drill."""
        Report.latest = self
        self.file = FOLDER / f"{number}.json"
        self.file.unlink(missing_ok=True)
        self.number, self.title, self.began = number, title, time.monotonic()
        self.times: dict[str, float] = {}
        self.facts: dict[str, object] = {}
        self.complaints: list[str] = []
        self.remarks: list[str] = []

    def took(self, what: str, seconds: float) -> None:
        self.times[what] = round(seconds, 1)
        print(f"      {what}: {seconds:.1f} s", flush=True)

    def silence(self, load, since: float, which: str = "") -> None:
        """The longest time without a confirmed write, from `since` on."""
        self.took(f"{SILENCE}{which}", load.outage(since))

    def remark(self, text: str) -> None:
        """What whoever reads the figures has to know."""
        self.remarks.append(text)

    def expect(self, good: bool, what: str) -> None:
        print(("ok    " if good else "FAIL  ") + what, flush=True)
        if not good:
            self.complaints.append(what)

    def account(self, load) -> None:
        """What the writer and the reader saw, and the proof that nothing confirmed is gone."""
        found = load.verify()
        self.facts.update(found)
        print("      " + ", ".join(f"{k}: {v}" for k, v in found.items()), flush=True)
        for _, line in load.failed[:5]:
            print(f"        {line}", flush=True)
        self.expect(found["confirmed"] > 0, "writes were confirmed")
        self.expect(found["lost"] == 0, "every confirmed write is there")
        self.expect(found["twice"] == 0, "each exactly once")
        self.expect(found["reads compared"] > 0 and found["older reads"] == 0, "no reader saw an older version")
        self.expect(not load.odd, f"every answer was one that it should be{': not ' + load.odd[0] if load.odd else ''}")
        platform.alike("clinic.clinic", "clinic.access_log")
        self.expect(True, "every member has the same clinics and the same access log, to the byte")

    def broke(self, why: str) -> None:
        """It did not come to its end."""
        if not self.file.exists():
            self.complaints.append(why)
            self.end()

    def end(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({
            "number": self.number, "title": self.title, "times": self.times, "facts": self.facts, "complaints": self.complaints, "remarks": self.remarks, "load": round(os.getloadavg()[1], 1),
            "duration": round(time.monotonic() - self.began), "at": time.strftime("%Y-%m-%d")}, indent=1))
        print(f"drill {self.number} ({self.title}): {'passed' if not self.complaints else 'FAILED: ' + '; '.join(self.complaints)}", flush=True)
        if self.complaints:
            sys.exit(1)
