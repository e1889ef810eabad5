"""Argo CD, upstream's own: its manifests (`core-install.yaml`) and its program out of its Go module, images made here.

Changed in upstream's manifests is only what has no registry to go to, and the authority of the git server, which a person
makes known there. Application controller, repo server and Redis; nobody here uses ApplicationSets.
"""
import json
import tempfile
from pathlib import Path

from build import module
from control import ask, documents, kubectl
from images import ARCHIVES, ARGOCD, REDIS, archived, buildah
from layout import BIN, PKI, tool
from shell import run, say, wait

NAMESPACE = "argocd"
GIT_HOST = "git.clinic.test"
# One program, which looks at how it was called.
CALLED = ["argocd-repo-server", "argocd-application-controller", "argocd-cmp-server"]
DEBIAN = ["ca-certificates", "git", "gpg", "gpg-agent", "openssh-client", "redis-server", "tini"]
NOT_HERE = "argocd-applicationset-controller"


def make_images() -> None:
    """Both of one root file system: Debian's packages, upstream's program and scripts."""
    archives = {ARGOCD: ARCHIVES / "argocd.tar", REDIS: ARCHIVES / "redis.tar"}
    made = BIN / "argocd"
    if all(a.exists() and a.stat().st_mtime > made.stat().st_mtime for a in archives.values()):
        return
    say("the images of Argo CD and Redis, from Debian's packages")
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    upstream = module("argocd", "github.com/argoproj/argo-cd/v3")
    container = buildah("from", "scratch").strip()
    with tempfile.TemporaryDirectory(prefix="galeno-argocd.") as folder:
        base = Path(folder) / "base.tar"
        run(tool("mmdebstrap"), "--quiet", "--variant=minbase", f"--include={','.join(DEBIAN)}",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--customize-hook=useradd --root \"$1\" --uid 999 --user-group --create-home argocd",
            "--customize-hook=mkdir -p \"$1\"/app/config/ssh \"$1\"/app/config/tls \"$1\"/app/config/gpg/source \"$1\"/app/config/gpg/keys",
            *(f"--customize-hook=ln -s argocd \"$1\"/usr/local/bin/{name}" for name in CALLED), "bookworm", base)
        buildah("add", "--quiet", container, base, "/")
    buildah("add", "--quiet", "--chmod", "0755", container, made, "/usr/local/bin/argocd")
    for script in ("hack/gpg-wrapper.sh", "hack/git-verify-wrapper.sh", "entrypoint.sh"):
        buildah("add", "--quiet", "--chmod", "0755", container, Path(upstream) / script, f"/usr/local/bin/{Path(script).name}")
    for image, entrypoint in ((ARGOCD, ["/usr/bin/tini", "--"]), (REDIS, ["/usr/bin/redis-server"])):
        buildah("config", "--entrypoint", json.dumps(entrypoint), "--user", "999", "--env", "USER=argocd",
                "--workingdir", "/home/argocd", container)
        archived(container, image, archives[image])
    buildah("rm", container)


def manifests() -> list[dict]:
    found = [o for o in documents(Path(module("argocd", "github.com/argoproj/argo-cd/v3")) / "manifests" / "core-install.yaml", NAMESPACE)
             if NOT_HERE not in o["metadata"]["name"] and (o["kind"], o["metadata"]["name"]) != ("ConfigMap", "argocd-cm")]
    for one in found:
        pod = one.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []) + pod.get("initContainers", []):
            container["imagePullPolicy"] = "Never"
        if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", "argocd-tls-certs-cm"):
            one["data"] = {GIT_HOST: (PKI / "outside-ca.crt").read_text()}
    return found


def install(committed: Path, region: str) -> None:
    """What a person does once for a new cluster (docs/decisions/delivery-by-argo-cd.md)."""
    folder = committed / "argocd" / region
    kubectl("apply", "--server-side", "-f", committed / region / "namespaces" / "namespace-argocd.yaml")
    # Its settings before its programs, which read some of them when they begin.
    kubectl("apply", "--server-side", "-f", folder / "configmap-argocd-cm.yaml")
    kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests()}))
    for kind in ("applications", "appprojects"):
        established = 'jsonpath={.status.conditions[?(@.type=="Established")].status}'
        wait(f"{kind} to be known", lambda kind=kind: kubectl("get", "crd", f"{kind}.argoproj.io", "-o", established, quiet=True) == "True", 60)
    for part in ("deployment/argocd-redis", "deployment/argocd-repo-server", "statefulset/argocd-application-controller"):
        kubectl("-n", NAMESPACE, "rollout", "status", part, "--timeout=300s")
    # Projects first: an Application that finds none is looked at again only after three minutes.
    for files in (sorted(folder.glob("appproject-*.yaml")), [folder]):
        kubectl("apply", "--server-side", "--force-conflicts", *(part for file in files for part in ("-f", file)))


def applications() -> list[dict]:
    """Those whose files are in the repository; charts come from elsewhere, where this machine cannot go."""
    found = json.loads(kubectl("-n", NAMESPACE, "get", "applications.argoproj.io", "-o", "json", quiet=True))["items"]
    return [a for a in found if a["spec"].get("source", {}).get("path")]


def refresh() -> None:
    """What a git server's webhook does after a push; there may be nobody to hear it."""
    ask("-n", NAMESPACE, "annotate", "--overwrite", "applications.argoproj.io", "--all", "argocd.argoproj.io/refresh=normal", check=False)


def behind(revision: str) -> list[str]:
    """Applications that are not yet what the revision says, and why."""
    found = []
    for one in applications():
        status, name = one.get("status", {}), one["metadata"]["name"]
        sync = status.get("sync", {})
        differs = [r for r in status.get("resources", []) if r.get("status") == "OutOfSync" and not r.get("requiresPruning")]
        # The root holds Applications of charts too, whose health is not this machine's to give.
        if sync.get("revision") != revision:
            found.append(f"{name}: looks at {sync.get('revision', 'nothing')[:12]}")
        elif sync.get("status") != "Synced" and (differs or not status.get("resources")):
            told = status.get("operationState", {}).get("message") or "; ".join(c["message"] for c in status.get("conditions", []))
            found.append(f"{name}: {', '.join(r['kind'] + '/' + r['name'] for r in differs[:3])}: {told[:300]}")
    return found


def delivered(revision: str, seconds: float = 600) -> None:
    """Waits until every Application is what the revision says."""
    told = ""

    def done() -> bool:
        nonlocal told
        late = behind(revision)
        if late and late[0] != told:
            told = late[0]
            say(f"      {len(late)} behind, first {told}")
        return not late
    wait(f"revision {revision[:12]} to be delivered", done, seconds, 1)
