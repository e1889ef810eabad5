"""A continuous writer and reader, and the account of what they saw."""
import json
import threading
import time
import uuid
from contextlib import contextmanager

import platform_state as platform
from client import Client, Problem, page
from shell import wait


# What Traefik says when it has begun and knows no route yet: nobody is there.
NO_ROUTE = "404 page not found"


class Load:
    """Writes clinics with codes of their own and new versions of one clinic, reads that one, and opens the web page, until told to stop.

    A write counts as confirmed when its answer came; one whose answer did not come is sent again with the same
    idempotency key until it is known. A request fails when it got no answer or one that says the service is not there.
    """

    def __init__(self, authority: str, token: str, prefix: str, rest: float = 0.15):
        self.authority, self.token, self.prefix, self.rest = authority, token, prefix, rest
        self.confirmed: dict[str, float] = {}  # code: when
        self.failed: list[tuple[float, str]] = []  # no answer, or one that says that nobody is there
        self.odd: list[str] = []  # any other answer than the one that it must be
        self.older: list[str] = []
        self.reads: list[tuple[float, int]] = []  # when one began, and its status
        self.requests = self.compared = 0
        self.slowest = 0.0
        self.version = 0
        self.answered: list[float] = []  # any request
        self.wrote: list[float] = []  # confirmed writes
        self._lock, self._stop, self._going, self._under_way = threading.Lock(), threading.Event(), threading.Event(), 0
        self._going.set()
        first = Client(authority, token).ask("POST", "/clinics", {"code": f"{prefix}-watched", "name": "Watched"})
        self.watched, self.version = first["id"], first["version"]
        self._clients: list[Client] = []
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._write, self._change, self._read, self._read, self._visit)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._going.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _client(self) -> Client:
        client = Client(self.authority, self.token)
        self._clients.append(client)
        return client

    def _try(self, client, method, path, body=None, headers=None):
        """The API's answer, or none."""
        began = time.monotonic()
        answer = self._counted(f"{method} {path}", lambda: client.once(method, path, body, headers))
        if answer is not None:
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answered.append(time.time())
        return answer

    def _counted(self, what, ask):
        """An answer, or none, unless requests are to wait."""
        self._begin()
        try:
            return self._heard(what, ask)
        finally:
            with self._lock:
                self._under_way -= 1

    def _heard(self, what, ask):
        """An answer, or none: then it is on the list of failures."""
        try:
            answer = ask()
        except OSError as error:
            answer = (0, {}, str(error) or type(error).__name__)
        with self._lock:
            self.requests += 1
            if answer[0] in (0, 429) or answer[0] >= 500 or answer[2].strip() == NO_ROUTE:
                self.failed.append((time.time(), f"{what}: {answer[0]} {answer[2][:200]}"))
                return None
        return answer

    def _begin(self) -> None:
        while True:
            self._going.wait()
            with self._lock:
                if self._going.is_set():
                    self._under_way += 1
                    return

    def pause(self) -> None:
        """No request is on its way afterwards, and none begins before `resume`."""
        with self._lock:
            self._going.clear()
        wait("requests to come to their end", lambda: not self._under_way, 60, 0.05)

    def resume(self) -> None:
        self._going.set()

    def _until_known(self, client, method, path, body, headers):
        while True:
            answer = self._try(client, method, path, body, headers)
            if answer is not None:
                return answer
            if self._stop.wait(0.5):
                return None

    def _write(self):
        client, number = self._client(), 0
        while not self._stop.is_set():
            number += 1
            name = f"{self.prefix}-{number}"
            answer = self._until_known(client, "POST", "/clinics", {"code": name, "name": f"Clinic {name}"}, {"Idempotency-Key": str(uuid.uuid4())})
            if answer is None:
                return
            with self._lock:
                if answer[0] == 201:
                    self.confirmed[name] = time.time()
                    self.wrote.append(time.time())
                else:
                    self.odd.append(f"POST /clinics {name}: {answer[0]} {answer[2][:200]}")
            self._stop.wait(self.rest)

    def _change(self):
        client = self._client()
        while not self._stop.is_set():
            version = self.version
            answer = self._until_known(client, "PUT", f"/clinics/{self.watched}", {"code": f"{self.prefix}-watched", "name": f"After {version}"},
                                       {"If-Match": f'"{version}"', "Idempotency-Key": str(uuid.uuid4())})
            if answer is None:
                return
            with self._lock:
                if answer[0] == 200:
                    self.version = version + 1
                    self.wrote.append(time.time())
                else:
                    self.odd.append(f"PUT version {version}: {answer[0]} {answer[2][:200]}")
            self._stop.wait(self.rest)

    def _read(self):
        client = self._client()
        while not self._stop.is_set():
            known, began = self.version, time.time()  # confirmed before this read begins
            answer = self._try(client, "GET", f"/clinics/{self.watched}")
            if answer:
                with self._lock:
                    self._saw(answer, known, began)
            self._stop.wait(self.rest)

    def _saw(self, answer, known: int, began: float) -> None:
        self.reads.append((began, answer[0]))
        if answer[0] != 200:
            self.odd.append(f"GET: {answer[0]} {answer[2][:200]}")
            return
        self.compared += 1
        found = json.loads(answer[2])["version"]
        if found < known:
            self.older.append(f"read version {found} after {known} was confirmed")

    def _visit(self):
        """The web page, as somebody who comes for the first time: each time by a connection of its own."""
        def ask():
            try:
                return 200, {}, page(self.authority)
            except Problem as problem:
                return 0, {}, str(problem)
        while not self._stop.is_set():
            self._counted("the page", ask)
            self._stop.wait(self.rest * 4)

    def more(self, number: int, what: str = "the load to go on", seconds: float = 60) -> None:
        """Waits until so many more writes are confirmed."""
        enough = len(self.confirmed) + number
        wait(what, lambda: len(self.confirmed) > enough, seconds)

    def outage(self, since: float) -> float:
        """The longest time without a confirmed write, from `since` on."""
        times = [since, *[t for t in self.wrote if t >= since], time.time()]
        return max(b - a for a, b in zip(times, times[1:]))

    def silence(self) -> float:
        """How long there has been no answer."""
        return time.time() - max(self.answered, default=0.0)

    def _asked(self, client: Client, path: str) -> dict:
        """What is there, asked again while nobody answers; each time that it was in vain is a request that failed."""
        status, _, text = wait("the API to answer", lambda: self._heard(f"GET {path}", lambda: client.once("GET", path)), 60)
        if status != 200:
            raise Problem(status, text)
        return json.loads(text)

    def there(self) -> dict[str, list[dict]]:
        """Every clinic that can be read now, by its code."""
        client, found, cursor = Client(self.authority, self.token), {}, None
        while True:
            page = self._asked(client, f"/clinics?limit=100{f'&cursor={cursor}' if cursor else ''}")
            for one in page["items"]:
                found.setdefault(one["code"], []).append(one)
            cursor = page.get("next")
            if not cursor:
                return found

    def verify(self) -> dict:
        """Reads everything back: each confirmed write exactly once, as it was written."""
        found = self.there()
        lost = [c for c in self.confirmed if c not in found or found[c][0]["name"] != f"Clinic {c}"]
        twice = [c for c, all in found.items() if len(all) > 1]
        behind = self.version > found[f"{self.prefix}-watched"][0]["version"]
        return {"requests": self.requests, "failed": len(self.failed), "asked again": sum(c.again for c in self._clients), "confirmed": len(self.confirmed), "versions": self.version, "reads compared": self.compared,
                "lost": len(lost) + int(behind), "twice": len(twice), "older reads": len(self.older), "slowest": round(self.slowest, 2)}


@contextmanager
def under_load(prefix: str, writes: int = 10):
    """How a drill begins: the platform is settled, the load runs, and so many of its writes are confirmed."""
    platform.settled()
    authority, token = platform.staff()
    with Load(authority, token, f"{prefix}{int(time.time())}") as load:
        load.more(writes, "the load to run")
        yield load
