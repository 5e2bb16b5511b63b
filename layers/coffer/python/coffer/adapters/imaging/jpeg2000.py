"""JPEG 2000 (ISO/IEC 15444-1): what Pillow does not tell of it.

How often the picture can be halved while it is decoded, how deep its colours are, and its profile.
Bounded readers of headers, which nothing here raises because of.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from coffer.adapters.imaging.boxes import boxes, length_of

_BEGINNING = b"\xff\x4f\xff\x51"  # SOC, and the SIZ that follows at once
_STYLE, _STYLE_OF_ONE, _TILE = 0xFF52, 0xFF53, 0xFF90  # COD, COC, SOT
_MAX_SEGMENTS = 200
_MAX_COMPONENTS = 16384
_MAX_PROFILE_BYTES = 8 * 1024**2
_PROFILE_METHODS = (b"\x02", b"\x03")  # restricted, and any (15444-2)


@dataclass(frozen=True, kw_only=True)
class Codestream:
    """What the main header says: of the least halved and of the deepest component."""

    start: int
    levels: int
    depth: int
    components: int

    @property
    def is_deep_colour(self) -> bool:
        """Whether Pillow shows it wrongly: it rounds the brightest up to 256, which is 0."""
        return self.components > 1 and self.depth > 8


def read_codestream(file: IO[bytes]) -> Codestream | None:
    """What the codestream in `file` says of itself; None where it cannot be read."""
    start = _start_of_codestream(file)
    file.seek(start)
    if file.read(4) != _BEGINNING:
        return None
    try:
        (length,) = struct.unpack(">H", file.read(2))
        size = file.read(length - 2)
        (components,) = struct.unpack(">H", size[34:36])
        depths = [1 + (depth & 0x7F) for depth in size[36 : 36 + 3 * components : 3]]
        levels = _levels(file, components)
    except (struct.error, ValueError):
        return None
    if not depths or components > _MAX_COMPONENTS:
        return None
    return Codestream(start=start, levels=levels, depth=max(depths), components=components)


def profile_of(file: IO[bytes]) -> bytes | None:
    """The ICC profile of a JP2 file, if it has one."""
    for kind, start, end in boxes(file, 0, length_of(file)):
        if kind != b"jp2h":
            continue
        for inner, place, last in boxes(file, start, end):
            file.seek(place)
            if inner == b"colr" and file.read(3)[:1] in _PROFILE_METHODS:
                return file.read(min(last - place - 3, _MAX_PROFILE_BYTES))
    return None


def _start_of_codestream(file: IO[bytes]) -> int:
    """Where it begins: in its box, or at once in a file without boxes."""
    file.seek(0)
    if file.read(4) == _BEGINNING:
        return 0
    found = (start for kind, start, _ in boxes(file, 0, length_of(file)) if kind == b"jp2c")
    return next(found, 0)


def _levels(file: IO[bytes], components: int) -> int:
    """How often every component can be halved; 0 where the header does not say."""
    found: list[int] = []
    for _ in range(_MAX_SEGMENTS):
        marker, length = struct.unpack(">HH", file.read(4))
        if marker == _TILE:
            break
        body = file.read(length - 2)
        if marker == _STYLE:
            found.append(body[5] if len(body) > 5 else 0)
        elif marker == _STYLE_OF_ONE:
            place = 2 if components < 257 else 3
            found.append(body[place] if len(body) > place else 0)
    return min(found, default=0)
