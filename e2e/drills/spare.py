"""15: a node is lost for good, and a spare takes its place; then the spare is lost too, and its disks with it."""
import shutil
import tempfile
import time

import images
import nodes
import platform_state as platform
import site_of_cluster as site
from layout import SPARE, VOLUMES, node
from load import under_load
from plan import Person
from report import Report
from shell import say, wait


def replaced() -> None:
    report = Report("15", "a node is lost for good, with its volume and without")
    with under_load("s") as load:
        lost = node("node-a")
        name = next(pod["metadata"]["name"] for pod in on(lost, platform.DATA) if pod["metadata"]["name"].startswith(f"mariadb-g{platform.active()}-"))
        began, at = time.monotonic(), time.time()
        before = platform.uid(name)
        lose(report, lost)
        nodes.register(SPARE)
        site.join(SPARE, images.of_programs())
        report.took("a spare has joined the zone", time.monotonic() - began)
        load.more(20)
        report.expect(platform.uid(name) == before, "nothing is started twice meanwhile: Kubernetes cannot know that the node is off")
        told = time.monotonic()
        say_so(lost)
        wait("the member to serve again", lambda: platform.back(name, before), 600)
        report.took("from a person's word to a member that serves from its volume", time.monotonic() - told)
        wait("what ran there to run again", lambda: platform.all_ready() and not on(lost, platform.APP), 300)
        report.took("everything ready again", time.monotonic() - began)
        report.expect(where(name) == SPARE.name, "it is on the spare")
        report.silence(load, at)
        load.more(20)
        repaired(lost)
        began, at = time.monotonic(), time.time()
        lose(report, SPARE)
        shutil.rmtree(VOLUMES / platform.DATA / f"data-{name}")
        say("its disks are lost with it")
        told = time.monotonic()
        say_so(SPARE, name)
        report.took("from a person's word to a member that serves from a new volume", time.monotonic() - told)
        platform.settled()
        report.expect(where(name) == lost.name, "it is on the node that was repaired")
        report.silence(load, at, ", the second time")
        platform.kubectl("delete", "node", SPARE.name)
        load.more(10)
    report.account(load)
    report.end()


def on(one, namespace: str) -> list[dict]:
    return platform.get("-n", namespace, "pods", "--field-selector", f"spec.nodeName={one.name}")["items"]


def where(name: str) -> str:
    return platform.get("-n", platform.DATA, "pod", name)["spec"]["nodeName"]


def state(one) -> str:
    return next(c["status"] for c in platform.get("node", one.name)["status"]["conditions"] if c["type"] == "Ready")


def lose(report: Report, one) -> None:
    began = time.monotonic()
    nodes.power_off(one)
    wait("Kubernetes to miss the node", lambda: state(one) != "True", 120)
    report.took(f"Kubernetes misses {one.name}", time.monotonic() - began)


def say_so(lost, member: str | None = None) -> None:
    """What a person does by the plan: the node is off for certain; and its member's volume is lost."""
    with tempfile.TemporaryDirectory(prefix="galeno-plan.") as folder:
        person = Person(folder)
        person.does("lost-node", NODE=lost.name)
        if member:
            person.does("member", MEMBER=member)


def repaired(lost) -> None:
    platform.kubectl("taint", "nodes", lost.name, "node.kubernetes.io/out-of-service-")
    nodes.power_on(lost)
    nodes.begin(lost)
    wait("the repaired node to be ready", lambda: state(lost) == "True", 120)
    say(f"{lost.name} is repaired")
