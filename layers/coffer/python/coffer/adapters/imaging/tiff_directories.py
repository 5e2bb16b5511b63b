"""Image file directories (IFDs): how TIFF, EXIF blocks and most camera raw files keep their facts.

A bounded reader of TIFF 6.0, section 2: directories, entries and values are read where they are,
at most so many of each, and whatever points outside the file is left out. It never raises because
of the bytes it reads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

MOST_DIRECTORIES = 32
MOST_ENTRIES = 512
MOST_VALUE_BYTES = 64 * 1024

SUB_DIRECTORIES = 0x014A
EXIF_DIRECTORY = 0x8769

_BYTES, _TEXT, _SHORT, _LONG, _RATIONAL, _SIGNED_LONG, _SIGNED_RATIONAL = 1, 2, 3, 4, 5, 9, 10
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
# TIFF's 42, and what Olympus (RO, RS) and Panasonic (U) write in its place.
_VERSIONS = frozenset({42, 0x4F52, 0x5352, 0x0055})

Value = str | bytes | tuple[int | float | Fraction | None, ...]


@dataclass(frozen=True, kw_only=True)
class Directory:
    """One directory: its values by tag, and the directories that it leads to.

    `exif` are those that describe how a picture was taken, `others` those of other images.
    """

    values: Mapping[int, Value]
    exif: tuple[Directory, ...] = ()
    others: tuple[Directory, ...] = ()

    def number(self, tag: int) -> int | None:
        """The first number under `tag`, if there is one."""
        return next(iter(self.numbers(tag)), None)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers under `tag`; none where there is anything else."""
        value = self.values.get(tag, ())
        if isinstance(value, tuple):
            return tuple(number for number in value if isinstance(number, int))
        return ()

    def walk(self) -> Iterator[Directory]:
        """This directory and all below it."""
        yield self
        for child in (*self.exif, *self.others):
            yield from child.walk()


def read_directories(file: BinaryIO, start: int = 0) -> tuple[Directory, ...]:
    """The directories of the TIFF structure that begins at `start`; none where none begins."""
    return _Reader(file, start).chain_from_header()


class _Reader:
    """Reads directories, each once: a loop of offsets comes to its end."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self._start = start
        self._order = "<"
        self._seen: set[int] = set()

    def chain_from_header(self) -> tuple[Directory, ...]:
        header = self._at(0, 8)
        if len(header) < 8 or header[:2] not in (b"II", b"MM"):
            return ()
        self._order = "<" if header[:2] == b"II" else ">"
        version, offset = struct.unpack(f"{self._order}HI", header[2:])
        return tuple(self._chain(offset)) if version in _VERSIONS else ()

    def _chain(self, offset: int) -> Iterator[Directory]:
        while offset and offset not in self._seen and len(self._seen) < MOST_DIRECTORIES:
            self._seen.add(offset)
            count = self._at(offset, 2)
            if len(count) < 2:
                return
            entries = min(struct.unpack(f"{self._order}H", count)[0], MOST_ENTRIES)
            table = self._at(offset + 2, entries * 12 + 4)
            yield self._directory(table, entries)
            following = table[entries * 12 :]
            if len(following) < 4:
                return
            offset = struct.unpack(f"{self._order}I", following)[0]

    def _directory(self, table: bytes, entries: int) -> Directory:
        values: dict[int, Value] = {}
        for index in range(entries):
            entry = table[index * 12 : index * 12 + 12]
            if len(entry) < 12:
                break
            tag, kind, count = struct.unpack(f"{self._order}HHI", entry[:8])
            value = self._value(kind, count, entry[8:])
            if value is not None:
                values.setdefault(tag, value)
        return Directory(
            values=values,
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
        if not 0 < size <= MOST_VALUE_BYTES:
            return None
        if size > 4:
            inline = self._at(struct.unpack(f"{self._order}I", inline)[0], size)
        raw = inline[:size]
        return self._decode(kind, count, raw) if len(raw) == size else None

    def _decode(self, kind: int, count: int, raw: bytes) -> Value:
        if kind == _TEXT:
            return raw.partition(b"\0")[0].decode("utf-8", "replace").strip()
        if kind in (_BYTES, 7):
            return raw
        if kind in (_RATIONAL, _SIGNED_RATIONAL):
            code = "I" if kind == _RATIONAL else "i"
            parts = struct.unpack(f"{self._order}{2 * count}{code}", raw)
            return tuple(
                Fraction(over, under) if under else None
                for over, under in zip(parts[::2], parts[1::2], strict=True)
            )
        return struct.unpack(f"{self._order}{count}{_CODES[kind]}", raw)

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(self._start + offset)
        return self._file.read(length)
