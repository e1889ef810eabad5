"""What a cluster has before the platform comes: DNS, volumes, and the controllers that Helm charts would bring."""
import json

from control import kubectl
from images import DNS
from layout import DNS_SERVICE
from machine import start
from shell import wait

CLASS = "standard"
COREFILE = """cluster.local:53 in-addr.arpa:53 clinic.localhost:53 clinic.test:53 {
  errors
  health :8080
  ready :8181
  hosts /etc/coredns/outside {
    fallthrough
  }
  kubernetes cluster.local in-addr.arpa {
    ttl 5
  }
  cache 5
  loadbalance
}
.:53 {
  template ANY ANY {
    rcode NXDOMAIN
  }
}
"""
# Addresses outside the cluster that the platform speaks to.
OUTSIDE, ALERTED = "172.19.0.2", "172.19.0.3"
# git speaks HTTPS by curl, to which every name below `localhost` is the machine itself.
OUTSIDE_NAMES = {"s3.clinic.localhost": OUTSIDE, "git.clinic.test": OUTSIDE, "alerts.clinic.localhost": ALERTED}


def apply(*objects, account: str = "") -> None:
    """As whoever asks, or as the service account of the program that this stands in for: policies look at who writes."""
    impersonated = [f"--as=system:serviceaccount:{account}", "--as-group=system:masters"] if account else []
    kubectl(*impersonated, "apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def dns() -> None:
    """CoreDNS: one in each zone, so that a zone that is cut off can still be told from one that is lost."""
    meta = lambda name: {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
    pod = {
        "serviceAccountName": "coredns", "priorityClassName": "system-cluster-critical", "dnsPolicy": "Default",
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
                                       "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
        "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
        "containers": [{
            "name": "coredns", "image": DNS, "imagePullPolicy": "Never", "args": ["-conf", "/etc/coredns/Corefile"],
            "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}, {"name": "dns-tcp", "containerPort": 53}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, "runAsUser": 0},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}]}],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}]}
    apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("coredns")},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "e2e-coredns"}, "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "e2e-coredns"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "e2e-coredns"},
         "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}]},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("coredns"), "data": {
            "Corefile": COREFILE, "outside": "".join(f"{address} {name}\n" for name, address in OUTSIDE_NAMES.items())}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta("kube-dns"), "spec": {
            "clusterIP": DNS_SERVICE, "selector": {"k8s-app": "kube-dns"},
            "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("coredns"), "spec": {
            "replicas": 3, "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "template": {"metadata": {"labels": {"k8s-app": "kube-dns"}}, "spec": pod}}})


def volumes() -> None:
    apply({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS},
           "provisioner": "galeno.dev/shared-directory", "reclaimPolicy": "Retain", "allowVolumeExpansion": True,
           "volumeBindingMode": "Immediate"})
    start("machine", "provisioner", "python3", str(__file__).replace("addons.py", "provisioner.py"))


# Controllers that Helm charts would bring, and who they are in the cluster: policies look at who writes. Their rights are not
# the charts': those are not tried here.
CERT_MANAGER, EXTERNAL_SECRETS, TRUST_MANAGER = "cert-manager:cert-manager", "external-secrets:external-secrets", "cert-manager:trust-manager"


def ready() -> None:
    wait("cluster DNS in every zone", lambda: kubectl("-n", "kube-system", "get", "deployment", "coredns", "-o",
         "jsonpath={.status.readyReplicas}", quiet=True) == "3", 180)
