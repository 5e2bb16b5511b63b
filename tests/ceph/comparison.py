"""The responses of both stores to the same requests, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest


class Outcome(NamedTuple):
    """Status and error code of a response, and whether the store has changed."""

    status: int
    code: str
    stored: bool

    @property
    def refused(self) -> bool:
        """True if the store refused the request and has not changed."""
        return self.status >= 400 and not self.stored

    def __str__(self) -> str:
        return f"{self.status} {self.code}".rstrip()


class Row(NamedTuple):
    """A request, the change made to it, and the two outcomes."""

    request: str
    change: str
    local: Outcome
    ceph: Outcome
    note: str = ""

    @property
    def alike(self) -> str:
        """`yes`: equal responses; `both refuse`: with different errors; `NO`: one accepts."""
        if self.local.refused != self.ceph.refused:
            return "NO"
        return "yes" if self.local[:2] == self.ceph[:2] else "both refuse"


DIFFERENT_ERRORS = (
    "Different errors: Ceph responds with AccessDenied to any form with a wrong signature or key, "
    "treats a request without part of its signature as anonymous, and checks the day, region and "
    "service of a credential only through the signature."
)
ROWS = pytest.StashKey[list[Row]]()


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of the table, a summary, and the notes."""
    if not rows:
        return
    cells = [("request", "change", "local stack", "Ceph", "alike")]
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    for row in rows:
        mark = f" ({notes.index(row.note) + 1})" if row.note else ""
        cells.append((row.request, row.change, str(row.local), str(row.ceph), row.alike + mark))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()
    count = Counter(row.alike for row in rows)
    valid = sum(1 for row in rows if not row.local.refused)
    yield (
        f"{len(rows)} requests, {valid} of them valid: {count['yes']} with equal responses, "
        f"{count['both refuse']} refused with different errors, {count['NO']} different"
    )
    yield DIFFERENT_ERRORS
    for number, note in enumerate(notes, 1):
        yield f"({number}) {note}"
