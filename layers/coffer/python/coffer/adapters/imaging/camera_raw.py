"""Camera raw files: the JPEG that the camera put beside what its sensor saw.

Directories are walked where the file has some (CR2, NEF, DNG, ARW, PEF, RW2 and ORF are TIFF of a
kind); where none of them leads to a JPEG (CR3, RAF, ORF's notes of the maker), the beginning of the
file is searched for one. Both are bounded, and nothing is decoded here.
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
_OF_A_SENSOR = frozenset({32803, 34892})  # colour filter array, linear raw (DNG 1.7, chapter 2)
_JPEG_COMPRESSIONS = frozenset({6, 7})

_SEARCHED_BYTES = 48 * 1024**2
_CHUNK_BYTES = 1024**2
MAX_PREVIEWS = 16
_MAX_SEGMENTS = 200
_START = b"\xff\xd8\xff"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # lossless ones, C3, are the sensor's own data
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A JPEG inside a file: where it is, and how many pixels it has."""

    start: int
    length: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A camera raw file: its previews, its directories, and what they say of the picture."""

    previews: tuple[Preview, ...]
    directories: tuple[Directory, ...]
    orientation: int | None
    size: tuple[int, int] | None

    def preview_for(self, edge: int) -> Preview | None:
        """The smallest preview with at least twice `edge` pixels along a side, else the largest.

        The very small ones have black bars, where the sensor's shape is not the screen's.
        """
        by_size = sorted(self.previews, key=lambda preview: max(preview.width, preview.height))
        enough = (one for one in by_size if max(one.width, one.height) >= 2 * edge)
        return next(enough, by_size[-1] if by_size else None)


def read_raw(file: BinaryIO) -> RawFile:
    """What `file` holds, taken as camera raw; nothing is found in other files."""
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
    """Whether a TIFF has the data of a sensor in it, not pixels to be shown."""
    return any(
        _OF_A_SENSOR.intersection(directory.numbers(_PHOTOMETRIC))
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
            for start, length in _places(directory):
                size = jpeg_size(file, start) if 0 < length <= file_length - start else None
                if size is not None:
                    yield Preview(start=start, length=length, width=size[0], height=size[1])


def _places(directory: Directory) -> Iterator[tuple[int, int]]:
    """Where a directory says that a JPEG is: offset and length."""
    start, length = directory.number(_JPEG), directory.number(_JPEG_LENGTH)
    if start and length:
        yield start, length
    strips, lengths = directory.numbers(_STRIPS), directory.numbers(_STRIP_LENGTHS)
    if len(strips) == len(lengths) == 1 and directory.number(_COMPRESSION) in _JPEG_COMPRESSIONS:
        yield strips[0], lengths[0]


def _search(file: BinaryIO, file_length: int) -> Iterator[Preview]:
    """The JPEGs that begin in the searched part; each ends where it says so itself."""
    found = 0
    end = min(file_length, _SEARCHED_BYTES)
    position = 0
    while position < end and found < MAX_PREVIEWS:
        file.seek(position)
        chunk = file.read(_CHUNK_BYTES)
        place = chunk.find(_START)
        while place >= 0 and found < MAX_PREVIEWS:
            start = position + place
            size = jpeg_size(file, start)
            if size is not None:
                found += 1
                width, height = size
                yield Preview(start=start, length=file_length - start, width=width, height=height)
            place = chunk.find(_START, place + 1)
        position += _CHUNK_BYTES - len(_START) + 1


def jpeg_size(file: BinaryIO, start: int) -> tuple[int, int] | None:
    """Width and height of the JPEG at `start` (ITU-T T.81, annex B); None where none is shown."""
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
    """The directories of a CR3: each has a box of its own, `CMT1` the image's, `CMT2` EXIF's."""
    found: dict[bytes, tuple[Directory, ...]] = {}
    for kind, start, end in boxes(file, 0, length_of(file)):
        if kind != b"moov":
            continue
        for inner, inner_start, inner_end in boxes(file, start, end):
            file.seek(inner_start)
            if inner != b"uuid" or file.read(16) != _CANON:
                continue
            for name, place, _ in boxes(file, inner_start + 16, inner_end):
                if name in (b"CMT1", b"CMT2"):
                    found[name] = read_directories(file, place)
    image = found.get(b"CMT1", ())
    return tuple(
        Directory(values=one.values, exif=found.get(b"CMT2", ()), others=one.others)
        for one in image[:1]
    )
