"""Cursors: where a list goes on, in a form that clients hand back and do not read.

A cursor holds a place in an order and nothing that its bearer may not see: whoever reads on from
it is shown what they may read themselves. It is bound to its query by a digest over both, so that
one that was cut, mistyped or taken to another list is refused.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from coffer.domain.errors import Problem
from coffer.domain.listing.pages import MAX_OFFSET_READ, Cursor
from coffer.domain.listing.query_plan import Query
from coffer.http.listing.comparisons import QueryError

_DIGEST_BYTES = 9
_MAX_TEXT = 2500
_MAX_PLACE_BYTES = 1024  # what an index key of DynamoDB takes
_PLACE = re.compile(r"(?:[^\t]*\t)?[0-9TZ:.\-]{27}#[0-9a-f\-]{36}")


def encode_cursor(cursor: Cursor, query: Query) -> str:
    """The cursor as text that needs no encoding in a URL."""
    content = json.dumps([cursor.place, cursor.skip, cursor.seen], separators=(",", ":")).encode()
    return _spelled(_digest(content, query) + content)


def decode_cursor(text: str, query: Query) -> Cursor:
    """The cursor that `encode_cursor` wrote for this query; QueryError for anything else."""
    content = _content(text, query)
    if content is None:
        detail = "This is no cursor of this list: go by links.next, with its filters and sort."
        raise QueryError(Problem("malformed_cursor", detail))
    place, skip, seen = content
    return Cursor(place=place, skip=skip, seen=seen)


def _spelled(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _content(text: str, query: Query) -> tuple[str | None, int, int] | None:
    if len(text) > _MAX_TEXT or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
        if _spelled(raw) != text:
            return None  # what is no base64 is passed over in decoding
        digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        return _checked(json.loads(content)) if digest == _digest(content, query) else None
    except (ValueError, RecursionError):
        return None


def _checked(content: Any) -> tuple[str | None, int, int] | None:
    """The members of a cursor, if they are what `encode_cursor` writes: the digest is no secret."""
    match content:
        case [str() | None as place, int() as skip, int() as seen]:
            if not 0 <= skip <= MAX_OFFSET_READ or seen < 0:
                return None
            return (place, skip, seen) if place is None or _is_place(place) else None
    return None


def _is_place(place: str) -> bool:
    return len(place.encode()) <= _MAX_PLACE_BYTES and bool(_PLACE.fullmatch(place))


def _digest(content: bytes, query: Query) -> bytes:
    return sha256(repr(query).encode() + b"\0" + content).digest()[:_DIGEST_BYTES]
