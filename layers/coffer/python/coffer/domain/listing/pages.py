"""Read one page of a list.

A page ends early if it evaluated too many records, compared too much or took too long. Its cursor
continues exactly there, so that following pages miss and repeat nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.fields import filter_values
from coffer.domain.listing.filters import OutOfWorkError, WorkLimit, matches
from coffer.domain.listing.index_keys import ListedRecord
from coffer.domain.listing.merge import ListEntry, RangeMerge
from coffer.domain.listing.ports import MAX_ENTRIES_PER_READ, Lists, RangePage, RangeRead
from coffer.domain.listing.query_plan import Query, QueryPlan, plan_query

DEFAULT_LIMIT, MAX_PAGE_SIZE, MAX_OFFSET_READ = 20, 1000, 10_000
MAX_ITEMS_EVALUATED = 5000
MAX_READ_TIME = timedelta(seconds=5)
_FIRST_FILTERED_READ = 50
"""Entries to read at first if a filter will drop some of them. Each further read is twice that."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The position at which a list goes on.

    It is after a merge key (None: at the beginning) and after `skip` more matching records. `seen`
    records were on earlier pages or were skipped.
    """

    after: str | None = None
    skip: int = 0
    seen: int = 0


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """The page that a caller wants: up to `limit` records from the cursor on."""

    limit: int = DEFAULT_LIMIT
    cursor: Cursor = field(default_factory=Cursor)


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """A page of a list.

    `next_cursor` is None on the last page. `seen` records come before this page. The list has
    `total` records, or at least that many if `is_lower_bound`.
    """

    entries: tuple[ListEntry, ...]
    next_cursor: Cursor | None
    seen: int
    total: int
    is_lower_bound: bool

    @property
    def records(self) -> tuple[ListedRecord, ...]:
        """The records of the page."""
        return tuple(entry.record for entry in self.entries if entry.record is not None)

    def cut(self, length: int) -> ListPage:
        """Return the page with only its first entries; the cursor continues with the others."""
        if length >= len(self.entries):
            return self
        kept = self.entries[:length]
        cursor = Cursor(after=kept[-1].merge_key, seen=self.seen + length)
        return replace(self, entries=kept, next_cursor=cursor)


def read_page(
    lists: Lists,
    clock: Clock,
    caller: Caller,
    query: Query,
    request: PageRequest,
    hide: Callable[[Sequence[RangePage]], Sequence[RangePage]] = lambda pages: pages,
) -> ListPage:
    """Return one page of the list that the caller may see.

    `hide` replaces records by None that the index shows and the caller may not read.
    Raises MalformedRequestError if the cursor belongs to another list.
    """
    plan = plan_query(caller, query)
    after = request.cursor.after
    if after is not None and not plan.accepts(after):
        raise MalformedRequestError(
            "malformed_cursor", "This cursor belongs to another list.", parameter="page[cursor]"
        )
    reader = PageReader(plan, request, clock)
    while reads := reader.next_reads():
        reader.add(hide(lists.read(plan.kind, reads)))
    page = reader.page()
    if page.is_lower_bound and (counters := plan.counters) is not None:
        counted = lists.count(plan.kind, counters.bucket_keys, only_public=counters.only_public)
        return replace(page, total=max(page.total, counted), is_lower_bound=False)
    return page


class PageReader:
    """Selects the entries of one page from what was read, and decides what to read next.

    Call `next_reads` and `add` in turn until there are no more reads. The clock is checked before
    each read, and while records are compared.
    """

    def __init__(self, plan: QueryPlan, request: PageRequest, clock: Clock) -> None:
        self._plan, self._limit, self._clock = plan, request.limit, clock
        self._deadline = clock.now() + MAX_READ_TIME
        self._work = WorkLimit(clock, self._deadline)
        cursor = request.cursor
        self._after, self._skip, self._seen = cursor.after, cursor.skip, cursor.seen
        self._first_after = cursor.after
        self._entries: list[ListEntry] = []
        self._has_more = self._is_out_of_work = False
        self._is_filtered = bool(plan.remaining_filter.parts)
        self._filtered_read_ahead = max(request.limit + 1, _FIRST_FILTERED_READ)
        # Without a filter, records are skipped by their sort keys. This evaluates no records.
        self._skips_by_key = self._skip > 0 and not self._is_filtered
        self._merge = RangeMerge(
            plan,
            self._after,
            max_entries=self._skip + len(plan.ranges) * MAX_ENTRIES_PER_READ
            if self._skips_by_key
            else MAX_ITEMS_EVALUATED,
            deadline=self._deadline,
            with_records=not self._skips_by_key,
        )

    def next_reads(self) -> list[RangeRead]:
        """Use what was read, and return the next reads; none if the page ends here."""
        if self._skips_by_key:
            self._skip_entries()
            if self._skip:
                return self._merge.next_reads(self._skip, self._clock.now())
            self._skips_by_key = False
            self._merge = RangeMerge(
                self._plan,
                self._after,
                max_entries=MAX_ITEMS_EVALUATED,
                deadline=self._deadline,
            )
        try:
            self._select_entries()
        except OutOfWorkError:
            self._is_out_of_work = True
        if self._has_more or self._is_out_of_work:
            return []
        return self._merge.next_reads(self._read_ahead(), self._clock.now())

    def add(self, pages: Sequence[RangePage]) -> None:
        """Take the pages of the reads that `next_reads` returned, in the same order."""
        self._merge.add(pages)

    def page(self) -> ListPage:
        """Return the page as far as it was read."""
        seen = self._seen + len(self._entries)
        is_last = self._merge.is_finished
        cursor = Cursor(after=self._after, skip=self._skip, seen=seen)
        return ListPage(
            entries=tuple(self._entries),
            next_cursor=None if is_last else cursor,
            seen=self._seen,
            total=seen + int(self._has_more),
            is_lower_bound=not is_last,
        )

    def _skip_entries(self) -> None:
        while self._skip and (entry := self._merge.peek()) is not None:
            self._count_as_skipped()
            self._after = entry.merge_key
            self._merge.pop()

    def _select_entries(self) -> None:
        while (entry := self._merge.peek()) is not None:
            if entry.record is not None and self._is_wanted(entry.record):
                if self._skip:
                    self._count_as_skipped()
                elif len(self._entries) == self._limit:
                    self._has_more = True
                    return
                else:
                    self._entries.append(entry)
            self._after = entry.merge_key
            self._merge.pop()

    def _count_as_skipped(self) -> None:
        self._skip, self._seen = self._skip - 1, self._seen + 1

    def _is_wanted(self, record: ListedRecord) -> bool:
        """Return True if the record meets the filter; raise OutOfWorkError at the limit of work.

        The first record is compared without a limit, so that every page goes on.
        """
        if not self._is_filtered:
            return True
        is_first = self._after == self._first_after
        limit = None if is_first else self._work
        return matches(self._plan.remaining_filter, filter_values(record), limit)

    def _read_ahead(self) -> int:
        """Return the number of entries to read next: those that the page lacks, and one more."""
        if not self._is_filtered:
            return self._limit + 1 - len(self._entries)
        entries = self._filtered_read_ahead
        self._filtered_read_ahead *= 2
        return entries
