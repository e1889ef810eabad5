"""The bucket of backups, read and written by curl as any S3 client does; and what arrived at the webhook."""
import re
import urllib.parse

from addons import OUTSIDE
from control import inside
from layout import PKI
from outside import ALERTS, BUCKET, MONTHLY_KEY, MONTHLY_SECRET, S3_KEY, S3_SECRET
from shell import wait

HOST = "s3.clinic.localhost"
AT = "local/local/backups"


def curl(path: str, *arguments, name: str = BUCKET, **options):
    """The keys go by standard input: a command line is seen by everybody."""
    access, secret = (S3_KEY, S3_SECRET) if name == BUCKET else (MONTHLY_KEY, MONTHLY_SECRET)
    return inside("machine", "curl", "--silent", "--show-error", "--fail", "--config", "-", "--cacert", PKI / "outside-ca.crt",
                  "--resolve", f"{HOST}:9000:{OUTSIDE}", "--aws-sigv4", "aws:amz:local:s3", *arguments, f"https://{HOST}:9000/{name}{path}",
                  text=f'user = "{access.read_text()}:{secret.read_text()}"\n', **options)


def keys(prefix: str = "local/", name: str = BUCKET) -> dict[str, int]:
    """Every object below a prefix, and its size."""
    text = curl(f"?list-type=2&max-keys=1000&prefix={urllib.parse.quote(prefix, safe='')}", name=name).stdout
    if "<IsTruncated>true" in text:
        raise SystemExit("drill: the bucket holds more than a thousand objects")
    return {key: int(size) for key, size in re.findall(r"<Key>([^<]*)</Key>.*?<Size>(\d+)</Size>", text, re.DOTALL)}


def newest() -> str:
    """The newest backup that exists: whose manifest was written."""
    return max(re.search(r"backups/([^/]+)/manifest.json$", key)[1] for key in keys() if key.endswith("/manifest.json"))


def largest(backup: str) -> str:
    """The largest sealed object of a backup."""
    sealed = {key: size for key, size in keys(f"{AT}/{backup}/").items() if key.endswith(".pgp")}
    return max(sealed, key=sealed.get)


def fetch(key: str, to) -> None:
    curl(f"/{key}", "--output", to)


def put(key: str, file) -> None:
    curl(f"/{key}", "--upload-file", file)


def alerts() -> list[str]:
    """What arrived at the webhook: when, and what. Nothing has, until the first one."""
    return ALERTS.read_text().splitlines() if ALERTS.exists() else []


def alerted(since: float, *words: str, seconds: float = 120) -> str:
    """Waits for an alert that says all the words; it."""
    def found():
        for line in alerts():
            when, _, body = line.partition(" ")
            if float(when) >= since and all(word in body for word in words):
                return body
        return None
    return wait(f"an alert that says {', '.join(words)}", found, seconds, 0.5)
