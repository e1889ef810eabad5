"""Images into the nodes, without a registry: archives of buildah's, imported under the names that manifests use."""
import json
import tarfile

import layout
from layout import BIN, CACHE, ROOT, tool
from nodes import PAUSE, ctr
from shell import output

ARCHIVES = CACHE / "images"
BUILT = ROOT / ".cache" / "images"
PROGRAMS = {"database": "keeper", "api": "api", "web": "web"}  # name in an environment: folder of the program
DNS, TRAEFIK = "galeno.dev/e2e/coredns:1", "galeno.dev/e2e/traefik:1"
# As upstream's manifests name them.
ARGOCD, REDIS = f"quay.io/argoproj/argocd:v{layout.ARGOCD}", "public.ecr.aws/docker/library/redis:8.10.1-alpine"
# Upstream's programs, where no registry can be reached: image: program in .cache/e2e/bin
STAND_INS = {PAUSE: "pause", DNS: "coredns", TRAEFIK: "traefik"}


def buildah(*arguments) -> str:
    # As tools/image calls it.
    return output(tool("buildah"), "--storage-driver", "vfs", *arguments)


def of_stand_ins() -> None:
    for image, program in STAND_INS.items():
        of_one_program(image, program)


def of_one_program(image: str, program: str) -> None:
    """An image with one static program: what stands in for upstream's where no registry can be reached."""
    archive = ARCHIVES / f"{program}.tar"
    if archive.exists() and archive.stat().st_mtime > (BIN / program).stat().st_mtime:
        return
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    container = buildah("from", "scratch").strip()
    buildah("add", "--chmod", "0555", container, BIN / program, f"/{program}")
    buildah("config", "--entrypoint", json.dumps([f"/{program}"]), "--user", "65532:65532", container)
    archived(container, image, archive)
    buildah("rm", container)


def archived(container: str, image: str, archive) -> None:
    """A container as it stands now: an image, and its archive."""
    buildah("commit", "--quiet", container, image)
    archive.unlink(missing_ok=True)
    buildah("push", "--quiet", image, f"oci-archive:{archive}:{image}")


def digest(archive) -> str:
    """The manifest's digest, which is what a registry would be asked for."""
    with tarfile.open(archive) as tar:
        return json.load(tar.extractfile("index.json"))["manifests"][0]["digest"]


def of_programs() -> dict[str, str]:
    """The project's own images, as `make image` left them: reference by name in an environment."""
    references = {}
    for name, program in PROGRAMS.items():
        archive = BUILT / f"{program}.tar"
        if not archive.exists():
            raise SystemExit(f"cluster: there is no image of {program}: run `make image`")
        references[name] = f"localhost:5000/galeno/{name}:dev@{digest(archive)}"
    return references


def load(node, references: dict[str, str]) -> None:
    """Everything a node may be asked to run."""
    have = set(ctr(node, "images", "list", "-q").stdout.split())
    wanted = {image: ARCHIVES / f"{program}.tar" for image, program in {**STAND_INS, ARGOCD: "argocd", REDIS: "redis"}.items()}
    for name, reference in references.items():
        wanted[reference.split(":dev@")[0] + "@" + reference.split("@")[1]] = BUILT / f"{PROGRAMS[name]}.tar"
    for image, archive in wanted.items():
        if image not in have:
            ctr(node, "images", "import", archive)
            _name(node, archive, image)


def _name(node, archive, wanted: str) -> None:
    """The name that the manifests use, beside the one in the archive."""
    target = digest(archive)
    found = [line.split()[0] for line in ctr(node, "images", "list").stdout.splitlines()[1:] if line.split()[2] == target]
    if not found:
        raise SystemExit(f"{archive.name}: no image of digest {target} was imported")
    if wanted not in found:
        ctr(node, "images", "tag", found[0], wanted)
