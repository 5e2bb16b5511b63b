"""List the exports of a caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.export.fields import EXPORT_FIELDS
from coffer.domain.export.ports import Exports
from coffer.domain.export.record import Export
from coffer.domain.listing.filters import EVERYTHING, Filter, matches

MAX_EXPORTS_READ, MAX_READ_TIME = 5000, timedelta(seconds=5)
"""Exports that one request with a filter reads at most, and for how long."""
_READ_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class ExportQuery:
    """A page of exports that meet a filter, older than the export `before`."""

    condition: Filter = EVERYTHING
    limit: int
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExportPage:
    """A page of exports, the newest first, and their total number, which may be a lower bound.

    The next page has the exports older than `next_before`, if there is one.
    """

    exports: tuple[Export, ...]
    next_before: str | None
    total: int
    is_lower_bound: bool = False


def find_exports(exports: Exports, clock: Clock, caller: Caller, query: ExportQuery) -> ExportPage:
    """Return a page of the caller's exports. With a filter, only exports of the page and older ones
    are counted."""
    if query.condition == EVERYTHING:
        found = tuple(exports.of(caller, query.limit + 1, query.before))
        page = found[: query.limit]
        following = page[-1].identifier if len(found) > query.limit else None
        return ExportPage(exports=page, next_before=following, total=exports.count_of(caller))
    deadline = clock.now() + MAX_READ_TIME
    matching: list[Export] = []
    total = 0
    for number, export in enumerate(_read(exports, caller, query.before), 1):
        if matches(query.condition, EXPORT_FIELDS.present(export) | {"id": export.identifier}):
            total += 1
            if len(matching) < query.limit:
                matching.append(export)
        if number == MAX_EXPORTS_READ or clock.now() >= deadline:
            last = matching[-1] if total > len(matching) else export
            return ExportPage(
                exports=tuple(matching),
                next_before=last.identifier,
                total=total,
                is_lower_bound=True,
            )
    return ExportPage(
        exports=tuple(matching),
        next_before=matching[-1].identifier if total > len(matching) else None,
        total=total,
    )


def _read(exports: Exports, caller: Caller, before: str | None) -> Iterator[Export]:
    """Yield the caller's exports that are older than `before`."""
    while found := exports.of(caller, _READ_AT_ONCE, before):
        yield from found
        before = found[-1].identifier
