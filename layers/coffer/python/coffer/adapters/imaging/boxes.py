"""Read the boxes of ISO media files (ISO/IEC 14496-12, 4.2; JPEG 2000: 15444-1, I.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

_MAX_BOXES = 64


def boxes(file: IO[bytes], start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box between two offsets, up to a maximum."""
    for _ in range(_MAX_BOXES):
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header[:8])
        content = start + 8
        if size == 1 and len(header) == 16:
            size, content = struct.unpack(">Q", header[8:])[0], start + 16
        following = start + size if size else end
        if not content <= following <= end:
            return
        yield kind, content, following
        start = following


def length_of(file: IO[bytes]) -> int:
    """Return the length of a file in bytes."""
    return file.seek(0, 2)
