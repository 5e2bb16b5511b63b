"""Read a PNG without the chunks that do not change its pixels (PNG 3, chapter 5).

Pillow fails at a text or a profile that is too large, or that has a wrong checksum. The pixels of
such a file are fine.
"""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

from PIL import PngImagePlugin

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD_BYTES, _CHECKSUM_BYTES = 8, 4
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_KEPT = (b"tRNS", b"iCCP", b"eXIf", *_TEXTS)
_EXIF_KEYWORD = b"Raw profile type exif\0"
MAX_KEPT_BYTES = 4 * 1024**2
"""Limit of a kept chunk, and of the profile or text in it when it is decompressed."""
PngImagePlugin.MAX_TEXT_CHUNK = MAX_KEPT_BYTES
_MAX_CHUNKS = 200_000
_CRITICAL = 0x20  # the bit of the first letter that is clear in critical chunks

Range = tuple[int, int]


def without_extras(file: BinaryIO) -> BinaryIO:
    """Return the file, or a view of it without the chunks that are not needed or are damaged."""
    file.seek(0)
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        file.seek(0)
        return file
    ranges, dropped = _kept_ranges(file)
    file.seek(0)
    return _Ranges(file, ranges) if dropped else file


def _kept_ranges(file: BinaryIO) -> tuple[list[Range], bool]:
    """Return the ranges of bytes to keep, and True if they are not all."""
    end = file.seek(0, io.SEEK_END)
    start, kept_from = len(_SIGNATURE), 0
    ranges: list[Range] = []
    for _ in range(_MAX_CHUNKS):
        file.seek(start)
        head = file.read(_HEAD_BYTES)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        following = start + _HEAD_BYTES + length + _CHECKSUM_BYTES
        if len(head) < _HEAD_BYTES or following > end or kind == b"IEND":
            break
        if kind[0] & _CRITICAL and not _is_kept(file, kind, length):
            ranges.append((kept_from, start))
            kept_from = following
        start = following
    return [*ranges, (kept_from, end)], bool(ranges)


def _is_kept(file: BinaryIO, kind: bytes, length: int) -> bool:
    if kind not in _KEPT or length > MAX_KEPT_BYTES:
        return False
    data, checksum = file.read(length), file.read(_CHECKSUM_BYTES)
    if zlib.crc32(kind + data).to_bytes(4, "big") != checksum:
        return False
    if kind in _TEXTS:
        return data.startswith(_EXIF_KEYWORD) and _fits(kind, data)
    return kind != b"iCCP" or _fits(kind, data)


def _fits(kind: bytes, data: bytes) -> bool:
    """True if the compressed part of a chunk can be decompressed within the limit."""
    if kind == b"tEXt":
        return True
    if kind == b"iTXt":
        return len(data) < MAX_KEPT_BYTES // 8
    _, _, compressed = data.partition(b"\0")
    decoder = zlib.decompressobj()
    try:
        decoder.decompress(compressed[1:], MAX_KEPT_BYTES)
    except zlib.error:
        return False
    return decoder.eof


class _Ranges(io.RawIOBase, BinaryIO):
    """A file that consists of ranges of another one."""

    def __init__(self, file: BinaryIO, ranges: list[Range]) -> None:
        self._file = file
        self._ranges = [one for one in ranges if one[0] < one[1]]
        self._length = sum(end - start for start, end in self._ranges)
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = self._length - self._position if size < 0 else size
        parts, passed = [], 0
        for start, end in self._ranges:
            place = self._position - passed
            passed += end - start
            if left > 0 and 0 <= place < end - start:
                self._file.seek(start + place)
                part = self._file.read(min(left, end - start - place))
                parts.append(part)
                self._position += len(part)
                left -= len(part)
        return b"".join(parts)
