"""Pages of the members of an archive, each within the bounds of one request."""

from __future__ import annotations

from collections.abc import Callable

from coffer.domain.contents.reads import BoundedReads
from coffer.domain.contents.record import START, ListedMember, MembersPage, Position
from tests.detection.builders import CountingReader

ListMembers = Callable[[BoundedReads, Position, int], MembersPage]


def page_of(
    list_members: ListMembers,
    archive: bytes | CountingReader,
    position: Position = START,
    limit: int = 1000,
) -> MembersPage:
    """Return a page; fail after more than 4 reads or 256 KiB, or a read outside of the file."""
    reader = CountingReader.of(archive) if isinstance(archive, bytes) else archive
    before = len(reader.reads)
    try:
        return list_members(BoundedReads(reader), position, limit)
    finally:
        reads = reader.reads[before:]
        assert len(reads) <= 4
        assert sum(length for _, length in reads) <= 262_144
        assert all(0 <= start <= reader.size_bytes for start, _ in reads)


def members_of(
    list_members: ListMembers, archive: bytes | CountingReader, limit: int = 1000
) -> list[ListedMember]:
    """Return the members of all pages; fail if a page does not come after the one before it."""
    members: list[ListedMember] = []
    position: Position | None = START
    while position is not None:
        page = page_of(list_members, archive, position, limit)
        members += page.members
        assert page.next is None or page.next > position
        position = page.next
    return members
