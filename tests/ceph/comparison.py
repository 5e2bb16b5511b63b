"""What both stores said to the same request, and the table of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest


class Answer(NamedTuple):
    """Status and code of an answer, and whether anything is stored that wasn't before."""

    status: int
    code: str
    stored: bool

    @property
    def refused(self) -> bool:
        """Whether the store said no, and kept to it."""
        return self.status >= 400 and not self.stored

    def __str__(self) -> str:
        return f"{self.status} {self.code}".rstrip()


class Row(NamedTuple):
    """One request: what it was, what was changed, and the two answers."""

    request: str
    change: str
    local: Answer
    ceph: Answer
    note: str = ""

    @property
    def alike(self) -> str:
        """`yes`: the same answer; `both refuse`, in other words; `NO`: one accepts."""
        if self.local.refused != self.ceph.refused:
            return "NO"
        return "yes" if self.local[:2] == self.ceph[:2] else "both refuse"


OTHER_WORDS = (
    "Other words: Ceph answers AccessDenied to any form whose signature or key is wrong, takes a "
    "request that lacks part of its signature for an anonymous one, and looks at the day, region "
    "and service of a credential only by way of the signature."
)
ROWS = pytest.StashKey[list[Row]]()


def table(rows: list[Row]) -> Iterator[str]:
    """The rows, a line each, a sum, and the notes below."""
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
    honest = sum(1 for row in rows if not row.local.refused)
    yield (
        f"{len(rows)} requests, {honest} of them honest: {count['yes']} answered alike, "
        f"{count['both refuse']} refused by both in other words, {count['NO']} not alike"
    )
    yield OTHER_WORDS
    for number, note in enumerate(notes, 1):
        yield f"({number}) {note}"
