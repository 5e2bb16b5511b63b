"""What lists need of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import Kind, Record
from coffer.domain.listing.query_plan import KeyRange

MAX_ENTRIES_PER_READ = 1000
"""Entries that one read asks for at most."""


@dataclass(frozen=True, kw_only=True)
class RangeRead:
    """A question: up to `limit` entries of a stretch, from its beginning or behind a position.

    Descending, the beginning is the end. Without records, only positions are wanted.
    """

    stretch: KeyRange
    limit: int
    after: str | None = None
    descending: bool = False
    with_records: bool = True


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """A listed record and its position; the record is None where only positions were wanted."""

    position: str
    record: Record | None


@dataclass(frozen=True, kw_only=True)
class RangePage:
    """What a read found, in its order. `ended`: the stretch certainly has nothing behind it."""

    entries: tuple[IndexEntry, ...]
    ended: bool


class Lists(Protocol):
    """The indexes that lists are read from. They lag behind writes, usually by less than a second.

    What readers may not see is in none of them.
    """

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        """The answers to these questions, in their order; at once where that is possible."""
        ...

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        """How many records are listed in these buckets (None: in all), by kept counters.

        They follow the change stream: right once it has caught up, and never below 0.
        """
        ...

    def derivatives(self, metadata_ids: Sequence[str]) -> Mapping[str, Sequence[Derivative]]:
        """What was made from the files that these records describe, by their ids, oldest first.

        Without tombstones; at once where that is possible.
        """
        ...
