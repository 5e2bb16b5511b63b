"""Finding the media types whose signatures a head bears, the strongest tier of them first."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.recognisers import RECOGNISERS
from coffer.domain.detection.tables.signatures import SIGNATURES, Part, Row

# first byte of the file -> rows that want this byte there; None -> rows that want none there
_RowsByFirstByte = dict[int | None, list[Row]]


def types_by_signature(head: bytes) -> list[str]:
    """The types of the highest tier that matches, the longest signature first; or an empty list."""
    if not head:
        return []
    for tier, rows in _tiers().items():
        found = [
            media_type
            for recognise in RECOGNISERS.get(tier, ())
            if (media_type := recognise(head)) is not None
        ]
        for anchored in (head[0], None):
            found += [row[1] for row in rows.get(anchored, ()) if _bears(head, row[2])]
        if found:
            return list(dict.fromkeys(found))
    return []


def _bears(head: bytes, parts: tuple[Part, ...]) -> bool:
    for part in parts:
        if len(part) == 2:
            offset, mark = part
            if not head.startswith(mark, offset):
                return False
        else:
            first, last, mark = part
            if head.find(mark, first, last + len(mark)) < 0:
                return False
    return True


@cache
def _tiers() -> dict[int, _RowsByFirstByte]:
    tiers: dict[int, _RowsByFirstByte] = {}
    # Between equals Tika takes the name that sorts last; sorting is stable.
    by_name = sorted(SIGNATURES, key=lambda row: row[1], reverse=True)
    for row in sorted(by_name, key=_strongest_first):
        anchor = row[2][0]
        first_byte = anchor[1][0] if len(anchor) == 2 and anchor[0] == 0 else None
        tiers.setdefault(row[0], {}).setdefault(first_byte, []).append(row)
    for tier in RECOGNISERS:
        tiers.setdefault(tier, {})
    return dict(sorted(tiers.items(), reverse=True))


def _strongest_first(row: Row) -> tuple[int, int]:
    return -row[0], -sum(len(part[-1]) for part in row[2])
