"""Read tables that text files beside the modules hold.

Columns are separated by tabs. Lines that begin with `#` say what the columns mean, and what the
source is.
"""

from __future__ import annotations

from pathlib import Path


def read_table(module: str, name: str) -> list[list[str]]:
    """Return the rows of the file `name` beside a module, whose `__file__` is `module`."""
    lines = Path(module).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
