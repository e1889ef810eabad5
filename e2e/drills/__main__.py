"""Drills: each plays a loss on the running platform, with a writer and readers going on.

    make drill-1 | drill-zone | drill-power …     or: python3 e2e/drills NAME…
"""
import os
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

import machine  # noqa: E402
from layout import tool  # noqa: E402


def enter_network() -> None:
    """Clients stand in the machine's network, outside of every node; everything else stays as it is."""
    if os.environ.get("GALENO_DRILL") != "inside":
        number = machine.pid("machine")
        if number is None:
            sys.exit("drill: there is no cluster: make cluster")
        os.environ["GALENO_DRILL"] = "inside"
        os.execv(tool("nsenter"), ["nsenter", "--target", str(number), "--net", "--", sys.executable, str(HERE), *sys.argv[1:]])


def broke(why: str) -> None:
    from report import Report
    try:
        if Report.latest:
            Report.latest.broke(why)
    except SystemExit:
        pass  # it is written down


def main() -> None:
    import attack
    import backups
    import change
    import database
    import interrupted
    import plan
    import programs
    import refused
    import region
    import restore
    import rotation
    import spare
    import table
    import volume
    # In the order in which `all` plays them: what leaves another database behind comes last.
    drills = [
        ("1", "killed", database.killed), ("2", "zone", database.zone), ("3", "replicas", programs.replicas), ("4", "volume", volume.corrupted),
        ("9", "power", database.power), ("15", "spare", spare.replaced), ("10", "backups", backups.night), ("11", "rotation", rotation.rotated), ("12", "rolling", change.rolling),
        ("13", "attack", attack.run), ("5", "destroyed", restore.destroyed), ("6", "interrupted", interrupted.interrupted),
        ("7", "refused", refused.refused), ("14", "plan", plan.on_paper), ("16", "cluster", region.cluster_lost), ("8", "region", region.lost)]
    known = {called: drill for number, name, drill in drills for called in (number, name)}
    names = sys.argv[1:]
    if names == ["all"]:
        names = [number for number, _, _ in drills]
    if not names or any(name not in known for name in names):
        sys.exit(f"{__doc__}\nnames: all, {', '.join(known)}")
    enter_network()
    failed = []
    for name in names:
        try:
            known[name]()
        except (Exception, SystemExit) as end:
            # One that breaks off has failed, and the next one is played all the same.
            failed.append(f"{name}: {end}")
            if not isinstance(end, SystemExit):
                traceback.print_exc()
            broke(str(end))
    if sys.argv[1] == "all":
        table.write()
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


main()
