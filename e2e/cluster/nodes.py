"""A node: its own kernel namespaces, containerd, kubelet, kube-proxy and engine of network policies, on standard paths."""
import json

import pki
from control import KUBERNETES_BIN, kubectl
from layout import ALL, BIN, BRIDGE, CONTROL, DNS_SERVICE, PKI, PODS_CIDR, SERVICES_CIDR, VOLUMES, Node, tool
from machine import end, hold, inside, own_cgroup, pid, start
from shell import say, wait

SOCKET = "/run/containerd/containerd.sock"
PAUSE = "galeno.dev/e2e/pause:1"
# What a node keeps over a power cut: path in the node, folder of its state.
KEPT = {"/var/lib/containerd": "containerd", "/var/lib/kubelet": "kubelet", "/var/log/pods": "pods", "/var/log/containers": "containers",
        "/var/lib/cni": "cni", "/etc/kubernetes": "kubernetes", "/etc/cni/net.d": "cni-net.d", "/etc/containerd": "etc-containerd"}


def register(one: Node) -> None:
    """What the provider of a cluster knows of a node before it starts: identity, zone, addresses of its pods."""
    for folder in KEPT.values():
        (one.state / folder).mkdir(parents=True, exist_ok=True)
    pki.identity(one.name, f"system:node:{one.name}", "system:nodes")
    pki.identity(f"proxy-{one.name}", "kube-proxy")
    pki.identity(f"router-{one.name}", "kube-router")
    kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": one.name, "labels": {"topology.kubernetes.io/zone": one.zone, "kubernetes.io/hostname": one.name}},
        "spec": {"podCIDR": one.pods, "podCIDRs": [one.pods]}}))
    write = lambda folder, name, text: (one.state / folder / name).write_text(text)
    write("cni-net.d", "10-bridge.conflist", json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [
        {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipMasq": False,
         "ipam": {"type": "host-local", "ranges": [[{"subnet": one.pods}]], "routes": [{"dst": "0.0.0.0/0"}]}},
        {"type": "portmap", "capabilities": {"portMappings": True}}]}))
    write("etc-containerd", "config.toml", f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
""")
    write("kubernetes", "kubelet.json", json.dumps({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": one.address, "clusterDNS": [DNS_SERVICE], "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{SOCKET}", "cgroupDriver": "cgroupfs", "failCgroupV1": False,
        # Nodes share a kernel: each has a control group, and none may reserve what is not its own.
        "cgroupRoot": own_cgroup(one.name), "cgroupsPerQOS": False, "enforceNodeAllocatable": [], "failSwapOn": False,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": f"{PKI}/kube-ca.crt"}},
        "authorization": {"mode": "Webhook"}, "resolvConf": "/etc/kubernetes/resolv.conf",
        "nodeStatusUpdateFrequency": "5s", "evictionHard": {"nodefs.available": "500Mi", "imagefs.available": "500Mi", "memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100, "maxPods": 60, "shutdownGracePeriod": "0s"}))
    write("kubernetes", "resolv.conf", f"nameserver {CONTROL}\n")
    write("kubernetes", "kube-proxy.json", json.dumps({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "hostnameOverride": one.name,
        "clientConnection": {"kubeconfig": f"{PKI}/proxy-{one.name}.kubeconfig"}, "mode": "iptables", "clusterCIDR": PODS_CIDR,
        # Counts and sizes of connection tracking are the machine's, not a namespace's.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}}))


def power_on(one: Node) -> None:
    hold(one.name, "machine")
    inside("machine", "/bin/sh", "-ec",
           f"ip link del {one.link} 2>/dev/null || true; ip link add {one.link} type veth peer name eth0 netns {inner(one)}"
           f" && ip link set {one.link} master zones up && ip route replace {one.pods} via {one.address}")
    binds = "".join(f"mkdir -p {path} && mount --bind {one.state / folder} {path}\n" for path, folder in KEPT.items())
    inside(one.name, "/bin/sh", "-ec", f"""
mount -t tmpfs tmpfs /run
{binds}
mkdir -p /run/lock /var/lib/galeno-volumes && mount --bind {VOLUMES} /var/lib/galeno-volumes
ip addr add {one.address}/16 dev eth0 && ip link set eth0 up && ip route add default via {BRIDGE}
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
sysctl -qw net.bridge.bridge-nf-call-iptables=1
""")
    for other in other_nodes(one):
        inside(one.name, "ip", "route", "replace", other.pods, "via", other.address)
    start(one.name, f"{one.name}.containerd", tool("containerd"), "--config", "/etc/containerd/config.toml")
    wait(f"containerd of {one.name}", lambda: ctr(one, "version"), 60)


def inner(one: Node) -> int:
    """The node's first process as the machine's namespace counts it."""
    from pathlib import Path
    line = next(l for l in Path(f"/proc/{pid(one.name)}/status").read_text().splitlines() if l.startswith("NSpid:"))
    return int(line.split()[2])


def other_nodes(one: Node) -> list[Node]:
    return [n for n in ALL if n.name != one.name]


def ctr(one: Node, *arguments, **options):
    return inside(one.name, tool("ctr"), "--address", SOCKET, "--namespace", "k8s.io", *arguments, **options)


def begin(one: Node) -> None:
    """Kubernetes' own programs, once containerd has the images."""
    start(one.name, f"{one.name}.kubelet", KUBERNETES_BIN, "kubelet", "--config", "/etc/kubernetes/kubelet.json",
          f"--kubeconfig={PKI}/{one.name}.kubeconfig", f"--hostname-override={one.name}", f"--node-ip={one.address}",
          f"--node-labels=topology.kubernetes.io/zone={one.zone}")
    start(one.name, f"{one.name}.kube-proxy", KUBERNETES_BIN, "kube-proxy", "--config", "/etc/kubernetes/kube-proxy.json")
    # It ends at once where the kubelet has not written the node's address yet; and without it every policy is only paper.
    addresses = 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}'
    wait(f"the address of {one.name}", lambda: kubectl("get", "node", one.name, "-o", addresses, quiet=True) == one.address, 90)
    router(one)
    wait(f"network policies of {one.name}", lambda: guarded(one), 90)


def guarded(one: Node) -> bool:
    """Whether traffic between pods passes the engine of network policies."""
    return "KUBE-ROUTER-FORWARD" in inside(one.name, "iptables", "-S", "FORWARD").stdout


def router(one: Node) -> None:
    start(one.name, f"{one.name}.kube-router", BIN / "kube-router", f"--kubeconfig={PKI}/router-{one.name}.kubeconfig",
          "--run-router=false", "--run-service-proxy=false", "--run-firewall=true", "--run-loadbalancer=false",
          f"--hostname-override={one.name}", f"--service-cluster-ip-range={SERVICES_CIDR}", "--enable-cni=false", "--metrics-port=0")


def cut(one: Node) -> None:
    """The zone's cable is cut: nothing that leaves it arrives, nothing arrives in it."""
    inside("machine", "ip", "link", "set", one.link, "nomaster")
    say(f"{one.zone} is cut off")


def mend(one: Node) -> None:
    inside("machine", "ip", "link", "set", one.link, "master", "zones")
    say(f"{one.zone} is back")


def power_off(one: Node) -> None:
    end(one.name)
    say(f"{one.name} has lost its power")
