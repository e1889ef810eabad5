"""Delivery from git: a stand-in for Argo CD's application controller, for what cannot be built here.

What it does as Argo CD does: it follows `main` of the git server, reads each Application that is committed, applies the
files of its path by server-side apply *as the service account that its AppProject names* (so the deployers' RBAC is what
decides), tries again until everything is applied, heals what differs, and removes what git no longer holds unless the
object says `Prune=false`. What it does not: Helm charts, sync windows, health, the Argo CD API.
"""
import json
import os
import subprocess
import sys
import time

import certificates
import ingress
import trust
import vault
from control import ask
from layout import PKI, STATE
from outside import OUTSIDE

CLONE = STATE / "delivered"
DONE = STATE / "delivered.json"
ROOT_PATH = "generated/local/argocd/here"
HEAL_EVERY = 60  # seconds, as long as nothing in git changes
FIELD_MANAGER = "argocd-controller"


def fetch() -> str:
    # The variable goes before what a person's own environment says of authorities.
    environment = {**os.environ, "GIT_SSL_CAINFO": str(PKI / "outside-ca.crt")}
    git = ["git", "-c", f"http.curloptResolve=git.clinic.localhost:443:{OUTSIDE}"]
    if not CLONE.exists():
        subprocess.run([*git, "clone", "--quiet", "https://git.clinic.localhost/clinic/platform.git", str(CLONE)], check=True, env=environment)
    subprocess.run([*git, "-C", str(CLONE), "fetch", "--quiet", "origin", "main"], check=True, env=environment)
    subprocess.run(["git", "-C", str(CLONE), "reset", "--quiet", "--hard", "origin/main"], check=True)
    return subprocess.run(["git", "-C", str(CLONE), "rev-parse", "HEAD"], text=True, capture_output=True, check=True).stdout.strip()


_read: dict[str, list] = {}


def tree(path: str) -> str:
    return subprocess.run(["git", "-C", str(CLONE), "rev-parse", f"HEAD:{path}"], text=True, capture_output=True, check=True).stdout.strip()


def documents(path: str) -> list[dict]:
    """The objects of a folder: kubectl reads YAML for us without asking the cluster. What did not change is not read again."""
    key = tree(path)
    if key not in _read:
        answer = ask("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", CLONE / path, check=False)
        if answer.returncode:
            raise RuntimeError(answer.stderr)
        # One document after another, each by itself.
        text, at, found, decoder = answer.stdout, 0, [], json.JSONDecoder()
        while at < len(text.rstrip()):
            one, end = decoder.raw_decode(text, at)
            found += one["items"] if one["kind"] == "List" else [one]
            at = end + len(text[end:]) - len(text[end:].lstrip())
        _read[key] = found
    return _read[key]


def applications():
    """Name, path and account of each Application whose files are in this repository."""
    all = documents(ROOT_PATH)
    accounts = {o["metadata"]["name"]: [d["defaultServiceAccount"] for d in o["spec"].get("destinationServiceAccounts", [])]
                for o in all if o["kind"] == "AppProject"}
    found = []
    for one in all:
        path = one["spec"].get("source", {}).get("path", "") if one["kind"] == "Application" else ""
        if path.startswith("generated/"):
            account = accounts[one["spec"]["project"]][0]
            found.append((one["metadata"]["name"], path, f"system:serviceaccount:{account if ':' in account else f'argocd:{account}'}"))
    return found


def apply(name, path, account) -> list[str]:
    """Complaints, none when all is applied."""
    answer = ask("apply", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}", f"--as={account}",
                     "--as-group=system:serviceaccounts", "--as-group=system:serviceaccounts:argocd", "--as-group=system:authenticated",
                     "-f", CLONE / path, check=False)
    return [line for line in answer.stderr.splitlines() if line and not line.startswith("Warning")]


def prune(before: dict, now: dict) -> None:
    for key in set(before) - set(now):
        kind, namespace, name = key.split("|")
        if "Prune=false" in before[key]["options"]:
            continue
        account = before[key]["account"]
        scope = ["-n", namespace] if namespace else []
        print("prune", key, ask("delete", kind, name, *scope, "--wait=false", f"--as={account}", "--as-group=system:serviceaccounts", check=False).stderr, flush=True)


def inventory(apps) -> dict:
    found = {}
    for _, path, account in apps:
        for one in documents(path):
            meta, group = one["metadata"], one["apiVersion"].split("/")[0] if "/" in one["apiVersion"] else ""
            kind = f"{one['kind']}.{group}" if group else one["kind"]
            found[f"{kind}|{meta.get('namespace', '')}|{meta['name']}"] = {
                "account": account, "options": meta.get("annotations", {}).get("argocd.argoproj.io/sync-options", "")}
    return found


_applied: dict[str, tuple[str, float]] = {}


def once() -> None:
    revision = fetch()
    apps = applications()
    complaints = []
    for name, path, account in apps:
        key, when = _applied.get(name, ("", 0.0))
        if key == tree(path) and time.monotonic() - when < HEAL_EVERY:
            continue
        problems = apply(name, path, account)
        complaints += [f"{name}: {p}" for p in problems]
        if not problems:
            _applied[name] = (tree(path), time.monotonic())
    try:
        charts = [o for o in documents(ROOT_PATH) if o["metadata"]["name"] == "local-traefik" and o["kind"] == "Application"]
        ingress.install(charts[0])
        vault.sync()
        certificates.sync()
        trust.sync()
    except subprocess.CalledProcessError as error:
        complaints.append(f"stand-ins: {error.stderr}")
    before = json.loads(DONE.read_text())["objects"] if DONE.exists() else {}
    now = before
    if not complaints:
        now = inventory(apps)
        prune(before, now)
    part = DONE.with_suffix(".part")
    part.write_text(json.dumps({"revision": None if complaints else revision, "tried": revision, "complaints": complaints, "objects": now}))
    part.rename(DONE)
    tell("\n".join(complaints) or f"delivered {revision}")


_told = ""


def tell(text: str) -> None:
    """Once, however often it is tried."""
    global _told
    if text != _told:
        print(time.strftime("%H:%M:%S"), text, flush=True)
    _told = text


if __name__ == "__main__":
    while True:
        try:
            once()
        except (subprocess.CalledProcessError, RuntimeError, OSError, json.JSONDecodeError) as error:
            tell(f"not delivered: {error} {getattr(error, 'stderr', '') or ''}")
        time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 3)
