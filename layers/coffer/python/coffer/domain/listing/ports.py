"""The port that lists are read through, and the reads that it performs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.index_keys import Kind, ListedRecord
from coffer.domain.listing.query_plan import KeyRange

MAX_ENTRIES_PER_READ = 1000
MAX_INCLUDED_DERIVATIVES = 5000


def too_many_included() -> MalformedRequestError:
    """Return the error for a request that includes too many derivatives."""
    return MalformedRequestError(
        "too_many_included",
        f"The records have more than {MAX_INCLUDED_DERIVATIVES} derivatives: ask for fewer records "
        "with page[limit], or list the derivatives of one with filter[acDerivedFrom.id].",
        parameter="include",
    )


@dataclass(frozen=True, kw_only=True)
class RangeRead:
    """A read of up to `limit` entries of a key range, from its beginning or after a sort key.

    A descending read begins at the end. Without records, only sort keys are read.
    """

    key_range: KeyRange
    limit: int
    after: str | None = None
    descending: bool = False
    with_records: bool = True


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """The sort key of a record in an index, and the record unless only sort keys were read."""

    sort_key: str
    record: ListedRecord | None


@dataclass(frozen=True, kw_only=True)
class RangePage:
    """The entries that one read returned. If `is_last`, the key range has no entries after them.

    A page of large records that is not the last may have fewer entries than its limit: a read ends
    after about a megabyte.
    """

    entries: tuple[IndexEntry, ...]
    is_last: bool


class Lists(Protocol):
    """The indexes of the records that lists show.

    They follow writes with a delay that is usually shorter than a second.
    """

    def read(self, kind: Kind, reads: Sequence[RangeRead]) -> list[RangePage]:
        """Return one page for each read, in the same order. Reads may run in parallel."""
        ...

    def count(self, kind: Kind, bucket_keys: Sequence[str] | None, *, only_public: bool) -> int:
        """Return the number of records in the lists of these buckets, or (None) of all buckets.

        The numbers are stored counters, which follow the change stream. They are never negative.
        """
        ...

    def derivatives(self, metadata_ids: Sequence[str]) -> Mapping[str, Sequence[Derivative]]:
        """Return the derivatives of metadata records by the records' ids, the oldest first.

        Tombstones are left out. The reads may run in parallel. Raises MalformedRequestError after
        MAX_INCLUDED_DERIVATIVES.
        """
        ...
