"""Headers and directory of a ZIP archive (PKWARE APPNOTE 6.3.10).

Names are UTF-8 (flag bit 11). The header of a stored member has its CRC-32 and sizes, so that a
reader that cannot seek finds the end. A deflated member has them in a data descriptor after its
data. ZIP64 structures are written only if a size or an offset needs them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

STORED, DEFLATED = 0, 8
MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_DESCRIPTOR = struct.Struct("<4s3L")
_TIMES = struct.Struct("<2HBl")
_STORED_BLOCK = struct.Struct("<B2H")

DESCRIPTOR_BYTES = _DESCRIPTOR.size
MAX_END_BYTES = _END_64.size + _LOCATOR_64.size + _END.size

_UTF8 = 0x800
_HAS_DESCRIPTOR = 0x8
_PLAIN, _NEEDS_64 = 20, 45
_MADE_ON_UNIX = 3
_REGULAR_FILE = 0o100644 << 16
_EXTRA_64, _EXTRA_TIMES = 0x0001, 0x5455


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """The path and the modification time (UTC) of a member."""

    path: str
    modified: datetime

    @property
    def name(self) -> bytes:
        return self.path.encode()


@dataclass(frozen=True, slots=True)
class WrittenMember:
    """A member that was written: its entry in the request, its offset, method, CRC-32 and sizes."""

    entry: int
    offset: int
    method: int
    crc32: int
    compressed_bytes: int
    size_bytes: int


def stored_header(info: MemberInfo, crc32: int, size_bytes: int) -> bytes:
    """Return the local header of a member that is not compressed."""
    times = _times(info.modified)
    if size_bytes < MAX_32:
        return _local(info, _UTF8, STORED, _PLAIN, crc32, size_bytes, times)
    sizes = struct.pack("<2H2Q", _EXTRA_64, 16, size_bytes, size_bytes)
    return _local(info, _UTF8, STORED, _NEEDS_64, crc32, MAX_32, sizes + times)


def deflated_header(info: MemberInfo) -> bytes:
    """Return the local header of a compressed member; a data descriptor follows its data."""
    flags = _UTF8 | _HAS_DESCRIPTOR
    return _local(info, flags, DEFLATED, _PLAIN, 0, 0, _times(info.modified))


def data_descriptor(crc32: int, compressed_bytes: int, size_bytes: int) -> bytes:
    """Return the data descriptor of a compressed member, which must be smaller than 4 GiB."""
    return _DESCRIPTOR.pack(b"PK\7\10", crc32, compressed_bytes, size_bytes)


def central_header(info: MemberInfo, written: WrittenMember) -> bytes:
    """Return the entry of a member in the central directory."""
    wide = [
        number
        for number in (written.size_bytes, written.compressed_bytes, written.offset)
        if number >= MAX_32
    ]
    extra = struct.pack(f"<2H{len(wide)}Q", _EXTRA_64, 8 * len(wide), *wide) if wide else b""
    extra += _times(info.modified)
    name = info.name
    needed = _NEEDS_64 if wide else _PLAIN
    time, day = _dos(info.modified)
    descriptor = _HAS_DESCRIPTOR if written.method == DEFLATED else 0
    return (
        _CENTRAL.pack(
            b"PK\1\2", needed, _MADE_ON_UNIX, needed, 0, _UTF8 | descriptor, written.method,
            time, day, written.crc32, min(written.compressed_bytes, MAX_32),
            min(written.size_bytes, MAX_32), len(name), len(extra), 0, 0, 0,
            _REGULAR_FILE, min(written.offset, MAX_32),
        )
        + name
        + extra
    )  # fmt: skip


def end_of_directory(members: int, start: int, size_bytes: int) -> bytes:
    """Return the end of an archive: the central directory has `members` entries, starts at `start`
    and has `size_bytes`."""
    count, size, offset = min(members, _MAX_16), min(size_bytes, MAX_32), min(start, MAX_32)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)
    if (count, size, offset) == (members, size_bytes, start) and count < _MAX_16:
        return end
    zip64_start = start + size_bytes
    zip64_end = _END_64.pack(
        b"PK\6\6", 44, _NEEDS_64 | _MADE_ON_UNIX << 8, _NEEDS_64, 0, 0, members, members,
        size_bytes, start,
    )  # fmt: skip
    return zip64_end + _LOCATOR_64.pack(b"PK\6\7", 0, zip64_start, 1) + end


def max_local_bytes(path: str) -> int:
    """Return the maximum size of the local header and data descriptor of a member."""
    return _LOCAL.size + len(path.encode()) + 20 + _TIMES.size + DESCRIPTOR_BYTES


def max_central_bytes(path: str) -> int:
    """Return the maximum size of the entry of a member in the central directory."""
    return _CENTRAL.size + len(path.encode()) + 28 + _TIMES.size


def max_deflated_bytes(size_bytes: int) -> int:
    """Return a bound for the compressed size of `size_bytes`, in ranges of any size.

    Each range is flushed, and written as stored blocks if that is smaller.
    """
    return size_bytes + (size_bytes >> 9) + 1024


def stored_blocks(data: bytes | memoryview) -> bytes:
    """Return `data` as uncompressed deflate blocks (RFC 1951, 3.2.4), 5 bytes more per 65,535."""
    blocks = bytearray()
    for start in range(0, len(data), _MAX_16):
        block = data[start : start + _MAX_16]
        blocks += _STORED_BLOCK.pack(0, len(block), len(block) ^ _MAX_16)
        blocks += block
    return bytes(blocks)


def _local(
    info: MemberInfo,
    flags: int,
    method: int,
    needed: int,
    crc32: int,
    size_bytes: int,
    extra: bytes,
) -> bytes:
    name = info.name
    time, day = _dos(info.modified)
    fixed = _LOCAL.pack(
        b"PK\3\4", needed, flags, method, time, day, crc32, size_bytes, size_bytes, len(name),
        len(extra),
    )  # fmt: skip
    return fixed + name + extra


def _dos(moment: datetime) -> tuple[int, int]:
    """Return time and date in MS-DOS form: in steps of two seconds, from 1980 to 2107."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    if not 1980 <= utc.year <= 2107:
        return (0, 0x21) if utc.year < 1980 else (0xBF7D, 0xFF9F)
    time = utc.hour << 11 | utc.minute << 5 | utc.second // 2
    return time, (utc.year - 1980) << 9 | utc.month << 5 | utc.day


def _times(moment: datetime) -> bytes:
    """Return the extra field with the Unix time, or nothing if it does not fit 32 bits (Info-ZIP,
    "UT")."""
    seconds = int(moment.timestamp())
    if not 0 <= seconds < 1 << 31:
        return b""
    return _TIMES.pack(_EXTRA_TIMES, 5, 1, seconds)
