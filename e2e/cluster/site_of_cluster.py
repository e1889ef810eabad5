"""The site: control plane, nodes and their volumes, and Argo CD on them. It can be lost, and begun anew elsewhere."""
import os
import shutil

import addons
import argocd
import control
import crds
import images
import ingress
import machine
import nodes
import repository
from layout import ALL, NODES, STATE, VOLUMES, Node
from shell import say, wait

# What runs beside the nodes for a site, by its command line.
PROGRAMS = ["kubernetes kube-", "etcd --data-dir", "controllers.py", "provisioner.py", "balancer.py"]
READY = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'


def begin(references: dict[str, str]) -> None:
    say("the control plane")
    VOLUMES.mkdir(parents=True, exist_ok=True)
    control.begin()
    say("three nodes in three zones")
    for one in NODES:
        nodes.register(one)
    for one in NODES:
        join(one, references)
    wait("nodes to be ready", lambda: control.kubectl("get", "nodes", "-o", READY).split() == ["True"] * len(NODES), 180)
    say("what a cluster has before the platform: DNS, volumes, custom resources")
    addons.dns()
    addons.volumes()
    addons.apply(*crds.all())
    ingress.begin()
    say("Argo CD, which follows the git repository")
    argocd.install(repository.WORK / "generated" / "local", repository.region())
    machine.start("machine", "controllers", "python3", os.path.join(os.path.dirname(__file__), "controllers.py"))
    addons.ready()


def join(one: Node, references: dict[str, str]) -> None:
    """A node that is registered is switched on, and has what it may be asked to run."""
    nodes.power_on(one)
    images.load(one, references)
    nodes.begin(one)


def lose() -> None:
    """Everything of it at once: nodes, control plane, every volume. What stands outside stays."""
    for one in ALL:
        machine.end(one.name)
    for program in PROGRAMS:
        machine.inside("machine", "pkill", "--signal", "KILL", "--full", program, check=False)
    wait("every program of the site to be gone", lambda: all(
        machine.inside("machine", "pgrep", "--full", program, check=False).returncode == 1 for program in PROGRAMS), 30)
    machine.remove_cgroups()
    for folder in (STATE / "etcd", STATE / "nodes", VOLUMES):
        shutil.rmtree(folder)
    say("the site is lost: nodes, control plane, volumes")
