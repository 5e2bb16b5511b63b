"""`python -m tests.privileges FOLDER`: print the comparison of policies and calls."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.privileges.calls import read_needs
from tests.privileges.comparison import allowed_by_the_template, holds, table


def main(folder: Path) -> int:
    """Print the table for the files in the folder; return 1 if the comparison fails."""
    files = sorted(folder.glob("*.json"))
    if not files:
        sys.stderr.write(f"{folder} holds no calls: `make test-privileges` writes them.\n")
        return 1
    allowed, needed = allowed_by_the_template(), read_needs(files)
    sys.stdout.writelines(f"{line}\n" for line in table(allowed, needed))
    return 0 if holds(allowed, needed) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
