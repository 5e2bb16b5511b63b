"""Create UUIDv7 identifiers, as the reference does, and parse those that callers send."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from coffer.domain.clock import Clock
from coffer.domain.errors import MalformedRequestError

SHARDS = "0123456789abcdef"
"""The shards that records are spread over, so that no index partition takes every write."""


def new_identifier(clock: Clock) -> str:
    """Return a UUIDv7 of the current time and random bits."""
    return _uuid7(clock.now(), secrets.randbits(128))


def derived_identifier(moment: datetime, seed: str, number: int) -> str:
    """Return a UUIDv7 that is always the same for the same moment, seed and number."""
    digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return _uuid7(moment, int.from_bytes(digest[:16]))


def _uuid7(moment: datetime, bits: int) -> str:
    """RFC 9562, 5.7: 48 bits of Unix milliseconds, the version, 12 bits, the variant, 62 bits."""
    milliseconds = int(moment.timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (bits >> 80 & 0xFFF) << 64
    value |= 0b10 << 62 | (bits & (1 << 62) - 1)
    return str(UUID(int=value))


def paired_identifier(identifier: str) -> str:
    """Return the identifier of a file's thumbnail, or that of a thumbnail's file.

    The last 62 bits, which are random, are inverted. So either is found by the other without an
    index.
    """
    return str(UUID(int=UUID(identifier).int ^ (1 << 62) - 1))


def is_created_here(identifier: str) -> bool:
    """True if it has the version of Coffer's identifiers. Those that clients choose may not."""
    return UUID(identifier).version == 7


def shard_of(identifier: str) -> str:
    """Return the shard of a record: the last hexadecimal digit of its identifier."""
    return identifier[-1].lower()


def parse_identifier(text: str, *, parameter: str) -> str:
    """Return `text` as a canonical UUID; raise MalformedRequestError if it is not a UUID."""
    if is_identifier(text):
        return text.lower()
    raise MalformedRequestError(
        "malformed_identifier", f"{text[:80]!r} is not a UUID.", parameter=parameter
    )


def is_identifier(text: object) -> bool:
    """True if `text` is a UUID of 36 characters with hyphens; upper case is allowed."""
    if not isinstance(text, str) or len(text) != 36:
        return False
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
