"""Measure what the detector adds to a cold start: its import and its first file.

    python benchmarks/detection_start.py

Nine interleaved runs of a fresh interpreter with compiled modules: minimum and median CPU time in
milliseconds, and the difference from Python alone. With valgrind, also the instructions of one run,
which hardly vary.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

LAYER = Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"
RUNS = 9
_START = f"import sys; sys.path.insert(0, {str(LAYER)!r}); "
_IMPORT = _START + "from coffer.domain.detection import BufferReader, detect; "
_PNG = rb"detect(BufferReader(b'\x89PNG\r\n\x1a\n' + bytes(99)), 'leaf.png')".decode()
_UNKNOWN = "detect(BufferReader(bytes(range(128, 256))), None)"
# The benchmark is about compiled modules, also where the shell tells Python not to keep them.
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONHASHSEED": "0",
}
CASES = {
    "bare Python": _START,
    "import filetype": _START + "import filetype",
    "import the detector": _IMPORT,
    "… and look into a PNG": _IMPORT + _PNG,
    "… and into noise (asks filetype)": _IMPORT + _UNKNOWN,
}


def cpu_milliseconds(code: str) -> float:
    """Return the user and system time of an interpreter that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=_ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def instructions(valgrind: str, code: str) -> int:
    """Return the instructions of an interpreter that runs `code`, counted by cachegrind."""
    counting = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    ran = subprocess.run(
        [valgrind, *counting, sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=_ENVIRONMENT,
    )
    found = re.search(r"I +refs: +([\d,]+)", ran.stderr)
    assert found is not None, ran.stderr
    return int(found.group(1).replace(",", ""))


def main() -> None:
    """Print the table."""
    for code in CASES.values():
        cpu_milliseconds(code)  # compiles the modules
    runs = [[cpu_milliseconds(code) for code in CASES.values()] for _ in range(RUNS)]
    valgrind = shutil.which("valgrind")
    counted = [instructions(valgrind, code) if valgrind else 0 for code in CASES.values()]
    row = "{:<34}{:>10}{:>10}{:>10}{:>16}{:>10}"
    print(row.format(f"CPU, {RUNS} runs", "least ms", "median", "above", "instructions", "above"))
    bare = min(times[0] for times in runs)
    for number, title in enumerate(CASES):
        times = [run[number] for run in runs]
        print(
            row.format(
                title,
                f"{min(times):.1f}",
                f"{statistics.median(times):.1f}",
                f"{min(times) - bare:+.1f}",
                f"{counted[number] / 1e6:.1f} M" if valgrind else "no valgrind",
                f"{counted[number] / counted[0]:.2f} x" if valgrind else "",
            )
        )


if __name__ == "__main__":
    main()
