"""List the members of a zip archive from its central directory (PKWARE APPNOTE 6.3.10).

The directory is at the end of the file. The members themselves are not read, so the sizes and
checksums are what the directory claims.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from struct import Struct
from typing import NamedTuple

from coffer.domain.contents.reads import BoundedReads
from coffer.domain.contents.record import (
    DamagedArchiveError,
    ListedMember,
    MembersPage,
    Position,
    decode_name,
    utc_text,
    wrong_cursor,
)

_CENTRAL_MARK = b"PK\x01\x02"
_END_MARK, _LOCATOR_MARK, _ZIP64_END_MARK = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
# Sections 4.3.12, 4.3.14, 4.3.15 and 4.3.16. The fields in use are named where they are unpacked.
_CENTRAL = Struct("<4xH2x4H3I3H4xI4x")
_ZIP64_END = Struct("<4x28xQQQ")
_LOCATOR = Struct("<4x4xQ4x")
_END = Struct("<4x6xHI4xH")
_EXTRA = Struct("<HH")
_TAIL_BYTES = _ZIP64_END.size + _LOCATOR.size + _END.size + 65_535
_ENCRYPTED, _UTF8 = 0x01, 0x800
_DOS_DIRECTORY = 0x10
_UNIX_TYPE, _UNIX_DIRECTORY = 0o170000, 0o040000
_HOST_UNIX = 3
_MAX_16, _MAX_32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA, _TIME_EXTRA, _NAME_EXTRA = 0x0001, 0x5455, 0x7075


class _Directory(NamedTuple):
    """The central directory: its place in the file, and the number of members that it claims."""

    start: int
    size: int
    members: int

    @property
    def may_have_more(self) -> bool:
        """True if the count may be the rest of a division: programs without ZIP64 write 16 bits."""
        return self.members <= _MAX_16 < self.size // _CENTRAL.size


def list_zip(reads: BoundedReads, position: Position, limit: int) -> MembersPage:
    """Return the next members of a zip archive; `position` counts from the directory's start.

    Raises DamagedArchiveError if none can be listed, MalformedRequestError if no page can begin at
    the position.
    """
    tail_start = max(0, reads.size_bytes - _TAIL_BYTES)
    tail = reads.read(tail_start, _TAIL_BYTES)
    directory = _find_directory(reads, tail_start, tail)
    if position.offset > directory.size:
        raise wrong_cursor()
    start, left = directory.start + position.offset, directory.size - position.offset
    block = (
        tail[start - tail_start : start - tail_start + left]
        if start >= tail_start
        else reads.read(start, left)
    )
    members: list[ListedMember] = []
    at, number, damage = 0, position.number, None
    while at < left and len(members) < limit:
        try:
            end = _end_of_entry(block, at, left)
        except DamagedArchiveError as error:
            damage = None if number == directory.members else str(error)
            at = left
            break
        if end is None:
            break  # the rest of the entry is behind what was read
        number += 1
        members.append(_member(block[at:end], number))
        at = end
    if not members and damage is None and at < left:
        damage = f"The entry of member {number + 1} in the directory is too large."
    if damage is not None and not members:
        raise DamagedArchiveError(damage)
    is_end = at >= left or damage is not None
    return MembersPage(
        members=members,
        next=None if is_end else Position(position.offset + at, number),
        total=number if is_end else max(directory.members, number),
        is_lower_bound=damage is not None or (not is_end and directory.may_have_more),
        damage=damage,
    )


def _find_directory(reads: BoundedReads, tail_start: int, tail: bytes) -> _Directory:
    at = _end_record(tail)
    if at is None:
        raise DamagedArchiveError("The end of the zip archive is missing: it has no directory.")
    count, size, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    # Programs that write to a pipe have the ZIP64 records also if all numbers fit 32 bits.
    zip64 = _zip64_end(reads, tail_start, tail, at)
    if zip64 is not None:
        end, count, size = zip64
    # Bytes in front of the archive, as of a program that unpacks it, shift all offsets. So the
    # directory is found by its end.
    if size > end or (count * _CENTRAL.size > size and count != _MAX_16):
        raise DamagedArchiveError("The directory of the zip archive is outside of the file.")
    return _Directory(end - size, size, count)


def _end_record(tail: bytes) -> int | None:
    """Return the place of the end record in the tail, or None.

    The last one whose comment ends with the file is preferred: a comment may contain another.
    """
    last = at = tail.rfind(_END_MARK, 0, len(tail) - _END.size + len(_END_MARK))
    while at >= 0:
        comment_bytes = _END.unpack_from(tail, at)[-1]
        if at + _END.size + comment_bytes == len(tail):
            return at
        at = tail.rfind(_END_MARK, 0, at + len(_END_MARK) - 1)
    return last if last >= 0 else None


def _zip64_end(
    reads: BoundedReads, tail_start: int, tail: bytes, at: int
) -> tuple[int, int, int] | None:
    """Return the place of the ZIP64 end record, the number of members and the directory's size.

    Returns None if there is no such record.
    """
    locator_at = at - _LOCATOR.size
    if locator_at < 0 or not tail.startswith(_LOCATOR_MARK, locator_at):
        return None
    # The record is usually just before its locator; the stated offset may be shifted.
    near = locator_at - _ZIP64_END.size
    if near >= 0 and tail.startswith(_ZIP64_END_MARK, near):
        place, record = tail_start + near, tail[near:locator_at]
    else:
        place = _LOCATOR.unpack_from(tail, locator_at)[0]
        record = reads.read(place, _ZIP64_END.size)
    if len(record) < _ZIP64_END.size or not record.startswith(_ZIP64_END_MARK):
        return None  # the comment of the last member looks like a locator
    count, size, _ = _ZIP64_END.unpack_from(record)
    return place, count, size


def _end_of_entry(block: bytes, at: int, left: int) -> int | None:
    """Return the place behind the entry at `at`; None if a part of it was not read."""
    if at + _CENTRAL.size > left:
        raise DamagedArchiveError("The directory of the zip archive is cut off.")
    if at + _CENTRAL.size > len(block):
        return None
    if not block.startswith(_CENTRAL_MARK, at):
        raise DamagedArchiveError("The directory of the zip archive has an entry that is none.")
    name_bytes, extra_bytes, comment_bytes = _CENTRAL.unpack_from(block, at)[8:11]
    end: int = at + _CENTRAL.size + name_bytes + extra_bytes + comment_bytes
    if end > left:
        raise DamagedArchiveError("The directory of the zip archive is cut off.")
    return end if end <= len(block) else None


def _member(entry: bytes, number: int) -> ListedMember:
    (
        made_by, flags, _, time, date, crc32, packed_bytes, size_bytes, name_bytes, extra_bytes, _,
        attributes,
    ) = _CENTRAL.unpack_from(entry)  # fmt: skip
    raw_name = entry[_CENTRAL.size : _CENTRAL.size + name_bytes]
    extra_at = _CENTRAL.size + name_bytes
    extras = dict(_extras(entry[extra_at : extra_at + extra_bytes]))
    sizes = iter(_numbers(extras.get(_ZIP64_EXTRA, b"")))
    # The extra field has the numbers that do not fit, in this order.
    size = next(sizes, None) if size_bytes == _MAX_32 else size_bytes
    packed = next(sizes, None) if packed_bytes == _MAX_32 else packed_bytes
    name = _name(raw_name, flags, extras.get(_NAME_EXTRA, b""))
    return ListedMember(
        number=number,
        name=name,
        is_directory=name.endswith("/") or _is_directory(made_by, attributes),
        size_bytes=size,
        packed_bytes=packed,
        modified=_modified(date, time, extras.get(_TIME_EXTRA, b"")),
        is_encrypted=bool(flags & _ENCRYPTED),
        crc32=f"{crc32:08x}",
    )


def _extras(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _EXTRA.size <= len(data):
        kind, length = _EXTRA.unpack_from(data, at)
        yield kind, data[at + _EXTRA.size : at + _EXTRA.size + length]
        at += _EXTRA.size + length


def _numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)]


def _name(raw: bytes, flags: int, unicode_extra: bytes) -> str:
    """Return the name: that of Info-ZIP's Unicode field if it belongs to this name."""
    version_and_checksum, unicode_name = unicode_extra[:5], unicode_extra[5:]
    of_this_name = b"\x01" + zlib.crc32(raw).to_bytes(4, "little")
    if unicode_name and not flags & _UTF8 and version_and_checksum == of_this_name:
        return decode_name(unicode_name, "cp437")
    return decode_name(raw, "utf-8" if flags & _UTF8 else "cp437")


def _is_directory(made_by: int, attributes: int) -> bool:
    if made_by >> 8 == _HOST_UNIX and attributes >> 16:
        return (attributes >> 16) & _UNIX_TYPE == _UNIX_DIRECTORY
    return bool(attributes & _DOS_DIRECTORY)


def _modified(date: int, time: int, time_extra: bytes) -> str | None:
    """Return the time in UTC if the archive has it, else the local time without a zone."""
    if len(time_extra) >= 5 and time_extra[0] & 1:
        return utc_text(int.from_bytes(time_extra[1:5], "little", signed=True))
    try:
        local = datetime(  # noqa: DTZ001 - the format has no time zone
            1980 + (date >> 9), date >> 5 & 0xF, date & 0x1F,
            time >> 11, time >> 5 & 0x3F, (time & 0x1F) * 2,
        )  # fmt: skip
    except ValueError:
        return None
    return local.isoformat()
