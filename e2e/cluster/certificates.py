"""cert-manager, in short: each committed Certificate gets its Secret, signed by the ClusterIssuer that it names.

Keys, names, usages and lifetimes are those of the Certificate; it renews a certificate when `renewBefore` is near.
"""
import base64
import re
import tempfile
import pathlib
import time

from addons import CERT_MANAGER, apply
from api import items
from layout import STATE, tool
from shell import output

HOME = "cert-manager"  # where ClusterIssuers keep their keys
AWAY = STATE / "cert-manager.away"  # while it is there, nothing is signed
USAGES = {"digital signature": "digitalSignature", "key encipherment": "keyEncipherment", "cert sign": "keyCertSign", "crl sign": "cRLSign"}
EXTENDED = {"server auth": "serverAuth", "client auth": "clientAuth"}


_good: dict[tuple, float] = {}  # looked at, and good until then


def seconds(duration: str) -> int:
    return sum(int(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


def openssl(*arguments, **options) -> str:
    return output(tool("openssl"), *arguments, **options)


def sync() -> None:
    if AWAY.exists():
        return
    secrets, issuers = known()
    for certificate in items("certificates"):
        meta, spec = certificate["metadata"], certificate["spec"]
        mine = secrets.get((meta["namespace"], spec["secretName"]))
        seen = mine and (mine["metadata"]["resourceVersion"], str(spec))
        if mine and (_good.get(seen, 0) > time.time() or not due(mine, spec)):
            _good[seen] = time.time() + 3600
            continue
        issuer = issuers.get(spec["issuerRef"]["name"])
        authority = authority_of(issuer, secrets)
        if issuer is None or ("ca" in issuer and authority is None):
            continue  # not yet: its issuer has no key
        apply(signed(meta, spec, authority), account=CERT_MANAGER)
        print(time.strftime("%H:%M:%S"), "signed", meta["namespace"], meta["name"], flush=True)


def known() -> tuple[dict, dict]:
    """Every Secret by namespace and name, and every ClusterIssuer's `spec` by name."""
    return ({(s["metadata"]["namespace"], s["metadata"]["name"]): s for s in items("secrets")},
            {i["metadata"]["name"]: i["spec"] for i in items("clusterissuers")})


def authority_of(issuer: dict | None, secrets: dict) -> dict | None:
    """The Secret of the authority that an issuer signs by; none where it signs by nothing but the certificate's own key."""
    return secrets.get((HOME, issuer["ca"]["secretName"])) if issuer and "ca" in issuer else None


def due(secret: dict, spec: dict) -> bool:
    """Near its end, or for other names than are asked for now."""
    pem = base64.b64decode(secret["data"]["tls.crt"]).decode()
    ends = openssl("x509", "-noout", "-enddate", "-dateopt", "iso_8601", text=pem).split("=")[1].strip()
    left = time.mktime(time.strptime(ends, "%Y-%m-%d %H:%M:%SZ")) - time.timezone - time.time()
    names = re.findall(r"DNS:([^,\s]+)", openssl("x509", "-noout", "-ext", "subjectAltName", text=pem)) if spec.get("dnsNames") else []
    return left < seconds(spec["renewBefore"]) or sorted(names) != sorted(spec.get("dnsNames", []))


def signed(meta: dict, spec: dict, authority: dict | None, days: int | None = None) -> dict:
    """The Secret of a Certificate. With no days at all it has expired when it is made."""
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        curve = {256: "P-256", 384: "P-384"}[spec["privateKey"]["size"]]
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes", "-subj", f"/CN={spec.get('commonName', meta['name'])}",
                "-keyout", at / "key", "-out", at / "csr")
        lines = ["basicConstraints=critical,CA:" + ("TRUE" if spec.get("isCA") else "FALSE")]
        usages = [USAGES[u] for u in spec.get("usages", []) if u in USAGES]
        extended = [EXTENDED[u] for u in spec.get("usages", []) if u in EXTENDED]
        lines += [f"keyUsage=critical,{','.join(usages)}"] * bool(usages) + [f"extendedKeyUsage={','.join(extended)}"] * bool(extended)
        lines += [f"subjectAltName={','.join(f'DNS:{n}' for n in spec['dnsNames'])}"] if spec.get("dnsNames") else []
        lines += ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
        (at / "ext").write_text("\n".join(lines) + "\n")
        if days is None:
            days = max(1, seconds(spec["duration"]) // 86400)
        if authority:
            for name, key in (("ca", "tls.crt"), ("cakey", "tls.key")):
                (at / name).write_bytes(base64.b64decode(authority["data"][key]))
            by = ["-CA", at / "ca", "-CAkey", at / "cakey", "-CAcreateserial"]
        else:
            by = ["-signkey", at / "key"]
        openssl("x509", "-req", "-days", str(days), "-in", at / "csr", *by, "-extfile", at / "ext", "-out", at / "crt")
        own = (at / "crt").read_text()
        return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": {"name": spec["secretName"], "namespace": meta["namespace"], "annotations": {"cert-manager.io/certificate-name": meta["name"]}},
                "stringData": {"tls.crt": own, "tls.key": (at / "key").read_text(), "ca.crt": (at / "ca").read_text() if authority else own}}
