"""The platform as a drill sees it: its pods, its state, and who works in it."""
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

import client  # noqa: E402
from control import kubectl  # noqa: E402
from layout import STATE  # noqa: E402
from shell import wait  # noqa: E402

WHO = STATE / "drill.json"
DATA, APP = "clinic-data", "clinic-app"


def get(*arguments) -> dict:
    return json.loads(kubectl("get", *arguments, "-o", "json", quiet=True))


def ready(pod: dict) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", [])) \
        and "deletionTimestamp" not in pod["metadata"]


def pods(namespace: str, selector: str) -> list[dict]:
    return get("-n", namespace, "pods", "-l", selector)["items"]


def members() -> list[dict]:
    """The database's, of every generation."""
    return pods(DATA, "app.kubernetes.io/name=mariadb")


def kill(name: str, namespace: str = DATA) -> None:
    """A pod at once, without the time to end in order."""
    kubectl("-n", namespace, "delete", "pod", name, "--grace-period=0", "--force", "--wait=false")


def uid(name: str) -> str:
    return get("-n", DATA, "pod", name)["metadata"]["uid"]


def back(name: str, before: str) -> bool:
    """Whether a member's pod is another one than before, and ready."""
    pod = get("-n", DATA, "pod", name)
    return pod["metadata"]["uid"] != before and ready(pod)


def active() -> int:
    """The generation that serves, as git says it."""
    return json.loads(get("-n", DATA, "configmap", "database-intent")["data"]["intent.yaml"])["active"]


def member(number: int, generation: int | None = None) -> str:
    return f"mariadb-g{active() if generation is None else generation}-{number}"


def of_generation(generation: int) -> list[dict]:
    return pods(DATA, f"app.kubernetes.io/name=mariadb,galeno.dev/generation={generation}")


def all_ready() -> bool:
    database = of_generation(active())
    programs = [pods(APP, f"app.kubernetes.io/name={name}") for name in ("api", "web")]
    return len(database) == 3 and all(map(ready, database)) and all(len([p for p in some if ready(p)]) >= 3 for some in programs)


def sql(statement: str, name: str = "") -> str:
    """As the database's own administrator, in a member's pod."""
    return kubectl("-n", DATA, "exec", name or member(0), "-c", "mariadb", "--", "mariadb", "--no-defaults", "-S", "/run/keeper/mariadb.sock", "-N", "-B",
                   "-e", statement, quiet=True)


def alike(*tables: str) -> None:
    """Waits until every member of the generation that serves has the same rows in each table."""
    names = [p["metadata"]["name"] for p in of_generation(active())]
    if len(names) != 3:
        raise SystemExit(f"drill: {len(names)} members of three")
    wait(f"{', '.join(tables)} to be the same on every member", lambda: len({sql(f"CHECKSUM TABLE {', '.join(tables)}", one) for one in names}) == 1, 120, 2)


def begin_job(cron: str) -> str:
    """Runs a CronJob's work now, as a person does; the Job's name."""
    name = f"{cron}-{int(time.time())}"
    kubectl("-n", DATA, "create", "job", name, f"--from=cronjob/{cron}")
    return name


def job(cron: str, seconds: float = 300) -> str:
    """The same to its end; what it said. A job that fails ends the drill."""
    name = begin_job(cron)

    def ended():
        conditions = {c["type"] for c in get("-n", DATA, "job", name).get("status", {}).get("conditions", []) if c["status"] == "True"}
        return conditions & {"Complete", "Failed"}
    end = wait(f"the job {name}", ended, seconds, 1)
    said = kubectl("-n", DATA, "logs", f"job/{name}", "--all-containers")
    if "Failed" in end:
        raise SystemExit(f"drill: the job {name} failed: {said[-1500:]}")
    return said


def authority() -> str:
    return get("-n", APP, "configmap", "clinic-ca")["data"]["ca.crt"]


def staff() -> tuple[str, str]:
    """The authority, and the session of an administrator of an organization of the drills' own; made when first asked for."""
    known = json.loads(WHO.read_text()) if WHO.exists() else {}
    if known.get("until", 0) > time.time():
        return known["authority"], known["token"]
    slug = f"drill-{int(time.time())}"
    made = kubectl("-n", APP, "exec", "deploy/api", "--", "/api", "organization", "create", "--config", "/etc/galeno/api/api.yaml",
                   "--slug", slug, "--name", "Drill", "--administrator", "ana")
    ca = authority()
    token = client.enrol(ca, slug, "ana", made.split()[-1], f"drill {os.urandom(8).hex()}")
    WHO.write_text(json.dumps({"authority": ca, "token": token, "until": time.time() + 25 * 60, "slug": slug}))
    WHO.chmod(0o600)
    return ca, token


def forget() -> None:
    """After another cluster has come up: neither its authority nor its sessions are those of before."""
    WHO.unlink(missing_ok=True)


def settled(seconds: float = 600) -> None:
    wait("three members, three APIs and three webs to be ready", all_ready, seconds, 1)
    # Traefik comes when it comes; before, the load balancer sends to nobody.
    wait("the load balancer to answer", client.reachable, seconds, 1)
