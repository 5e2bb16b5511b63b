"""Merge the key ranges of a query plan into one sequence of entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coffer.domain.listing.index_keys import ListedRecord
from coffer.domain.listing.ports import MAX_ENTRIES_PER_READ, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange, QueryPlan

MAX_MEGABYTES = 50
"""Megabytes of large records that one page reads. They have to fit into the function's memory."""
_SPARE_ENTRIES = 2
"""Entries to read of each of several ranges beyond its share, since the shares are never equal."""


@dataclass(frozen=True, kw_only=True)
class ListEntry:
    """An entry of a list: its key in the merged sequence, and its record if records were read."""

    merge_key: str
    record: ListedRecord | None


@dataclass
class _RangeBuffer:
    """The entries of a key range that were read and not used yet."""

    key_range: KeyRange
    after: str | None
    entries: deque[ListEntry] = field(default_factory=deque)
    is_read_to_end: bool = False

    @property
    def needs_read(self) -> bool:
        """True if the next entry of this range is unknown."""
        return not self.entries and not self.is_read_to_end

    def add(self, page: RangePage) -> None:
        """Append the entries of a page."""
        self.entries.extend(
            ListEntry(merge_key=self.key_range.merge_key(entry.sort_key), record=entry.record)
            for entry in page.entries
        )
        if page.entries:
            self.after = page.entries[-1].sort_key
        self.is_read_to_end = page.is_last


class RangeMerge:
    """The entries of a plan after a merge key (None: all), in the order of the list.

    It reads nothing itself. `next_reads` returns the reads that the next entry depends on, and the
    caller gives their pages to `add`. It stops to ask for reads after `max_entries` entries, after
    `MAX_MEGABYTES`, and after the deadline, but it always asks for the first reads.
    """

    def __init__(
        self,
        plan: QueryPlan,
        after: str | None,
        *,
        max_entries: int,
        deadline: datetime,
        with_records: bool = True,
    ) -> None:
        self._plan = plan
        self._buffers = [
            _RangeBuffer(key_range, None if after is None else key_range.sort_key(after))
            for key_range in plan.ranges
        ]
        self._entries_left, self._deadline = max_entries, deadline
        self._with_records = with_records
        self._is_first_read = True
        self._read_limit = self._megabytes = 0

    @property
    def is_finished(self) -> bool:
        """True if there are no more entries."""
        return all(one.is_read_to_end and not one.entries for one in self._buffers)

    def peek(self) -> ListEntry | None:
        """Return the next entry; None if it has to be read first, or at the end."""
        if any(buffer.needs_read for buffer in self._buffers):
            return None
        buffer = self._first()
        return buffer.entries[0] if buffer else None

    def pop(self) -> None:
        """Go on to the entry after the next. An entry that is in several ranges is one entry."""
        first = self._first()
        if first is None:
            return
        key = first.entries[0].merge_key
        for buffer in self._buffers:
            if buffer.entries and buffer.entries[0].merge_key == key:
                buffer.entries.popleft()

    def next_reads(self, read_ahead: int, now: datetime) -> list[RangeRead]:
        """Return the reads for about `read_ahead` more entries; none if a limit is reached."""
        lacking = [buffer for buffer in self._buffers if buffer.needs_read]
        if not lacking:
            return []
        share = -(-read_ahead // len(self._buffers))
        if len(self._buffers) > 1:
            share += _SPARE_ENTRIES
        limit = min(share, self._entries_left // len(lacking), MAX_ENTRIES_PER_READ)
        is_at_limit = limit < 1 or self._megabytes >= MAX_MEGABYTES or now >= self._deadline
        if is_at_limit and not self._is_first_read:
            return []
        self._read_limit = max(limit, 1)
        return [
            RangeRead(
                key_range=buffer.key_range,
                limit=self._read_limit,
                after=buffer.after,
                descending=self._plan.descending,
                with_records=self._with_records,
            )
            for buffer in lacking
        ]

    def add(self, pages: Sequence[RangePage]) -> None:
        """Take the pages of the reads that `next_reads` returned, in the same order."""
        lacking = [buffer for buffer in self._buffers if buffer.needs_read]
        for buffer, page in zip(lacking, pages, strict=True):
            buffer.add(page)
            self._entries_left -= len(page.entries)
            self._megabytes += len(page.entries) < self._read_limit and not page.is_last
        self._is_first_read = False

    def _first(self) -> _RangeBuffer | None:
        """Return the buffer that has the next entry."""
        filled = [buffer for buffer in self._buffers if buffer.entries]
        if not filled:
            return None
        choose = max if self._plan.descending else min
        return choose(filled, key=lambda buffer: buffer.entries[0].merge_key)
