"""13: an attacker's pod. Each wall is tried from inside: what must be refused is refused, and what must work does."""
import json
import time

import control
import platform_state as platform
from addons import OUTSIDE
from layout import API_SERVICE, CONTROL, NODES
from report import Report
from shell import say, wait

DATABASE, WEB = "clinic-data", "clinic-app"


def image(namespace: str, owner: str) -> str:
    return platform.get("-n", namespace, owner)["spec"]["template"]["spec"]["containers"][0]["image"]


def pod(name: str, namespace: str, labels: dict, **changes) -> dict:
    """A pod that every policy admits: whoever has taken over a program has just that."""
    spec = {
        "automountServiceAccountToken": False, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 999, "runAsGroup": 999, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "attacker", "image": image(DATABASE, f"statefulset/mariadb-g{platform.active()}"), "imagePullPolicy": "IfNotPresent", "command": ["sleep", "3600"],
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}}]}
    spec.update(changes)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec}


def create(manifest: dict, *more: str) -> str:
    """What the API server says: nothing, if it was let in."""
    return refusal("create", *more, "-f", "-", text=json.dumps(manifest))


def refusal(*arguments, text: str | None = None) -> str:
    done = control.ask(*arguments, text=text, check=False)
    if done.returncode and "forbidden" not in done.stderr:
        raise SystemExit(f"drill: it was not refused, it failed: {done.stderr}")
    return done.stderr.strip() if done.returncode else ""


def reached(name: str, namespace: str, targets: list[tuple[str, int]]) -> set[tuple[str, int]]:
    """To which a TCP connection from the pod comes about; all are tried at once."""
    probes = "".join(f"(timeout 4 bash -c 'exec 3<>/dev/tcp/{host}/{port}' 2>/dev/null && echo {host} {port}) & " for host, port in targets)
    *lines, end = control.kubectl("-n", namespace, "exec", name, "--", "bash", "-c", f"{probes} wait; echo tried").splitlines()
    if end != "tried":
        raise SystemExit(f"drill: {name} did not come to the end of its attack")
    return {(host, int(port)) for host, port in map(str.split, lines)}


def run() -> None:
    report = Report("13", "an attacker's pod")
    platform.settled()
    began = time.monotonic()
    attackers = {
        "a stranger in the programs' namespace": pod("attacker-stranger", WEB, {"app": "attacker"}),
        "who has taken over the web server": pod("attacker-web", WEB, {"app.kubernetes.io/name": "web", "attacker": "yes"}),
        "a stranger beside the database": pod("attacker-data", DATABASE, {"app": "attacker"}),
        "who has taken over the API": pod("attacker-api", WEB, {"app.kubernetes.io/name": "api", "attacker": "yes"}),
    }
    try:
        for manifest in attackers.values():
            refused = create(manifest)
            if refused:
                raise SystemExit(f"drill: the attacker's own pod was not let in: {refused}")
        for manifest in attackers.values():
            meta = manifest["metadata"]
            wait(f"{meta['name']} to run", lambda: platform.get("-n", meta["namespace"], "pod", meta["name"])["status"]["phase"] == "Running", 60)
        tried = network(report, attackers)
        tried += admission(report)
        tried += rights(report)
        report.facts["walls tried"] = tried
    finally:
        for manifest in attackers.values():
            platform.kubectl("-n", manifest["metadata"]["namespace"], "delete", "pod", manifest["metadata"]["name"], "--ignore-not-found", "--wait=false")
    report.took("all walls tried", time.monotonic() - began)
    report.end()


def network(report: Report, attackers: dict) -> int:
    member = platform.get("-n", DATABASE, "pod", platform.member(0))["status"]["podIP"]
    api = platform.pods(WEB, "app.kubernetes.io/name=api,!attacker")[0]["status"]["podIP"]
    web = platform.pods(WEB, "app.kubernetes.io/name=web,!attacker")[0]["status"]["podIP"]
    targets = [(f"a member's port {port}", member, port) for port in (3306, 4444, 4567, 4568, 4569, 9105)]
    targets += [("the database's service", f"mariadb.{DATABASE}.svc", 3306), ("the API", api, 8443), ("the API's management port", api, 9090),
                ("the web server", web, 8443), ("the kubelet", NODES[0].address, 10250), ("the API server's service", API_SERVICE, 443),
                ("the API server", CONTROL, 6443), ("the backups' bucket", OUTSIDE, 9000), ("the git server", OUTSIDE, 443)]
    allowed = {("attacker-api", member, 3306), ("attacker-api", f"mariadb.{DATABASE}.svc", 3306)}
    count = 0
    for who, manifest in attackers.items():
        meta = manifest["metadata"]
        open_to = reached(meta["name"], meta["namespace"], [(host, port) for _, host, port in targets])
        for what, host, port in targets:
            expected = (meta["name"], host, port) in allowed
            count += 1
            report.expect(((host, port) in open_to) == expected, f"{who} {'reaches' if expected else 'does not reach'} {what}")
    # Whoever has taken over the API still is not let in without its certificate and password.
    answer = control.ask("-n", WEB, "exec", "attacker-api", "--", "mariadb", "--no-defaults", f"--host={member}", "--user=api", "--password=guess",
                         "--ssl", "-e", "SELECT 1", check=False)
    report.expect(answer.returncode != 0, f"without the API's password the database answers: {answer.stderr.strip()[:80]}")
    return count + 1


def admission(report: Report) -> int:
    claim = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{platform.member(0)}"}}]}
    good = pod("attacker-x", DATABASE, {"app": "attacker"})
    container = good["spec"]["containers"][0]
    with_container = lambda **changes: {"containers": [{**container, **changes}]}
    privileged = {**container["securityContext"], "privileged": True, "allowPrivilegeEscalation": True}
    cases = [
        ("mounts the database's volume", pod("attacker-x", DATABASE, {"app": "attacker"}, **claim)),
        ("mounts it by an account of backups that is not its own", pod("attacker-x", DATABASE, {"app": "attacker"}, serviceAccountName="snapshot", **claim)),
        ("runs privileged", pod("attacker-x", DATABASE, {"app": "attacker"}, **with_container(securityContext=privileged))),
        ("runs as root", pod("attacker-x", WEB, {"app": "attacker"}, securityContext={"runAsUser": 0})),
        ("mounts the host", pod("attacker-x", WEB, {"app": "attacker"}, volumes=[{"name": "host", "hostPath": {"path": "/"}}])),
        ("uses the host's network", pod("attacker-x", WEB, {"app": "attacker"}, hostNetwork=True)),
        ("runs an image by its tag", pod("attacker-x", WEB, {"app": "attacker"}, **with_container(image="localhost:5000/galeno/api:dev"))),
        ("runs an image of another registry", pod("attacker-x", WEB, {"app": "attacker"}, **with_container(image="docker.io/evil/miner@sha256:" + "0" * 64))),
        ("takes all memory", pod("attacker-x", WEB, {"app": "attacker"}, **with_container(resources={"requests": {"cpu": "10m", "memory": "100Gi"}, "limits": {"memory": "100Gi"}}))),
        ("makes a volume in the programs' namespace", {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "attacker", "namespace": WEB},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "resources": {"requests": {"storage": "1Gi"}}}}),
        ("opens a port on the nodes", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "attacker", "namespace": DATABASE},
            "spec": {"type": "NodePort", "selector": {"app.kubernetes.io/name": "mariadb"}, "ports": [{"port": 3306}]}}),
        ("writes a password out", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "attacker", "namespace": WEB}, "stringData": {"password": "hunter2"}}),
    ]
    for what, manifest in cases:
        refused = create(manifest, "--dry-run=server")
        say(f"      {refused[:160]}")
        report.expect(bool(refused), f"refused: a pod or object that {what}")
    report.expect(not create(good, "--dry-run=server"), "the same pod without any of it is let in")
    return len(cases) + 1 + policies(report)


def policies(report: Report) -> int:
    """By whom each of the others is refused: somebody with every right in the cluster tries."""
    dry = "--dry-run=server"
    meta = {"name": "attacker", "namespace": WEB}
    wild = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "attacker"},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
               "subjects": [{"kind": "ServiceAccount", "name": "api", "namespace": WEB}]}
    probe = {"exec": {"command": ["true"]}}
    def deployment(replicas: int, **probes) -> dict:
        spec = {**pod("x", WEB, {})["spec"], "restartPolicy": "Always"}
        spec["containers"] = [{**spec["containers"][0], **probes}]
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "attacker"}}, "template": {"metadata": {"labels": {"app": "attacker"}}, "spec": spec}}}
    route = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": {"rules": [{"host": "app.clinic.localhost"}]}}
    cases = {
        "backups-run": refusal("-n", DATABASE, "patch", "cronjob", "backup-daily", "-p", '{"spec": {"suspend": true}}', dry),
        "cluster-admin": create(binding, dry),
        "keep-data": refusal("-n", DATABASE, "delete", "pvc", f"data-{platform.member(0)}", dry),
        "namespace-labels": refusal("create", "namespace", "attacker", dry),
        "probes": create(deployment(1), dry),
        "rbac-wildcards": create(wild, dry),
        "spread": create(deployment(3, livenessProbe=probe, readinessProbe=probe), dry),
        "tls-routes": create(route, dry),
    }
    for policy, refused in cases.items():
        say(f"      {refused[:160]}")
        report.expect(policy in refused, f"refused by the policy {policy}")
    return len(cases)


def rights(report: Report) -> int:
    """What the accounts of the programs may ask of the API server: nothing of this."""
    asked = [("get", "secrets", DATABASE), ("list", "secrets", WEB), ("create", "pods", DATABASE), ("create", "pods/exec", DATABASE),
             ("create", "persistentvolumes", ""), ("delete", "persistentvolumeclaims", DATABASE), ("delete", "statefulsets.apps", DATABASE),
             ("update", "configmaps", DATABASE), ("create", "clusterrolebindings.rbac.authorization.k8s.io", ""), ("impersonate", "users", ""),
             ("update", "networkpolicies.networking.k8s.io", DATABASE), ("delete", "validatingadmissionpolicies.admissionregistration.k8s.io", "")]
    accounts = [f"{WEB}:{name}" for name in ("default", "api", "web", "api-migration")] + [f"{DATABASE}:{name}" for name in ("default", "mariadb", "backup", "snapshot")]
    allowed = []
    for account in accounts:
        for verb, kind, namespace in asked:
            scope = ["-n", namespace] if namespace else []
            said = control.ask("auth", "can-i", verb, kind, *scope, f"--as=system:serviceaccount:{account}", check=False)
            if said.stdout.strip() != "no":
                allowed.append(f"{account} may {verb} {kind} in {namespace or 'the cluster'}")
    report.expect(not allowed, f"no account of a program has a right that harms ({len(accounts) * len(asked)} asked){': ' + '; '.join(allowed) if allowed else ''}")
    return len(accounts) * len(asked)
