"""How many instructions a fresh Python takes to run some code: valgrind's cachegrind counts them.

Counts repeat almost to the instruction, whatever else the machine does; times don't.
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
    """Whether valgrind is there; says so where it isn't."""
    if shutil.which(_VALGRIND) is not None:
        return True
    print("valgrind is not installed, so instructions cannot be counted")
    return False


def count(code: str, environment: Mapping[str, str]) -> int:
    """Instructions of `python -c code`, modules compiled; CalledProcessError where it fails.

    The first run leaves compiled modules behind, as deployed functions have them; name a folder
    for them in PYTHONPYCACHEPREFIX.
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
