"""The controllers that upstream's Helm charts would bring, in short, one round after another.

No chart can be had here: see `vault`, `certificates`, `trust` and `ingress` for what each does as its original does it.
"""
import subprocess
import time

import certificates
import ingress
import trust
import vault
from api import items

_told = ""


def tell(text: str) -> None:
    """Once, however often it is tried."""
    global _told
    if text != _told:
        print(time.strftime("%H:%M:%S"), text, flush=True)
    _told = text


def once() -> None:
    for application in items("applications"):
        if application["metadata"]["name"] == "local-traefik":
            ingress.install(application)
    vault.sync()
    certificates.sync()
    trust.sync()


if __name__ == "__main__":
    while True:
        try:
            once()
            tell("all is as it should be")
        except (subprocess.CalledProcessError, RuntimeError, OSError, ValueError) as error:
            tell(f"not yet: {error} {getattr(error, 'stderr', '') or ''}")
        time.sleep(3)
