"""The load balancer outside: announces itself as the Service's address, and routes to the nodes that have a ready Traefik.

As a balancer by BGP does it: one route with as many next hops as nodes whose health check answers. Connections keep their
next hop while it lives (a resilient group), and are not proxied.
"""
import json
import subprocess
import time
import urllib.request

from control import kubectl
from layout import ALL, BALANCER

GROUP = 100


def ip(*arguments):
    subprocess.run(["ip", *[str(a) for a in arguments]], check=True, capture_output=True)


def healthy(node, port) -> bool:
    try:
        with urllib.request.urlopen(f"http://{node.address}:{port}/healthz", timeout=0.5) as answer:
            return answer.status == 200
    except OSError:
        return False


def main() -> None:
    for node in ALL:
        ip("nexthop", "replace", "id", node.number, "via", node.address, "dev", "zones")
    subprocess.run(["sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=1"], check=True)
    port, before = None, None
    while True:
        try:
            if port is None:
                service = json.loads(kubectl("-n", "clinic-edge", "get", "service", "traefik", "-o", "json", quiet=True))
                port = service["spec"]["healthCheckNodePort"]
                kubectl("-n", "clinic-edge", "patch", "service", "traefik", "--subresource=status", "--type=merge", "-p",
                        json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": BALANCER}]}}}), quiet=True)
            now = [n.number for n in ALL if healthy(n, port)]
            if now and now != before:
                ip("nexthop", "replace", "id", GROUP, "group", "/".join(map(str, now)), "type", "resilient", "buckets", 64)
                if before is None:
                    ip("route", "replace", f"{BALANCER}/32", "nhid", GROUP)
                print(time.strftime("%H:%M:%S"), "to nodes", now, flush=True)
                before = now
        except (subprocess.CalledProcessError, KeyError) as error:
            print(time.strftime("%H:%M:%S"), error, getattr(error, "stderr", ""), flush=True)
        time.sleep(1)


main()
