"""Merging: the stretches of a plan as one sequence, read only a little ahead."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from coffer.domain.clock import Clock
from coffer.domain.listing.index_keys import Record
from coffer.domain.listing.ports import MAX_ENTRIES_PER_READ, Lists, RangePage, RangeRead
from coffer.domain.listing.query_plan import KeyRange, QueryPlan

_SPARE = 2
"""Entries that each of several stretches gives beyond its share: they are never quite alike."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A place in the merged sequence, and the record there if records were asked for."""

    place: str
    record: Record | None


@dataclass(kw_only=True)
class Pace:
    """How far ahead to read: about `share` entries for now, `growth` times as many each time."""

    share: int
    growth: int = 1


@dataclass(kw_only=True)
class Bounds:
    """How much may be read in all, and until when; something is always read."""

    entries: int
    deadline: datetime


@dataclass
class _Stream:
    """A stretch on its way: what was read of it and is still to be used, and where it goes on."""

    stretch: KeyRange
    after: str | None
    waiting: deque[Found] = field(default_factory=deque)
    ended: bool = False

    @property
    def lacks(self) -> bool:
        """Whether nobody knows what comes next in this stretch."""
        return not self.waiting and not self.ended

    def take_in(self, found: RangePage) -> None:
        """Let what was read wait for its turn."""
        self.waiting.extend(
            Found(place=self.stretch.place(entry.position), record=entry.record)
            for entry in found.entries
        )
        if found.entries:
            self.after = found.entries[-1].position
        self.ended = found.ended


class Merge:
    """The records of a plan behind a place, in order, one at a time.

    `ended` says that there is nothing left; without it, None means that the bounds were reached.
    """

    def __init__(
        self,
        lists: Lists,
        clock: Clock,
        plan: QueryPlan,
        place: str | None,
        *,
        pace: Pace,
        bounds: Bounds,
        with_records: bool = True,
    ) -> None:
        self.ended = False
        self._lists, self._clock, self._plan = lists, clock, plan
        self._pace, self._bounds = pace, bounds
        self._with_records = with_records
        self._begun = False
        self._streams = [
            _Stream(stretch, None if place is None else stretch.position(place))
            for stretch in plan.stretches
        ]

    def next(self) -> Found | None:
        """What comes next; it stays next until `pass_by`."""
        while any(stream.lacks for stream in self._streams):
            if not self._read_on():
                return None
        stream = self._foremost()
        self.ended = stream is None
        return stream.waiting[0] if stream else None

    def pass_by(self) -> None:
        """Go on behind what was next."""
        stream = self._foremost()
        if stream is not None:
            stream.waiting.popleft()

    def _foremost(self) -> _Stream | None:
        waiting = [stream for stream in self._streams if stream.waiting]
        if not waiting:
            return None
        choose = max if self._plan.descending else min
        return choose(waiting, key=lambda stream: stream.waiting[0].place)

    def _read_on(self) -> bool:
        """Read on where something is lacking; False where the bounds forbid it."""
        lacking = [stream for stream in self._streams if stream.lacks]
        limit = min(self._share(), self._bounds.entries // len(lacking), MAX_ENTRIES_PER_READ)
        if self._begun and (limit < 1 or self._clock.now() >= self._bounds.deadline):
            return False
        # Bounds narrower than the plan are passed at first: a page that gets nowhere has no end.
        limit = max(limit, 1)
        reads = [
            RangeRead(
                stretch=stream.stretch,
                limit=limit,
                after=stream.after,
                descending=self._plan.descending,
                with_records=self._with_records,
            )
            for stream in lacking
        ]
        for stream, found in zip(lacking, self._lists.read(self._plan.kind, reads), strict=True):
            stream.take_in(found)
            self._bounds.entries -= len(found.entries)
        self._begun = True
        return True

    def _share(self) -> int:
        """How much to read of each stretch now."""
        streams = len(self._streams)
        share = -(-self._pace.share // streams) + (_SPARE if streams > 1 else 0)
        self._pace.share *= self._pace.growth
        return share
