"""Encode and decode cursors, the opaque values of `page[cursor]`.

A cursor has a position in a list and no data that its holder may not see. A digest over the
cursor and its query detects cursors that were changed or that belong to another list.
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
_MAX_CHARACTERS = 2500
_MAX_KEY_BYTES = 1024  # of a DynamoDB index key
_MERGE_KEY = re.compile(r"(?:[^\t\ud800-\udfff]*\t)?[0-9TZ:.\-]{27}#[0-9a-f\-]{36}")


def encode_cursor(cursor: Cursor, query: Query) -> str:
    """Return the cursor as text that a URL can contain without escapes."""
    return encode_bound([cursor.after, cursor.skip, cursor.seen], repr(query))


def decode_cursor(text: str, query: Query) -> Cursor:
    """Return the cursor that `encode_cursor` encoded for this query; QueryError for others."""
    cursor = _validated(decode_bound(text, repr(query)))
    if cursor is None:
        detail = (
            "This is not a cursor of this list. Follow links.next of a response with the same "
            "filters and sort."
        )
        raise QueryError(Problem("malformed_cursor", detail))
    return cursor


def encode_bound(content: Any, owner: str) -> str:
    """Return JSON content as a cursor that `decode_bound` decodes for the same owner only."""
    encoded = json.dumps(content, separators=(",", ":")).encode()
    return _base64(_digest(encoded, owner) + encoded)


def decode_bound(text: str, owner: str) -> Any:
    """Return the content of a cursor of this owner, or None.

    The digest is no signature: a caller can compute it for any content.
    """
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
        if _base64(raw) != text:
            return None  # decoding ignores characters that are not base64
        digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        return json.loads(content) if digest == _digest(content, owner) else None
    except (ValueError, RecursionError):
        return None


def _validated(content: Any) -> Cursor | None:
    """Return the cursor with this content if `encode_cursor` can write it."""
    match content:
        case [str() | None as after, int() as skip, int() as seen]:
            if not 0 <= skip <= MAX_OFFSET_READ or seen < 0:
                return None
            if after is not None and not _is_merge_key(after):
                return None
            return Cursor(after=after, skip=skip, seen=seen)
    return None


def _is_merge_key(text: str) -> bool:
    return _MERGE_KEY.fullmatch(text) is not None and len(text.encode()) <= _MAX_KEY_BYTES


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(content: bytes, owner: str) -> bytes:
    return sha256(owner.encode() + b"\0" + content).digest()[:_DIGEST_BYTES]
