"""Count the instructions of a fresh Python that runs some code, with valgrind's cachegrind.

Unlike times, the counts are almost the same in every run and on a busy machine.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping

_VALGRIND = "valgrind"
_COUNTING = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


def can_be_counted() -> bool:
    """Return True if valgrind is installed; print a note if it is not."""
    if shutil.which(_VALGRIND) is not None:
        return True
    print("valgrind is not installed, so instructions cannot be counted")
    return False


def count(code: str, environment: Mapping[str, str]) -> int:
    """Return the instructions of `python -c code`; raise CalledProcessError if it fails.

    A first run compiles the modules, because deployed functions have compiled ones. Set
    PYTHONPYCACHEPREFIX to a folder for them.
    """
    python = [sys.executable, "-c", code]
    surroundings = {**environment, "PYTHONHASHSEED": "0"}
    subprocess.run(python, env=surroundings, check=True, capture_output=True)
    ran = subprocess.run(
        [_VALGRIND, *_COUNTING, *python],
        env=surroundings,
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"I +refs: +([\d,]+)", ran.stderr)
    assert found is not None, ran.stderr
    return int(found.group(1).replace(",", ""))
