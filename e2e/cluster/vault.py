"""The secret store, and External Secrets: each committed ExternalSecret gets its Secret from values made on the spot."""
import base64
import json
import os

from addons import EXTERNAL_SECRETS, apply
from api import items
from layout import PKI, STATE
from outside import MONTHLY_KEY, MONTHLY_SECRET, S3_KEY, S3_SECRET
from shell import output

STORE = STATE / "vault.json"
KEYS = STATE / "gnupg"
PASSPHRASE = "e2e"


def fill() -> dict:
    """Values by key and property; made once for a cluster."""
    if STORE.exists():
        return json.loads(STORE.read_text())
    word = lambda: os.urandom(24).hex()
    signer, recipient = key("backup signer"), key("backup recipient")
    public = lambda k: gpg("--armor", "--export", k)
    private = lambda k: gpg("--armor", "--export-secret-keys", k)
    storage = lambda access, secret: {"access-key-id": access.read_text(), "secret-access-key": secret.read_text(),
                                      "ca.crt": (PKI / "outside-ca.crt").read_text()}
    values = {
        "mariadb-accounts": {name: word() for name in ("acceptance", "api", "api-migration", "backup")},
        "api-secrets": {"sealing-key-1": base64.b64encode(os.urandom(32)).decode()},
        "backup-storage": storage(S3_KEY, S3_SECRET),
        "backup-monthly-storage": storage(MONTHLY_KEY, MONTHLY_SECRET),
        "backup-alerts": {"webhook-url": "https://alerts.clinic.localhost/", "ca.crt": (PKI / "outside-ca.crt").read_text()},
        "backup-openpgp-signing": {"signing.asc": private(signer), "passphrase": PASSPHRASE},
        "backup-openpgp-decryption": {"decryption.asc": private(recipient), "passphrase": PASSPHRASE},
        "backup-openpgp-public": {"recipients.asc": public(recipient), "signers.asc": public(signer)},
        "fingerprints": {"signer": signer, "recipient": recipient},
    }
    STORE.write_text(json.dumps(values))
    STORE.chmod(0o600)
    return values


def gpg(*arguments) -> str:
    return output("gpg", "--homedir", KEYS, "--batch", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, *arguments)


def key(name: str) -> str:
    KEYS.mkdir(mode=0o700, exist_ok=True)
    gpg("--quick-generate-key", f"{name} <{name.replace(' ', '.')}@clinic.localhost>", "rsa3072", "sign", "1y")
    found = [line.split(":")[9] for line in gpg("--with-colons", "--list-keys", name).splitlines() if line.startswith("fpr:")]
    gpg("--quick-add-key", found[0], "rsa3072", "encr", "1y")
    return found[0]


def secret(external: dict) -> dict:
    """What External Secrets would make of one ExternalSecret."""
    values, spec, meta = fill(), external["spec"], external["metadata"]
    data = {}
    for entry in spec.get("data", []):
        remote = entry["remoteRef"]
        data[entry["secretKey"]] = values[remote["key"].split("/", 1)[1]][remote["property"]]
    template = spec["target"].get("template", {})
    data.update(template.get("data", {}))
    return {"apiVersion": "v1", "kind": "Secret", "type": template.get("type", "Opaque"),
            "metadata": {"name": spec["target"]["name"], "namespace": meta["namespace"]}, "stringData": data}


def sync() -> None:
    """Every ExternalSecret in the cluster; again and again, as the operator does."""
    there = {(s["metadata"]["namespace"], s["metadata"]["name"]): s.get("data", {}) for s in items("secrets")}
    wanted = [secret(one) for one in items("externalsecrets")]
    encoded = lambda one: {k: base64.b64encode(v.encode()).decode() for k, v in one["stringData"].items()}
    new = [one for one in wanted if there.get((one["metadata"]["namespace"], one["metadata"]["name"])) != encoded(one)]
    if new:
        apply(*new, account=EXTERNAL_SECRETS)
