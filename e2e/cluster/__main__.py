"""A Kubernetes cluster of three zones on this machine, with the platform of environments/local.yaml on it.

    python3 e2e/cluster up        everything, from nothing; says what it does
    python3 e2e/cluster down      nothing is left behind, also after a crash
    python3 e2e/cluster kubectl … kubectl against it
    python3 e2e/cluster run …     a program in the cluster's network
    python3 e2e/cluster cut|mend|power-off|power-on ZONE
"""
import os
import shutil
import sys
import time

import argocd
import build
import control
import images
import machine
import nodes
import outside
import pki
import repository
import site_of_cluster as site
import vault
from layout import CACHE, STATE, VOLUMES, node
from shell import run, say


def up() -> None:
    if machine.pid("machine"):
        raise SystemExit("cluster: it is up already (`make cluster-down` takes it away)")
    down()
    began = time.monotonic()
    build.all()
    images.of_stand_ins()
    argocd.make_images()
    references = images.of_programs()
    VOLUMES.mkdir(parents=True)
    pki.make()
    say("the machine: a network of its own; what stands outside: bucket, git server, load balancer")
    control.network()
    outside.begin()
    vault.fill()
    repository.begin(references)
    site.begin(references)
    say(f"the cluster is up after {time.monotonic() - began:.0f} s; the platform is coming: python3 e2e/cluster kubectl get pods -A")


def down() -> None:
    if machine.pid("machine"):
        machine.end("machine")
    machine.remove_cgroups()
    if STATE.exists():
        # A copy of the logs stays: they tell what happened.
        logs = STATE / "logs"
        if logs.exists():
            shutil.rmtree(CACHE / "last-logs", ignore_errors=True)
            shutil.move(logs, CACHE / "last-logs")
        run("rm", "-rf", "--one-file-system", STATE)


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        raise SystemExit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])


def _exec(*command) -> None:
    full = [str(c) for c in (*machine._enter("machine"), *command)]
    os.execv(full[0], full)


def power_on(name: str) -> None:
    nodes.power_on(node(name))
    nodes.begin(node(name))


COMMANDS = {
    "up": up, "down": down, "power-on": power_on,
    "cut": lambda name: nodes.cut(node(name)), "mend": lambda name: nodes.mend(node(name)),
    "power-off": lambda name: nodes.power_off(node(name)),
    "kubectl": lambda *a: _exec(control._kubectl(), "--kubeconfig", control.KUBECONFIG, *a),
    "run": lambda *a: _exec(*a),
}
main()
