"""Identifiers: UUIDv7, as the reference makes them, and the reading of those that callers send."""

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
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def derived_identifier(moment: datetime, seed: str, number: int) -> str:
    """The UUIDv7 that always comes of the same moment, seed and number."""
    milliseconds = int(moment.timestamp() * 1000)
    digest = int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:16])
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (digest >> 80 & 0xFFF) << 64
    value |= 0b10 << 62 | (digest & (1 << 62) - 1)
    return str(UUID(int=value))


def shard_of(identifier: str) -> str:
    """Return the shard of a record: the last hexadecimal digit of its identifier."""
    return identifier[-1].lower()


def parse_identifier(text: str, *, parameter: str) -> str:
    """`text` as a canonical UUID; MalformedRequestError naming `parameter` if it is none."""
    if is_identifier(text):
        return text.lower()
    raise MalformedRequestError(
        "malformed_identifier", f"{text[:80]!r} is not a UUID.", parameter=parameter
    )


def is_identifier(text: object) -> bool:
    """Whether `text` is a UUID in the canonical form of 36 characters (upper case allowed)."""
    if not isinstance(text, str) or len(text) != 36:
        return False
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
