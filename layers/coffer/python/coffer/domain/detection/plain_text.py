"""Decide whether bytes are text, by counting them."""

from __future__ import annotations

_START_BYTES = 512
_SAFE_CONTROLS = bytes((0x09, 0x0A, 0x0C, 0x0D, 0x1B))
_CONTROLS = bytes(range(0x20)).translate(None, _SAFE_CONTROLS)
_MOSTLY_READABLE = bytes(range(0x20, 0x7F)) + bytes(range(0xC0, 0x100)) + _SAFE_CONTROLS


def looks_like_text(head: bytes) -> bool:
    """True if the head has less than 2 % control bytes and is mostly ASCII, or is UTF-8.

    Bytes are counted, not decoded, as in Apache Tika's text detector. So a head that ends inside a
    character, or a single wrong byte, does not matter.
    """
    if not head:
        return False
    controls = _count(head, _CONTROLS)
    readable = _count(head, _MOSTLY_READABLE)
    if controls * 100 < len(head) * 2 and readable * 100 > len(head) * 90:
        return True
    return _looks_like_utf8(head, controls)


def begins_as_text(head: bytes) -> bool:
    """True if the head looks like text and has no control byte near its start.

    Headers of programs, archives and pictures have zeros there, also in front of a long text.
    """
    start = head[:_START_BYTES]
    return _count(start, _CONTROLS) == 0 and looks_like_text(head)


def _looks_like_utf8(head: bytes, controls: int) -> bool:
    two, three, four = (
        _count(head, bytes(range(0xC0, 0xE0))),
        _count(head, bytes(range(0xE0, 0xF0))),
        _count(head, bytes(range(0xF0, 0xF8))),
    )
    characters = _count(head, bytes(range(0x20, 0x80))) + two + three + four
    expected = two + 2 * three + 3 * four
    following = _count(head, bytes(range(0x80, 0xC0)))
    return (
        characters > 0
        and expected - 3 <= following <= expected
        and _count(head, bytes(range(0xF8, 0x100))) == 0
        and controls * 100 < characters * 2
    )


def _count(data: bytes, wanted: bytes) -> int:
    # Deleting the bytes in C is about fifty times as fast as counting in a loop.
    return len(data) - len(data.translate(None, wanted))
