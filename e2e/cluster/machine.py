"""The machine that the cluster is on, and its nodes: namespaces.

One process holds a PID, network, mount and host-name namespace, and each node is such a process inside it. Ending the
outer one ends everything that was started in it: the kernel does that, also when nothing was put in order before. Ending a
node's is a power cut: no program of that node is asked, told or waited for.
"""
import os
import pathlib
import signal
import subprocess

from layout import LOGS, STATE, tool
from shell import run, wait

CGROUP = "galeno-e2e"
# Set for what is started in a namespace: numbers of processes are others there.
INSIDE = "GALENO_INSIDE"
# The first process of a namespace: it takes in what others leave behind, and waits for its end.
FIRST = ["python3", "-c", "import os,signal,time\nsignal.signal(signal.SIGCHLD, signal.SIG_DFL)\n"
         "while True:\n try: os.wait()\n except ChildProcessError: time.sleep(0.2)\n"]


def pid(name: str) -> int | None:
    """The process that holds the namespaces of the machine or of a node, as this side sees it."""
    try:
        number, began = (STATE / f"{name}.pid").read_text().split()
        return int(number) if _began(int(number)) == began else None
    except (OSError, ValueError):
        return None


def _began(number: int) -> str:
    # Numbers are used again; with the moment it began a process is itself.
    return pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[19]


def hold(name: str, inside: str | None = None) -> int:
    """Begins new namespaces (inside another's, for a node)."""
    enter = _enter(inside) if inside else []
    LOGS.mkdir(parents=True, exist_ok=True)
    ready = STATE / f"{name}.ready"
    ready.unlink(missing_ok=True)
    script = f"mount --make-rprivate / && mount -t proc proc /proc && hostname {name} && ip link set lo up && touch {ready} && exec \"$@\""
    command = [*enter, tool("unshare"), "--fork", "--pid", "--mount", "--net", "--uts", "--ipc",
               "/bin/sh", "-ec", script, name, *FIRST]
    outer = _start(command, name)
    def inner():
        # unshare's child, two levels down where nsenter stands between.
        found = outer.pid
        for _ in range(2 if inside else 1):
            children = pathlib.Path(f"/proc/{found}/task/{found}/children").read_text().split()
            if not children:
                return None
            found = int(children[0])
        return found if ready.exists() else None
    number = wait(f"the namespaces of {name}", inner, 20, 0.05)
    (STATE / f"{name}.pid").write_text(f"{number} {_began(number)}")
    return number


def _enter(name: str) -> list[str]:
    if os.environ.get(INSIDE) == name:
        return []  # one of our own programs in there
    number = pid(name)
    if number is None:
        raise SystemExit(f"{name} is not running")
    return [tool("nsenter"), "--target", str(number), "--all", "--"]


def _start(command, log: str) -> subprocess.Popen:
    with open(LOGS / f"{log}.log", "ab") as out:
        return subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)


def inside(name: str, *command, **options):
    """Runs a program in the machine (or a node) to its end."""
    return run(*_enter(name), *command, **options)


def start(name: str, log: str, *command) -> None:
    """Starts a program there that stays."""
    _start([*_enter(name), "env", f"{INSIDE}={name}", *command], log)


def end(name: str) -> None:
    """Power off: at once and all of it."""
    number = pid(name)
    if number is None:
        return
    os.kill(number, signal.SIGKILL)
    wait(f"the end of {name}", lambda: not os.path.exists(f"/proc/{number}/ns/net") or pid(name) is None, 30, 0.05)
    (STATE / f"{name}.pid").unlink(missing_ok=True)


def own_cgroup(name: str) -> str:
    """A control group in every hierarchy, for what a node's kubelet starts."""
    path = f"{CGROUP}/{name}"
    for hierarchy in pathlib.Path("/sys/fs/cgroup").iterdir():
        if hierarchy.is_dir() and not hierarchy.is_symlink():
            (hierarchy / path).mkdir(parents=True, exist_ok=True)
            if hierarchy.name == "cpuset":
                for part in (hierarchy / CGROUP, hierarchy / path):
                    for value in ("cpuset.cpus", "cpuset.mems"):
                        (part / value).write_text((part.parent / value).read_text())
    return f"/{path}"


def remove_cgroups() -> None:
    for hierarchy in pathlib.Path("/sys/fs/cgroup").iterdir():
        top = hierarchy / CGROUP
        if hierarchy.is_symlink() or not top.is_dir():
            continue
        def empty(top=top):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            return not top.exists()
        wait(f"{top} to be empty", empty, 20, 0.1)
