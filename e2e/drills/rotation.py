"""11: every certificate is renewed at once, under load: authorities stay, what they signed is new."""
import json
import re
import time

import certificates
import machine
import platform_state as platform
from addons import CERT_MANAGER, apply
from layout import BALANCER, NODES
from load import under_load
from report import Report
from shell import say, wait


def rotated() -> None:
    report = Report("11", "all certificates are renewed at once")
    with under_load("c") as load:
        before, pods_before = serials(), starts()
        report.expect(len(before) == 11, f"certificates are seen at {len(before)} places: two names outside, three members, three APIs, three webs")
        began, at = time.monotonic(), time.time()
        secrets, issuers = certificates.known()
        renewed = []
        for one in certificates.items("certificates"):
            if not one["spec"].get("isCA"):
                signer = certificates.authority_of(issuers[one["spec"]["issuerRef"]["name"]], secrets)
                if signer is None:
                    raise SystemExit(f"drill: {one['metadata']['name']} has no authority that could sign it")
                renewed.append(certificates.signed(one["metadata"], one["spec"], signer))
        apply(*renewed, account=CERT_MANAGER)
        say(f"{len(renewed)} certificates are renewed")
        wait("every place to show its new certificate", lambda: all(now != before[place] for place, now in serials().items()), 400, 5)
        report.took("every server shows its new certificate", time.monotonic() - began)
        load.more(20)
        report.took("longest time without an answer", load.outage(at))
        report.expect(starts() == pods_before, "no program was started again for it")
    report.account(load)
    report.expect(report.facts["failed"] == 0, "no request failed")
    report.facts["certificates"] = len(renewed)
    report.end()


def serials() -> dict[str, str]:
    """The serial number that each server shows, by place. Pods are asked from their own node, as the kubelet asks them."""
    places = {f"{host} outside": ("machine", BALANCER, 443, ["-servername", host]) for host in ("api.clinic.localhost", "app.clinic.localhost")}
    nodes = {n.name: n for n in NODES}
    ports = [(p, 3306, ["-starttls", "mysql"]) for p in platform.of_generation(platform.active())]
    ports += [(p, 8443, []) for name in ("api", "web") for p in platform.pods(platform.APP, f"app.kubernetes.io/name={name}") if platform.ready(p)]
    for pod, port, more in ports:
        places[pod["metadata"]["name"]] = (nodes[pod["spec"]["nodeName"]].name, pod["status"]["podIP"], port, more)
    return {place: serial(*where) for place, where in places.items()}


def serial(stand: str, host: str, port: int, more: list[str]) -> str:
    shown = machine.inside(stand, "openssl", "s_client", "-connect", f"{host}:{port}", *more, text="", check=False).stdout
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.DOTALL)
    return certificates.openssl("x509", "-noout", "-serial", text=pem[0]).strip() if pem else ""


def starts() -> str:
    """Which pods there are, and how often each container began."""
    found = platform.of_generation(platform.active()) + platform.pods(platform.APP, "app.kubernetes.io/name in (api, web)")
    return json.dumps(sorted((p["metadata"]["uid"], [c["restartCount"] for c in p["status"]["containerStatuses"]]) for p in found))
