"""Drills of the database's own losses: 1 a pod is killed, 2 a zone is cut off, 9 everything loses its power."""
import time

import machine
import nodes
import platform_state as platform
from layout import NODES, node
from load import under_load
from report import Report
from shell import say, wait


def killed() -> None:
    """1: a database pod is killed, its process and all, under load."""
    report = Report("1", "a database pod is killed")
    with under_load("k") as load:
        name = platform.member(0)
        before, began, at = platform.uid(name), time.monotonic(), time.time()
        platform.kill(name)
        say(f"{name} is killed")
        wait("the member to be back", lambda: platform.back(name, before), 300)
        report.took("member ready again", time.monotonic() - began)
        load.more(20)
        report.silence(load, at)
    report.account(load)
    report.expect(load.outage(at) < 30, "service was back within 30 s")
    platform.settled()
    report.end()


def zone() -> None:
    """2: a zone is cut off from the network for a while, then back."""
    report = Report("2", "a zone is cut off, and back")
    with under_load("z") as load:
        lost = node("zone-a")
        began, at = time.monotonic(), time.time()
        nodes.cut(lost)
        wait("two members without the third", lambda: _size() == 2, 120)
        report.took("the other two are a group", time.monotonic() - began)
        load.more(20, "writes to be confirmed without the zone", 120)
        report.silence(load, at, ", zone lost")
        wait("Kubernetes to give the zone's pods up", lambda: not _ready_in(lost.name), 180)
        report.took("Kubernetes sends nobody there", time.monotonic() - began)
        back, back_at = time.monotonic(), time.time()
        nodes.mend(lost)
        wait("three members again", lambda: _size() == 3, 300)
        platform.settled(300)
        report.took("everything ready after the zone is back", time.monotonic() - back)
        load.more(20)
        report.silence(load, back_at, ", zone coming back")
    report.account(load)
    report.end()


def _size() -> int:
    """Members, as those of the other zones count."""
    sizes = [int(platform.sql("SELECT variable_value FROM information_schema.global_status WHERE variable_name='wsrep_cluster_size'",
                              one)) for one in _elsewhere()]
    return sizes[0] if len(set(sizes)) == 1 else 0


def _elsewhere() -> list[str]:
    return [p["metadata"]["name"] for p in platform.of_generation(platform.active()) if p["spec"].get("nodeName") != node("zone-a").name]


def _ready_in(name: str) -> list[str]:
    both = platform.members() + platform.pods(platform.APP, "app.kubernetes.io/part-of=clinic")
    return [p["metadata"]["name"] for p in both if p["spec"].get("nodeName") == name and platform.ready(p)]


def power() -> None:
    """9: every node loses its power at once, and gets it back."""
    report = Report("9", "all nodes power-cycled at once")
    with under_load("p", 30) as load:
        began, at = time.monotonic(), time.time()
        for one in NODES:
            nodes.power_off(one)
        report.expect(all(machine.pid(one.name) is None for one in NODES), "no process of any node is left")
        for one in NODES:
            nodes.power_on(one)
            nodes.begin(one)
        report.took("all nodes have power again", time.monotonic() - began)
        load.more(10, "writes to be confirmed again", 900)
        report.took("service back, from the loss of power", time.monotonic() - began)
        platform.settled(900)
        report.took("everything ready", time.monotonic() - began)
        report.silence(load, at)
    report.account(load)
    report.end()
