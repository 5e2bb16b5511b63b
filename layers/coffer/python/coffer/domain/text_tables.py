"""Read tables that text files beside the modules hold.

Columns are separated by tabs. Lines that begin with `#` say what the columns mean, and what the
source is.
"""

from __future__ import annotations

import os


def read_table(module: str, name: str) -> list[list[str]]:
    """Return the rows of the file `name` beside a module, whose `__file__` is `module`."""
    path = os.path.join(os.path.dirname(module), name)  # noqa: PTH118, PTH120 - pathlib loads slowly
    with open(path, encoding="utf-8") as table:  # noqa: PTH123 - as above
        lines = table.read().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
