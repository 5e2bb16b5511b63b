"""Hide derivatives of other groups whose sources are not public from the pages of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.listing.ports import RangePage
from coffer.domain.metadata.ports import Catalogue


def hide_unreadable_derivatives(
    catalogue: Catalogue, caller: Caller, pages: Sequence[RangePage]
) -> list[RangePage]:
    """Return the pages with all sort keys, and only the records that the caller may read."""
    derivatives = [
        entry.record
        for page in pages
        for entry in page.entries
        if isinstance(entry.record, Derivative)
    ]
    readable = readable_ids(catalogue, caller, derivatives)
    return [_without_others(page, readable) for page in pages]


def _without_others(page: RangePage, readable: frozenset[str]) -> RangePage:
    entries = (
        entry
        if entry.record is None or entry.record.identifier in readable
        else replace(entry, record=None)
        for entry in page.entries
    )
    return replace(page, entries=tuple(entries))
