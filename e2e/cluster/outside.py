"""What stands outside the cluster: the bucket, the git server, whoever is alerted. One address, beyond the nodes' network."""
import json
import os

import pki
from addons import ALERTED, OUTSIDE, OUTSIDE_NAMES
from layout import PKI, ROOT, STATE
from machine import inside, start
from shell import say, wait

S3_KEY, S3_SECRET = STATE / "s3-access-key", STATE / "s3-secret-key"
WEED = ROOT / ".cache" / "venv" / "bin" / "weed"
BUCKET = "clinic-local-backups"
# In another region, with an account of its own.
MONTHLY = "clinic-local-monthly"
MONTHLY_KEY, MONTHLY_SECRET = STATE / "s3-monthly-access-key", STATE / "s3-monthly-secret-key"
REPOSITORY = STATE / "git" / "clinic" / "platform.git"
ALERTS = STATE / "logs" / "alerted.txt"


def begin() -> None:
    inside("machine", "/bin/sh", "-ec", f"ip link add outside type bridge && ip link set outside up && ip addr add {OUTSIDE}/24 dev outside && ip addr add {ALERTED}/24 dev outside")
    pki.certificate("outside", pki.GIT_AND_S3_CA, "/CN=outside", [f"DNS:{n}" for n in OUTSIDE_NAMES] + [f"IP:{OUTSIDE}"])
    bucket()
    start("machine", "git", "python3", ROOT / "e2e" / "cluster" / "gitserver.py", REPOSITORY.parents[1], OUTSIDE,
          PKI / "outside.crt", PKI / "outside.key")
    start("machine", "alerts", "python3", ROOT / "e2e" / "cluster" / "alerted.py", ALERTED, PKI / "outside.crt", PKI / "outside.key", ALERTS)


def bucket() -> None:
    """SeaweedFS, from PyPI: an S3 server that checks signatures."""
    for path in (S3_KEY, S3_SECRET, MONTHLY_KEY, MONTHLY_SECRET):
        path.write_text(os.urandom(20).hex())
        path.chmod(0o600)
    config = STATE / "s3.json"
    account = lambda bucket, key, secret: {
        "name": bucket, "actions": [f"{action}:{bucket}" for action in ("Admin", "Read", "Write", "List", "Tagging")],
        "credentials": [{"accessKey": key.read_text(), "secretKey": secret.read_text()}]}
    config.write_text(json.dumps({"identities": [account(BUCKET, S3_KEY, S3_SECRET), account(MONTHLY, MONTHLY_KEY, MONTHLY_SECRET)]}))
    config.chmod(0o600)
    (STATE / "s3").mkdir(exist_ok=True)
    bucket_back()
    weed(*(f"s3.bucket.create -name {name}" for name in (BUCKET, MONTHLY)))


def weed(*commands: str) -> None:
    inside("machine", WEED, "shell", f"-master={OUTSIDE}:9333", text="\n".join([*commands, "exit", ""]))


def bucket_lost() -> None:
    """The bucket of daily backups, for good."""
    weed("lock", f"s3.bucket.delete -name {BUCKET}", "unlock")
    say(f"the bucket {BUCKET} is lost")


def bucket_back() -> None:
    start("machine", "s3", WEED, "server", f"-ip={OUTSIDE}", "-ip.bind=0.0.0.0", f"-dir={STATE}/s3", "-master.volumeSizeLimitMB=256",
          "-volume.max=50", "-s3", "-s3.port=8333", "-s3.port.https=9000", f"-s3.cert.file={PKI}/outside.crt", f"-s3.key.file={PKI}/outside.key",
          f"-s3.config={STATE}/s3.json", "-master.telemetry=false")
    wait("the S3 server", lambda: inside("machine", "curl", "-s", "-o", "/dev/null", "--cacert", PKI / "outside-ca.crt",
         "--resolve", f"s3.clinic.localhost:9000:{OUTSIDE}", "https://s3.clinic.localhost:9000/", quiet=True).returncode == 0, 60)


def bucket_away() -> None:
    """Nobody answers at its address any more."""
    inside("machine", "pkill", "--full", "weed server")
    wait("the S3 server to be gone", lambda: inside("machine", "pgrep", "--full", "weed server", check=False).returncode == 1, 30)
