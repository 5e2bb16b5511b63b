"""Read image file directories (IFDs), the structure of TIFF, EXIF and most camera raw files.

A bounded reader of TIFF 6.0, section 2, and of BigTIFF. It limits the number of directories,
entries and bytes, skips values that point outside the file, and raises nothing for malformed bytes.
`docs/thumbnails.md` says why Pillow's reader is not used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

MAX_DIRECTORIES = 32
MAX_ENTRIES = 512
MAX_VALUE_BYTES = 256 * 1024
MAX_TOTAL_BYTES = 2 * 1024**2
"""Limit for all values together. Entries may refer to the same bytes, so files cannot bound it."""

SUB_DIRECTORIES = 0x014A
EXIF_DIRECTORY = 0x8769

_BYTES, _TEXT, _SHORT, _LONG, _RATIONAL, _SIGNED_LONG, _SIGNED_RATIONAL = 1, 2, 3, 4, 5, 9, 10
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_CODES = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_CODES |= {16: "Q", 17: "q", 18: "Q"}
# TIFF's 42, and the numbers of Olympus (RO, RS) and Panasonic (U).
_VERSIONS = frozenset({42, 0x4F52, 0x5352, 0x0055})
_BIG = 43  # BigTIFF: TIFF with offsets of eight bytes
_BIG_HEADER = (8, 0)  # the length of an offset, and a zero

Value = str | bytes | tuple[int | float | Fraction | None, ...]


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The struct formats of entry counts and offsets. A short value replaces its offset."""

    entries: str
    offset: str

    @property
    def offset_bytes(self) -> int:
        return struct.calcsize(self.offset)

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * self.offset_bytes


_SMALL_LAYOUT = _Layout(entries="H", offset="I")
_BIG_LAYOUT = _Layout(entries="Q", offset="Q")


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One directory: its values by tag, and the directories below it.

    `exif` has the EXIF directories, `others` those of further images. `offset` is its place in the
    TIFF structure.
    """

    values: Mapping[int, Value]
    offset: int = 0
    exif: tuple[Directory, ...] = ()
    others: tuple[Directory, ...] = ()

    def number(self, tag: int) -> int | None:
        """Return the first whole number of `tag`, or None."""
        return next(iter(self.numbers(tag)), None)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the whole numbers of `tag`; empty for other types."""
        value = self.values.get(tag, ())
        if isinstance(value, tuple):
            return tuple(number for number in value if isinstance(number, int))
        return ()

    def walk(self) -> Iterator[Directory]:
        """Yield this directory and all below it."""
        yield self
        for child in (*self.exif, *self.others):
            yield from child.walk()


def read_directories(file: BinaryIO, start: int = 0) -> tuple[Directory, ...]:
    """Return the directories of the TIFF structure at `start`, or none for other bytes."""
    return _Reader(file, start).chain_from_header()


class _Reader:
    """Reads each directory once, so that a loop of offsets ends."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self._start = start
        self._order = "<"
        self._layout = _SMALL_LAYOUT
        self._seen: set[int] = set()
        self._left = MAX_TOTAL_BYTES

    def chain_from_header(self) -> tuple[Directory, ...]:
        header = self._at(0, 16)
        if len(header) < 8 or header[:2] not in (b"II", b"MM"):
            return ()
        self._order = "<" if header[:2] == b"II" else ">"
        version, offset = self._unpacked("HI", header[2:8])
        if (
            version == _BIG
            and len(header) == 16
            and self._unpacked("HH", header[4:8]) == _BIG_HEADER
        ):
            self._layout = _BIG_LAYOUT
            (offset,) = self._unpacked("Q", header[8:])
        elif version not in _VERSIONS:
            return ()
        return tuple(self._chain(offset))

    def _chain(self, offset: int) -> Iterator[Directory]:
        layout = self._layout
        while offset and offset not in self._seen and len(self._seen) < MAX_DIRECTORIES:
            self._seen.add(offset)
            head = struct.calcsize(f"={layout.entries}")
            count = self._at(offset, head)
            if len(count) < head:
                return
            entries = min(self._unpacked(layout.entries, count)[0], MAX_ENTRIES)
            length = entries * layout.entry_bytes
            table = self._at(offset + head, length + layout.offset_bytes)
            yield self._directory(offset, table, entries)
            following = table[length:]
            if len(following) < layout.offset_bytes:
                return
            (offset,) = self._unpacked(layout.offset, following)

    def _directory(self, place: int, table: bytes, entries: int) -> Directory:
        values: dict[int, Value] = {}
        size, offset = self._layout.entry_bytes, self._layout.offset
        for index in range(entries):
            entry = table[index * size : index * size + size]
            if len(entry) < size:
                break
            inline = size - self._layout.offset_bytes
            tag, kind, count = self._unpacked(f"HH{offset}", entry[:inline])
            value = self._value(kind, count, entry[inline:])
            if value is not None:
                values.setdefault(tag, value)
        return Directory(
            values=values,
            offset=place,
            exif=self._below(values.get(EXIF_DIRECTORY)),
            others=self._below(values.get(SUB_DIRECTORIES)),
        )

    def _below(self, offsets: Value | None) -> tuple[Directory, ...]:
        if not isinstance(offsets, tuple):
            return ()
        return tuple(
            child for offset in offsets if isinstance(offset, int) for child in self._chain(offset)
        )

    def _value(self, kind: int, count: int, inline: bytes) -> Value | None:
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= min(MAX_VALUE_BYTES, self._left):
            return None
        self._left -= size
        if size > self._layout.offset_bytes:
            inline = self._at(self._unpacked(self._layout.offset, inline)[0], size)
        raw = inline[:size]
        return self._decode(kind, count, raw) if len(raw) == size else None

    def _decode(self, kind: int, count: int, raw: bytes) -> Value:
        if kind == _TEXT:
            return raw.partition(b"\0")[0].decode("utf-8", "replace").strip()
        if kind in (_BYTES, 7):
            return raw
        if kind in (_RATIONAL, _SIGNED_RATIONAL):
            code = "I" if kind == _RATIONAL else "i"
            parts = self._unpacked(f"{2 * count}{code}", raw)
            return tuple(
                Fraction(over, under) if under else None
                for over, under in zip(parts[::2], parts[1::2], strict=True)
            )
        return self._unpacked(f"{count}{_CODES[kind]}", raw)

    def _unpacked(self, form: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{form}", data)

    def _at(self, offset: int, length: int) -> bytes:
        try:
            self._file.seek(self._start + offset)
        except (OSError, ValueError, OverflowError):  # larger than a file can be
            return b""
        return self._file.read(length)
