"""Running programs, and waiting for a state instead of for a time."""
import subprocess
import sys
import time


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def run(*command, check=True, text=None, quiet=False, cwd=None, env=None, timeout=None):
    """Runs to its end; a failure shows what was said."""
    done = subprocess.run(
        [str(c) for c in command], input=text, text=True, capture_output=True, cwd=cwd, env=env, timeout=timeout
    )
    if check and done.returncode != 0:
        shown = " ".join(str(c) for c in command)
        if not quiet:
            sys.stderr.write(f"{shown[:300]}\n{done.stdout[-2000:]}{done.stderr[-4000:]}\n")
        raise subprocess.CalledProcessError(done.returncode, shown[:300], done.stdout, done.stderr)
    return done


def output(*command, **options) -> str:
    return run(*command, **options).stdout


def wait(what: str, condition, seconds: float, every: float = 0.5):
    """Until `condition()` is true; its value. What it waits for is named when it does not come."""
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as error:
            last = error
        if time.monotonic() > end:
            detail = f": {last} {getattr(last, 'stderr', '') or ''}" if last else ""
            raise SystemExit(f"waited {seconds:.0f} s in vain for {what}{detail}")
        time.sleep(every)
