"""A continuous writer and reader, and the account of what they saw."""
import json
import threading
import time
import uuid
from contextlib import contextmanager

import platform_state as platform
from client import Client
from shell import wait


class Load:
    """Writes clinics with codes of their own and new versions of one clinic, and reads that one, until told to stop.

    A write counts as confirmed when its answer came; one whose answer did not come is sent again with the same
    idempotency key until it is known. A request fails when it got no answer or one that says the service is not there.
    """

    def __init__(self, authority: str, token: str, prefix: str, rest: float = 0.15):
        self.authority, self.token, self.prefix, self.rest = authority, token, prefix, rest
        self.confirmed: dict[str, float] = {}  # code: when
        self.failed: list[tuple[float, str]] = []
        self.older: list[str] = []
        self.requests = 0
        self.slowest = 0.0
        self.unknown: set[str] = set()
        self.version = 0
        self.answered: list[float] = []
        self._lock, self._stop, self._going, self._under_way = threading.Lock(), threading.Event(), threading.Event(), 0
        self._going.set()
        first = Client(authority, token).ask("POST", "/clinics", {"code": f"{prefix}-watched", "name": "Watched"})
        self.watched, self.version = first["id"], first["version"]
        self._clients: list[Client] = []
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._write, self._change, self._read, self._read)]

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
        """An answer, or none: then it is on the list of failures."""
        self._begin()
        began = time.monotonic()
        try:
            status, sent, text = client.once(method, path, body, headers)
        except OSError as error:
            status, sent, text = 0, {}, str(error)
        took = time.monotonic() - began
        with self._lock:
            self._under_way -= 1
            self.requests += 1
            if status in (0, 429) or status >= 500:
                self.failed.append((time.time(), f"{method} {path}: {status} {text[:200]}"))
                return None
            self.slowest = max(self.slowest, took)
            self.answered.append(time.time())
        return status, sent, text

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
            with self._lock:
                self.unknown.add(name)
            answer = self._until_known(client, "POST", "/clinics", {"code": name, "name": f"Clinic {number}"}, {"Idempotency-Key": str(uuid.uuid4())})
            if answer is None:
                return
            with self._lock:
                if answer[0] == 201:
                    self.unknown.discard(name)
                    self.confirmed[name] = time.time()
                else:
                    self.failed.append((time.time(), f"POST /clinics {name}: {answer[0]} {answer[2][:200]}"))
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
                else:
                    self.failed.append((time.time(), f"PUT version {version}: {answer[0]} {answer[2][:200]}"))
                    self.version = max(self.version, self._current(client) or 0)
            self._stop.wait(self.rest)

    def _current(self, client):
        try:
            return client.ask("GET", f"/clinics/{self.watched}")["version"]
        except Exception:
            return None

    def _read(self):
        client = self._client()
        while not self._stop.is_set():
            known = self.version  # confirmed before this read begins
            answer = self._try(client, "GET", f"/clinics/{self.watched}")
            if answer and answer[0] == 200 and json.loads(answer[2])["version"] < known:
                with self._lock:
                    self.older.append(f"read version {json.loads(answer[2])['version']} after {known} was confirmed")
            self._stop.wait(self.rest)

    def more(self, number: int, what: str = "the load to go on", seconds: float = 60) -> None:
        """Waits until so many more writes are confirmed."""
        enough = len(self.confirmed) + number
        wait(what, lambda: len(self.confirmed) > enough, seconds)

    def outage(self, since: float) -> float:
        """The longest time without any answer, from `since` on."""
        times = [since, *[t for t in self.answered if t >= since], time.time()]
        return max(b - a for a, b in zip(times, times[1:]))

    def silence(self) -> float:
        """How long there has been no answer."""
        return time.time() - max(self.answered, default=0.0)

    def there(self) -> dict[str, list[dict]]:
        """Every clinic that can be read now, by its code."""
        client, found, cursor = Client(self.authority, self.token), {}, None
        while True:
            page = client.ask("GET", f"/clinics?limit=100{f'&cursor={cursor}' if cursor else ''}")
            for one in page["items"]:
                found.setdefault(one["code"], []).append(one)
            cursor = page.get("next")
            if not cursor:
                return found

    def verify(self) -> dict:
        """Reads everything back: each confirmed write exactly once."""
        found = self.there()
        lost = [c for c in self.confirmed if c not in found]
        twice = [c for c, all in found.items() if len(all) > 1]
        behind = self.version > found[f"{self.prefix}-watched"][0]["version"]
        return {"requests": self.requests, "failed": len(self.failed), "asked again": sum(c.again for c in self._clients), "confirmed": len(self.confirmed), "versions": self.version,
                "lost": len(lost) + int(behind), "twice": len(twice), "older reads": len(self.older), "slowest": round(self.slowest, 2)}


@contextmanager
def under_load(prefix: str, writes: int = 10):
    """How a drill begins: the platform is settled, the load runs, and so many of its writes are confirmed."""
    platform.settled()
    authority, token = platform.staff()
    with Load(authority, token, f"{prefix}{int(time.time())}") as load:
        load.more(writes, "the load to run")
        yield load
