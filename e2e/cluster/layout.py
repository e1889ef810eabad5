"""Names, addresses and paths of the cluster: each fact once."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "e2e"
BIN = CACHE / "bin"
STATE = CACHE / "state"  # all that a cluster writes: gone after `down`
VOLUMES = STATE / "volumes"  # what CephFS would hold: seen from every node
LOGS = STATE / "logs"
PKI = STATE / "pki"

KUBERNETES = "1.36.3"
ARGOCD = "3.6.1"

# The addresses of a `kind` cluster, inside a network namespace of our own: nothing of them is seen on the machine.
BRIDGE = "172.18.0.1"
CONTROL = "172.18.0.2"
NODES_CIDR = "172.18.0.0/16"
PODS_CIDR = "10.244.0.0/16"
SERVICES_CIDR = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
BALANCER = "172.19.1.1"  # the load balancer's, which the world knows
API = f"https://{CONTROL}:6443"


class Node:
    """A node: the number gives its addresses."""

    def __init__(self, number: int, zone: str, name: str):
        self.number, self.zone, self.name = number, zone, name
        self.address = f"172.18.0.{10 + number}"
        self.pods = f"10.244.{number}.0/24"
        self.link = f"to-{self.name}"
        self.state = STATE / "nodes" / self.name


# Each alone in its zone. The spare stands switched off: it takes the place of the first when that one is lost for good.
NODES = [Node(1, "zone-a", "node-a"), Node(2, "zone-b", "node-b"), Node(3, "zone-c", "node-c")]
SPARE = Node(4, "zone-a", "spare")
ALL = [*NODES, SPARE]


def node(name: str) -> Node:
    """By its own name or by its zone's."""
    for one in ALL:
        if name in (one.name, one.zone):
            return one
    raise SystemExit(f"there is no node {name}: there are {', '.join(n.name for n in ALL)}")


def tool(name: str) -> str:
    """A Debian program that an ordinary PATH may lack."""
    for folder in ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    raise SystemExit(f"cluster: {name} is not installed: run e2e/setup")
