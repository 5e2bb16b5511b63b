"""Pages: a list as a caller gets it, a part at a time.

A page stops short where it has evaluated enough or taken too long, and its cursor leads on from
exactly there: nothing is left out, and nothing comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import MalformedRequestError
from coffer.domain.listing.filters import AllOf, matches
from coffer.domain.listing.index_keys import Record
from coffer.domain.listing.merge import Bounds, Merge, Pace
from coffer.domain.listing.ports import MAX_ENTRIES_PER_READ, Lists
from coffer.domain.listing.query_plan import Query, QueryPlan, plan_query
from coffer.domain.listing.resources import filter_values

DEFAULT_LIMIT, MAX_PAGE_SIZE, MAX_OFFSET_READ = 20, 1000, 10_000
MAX_ITEMS_EVALUATED = 5000
MAX_READ_TIME = timedelta(seconds=5)
_FIRST_FILTERED = 50
"""Entries that are read at first where a filter will drop some of them."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a list goes on: behind a place (None: at the beginning), once `skip` more records have
    been passed over; `seen` records were on the pages before, or were passed over."""

    place: str | None = None
    skip: int = 0
    seen: int = 0


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which part of a list is wanted: up to `limit` records from the cursor on."""

    limit: int = DEFAULT_LIMIT
    cursor: Cursor = field(default_factory=Cursor)


@dataclass(frozen=True, kw_only=True)
class ListEntry:
    """A record of a page, and its place in the list."""

    record: Record
    place: str


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """A page: records, where it goes on (None: nowhere), and how many records there are.

    `seen` counts those before this page. The total is only known to be reached, where
    `is_lower_bound` says so.
    """

    listed: tuple[ListEntry, ...]
    following: Cursor | None
    seen: int
    total: int
    is_lower_bound: bool

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of the page."""
        return tuple(one.record for one in self.listed)

    def cut(self, length: int) -> ListPage:
        """The page with only its first records; the cursor leads to the others."""
        if length >= len(self.listed):
            return self
        kept = self.listed[:length]
        following = Cursor(place=kept[-1].place, seen=self.seen + length)
        return replace(self, listed=kept, following=following)


def read_page(
    lists: Lists, clock: Clock, caller: Caller, query: Query, page: PageRequest
) -> ListPage:
    """One page of a list, of what this caller may read; raises MalformedRequestError."""
    plan = plan_query(caller, query)
    if page.cursor.place is not None and not plan.takes(page.cursor.place):
        raise MalformedRequestError(
            "malformed_cursor", "This cursor belongs to another list.", parameter="page[cursor]"
        )
    way = _Way(lists, clock, plan, page.cursor)
    way.skip_unfiltered()
    listed = way.take(page.limit)
    seen = way.seen + len(listed)
    total, is_lower_bound = seen + int(way.knows_more), not way.finished
    if is_lower_bound and plan.counted is not None:
        counted = plan.counted
        kept = lists.count(plan.kind, counted.bucket_keys, only_public=counted.only_public)
        total, is_lower_bound = max(total, kept), False
    return ListPage(
        listed=tuple(listed),
        following=None if way.finished else Cursor(place=way.place, skip=way.skip, seen=seen),
        seen=way.seen,
        total=total,
        is_lower_bound=is_lower_bound,
    )


class _Way:
    """How far one request has come in its list."""

    def __init__(self, lists: Lists, clock: Clock, plan: QueryPlan, cursor: Cursor) -> None:
        self.place, self.skip, self.seen = cursor.place, cursor.skip, cursor.seen
        self.finished = False
        self.knows_more = False
        self._lists, self._clock, self._plan = lists, clock, plan
        self._filters = plan.rest != AllOf(())
        self._deadline = clock.now() + MAX_READ_TIME

    def skip_unfiltered(self) -> None:
        """Pass over what is to be skipped by positions alone, where no filter has a say.

        Nothing is evaluated by that, so only time is bounded.
        """
        if self._filters or not self.skip:
            return
        room = self.skip + len(self._plan.stretches) * MAX_ENTRIES_PER_READ
        bounds = Bounds(entries=room, deadline=self._deadline)
        pace = Pace(share=self.skip)
        merge = self._merge(pace, bounds, with_records=False)
        while self.skip and (found := merge.next()) is not None:
            merge.pass_by()
            self._passed(found.place)
            pace.share = self.skip
        self.finished = merge.ended

    def take(self, limit: int) -> list[ListEntry]:
        """The next records that match, up to `limit` of them."""
        taken: list[ListEntry] = []
        if self.finished or (self.skip and not self._filters):
            return taken
        first = max(limit + 1, _FIRST_FILTERED) if self._filters else limit + 1
        pace = Pace(share=first, growth=2 if self._filters else 1)
        merge = self._merge(pace, Bounds(entries=MAX_ITEMS_EVALUATED, deadline=self._deadline))
        while (found := merge.next()) is not None:
            if found.record is not None and self._wants(found.record):
                if self.skip:
                    self._passed(found.place)
                elif len(taken) == limit:
                    self.knows_more = True
                    return taken
                else:
                    taken.append(ListEntry(record=found.record, place=found.place))
            if not self._filters:
                pace.share = limit + 1 - len(taken)
            self.place = found.place
            merge.pass_by()
        self.finished = merge.ended
        return taken

    def _merge(self, pace: Pace, bounds: Bounds, *, with_records: bool = True) -> Merge:
        return Merge(
            self._lists,
            self._clock,
            self._plan,
            self.place,
            pace=pace,
            bounds=bounds,
            with_records=with_records,
        )

    def _passed(self, place: str) -> None:
        self.place, self.skip, self.seen = place, self.skip - 1, self.seen + 1

    def _wants(self, record: Record) -> bool:
        return not self._filters or matches(self._plan.rest, filter_values(record))
