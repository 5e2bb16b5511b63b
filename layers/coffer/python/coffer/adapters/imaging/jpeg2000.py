"""Read JPEG 2000 headers (ISO/IEC 15444-1): resolutions, bit depth and ICC profile.

Pillow does not report these. The readers are bounded and raise nothing for malformed bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from coffer.adapters.imaging.boxes import boxes, length_of

_START = b"\xff\x4f\xff\x51"  # the markers SOC and SIZ
_STYLE, _COMPONENT_STYLE, _TILE = 0xFF52, 0xFF53, 0xFF90  # COD, COC, SOT
_MAX_SEGMENTS = 200
_MAX_COMPONENTS = 16384
_MAX_PROFILE_BYTES = 8 * 1024**2
_PROFILE_METHODS = (b"\x02", b"\x03")  # restricted and any ICC profile (15444-2)


@dataclass(frozen=True, kw_only=True)
class Codestream:
    """Properties from the main header."""

    start: int
    levels: int
    """How often every component can be halved."""
    depth: int
    """Bits of the deepest component."""
    components: int

    @property
    def is_deep_colour(self) -> bool:
        """True if Pillow decodes it wrongly: it rounds white up to 256, which becomes 0."""
        return self.components > 1 and self.depth > 8


def read_codestream(file: IO[bytes]) -> Codestream | None:
    """Return the properties of the codestream in `file`, or None if it cannot be parsed."""
    start = _start_of_codestream(file)
    file.seek(start)
    if file.read(4) != _START:
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
    """Return the ICC profile of a JP2 file, or None."""
    for kind, start, end in boxes(file, 0, length_of(file)):
        if kind != b"jp2h":
            continue
        for inner, inner_start, inner_end in boxes(file, start, end):
            file.seek(inner_start)
            if inner == b"colr" and file.read(3)[:1] in _PROFILE_METHODS:
                return file.read(min(inner_end - inner_start - 3, _MAX_PROFILE_BYTES))
    return None


def _start_of_codestream(file: IO[bytes]) -> int:
    """Return its offset: that of its box, or 0 in a file without boxes."""
    file.seek(0)
    if file.read(4) == _START:
        return 0
    found = (start for kind, start, _ in boxes(file, 0, length_of(file)) if kind == b"jp2c")
    return next(found, 0)


def _levels(file: IO[bytes], components: int) -> int:
    """Return how often every component can be halved, or 0."""
    found: list[int] = []
    for _ in range(_MAX_SEGMENTS):
        marker, length = struct.unpack(">HH", file.read(4))
        if marker == _TILE:
            break
        body = file.read(length - 2)
        if marker == _STYLE:
            found.append(body[5] if len(body) > 5 else 0)
        elif marker == _COMPONENT_STYLE:
            offset = 2 if components < 257 else 3
            found.append(body[offset] if len(body) > offset else 0)
    return min(found, default=0)
