"""4: a database volume is damaged: nothing of it is served, the member says so, and one commit has it rebuilt (R3)."""
import random
import time

import control
import platform_state as platform
import repository
from argocd import delivered
from layout import VOLUMES
from load import under_load
from report import Report
from shell import say, wait

PAGE = 16384


def scribble(folder) -> int:
    """Random bytes over every eighth page of every table of the application and of the system tablespace; how many pages."""
    noise, count = random.Random(4), 0
    for file in sorted([*folder.glob("clinic/*.ibd"), folder / "ibdata1"]):
        with open(file, "r+b") as data:
            for at in range(0, file.stat().st_size, PAGE * 8):
                data.seek(at)
                data.write(noise.randbytes(PAGE))
                count += 1
    return count


def corrupted() -> None:
    """4: a member's files are overwritten with noise while it runs, and its process ends."""
    report = Report("4", "a database volume is damaged")
    with under_load("v") as load:
        name, other = platform.member(2), platform.member(0)
        before, began, at = platform.uid(name), time.monotonic(), time.time()
        report.facts["pages overwritten"] = scribble(VOLUMES / platform.DATA / f"data-{name}" / "data")
        platform.kill(name)
        say(f"{name} is killed, and its files are noise")
        wait("the member to say what is wrong", lambda: "neither used nor dismissed" in log(name), 300)
        report.took("the member says that it cannot use its data", time.monotonic() - began)
        report.expect(not platform.ready(platform.get("-n", platform.DATA, "pod", name)), "it serves nobody")
        ordered = time.monotonic()
        # What a member holds is thrown away by a person alone: it could be what nobody else has.
        order = f"  forcedRecovery: {{discard: [{name}], epoch: {int(time.time()) % 10**9}, reason: a damaged volume}}\n"
        delivered(repository.edited("database:\n", f"database:\n{order}", f"Rebuild {name} from the others"))
        wait("the member to be rebuilt", lambda: platform.back(name, before), 600)
        report.took("from the commit to a member that serves", time.monotonic() - ordered)
        report.silence(load, at)
        delivered(repository.edited(order, "", "The order is carried out"))
        load.more(10)
        load.pause()
        tables = ", ".join(f"clinic.{t}" for t in platform.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'clinic'", other).split())
        wait("its tables to be the others' to the byte", lambda: platform.sql(f"CHECKSUM TABLE {tables}", name) == platform.sql(f"CHECKSUM TABLE {tables}", other), 60)
        report.expect(True, "its tables are the others', to the byte")
        load.resume()
    report.account(load)
    report.end()


def log(name: str) -> str:
    return control.ask("-n", platform.DATA, "logs", name, "-c", "mariadb", "--tail", "20", check=False).stdout
