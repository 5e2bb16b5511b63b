"""One member of an archive as its headers describe it, and a page of members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from coffer.domain.clock import to_text
from coffer.domain.errors import InvalidError, MalformedRequestError

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\ufffd")


@dataclass(frozen=True, kw_only=True)
class ListedMember:
    """A file or folder in an archive. Nothing about it is verified."""

    number: int
    """The position in the archive; the first member has 1."""
    name: str
    is_directory: bool
    size_bytes: int | None
    modified: str | None
    is_encrypted: bool = False
    packed_bytes: int | None = None
    crc32: str | None = None


class Position(NamedTuple):
    """The place in an archive where the next page begins, and the number of members before it."""

    offset: int
    number: int


START = Position(0, 0)


@dataclass(frozen=True, kw_only=True)
class MembersPage:
    """Some members of an archive, in its order."""

    members: Sequence[ListedMember]
    next: Position | None
    total: int
    """The number of all members, or of those so far if `next` is not None and it is not known."""
    is_lower_bound: bool = False
    damage: str | None = None
    """The reason why the members after the last one cannot be listed, as a sentence."""


class DamagedArchiveError(ValueError):
    """A header of the archive is wrong or missing; the message is a sentence for users."""


def archive_damaged(detail: str) -> InvalidError:
    """Return the error for an archive of which nothing can be listed."""
    return InvalidError("archive_damaged", f"The members cannot be listed. {detail}")


def wrong_cursor() -> MalformedRequestError:
    """Return the error for a cursor that does not come from a page of this file."""
    return MalformedRequestError(
        "malformed_cursor",
        "This is not a cursor of this list. Follow links.next of a response about the same file.",
        parameter="page[cursor]",
    )


def decode_name(raw: bytes, fallback: str) -> str:
    """Return a name as text, with U+FFFD for control characters.

    Most programs write UTF-8, also those that do not say so. Other bytes are `fallback`.
    """
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        name = raw.decode(fallback, "replace")
    return name.translate(_CONTROLS)


def utc_text(seconds: float) -> str | None:
    """Return a time in seconds since 1970 as ISO 8601 text, or None if no calendar has it."""
    try:
        return to_text(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None
