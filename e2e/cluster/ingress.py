"""Traefik, from the values that are committed for its chart; and a load balancer in front of it, outside the cluster."""

from addons import apply
from images import TRAEFIK
from layout import ROOT
from machine import start


def begin() -> None:
    start("machine", "load-balancer", "python3", ROOT / "e2e" / "cluster" / "balancer.py")


def chart(values: dict) -> list[dict]:
    """What the chart would make of them, as far as the platform depends on it: names, labels, ports, account, probes."""
    labels = {"app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "traefik-clinic-edge"}
    meta = {"name": "traefik", "namespace": "clinic-edge", "labels": labels}
    ports, deployment = values["ports"], values["deployment"]
    providers = values["providers"]
    arguments = [
        "--ping=true", "--entryPoints.traefik.address=:8080/tcp", f"--entryPoints.metrics.address=:{ports['metrics']['port']}/tcp",
        f"--entryPoints.web.address=:{ports['web']['port']}/tcp", f"--entryPoints.websecure.address=:{ports['websecure']['port']}/tcp",
        "--metrics.prometheus=true", "--metrics.prometheus.entryPoint=metrics", "--global.checkNewVersion=false",
        "--providers.kubernetesCRD=true", f"--providers.kubernetesCRD.namespaces={','.join(providers['kubernetesCRD']['namespaces'])}",
        "--providers.kubernetesGateway=true", f"--providers.kubernetesGateway.namespaces={','.join(providers['kubernetesGateway']['namespaces'])}",
        "--log.level=INFO", "--log.format=json", *values.get("additionalArguments", [])]
    for name in ("web", "websecure"):
        for path, value in flatten(ports[name]):
            if path.startswith(("transport.", "forwardedHeaders.", "proxyProtocol.", "http.")):
                arguments.append(f"--entryPoints.{name}.{path}={value}")
    container = {
        "name": "traefik", "image": TRAEFIK, "imagePullPolicy": "Never", "args": arguments, "resources": values["resources"],
        "securityContext": values["securityContext"], "lifecycle": deployment.get("lifecycle", {}),
        "ports": [{"name": n, "containerPort": p["port"]} for n, p in ports.items()],
        "readinessProbe": {"httpGet": {"path": deployment.get("readinessPath", "/ping"), "port": 8080}, "periodSeconds": 10, "failureThreshold": 1, "timeoutSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 2},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {
            "replicas": deployment["replicas"], "minReadySeconds": deployment.get("minReadySeconds", 0),
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": {**labels, **deployment.get("podLabels", {})}}, "spec": {
                "serviceAccountName": values["serviceAccount"]["name"], "automountServiceAccountToken": True,  # as the chart does
                "priorityClassName": values.get("priorityClassName", ""),
                "terminationGracePeriodSeconds": deployment.get("terminationGracePeriodSeconds", 60),
                "securityContext": values["podSecurityContext"], "topologySpreadConstraints": values.get("topologySpreadConstraints", []),
                "containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
            "type": values["service"]["type"], **values["service"].get("spec", {}), "selector": labels,
            "ports": [{"name": n, "port": ports[n]["exposedPort"], "targetPort": n} for n in ("web", "websecure")]}}]


def flatten(values: dict, path: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += flatten(value, f"{path}{key}.")
        else:
            found.append((f"{path}{key}", ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)))
    return found


_installed: list[dict] = []


def install(application: dict) -> None:
    global _installed
    wanted = chart(application["spec"]["source"]["helm"]["valuesObject"])
    if wanted != _installed:
        apply(*wanted)
        _installed = wanted
