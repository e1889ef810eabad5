"""A dynamic provisioner: a claim of its class gets a directory that every node sees. It stands in for CephFS.

What it does not do, CephFS does: keep a second node from mounting a volume (ReadWriteOnce), take snapshots, encrypt.
"""
import json
import subprocess
import sys
import time

from api import items
from control import kubectl
from layout import VOLUMES

CLASS = "standard"
AT = "/var/lib/galeno-volumes"
# kind's driver, whose place this takes: a policy lets volumes be made by drivers alone.
DRIVER = ["--as=system:serviceaccount:local-path-storage:local-path-provisioner-service-account", "--as-group=system:masters"]


def volume(claim) -> dict:
    meta, name = claim["metadata"], f"pvc-{claim['metadata']['uid']}"
    return {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {
            "storageClassName": CLASS, "persistentVolumeReclaimPolicy": "Retain", "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            "hostPath": {"path": f"{AT}/{meta['namespace']}/{meta['name']}", "type": "Directory"}}}


def once() -> None:
    for claim in items("persistentvolumeclaims"):
        if claim["spec"].get("storageClassName") != CLASS or claim["spec"].get("volumeName"):
            continue
        folder = VOLUMES / claim["metadata"]["namespace"] / claim["metadata"]["name"]
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o2777)  # CSI would give it to the pod's fsGroup
        kubectl(*DRIVER, "apply", "--server-side", "-f", "-", text=json.dumps(volume(claim)), quiet=True)
        print("provisioned", claim["metadata"]["namespace"], claim["metadata"]["name"], flush=True)


if __name__ == "__main__":
    while True:
        try:
            once()
        except (subprocess.CalledProcessError, OSError) as error:
            print(error, getattr(error, "stderr", ""), file=sys.stderr, flush=True)
        time.sleep(1)
