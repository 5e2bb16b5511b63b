"""The members of a zip archive: names from its central directory, and small contents.

The directory is found from the end of the file. Of an archive that lost its end, the local headers
in the head are walked instead. Sizes and offsets in the archive are claims: nothing is trusted
beyond what was read, and nothing is inflated beyond a cap.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from coffer.domain.detection.windows import Window

_END = b"PK\x05\x06"
_END_BYTES = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_END = b"PK\x06\x06"
_CENTRAL = b"PK\x01\x02"
_CENTRAL_BYTES = 46
_LOCAL = b"PK\x03\x04"
_LOCAL_BYTES = 30
_LONGEST_COMMENT = 65_535
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x01

_DIRECTORY_BYTES = 98_304
_MEMBER_BYTES = 32_768
_MOST_MEMBERS = 4096
_MOST_INFLATED_BYTES = 65_536


class Member(NamedTuple):
    """One member as the archive describes it. Offsets are from the start of the file."""

    name: bytes
    method: int
    encrypted: bool
    packed_bytes: int
    local_header_offset: int


class Members:
    """The members of one archive, by name."""

    def __init__(self, window: Window) -> None:
        self._window = window
        listed = _from_directory(window) or _from_local_headers(window.head)
        self._by_name = {member.name: member for member in listed}

    @property
    def names(self) -> list[bytes]:
        """All names, in the archive's order."""
        return list(self._by_name)

    def __contains__(self, name: bytes) -> bool:
        return name in self._by_name

    def content(self, name: bytes) -> bytes | None:
        """A member's first 64 KiB; None if it is not there or not to be unpacked."""
        member = self._by_name.get(name)
        if member is None or member.encrypted or member.method not in (_STORED, _DEFLATED):
            return None
        return self._unpack(member)

    def _unpack(self, member: Member) -> bytes | None:
        ahead = min(member.packed_bytes + 1024, _MEMBER_BYTES)
        header = self._window.fetch(member.local_header_offset, _LOCAL_BYTES, ahead)
        if len(header) < _LOCAL_BYTES or not header.startswith(_LOCAL):
            return None
        start = member.local_header_offset + _LOCAL_BYTES + _u16(header, 26) + _u16(header, 28)
        # A member written as a stream says 0 here and its size only after its bytes.
        size = min(member.packed_bytes or _MEMBER_BYTES, _MEMBER_BYTES)
        packed = self._window.fetch(start, size)
        if member.method == _STORED:
            return packed
        try:
            return zlib.decompressobj(-15).decompress(packed, _MOST_INFLATED_BYTES)
        except zlib.error:
            return None


def _from_directory(window: Window) -> list[Member]:
    tail = window.fetch_tail(_END_BYTES + _LONGEST_COMMENT)
    found = tail.rfind(_END)
    if found < 0 or len(tail) - found < _END_BYTES:
        return []
    end_offset = window.size_bytes - len(tail) + found
    size, offset = _u32(tail, found + 12), _u32(tail, found + 16)
    shift = 0
    if offset == 0xFFFFFFFF or size == 0xFFFFFFFF:
        offset, size = _zip64_directory(window, end_offset)
    else:
        # What stands before an archive (a program that unpacks it) moves all its offsets.
        shift = max(0, end_offset - size - offset)
    directory = window.fetch(offset + shift, min(size, _DIRECTORY_BYTES))
    return _parse_directory(directory, shift)


def _zip64_directory(window: Window, end_offset: int) -> tuple[int, int]:
    locator = window.fetch(end_offset - 20, 20) if end_offset >= 20 else b""
    if not locator.startswith(_ZIP64_LOCATOR) or len(locator) < 20:
        return 0, 0
    record = window.fetch(_u64(locator, 8), 56)
    if not record.startswith(_ZIP64_END) or len(record) < 56:
        return 0, 0
    return _u64(record, 48), _u64(record, 40)


def _parse_directory(directory: bytes, shift: int) -> list[Member]:
    members: list[Member] = []
    at = 0
    while len(members) < _MOST_MEMBERS and directory.startswith(_CENTRAL, at):
        if at + _CENTRAL_BYTES > len(directory):
            break
        name_end = at + _CENTRAL_BYTES + _u16(directory, at + 28)
        members.append(
            Member(
                name=directory[at + _CENTRAL_BYTES : name_end],
                method=_u16(directory, at + 10),
                encrypted=bool(directory[at + 8] & _ENCRYPTED),
                packed_bytes=_u32(directory, at + 20),
                local_header_offset=_u32(directory, at + 42) + shift,
            )
        )
        at = name_end + _u16(directory, at + 30) + _u16(directory, at + 32)
    return members


def _from_local_headers(head: bytes) -> list[Member]:
    members: list[Member] = []
    at = head.find(_LOCAL)
    while len(members) < _MOST_MEMBERS and 0 <= at <= len(head) - _LOCAL_BYTES:
        packed = _u32(head, at + 18)
        name_end = at + _LOCAL_BYTES + _u16(head, at + 26)
        name = head[at + _LOCAL_BYTES : name_end]
        encrypted = bool(head[at + 6] & _ENCRYPTED)
        members.append(Member(name, _u16(head, at + 8), encrypted, packed, at))
        after = name_end + _u16(head, at + 28) + packed
        # Sizes of streamed members come later; a following header is looked for either way.
        at = head.find(_LOCAL, after)
    return members


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")
