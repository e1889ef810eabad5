"""11: every certificate is renewed at once, under load; then all of them expire. Authorities stay, what they signed is new."""
import json
import re
import ssl
import time

import certificates
import machine
import platform_state as platform
from addons import CERT_MANAGER, apply
from client import page
from layout import BALANCER, NODES
from load import Load, under_load
from report import Report
from shell import say, wait


def rotated() -> None:
    report = Report("11", "all certificates are renewed at once; then all have expired")
    with under_load("c") as load:
        before, pods_before = serials(), starts()
        report.expect(len(before) == 11, f"certificates are seen at {len(before)} places: two names outside, three members, three APIs, three webs")
        began, at = time.monotonic(), time.time()
        count = renew()
        say(f"{count} certificates are renewed")
        everywhere_new(before)
        report.took("every server shows its new certificate", time.monotonic() - began)
        load.more(20)
        report.silence(load, at)
        report.expect(not load.failed, "no request failed while they were renewed")
        expired(report, load)
        report.expect(starts() == pods_before, "no program was started again for any of it")
    report.account(load)
    report.facts["certificates"] = count
    report.end()


def expired(report: Report, load: Load) -> None:
    """Nobody renews; every certificate has run out. Then whoever renews them comes back."""
    before = serials()
    certificates.AWAY.touch()
    try:
        renew(days=0)
        say("all certificates have expired, and nobody renews them")
        everywhere_new(before)
        report.expect(refused(load.authority), "nobody is fooled: whoever comes sees that the certificate has expired")
        before = serials()
    finally:
        certificates.AWAY.unlink()
    began = time.monotonic()
    everywhere_new(before)
    for member in platform.of_generation(platform.active()):
        # Those that were open all the time prove nothing.
        platform.sql("KILL CONNECTION USER api", member["metadata"]["name"])
    load.more(20, "writes to be confirmed again", 120)
    wait("whoever comes to be let in", lambda: not refused(load.authority), 60)
    report.took("from the return of whoever renews them to service, all expired", time.monotonic() - began)


def refused(authority: str) -> bool:
    try:
        page(authority)
    except ssl.SSLCertVerificationError as error:
        return "expired" in error.verify_message
    return False


def renew(days: int | None = None) -> int:
    """Signs every certificate but the authorities' again; how many."""
    secrets, issuers = certificates.known()
    renewed = []
    for one in certificates.items("certificates"):
        if not one["spec"].get("isCA"):
            signer = certificates.authority_of(issuers[one["spec"]["issuerRef"]["name"]], secrets)
            if signer is None:
                raise SystemExit(f"drill: {one['metadata']['name']} has no authority that could sign it")
            renewed.append(certificates.signed(one["metadata"], one["spec"], signer, days))
    apply(*renewed, account=CERT_MANAGER)
    return len(renewed)


def everywhere_new(before: dict[str, str]) -> None:
    wait("every place to show its new certificate", lambda: all(now and now != before[place] for place, now in serials().items()), 400, 5)


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
