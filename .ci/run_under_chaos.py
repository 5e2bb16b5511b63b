"""Run tests on a local stack with faults, once per seed (`make test-chaos`).

For a failure it prints the command that repeats it. A test gets the same faults from the same seed,
alone and among other tests.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAULTS = "duplicate,reorder,delay,throttle"
TESTS = tuple(
    f"tests/api/test_{name}.py"
    for name in ("invalid_requests", "uploads_killed", "uploads", "uppy", "thumbnails")
)
"""The tests that run without arguments. `make test-faults` covers the other features."""
IN_PARALLEL = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")
"""Faults follow from the seed and the name of the test, so parallel runs do not change them."""
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
SUMMARY = re.compile(r"^\d+ (?:passed|failed|error).*$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Run every seed, even after a failure, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="run the seeds 1 to this one (3)")
    parser.add_argument("--seed", type=int, help="run only this seed")
    parser.add_argument("--chaos", default=FAULTS, help=f"the faults ({FAULTS})")
    options, tests = parser.parse_known_args(arguments)
    seeds = range(1, options.seeds + 1) if options.seed is None else [options.seed]
    failed = [seed for seed in seeds if not passes(seed, options.chaos, tests or list(TESTS))]
    if failed:
        sys.stderr.write(f"failed with the seeds {', '.join(map(str, failed))}\n")
        return 1
    say(f"{len(seeds)} of {len(seeds)} seeds passed with CHAOS={options.chaos}")
    return 0


def passes(seed: int, chaos: str, tests: Iterable[str]) -> bool:
    """Run one seed, print its result, and return whether it passed. Print the log of a failure."""
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - this interpreter, on our own tests
        [sys.executable, "-m", "pytest", "--tb=short", "--show-capture=no", *IN_PARALLEL, *tests],
        cwd=ROOT,
        env={**os.environ, "CHAOS": chaos, "CHAOS_SEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    summary = SUMMARY.findall(done.stdout)
    seconds = time.monotonic() - started
    say(f"seed {seed:>3}: {summary[-1] if summary else 'no test ran'}, {seconds:.0f} s")
    if done.returncode == 0:
        return True
    sys.stderr.write(done.stdout + done.stderr)
    for name in FAILED.findall(done.stdout):
        faults = "" if chaos == FAULTS else f" CHAOS={chaos}"
        repeat = f"make test-chaos SEED={seed}{faults} ARGS={shlex.quote(name)}"
        sys.stderr.write(f"repeat it with: {repeat}\n")
    return False


def say(line: str) -> None:
    """Print a line at once, because a run takes long."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
