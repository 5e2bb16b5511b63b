"""Find the JPEG preview inside camera raw files.

CR2, NEF, DNG, ARW, PEF, RW2 and ORF have TIFF directories, which are followed. If none leads to a
JPEG (CR3, RAF, the maker notes of ORF), the start of the file is searched for one. Both searches
are bounded, and nothing is decoded here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from coffer.adapters.imaging.boxes import boxes, length_of
from coffer.adapters.imaging.tiff_directories import Directory, read_directories

_PHOTOMETRIC, _COMPRESSION, _ORIENTATION = 0x0106, 0x0103, 0x0112
_WIDTH, _LENGTH = 0x0100, 0x0101
_STRIPS, _STRIP_LENGTHS = 0x0111, 0x0117
_JPEG, _JPEG_LENGTH = 0x0201, 0x0202
_SENSOR_DATA = frozenset({32803, 34892})  # colour filter array, linear raw (DNG 1.7, chapter 2)
_JPEG_COMPRESSIONS = frozenset({6, 7})

_SEARCHED_BYTES = 48 * 1024**2
_CHUNK_BYTES = 1024**2
MAX_PREVIEWS = 16
_MAX_SEGMENTS = 200
_START = b"\xff\xd8\xff"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # C3 is lossless: the sensor's own data
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A JPEG inside a file: its position in bytes and its size in pixels."""

    start: int
    length: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A camera raw file: its previews, its directories, and the picture's properties."""

    previews: tuple[Preview, ...]
    directories: tuple[Directory, ...]
    orientation: int | None
    size: tuple[int, int] | None

    def preview_for(self, edge: int) -> Preview | None:
        """Return the smallest preview with a side of at least twice `edge`, else the largest.

        Very small previews may have black bars.
        """
        by_size = sorted(self.previews, key=lambda preview: max(preview.width, preview.height))
        large = (preview for preview in by_size if max(preview.width, preview.height) >= 2 * edge)
        return next(large, by_size[-1] if by_size else None)


def read_raw(file: BinaryIO) -> RawFile:
    """Read `file` as camera raw; the result is empty for other files."""
    directories = read_directories(file) or _directories_of_boxes(file)
    length = length_of(file)
    previews = tuple(_listed_previews(file, directories, length)) or tuple(_search(file, length))
    return RawFile(
        previews=previews,
        directories=directories,
        orientation=directories[0].number(_ORIENTATION) if directories else None,
        size=_largest(directories),
    )


def is_raw(directories: Sequence[Directory]) -> bool:
    """True if a TIFF holds sensor data and not pixels to display."""
    return any(
        _SENSOR_DATA.intersection(directory.numbers(_PHOTOMETRIC))
        for first in directories
        for directory in first.walk()
    )


def _largest(directories: Sequence[Directory]) -> tuple[int, int] | None:
    sizes = [
        (directory.number(_WIDTH) or 0, directory.number(_LENGTH) or 0)
        for first in directories
        for directory in first.walk()
    ]
    largest = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return largest if all(largest) else None


def _listed_previews(
    file: BinaryIO, directories: Sequence[Directory], file_length: int
) -> Iterator[Preview]:
    for first in directories:
        for directory in first.walk():
            for start, length in _jpeg_ranges(directory):
                size = jpeg_size(file, start) if 0 < length <= file_length - start else None
                if size is not None:
                    yield Preview(start=start, length=length, width=size[0], height=size[1])


def _jpeg_ranges(directory: Directory) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each JPEG that a directory refers to."""
    start, length = directory.number(_JPEG), directory.number(_JPEG_LENGTH)
    if start and length:
        yield start, length
    strips, lengths = directory.numbers(_STRIPS), directory.numbers(_STRIP_LENGTHS)
    if len(strips) == len(lengths) == 1 and directory.number(_COMPRESSION) in _JPEG_COMPRESSIONS:
        yield strips[0], lengths[0]


def _search(file: BinaryIO, file_length: int) -> Iterator[Preview]:
    """Yield the JPEGs that start in the searched part of the file."""
    found = 0
    end = min(file_length, _SEARCHED_BYTES)
    position = 0
    while position < end and found < MAX_PREVIEWS:
        file.seek(position)
        chunk = file.read(_CHUNK_BYTES)
        index = chunk.find(_START)
        while index >= 0 and found < MAX_PREVIEWS:
            start = position + index
            size = jpeg_size(file, start)
            if size is not None:
                found += 1
                width, height = size
                yield Preview(start=start, length=file_length - start, width=width, height=height)
            index = chunk.find(_START, index + 1)
        position += _CHUNK_BYTES - len(_START) + 1


def jpeg_size(file: BinaryIO, start: int) -> tuple[int, int] | None:
    """Return width and height of the JPEG at `start` (ITU-T T.81, annex B), or None."""
    file.seek(start)
    if file.read(2) != _START[:2]:
        return None
    for _ in range(_MAX_SEGMENTS):
        header = file.read(4)
        if len(header) < 4 or header[0] != 0xFF:
            return None
        marker, length = header[1], struct.unpack(">H", header[2:])[0]
        if marker in _FRAMES:
            frame = file.read(5)
            height, width = struct.unpack(">HH", frame[1:]) if len(frame) == 5 else (0, 0)
            return (width, height) if width and height else None
        if marker in _OTHER_FRAMES or marker == 0xDA or length < 2:
            return None
        file.seek(length - 2, 1)
    return None


_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def _directories_of_boxes(file: BinaryIO) -> tuple[Directory, ...]:
    """Return the directories of a CR3: box `CMT1` has those of the image, `CMT2` those of EXIF."""
    found: dict[bytes, tuple[Directory, ...]] = {}
    for kind, start, end in boxes(file, 0, length_of(file)):
        if kind != b"moov":
            continue
        for inner, inner_start, inner_end in boxes(file, start, end):
            file.seek(inner_start)
            if inner != b"uuid" or file.read(16) != _CANON:
                continue
            for name, name_start, _ in boxes(file, inner_start + 16, inner_end):
                if name in (b"CMT1", b"CMT2"):
                    found[name] = read_directories(file, name_start)
    image = found.get(b"CMT1", ())
    return tuple(
        Directory(values=one.values, exif=found.get(b"CMT2", ()), others=one.others)
        for one in image[:1]
    )
