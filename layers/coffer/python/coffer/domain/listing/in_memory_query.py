"""Queries on short lists in memory: filter, sort and cut.

Used by the lists of licences, media types, configurations and vocabulary terms. The meaning of the
parameters is that of the reference's read-only lists (object-store-api 1.31): all filters must be
met, and there is a page only if the request asks for one. The reference's GT and LT match nothing
there; here they compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coffer.domain.listing.filters import EVERYTHING, Filter, matches

Attributes = Mapping[str, str]
"""The attributes of one entry; their values are all texts."""


@dataclass(frozen=True, kw_only=True)
class SortField:
    """One attribute to sort by. The order ignores case."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class InMemoryQuery:
    """The entries of a list that a request wants: all of them in the list's order by default."""

    condition: Filter = EVERYTHING
    sort: tuple[SortField, ...] = ()
    offset: int = 0
    limit: int | None = None

    def run(self, entries: Iterable[Attributes]) -> list[Attributes]:
        """Return the wanted page of the entries that meet the filter, sorted."""
        matching = self.matching(entries)
        end = None if self.limit is None else self.offset + self.limit
        return matching[self.offset : end]

    def matching(self, entries: Iterable[Attributes]) -> list[Attributes]:
        """Return all entries that meet the filter, sorted."""
        found = [entry for entry in entries if matches(self.condition, entry)]
        for field in reversed(self.sort):
            found.sort(key=_sort_key(field.attribute), reverse=field.descending)
        return found


def _sort_key(attribute: str) -> Callable[[Attributes], str]:
    return lambda entry: entry[attribute].casefold()
