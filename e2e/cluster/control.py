"""The control plane: it stands outside the zones, as a hosted one does."""
import json

from layout import ALL, BIN, BRIDGE, CONTROL, LOGS, PKI, PODS_CIDR, ROOT, SERVICES_CIDR, STATE, tool
from machine import hold, inside, start
from shell import output, wait

KUBERNETES_BIN = BIN / "kubernetes"
KUBECONFIG = PKI / "admin.kubeconfig"


def network() -> None:
    """The machine's own network: a bridge that the zones' cables end in."""
    hold("machine")
    def sh(line):
        inside("machine", "/bin/sh", "-ec", line)
    # A bridge whose last port goes has no carrier, and what is routed over it goes too: here a port always stays.
    sh(f"ip link add zones type bridge && ip link set zones up && ip link add kept type veth peer name keeps"
       f" && ip link set kept master zones && ip link set kept up && ip link set keeps up"
       f" && ip addr add {BRIDGE}/16 dev zones && ip addr add {CONTROL}/16 dev zones"
       " && sysctl -qw net.ipv4.ip_forward=1")
    for node in ALL:
        sh(f"ip route add {node.pods} via {node.address} || true")


def ask(*arguments, **options):
    """kubectl to its end, from the machine's network, wherever the caller stands."""
    return inside("machine", _kubectl(), "--kubeconfig", KUBECONFIG, *arguments, **options)


def kubectl(*arguments, **options) -> str:
    return ask(*arguments, **options).stdout


def documents(path, namespace: str = "default") -> list[dict]:
    """The objects of a file or folder: kubectl reads YAML for us without asking the cluster."""
    text, found, decoder = kubectl("-n", namespace, "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", path).rstrip(), [], json.JSONDecoder()
    while text:  # one document after another, each by itself
        one, end = decoder.raw_decode(text)
        found += one["items"] if one["kind"] == "List" else [one]
        text = text[end:].lstrip()
    return found


_path = []


def _kubectl() -> str:
    if not _path:
        _path.append(output(ROOT / "tools" / "kubectl").strip())
    return _path[0]


def begin() -> None:
    (STATE / "etcd").mkdir(mode=0o700, exist_ok=True)
    etcd = "http://127.0.0.1:2379"
    start("machine", "etcd", tool("etcd"), "--data-dir", STATE / "etcd", "--unsafe-no-fsync", "--log-level", "warn",
          "--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", "http://127.0.0.1:2380")
    (STATE / "audit-policy.json").write_text("""{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata",
 "omitStages": ["RequestReceived"], "verbs": ["create", "update", "patch", "delete"]}]}""")
    start("machine", "kube-apiserver", KUBERNETES_BIN, "kube-apiserver",
          "--etcd-servers", etcd, "--secure-port=6443", f"--bind-address={CONTROL}", f"--advertise-address={CONTROL}",
          "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--anonymous-auth=false",
          f"--client-ca-file={PKI}/kube-ca.crt", f"--tls-cert-file={PKI}/apiserver.crt", f"--tls-private-key-file={PKI}/apiserver.key",
          f"--kubelet-client-certificate={PKI}/admin.crt", f"--kubelet-client-key={PKI}/admin.key",
          f"--service-account-key-file={PKI}/service-accounts.pub", f"--service-account-signing-key-file={PKI}/service-accounts.key",
          "--service-account-issuer=https://kubernetes.default.svc.cluster.local", f"--service-cluster-ip-range={SERVICES_CIDR}",
          "--allow-privileged=true", "--kubelet-preferred-address-types=InternalIP", f"--audit-policy-file={STATE}/audit-policy.json", f"--audit-log-path={LOGS}/audit.log")
    wait("the API server", lambda: kubectl("get", "--raw", "/readyz", quiet=True) == "ok", 90)
    start("machine", "kube-controller-manager", KUBERNETES_BIN, "kube-controller-manager",
          f"--kubeconfig={PKI}/controller-manager.kubeconfig", "--use-service-account-credentials", f"--root-ca-file={PKI}/kube-ca.crt",
          f"--service-account-private-key-file={PKI}/service-accounts.key", f"--cluster-cidr={PODS_CIDR}", "--leader-elect=false",
          f"--cluster-signing-cert-file={PKI}/kube-ca.crt", f"--cluster-signing-key-file={PKI}/kube-ca.key", "--bind-address=127.0.0.1")
    start("machine", "kube-scheduler", KUBERNETES_BIN, "kube-scheduler", f"--kubeconfig={PKI}/scheduler.kubeconfig",
          "--leader-elect=false", "--bind-address=127.0.0.1")
    # As kubeadm does: the kubelets' own certificate may not read other nodes' objects; kube-proxy and the engine of
    # network policies run with rights of their own.
    for user, role in (("kube-proxy", "system:node-proxier"), ("kube-router", "cluster-admin")):
        kubectl("create", "clusterrolebinding", f"e2e-{user}", f"--clusterrole={role}", f"--user={user}")
