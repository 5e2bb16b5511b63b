"""List the members of a zip archive and read small ones.

The central directory is at the end of the file. If the end is missing, the local headers in the
head are used. Sizes and offsets in the archive are not trusted, and the decompressed size is
limited.
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import NamedTuple

from coffer.domain.detection.window import Window

_CENTRAL_MARK, _LOCAL_MARK = b"PK\x01\x02", b"PK\x03\x04"
_END_MARK, _LOCATOR_MARK, _ZIP64_END_MARK = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
# The fields in use of the records of APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.
_LOCAL = Struct("<4x2xHH8xI4xHH")  # flags, method, packed size, lengths of name and extra
_CENTRAL = Struct("<4x4xHH8xI4xHHH8xI")  # the same, length of comment, offset of local header
_END = Struct("<4x8xII2x")  # size and offset of the directory
_LOCATOR = Struct("<4x4xQ4x")  # offset of the zip64 end
_ZIP64_END = Struct("<4x36xQQ")  # size and offset of the directory
_MAX_COMMENT = 65_535
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x01
_ELSEWHERE = 0xFFFFFFFF  # the number is in the zip64 end record instead

_DIRECTORY_BYTES = 98_304
_MEMBER_BYTES = 32_768
_MAX_INFLATED_BYTES = 65_536


class Member(NamedTuple):
    """The directory entry of one member. Offsets are from the start of the file."""

    name: bytes
    method: int
    encrypted: bool
    packed_bytes: int
    local_header_offset: int


class Members:
    """The members of one archive by name."""

    def __init__(self, window: Window) -> None:
        self._window = window
        listed = _from_directory(window) or _from_local_headers(window.head)
        self._by_name = {member.name: member for member in listed}

    @property
    def names(self) -> list[bytes]:
        """All names in the archive's order."""
        return list(self._by_name)

    def __contains__(self, name: bytes) -> bool:
        return name in self._by_name

    def content(self, name: bytes) -> bytes | None:
        """Return a member's first 64 KiB; None if it is missing or cannot be decompressed."""
        member = self._by_name.get(name)
        if member is None or member.encrypted or member.method not in (_STORED, _DEFLATED):
            return None
        return self._unpack(member)

    def _unpack(self, member: Member) -> bytes | None:
        ahead = min(member.packed_bytes + 1024, _MEMBER_BYTES)
        header = self._window.fetch(member.local_header_offset, _LOCAL.size, ahead)
        if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
            return None
        *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
        start = member.local_header_offset + _LOCAL.size + name_bytes + extra_bytes
        # A streamed member has 0 here and its size after its bytes.
        size = min(member.packed_bytes or _MEMBER_BYTES, _MEMBER_BYTES)
        packed = self._window.fetch(start, size)
        if member.method == _STORED:
            return packed
        try:
            return zlib.decompressobj(-15).decompress(packed, _MAX_INFLATED_BYTES)
        except zlib.error:
            return None


def _from_directory(window: Window) -> list[Member]:
    tail = window.fetch_tail(_END.size + _MAX_COMMENT)
    found = tail.rfind(_END_MARK)
    if found < 0 or len(tail) - found < _END.size:
        return []
    end_offset = window.size_bytes - len(tail) + found
    size, offset = _END.unpack_from(tail, found)
    # Programs that write to a pipe have the ZIP64 records also if all numbers fit 32 bits.
    zip64 = _zip64_directory(window, end_offset)
    shift = 0
    if zip64 is not None:
        size, offset = zip64
    elif _ELSEWHERE not in (size, offset):
        # Bytes in front of an archive (a program that unpacks it) shift all offsets.
        shift = max(0, end_offset - size - offset)
    directory = window.fetch(offset + shift, min(size, _DIRECTORY_BYTES))
    return _parse_directory(directory, shift)


def _zip64_directory(window: Window, end_offset: int) -> tuple[int, int] | None:
    """Return size and offset of the directory by the ZIP64 records, or None without these."""
    locator = window.fetch(end_offset - _LOCATOR.size, _LOCATOR.size)
    if not locator.startswith(_LOCATOR_MARK) or len(locator) < _LOCATOR.size:
        return None
    record = window.fetch(_LOCATOR.unpack(locator)[0], _ZIP64_END.size)
    if not record.startswith(_ZIP64_END_MARK) or len(record) < _ZIP64_END.size:
        return None
    size, offset = _ZIP64_END.unpack(record)
    return size, offset


def _parse_directory(directory: bytes, shift: int) -> list[Member]:
    members: list[Member] = []
    at = 0
    last = min(len(directory), _DIRECTORY_BYTES) - _CENTRAL.size
    while at <= last and directory.startswith(_CENTRAL_MARK, at):
        flags, method, packed, *lengths, offset = _CENTRAL.unpack_from(directory, at)
        name_at = at + _CENTRAL.size
        name = directory[name_at : name_at + lengths[0]]
        members.append(Member(name, method, bool(flags & _ENCRYPTED), packed, offset + shift))
        at = name_at + sum(lengths)
    return members


def _from_local_headers(head: bytes) -> list[Member]:
    members: list[Member] = []
    at = head.find(_LOCAL_MARK)
    while 0 <= at <= len(head) - _LOCAL.size:
        flags, method, packed, name_bytes, extra_bytes = _LOCAL.unpack_from(head, at)
        name_at = at + _LOCAL.size
        name = head[name_at : name_at + name_bytes]
        members.append(Member(name, method, bool(flags & _ENCRYPTED), packed, at))
        # A streamed member has no size here; the next header is searched for in both cases.
        at = head.find(_LOCAL_MARK, name_at + name_bytes + extra_bytes + packed)
    return members
