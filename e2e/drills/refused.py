"""7: a damaged and a forged backup are refused: the gate stays shut, somebody is told, what serves goes on."""
import pathlib
import tempfile
import time

import bucket
import platform_state as platform
import repository
import vault
from argocd import delivered
from control import ask
from load import under_load
from report import Report
from restore import accepted, request, retire
from shell import output, say, wait


def refused() -> None:
    report = Report("7", "a damaged and a forged backup are refused")
    with under_load("f") as load, tempfile.TemporaryDirectory(prefix="galeno-drill.") as folder:
        old = platform.active()
        here = pathlib.Path(folder)
        platform.job("backup-daily")
        backup = bucket.newest()
        damaged = bucket.largest(backup)
        bucket.fetch(damaged, here / "good")
        bad = bytearray((here / "good").read_bytes())
        bad[len(bad) // 2] ^= 1
        (here / "bad").write_bytes(bad)
        bucket.put(damaged, here / "bad")
        first = attempt(report, "damaged in one bit", "SHA-256", backup, old)
        forge(here, backup)
        second = attempt(report, "signed by a stranger", "trusted signers", backup, old)
        report.expect(len(load.failed) == 0, "no request failed while both were tried")
        # Nothing has to be asked for again once the bucket holds the truth.
        for name in ("manifest.json", "manifest.json.asc"):
            bucket.put(f"{bucket.AT}/{backup}/{name}", here / f"true-{name}")
        bucket.put(damaged, here / "good")
        began = time.monotonic()
        wait(f"generation {second} to be accepted", lambda: accepted(second), 900, 2)
        report.took("the same request, once the bucket held the true backup again", time.monotonic() - began)
        report.expect(platform.active() == old, f"generation {old} is still the one that serves")
        load.more(10)
    report.account(load)
    for number in (first, second):
        retire(number)
    report.end()


def attempt(report: Report, what: str, because: str, backup: str, old: int) -> int:
    """A restore of it is asked for, merged and delivered; it is refused. The generation's number."""
    number, since, began = repository.next_generation(), time.time(), time.monotonic()
    delivered(request(number, "--backup", backup, "--reason", f"drill: a backup {what}"))
    refusal = wait(f"the restore of generation {number} to be refused", lambda: refused_by(number), 300)
    said = bucket.alerted(since, "keeper restore", because, seconds=300)
    report.took(f"{what}: from the request to the alert", time.monotonic() - began)
    say(f"      {refusal[:300]}")
    say(f"      {said[:300]}")
    report.expect(not accepted(number), f"{what}: the gate of generation {number} is shut")
    report.expect(not any(map(platform.ready, platform.of_generation(number))), f"{what}: no pod of it is ready")
    report.expect(platform.active() == old and all(map(platform.ready, platform.of_generation(old))), f"{what}: generation {old} serves, untouched")
    return number


def refused_by(generation: int) -> str:
    """What the program that restores says itself, when it refuses."""
    log = ask("-n", platform.DATA, "logs", platform.member(0, generation), "-c", "restore", check=False).stdout
    return next((line for line in log.splitlines() if line.startswith("keeper: ")), "")


def forge(here: pathlib.Path, backup: str) -> None:
    """The manifest says something else, and a stranger has signed it, with all his own skill."""
    for name in ("manifest.json", "manifest.json.asc"):
        bucket.fetch(f"{bucket.AT}/{backup}/{name}", here / f"true-{name}")
    (here / "manifest.json").write_text((here / "true-manifest.json").read_text().replace('"daily"', '"daily" '))
    home = here / "stranger"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", vault.PASSPHRASE]
    output(*gpg, "--quick-generate-key", "backup signer <backup.signer@clinic.localhost>", "rsa3072", "sign", "1y")
    output(*gpg, "--armor", "--detach-sign", "--output", here / "manifest.json.asc", here / "manifest.json")
    output("gpgconf", "--homedir", home, "--kill", "all")
    for name in ("manifest.json", "manifest.json.asc"):
        bucket.put(f"{bucket.AT}/{backup}/{name}", here / name)
