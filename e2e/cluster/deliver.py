"""Delivery from git: a stand-in for Argo CD's application controller, for what cannot be built here.

What it does as Argo CD does: it follows `main` of the git server, reads each Application that is committed, applies the
files of its path by server-side apply *as the service account that its AppProject names* (so the deployers' RBAC is what
decides), tries again until everything is applied, heals what differs, and removes what git no longer holds unless the
object says `Prune=false`. What it does not: Helm charts, sync windows, health, the Argo CD API.
"""
import json
import subprocess
import sys
import time

import ingress
import vault
from control import KUBECONFIG, _kubectl
from layout import PKI, STATE
from outside import OUTSIDE

CLONE = STATE / "delivered"
DONE = STATE / "delivered.json"
FIELD_MANAGER = "argocd-controller"


def kubectl(*arguments, text=None):
    return subprocess.run([_kubectl(), "--kubeconfig", str(KUBECONFIG), *arguments], input=text, text=True, capture_output=True)


def fetch() -> str:
    git = ["git", "-c", f"http.sslCAInfo={PKI}/outside-ca.crt", "-c", "http.curloptResolve=git.clinic.localhost:443:" + OUTSIDE]
    if not CLONE.exists():
        subprocess.run([*git, "clone", "--quiet", "https://git.clinic.localhost/clinic/platform.git", str(CLONE)], check=True)
    subprocess.run([*git, "-C", str(CLONE), "fetch", "--quiet", "origin", "main"], check=True)
    subprocess.run(["git", "-C", str(CLONE), "reset", "--quiet", "--hard", "origin/main"], check=True)
    return subprocess.run(["git", "-C", str(CLONE), "rev-parse", "HEAD"], text=True, capture_output=True, check=True).stdout.strip()


def documents(path):
    """Objects of the files, as JSON: kubectl reads YAML for us without asking the cluster."""
    answer = kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", str(path))
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    found = json.loads(answer.stdout)
    return found["items"] if found["kind"] == "List" else [found]


def applications():
    folder = CLONE / "generated" / "local" / "argocd" / "here"
    accounts, found = {}, []
    for project in folder.glob("appproject-*.yaml"):
        spec = _object(project)
        accounts[spec["metadata"]["name"]] = {d["namespace"]: d["defaultServiceAccount"] for d in spec["spec"].get("destinationServiceAccounts", [])}
    for file in sorted(folder.glob("application-*.yaml")):
        one = _object(file)
        source = one["spec"].get("source", {})
        if source.get("path", "").startswith("generated/"):
            account = next(iter(accounts[one["spec"]["project"]].values()))
            account = account if ":" in account else f"argocd:{account}"
            found.append((one["metadata"]["name"], CLONE / source["path"], f"system:serviceaccount:{account}"))
    return found


_read = {}


def _object(file):
    # The client's dry run asks nothing of the cluster but takes a process: what did not change is not read again.
    key = (file, file.stat().st_mtime_ns)
    if key not in _read:
        _read[key] = documents(file)[0]
    return _read[key]


def apply(name, path, account) -> list[str]:
    """Complaints, none when all is applied."""
    answer = kubectl("apply", "--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}", f"--as={account}",
                     "--as-group=system:serviceaccounts", "--as-group=system:serviceaccounts:argocd", "--as-group=system:authenticated",
                     "-f", str(path))
    return [line for line in answer.stderr.splitlines() if line and not line.startswith("Warning")]


def prune(before: dict, now: dict) -> None:
    for key in set(before) - set(now):
        kind, namespace, name = key.split("|")
        if "Prune=false" in before[key]["options"]:
            continue
        account = before[key]["account"]
        scope = ["-n", namespace] if namespace else []
        print("prune", key, kubectl("delete", kind, name, *scope, "--wait=false", f"--as={account}", "--as-group=system:serviceaccounts").stderr, flush=True)


def inventory(apps) -> dict:
    found = {}
    for _, path, account in apps:
        for file in sorted(path.glob("*.yaml")):
            one = _object(file)
            meta, group = one["metadata"], one["apiVersion"].split("/")[0] if "/" in one["apiVersion"] else ""
            kind = f"{one['kind']}.{group}" if group else one["kind"]
            found[f"{kind}|{meta.get('namespace', '')}|{meta['name']}"] = {
                "account": account, "options": meta.get("annotations", {}).get("argocd.argoproj.io/sync-options", "")}
    return found


def once() -> None:
    revision = fetch()
    apps = applications()
    complaints = []
    for name, path, account in apps:
        problems = apply(name, path, account)
        complaints += [f"{name}: {p}" for p in problems]
    try:
        ingress.install(_object(CLONE / "generated" / "local" / "argocd" / "here" / "application-local-traefik.yaml"))
        vault.sync()
    except subprocess.CalledProcessError as error:
        complaints.append(f"stand-ins: {error.stderr}")
    now = inventory(apps)
    if not complaints:
        before = json.loads(DONE.read_text())["objects"] if DONE.exists() else {}
        prune(before, now)
    state = {"revision": revision if not complaints else None, "tried": revision, "complaints": complaints,
             "objects": now if not complaints else (json.loads(DONE.read_text())["objects"] if DONE.exists() else {})}
    part = DONE.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.rename(DONE)
    for line in complaints:
        print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    while True:
        try:
            once()
        except (subprocess.CalledProcessError, RuntimeError, OSError, json.JSONDecodeError) as error:
            print(time.strftime("%H:%M:%S"), "not delivered:", error, file=sys.stderr, flush=True)
        time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 3)
