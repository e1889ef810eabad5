"""What a drill found: on the screen, and in `.cache/e2e/drills/N.json`, from which docs/drills.md is made."""
import json
import sys
import time

from layout import CACHE

FOLDER = CACHE / "drills"


class Report:
    def __init__(self, number: str, title: str):
        self.number, self.title, self.began = number, title, time.monotonic()
        self.times: dict[str, float] = {}
        self.facts: dict[str, object] = {}
        self.complaints: list[str] = []

    def took(self, what: str, seconds: float) -> None:
        self.times[what] = round(seconds, 1)
        print(f"      {what}: {seconds:.1f} s", flush=True)

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
        self.expect(found["older reads"] == 0, "no reader saw an older version")

    def end(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{self.number}.json").write_text(json.dumps({
            "number": self.number, "title": self.title, "times": self.times, "facts": self.facts, "complaints": self.complaints,
            "duration": round(time.monotonic() - self.began), "at": time.strftime("%Y-%m-%d")}, indent=1))
        print(f"drill {self.number} ({self.title}): {'passed' if not self.complaints else 'FAILED: ' + '; '.join(self.complaints)}", flush=True)
        if self.complaints:
            sys.exit(1)
