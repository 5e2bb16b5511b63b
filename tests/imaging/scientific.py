"""Create pictures as instruments write them: deep numbers, bands, missing values, pyramids."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

from PIL import Image, ImageStat

from tests.imaging.containers import Tiff

SIZE = (160, 120)
_PIXELS_START = 4096
KINDS = {"B": 1, "H": 1, "I": 1, "b": 2, "h": 2, "i": 2, "e": 3, "f": 3, "d": 3}
"""The sample formats of TIFF (TIFF 6.0, section 19) by the code of `struct`."""

Value = Callable[[float, float], float]
"""The value of a pixel; its arguments are 0 at the left and the top, 1 at the right and bottom."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A TIFF to be written; each of `bands` gives the values of one band."""

    code: str
    bands: Sequence[Value]
    order: str = "<"
    size: tuple[int, int] = SIZE
    photometric: int = 1
    is_separate: bool = False
    is_deflated: bool = False
    predictor: int = 1
    tile: int | None = None
    tags: dict[int, Any] = field(default_factory=dict)

    def write(self) -> bytes:
        """Return the file."""
        tiff = Tiff(self.order, b"*\0" if self.order == "<" else b"\0*")
        return tiff.finish(self.append(tiff))

    def write_with_pixels_last(self) -> bytes:
        """Return the file with its directory in front, so that a cut file can be opened."""
        tiff = Tiff(self.order, b"*\0" if self.order == "<" else b"\0*")
        blocks = self._all_blocks()
        ends = list(accumulate(map(len, blocks), initial=_PIXELS_START))
        head = tiff.finish(tiff.directory(self._entries(ends[:-1], blocks)))
        return head.ljust(_PIXELS_START, b"\0") + b"".join(blocks)

    def append(self, tiff: Tiff, following: int = 0) -> int:
        """Append the picture to a file, and return the offset of its directory."""
        blocks = self._all_blocks()
        places = [tiff.blob(block) for block in blocks]
        return tiff.directory(self._entries(places, blocks), following)

    def _entries(self, places: list[int], blocks: list[bytes]) -> dict[int, Any]:
        count, lengths = len(self.bands), [len(block) for block in blocks]
        bits = 8 * struct.calcsize(self.code)
        entries: dict[int, Any] = {256: self.size[0], 257: self.size[1], 258: [bits] * count}
        entries |= {259: 8 if self.is_deflated else 1, 262: self.photometric, 277: count}
        entries |= {284: 2 if self.is_separate else 1, 317: self.predictor}
        entries |= {339: [KINDS[self.code]] * count}
        if self.tile is None:
            entries |= {273: places, 278: self.size[1], 279: lengths}
        else:
            entries |= {322: self.tile, 323: self.tile, 324: places, 325: lengths}
        return entries | self.tags

    def _all_blocks(self) -> list[bytes]:
        groups = [[band] for band in self.bands] if self.is_separate else [list(self.bands)]
        return [block for group in groups for block in self._blocks(group)]

    def _blocks(self, bands: Sequence[Value]) -> list[bytes]:
        width, height = self.size
        if self.tile is None:
            return [self._block(bands, (0, 0), self.size)]
        return [
            self._block(bands, (left, top), (self.tile, self.tile))
            for top in range(0, height, self.tile)
            for left in range(0, width, self.tile)
        ]

    def _block(
        self, bands: Sequence[Value], start: tuple[int, int], size: tuple[int, int]
    ) -> bytes:
        width, height = (one - 1 for one in self.size)
        rows = []
        for y in range(start[1], start[1] + size[1]):
            values = [
                band(min(x, width) / width, min(y, height) / height)
                for x in range(start[0], start[0] + size[0])
                for band in bands
            ]
            rows.append(self._row(values, len(bands)))
        data = b"".join(rows)
        return zlib.compress(data) if self.is_deflated else data

    def _row(self, values: Sequence[float], count: int) -> bytes:
        numbers = values if self.code in "efd" else [int(value) for value in values]
        if self.predictor == 3:
            return _float_differences(struct.pack(f">{len(numbers)}{self.code}", *numbers), count)
        if self.predictor == 2:
            mask = (1 << 8 * struct.calcsize(self.code)) - 1
            lagged = [0] * count + list(numbers[:-count])
            numbers = [int(one - other) & mask for one, other in zip(numbers, lagged, strict=True)]
            return struct.pack(f"{self.order}{len(numbers)}{self.code.upper()}", *numbers)
        return struct.pack(f"{self.order}{len(numbers)}{self.code}", *numbers)


def _float_differences(row: bytes, count: int) -> bytes:
    """Apply the predictor of floats (Adobe, TIFF Technical Note 3)."""
    size = len(row) // (len(row) // struct.calcsize("f")) if row else 4
    planes = b"".join(row[place::size] for place in range(size))
    lagged = bytes(count) + planes[:-count]
    return bytes((one - other) & 0xFF for one, other in zip(planes, lagged, strict=True))


def ramp(low: float, high: float) -> Value:
    """Return values that rise from left to right."""
    return lambda x, _: low + (high - low) * x


def falling(low: float, high: float) -> Value:
    """Return values that rise from bottom to top."""
    return lambda _, y: high - (high - low) * y


def missing(value: float, otherwise: Value) -> Value:
    """Return a value that is missing in the left quarter."""
    return lambda x, y: value if x < 0.25 else otherwise(x, y)


def contrast(image: Image.Image) -> tuple[float, float]:
    """Return the mean and the standard deviation of an image, of 255."""
    statistics = ImageStat.Stat(image.convert("L"))
    return statistics.mean[0], statistics.stddev[0]


def rises(image: Image.Image, start: float = 0.05, end: float = 0.95) -> bool:
    """True if the grey levels rise from left to right."""
    grey = image.convert("L")
    width = grey.width
    places = [int(width * (start + (end - start) * step / 10)) for step in range(11)]
    columns = (grey.crop((x, 0, x + 1, grey.height)) for x in places)
    levels = [ImageStat.Stat(column).mean[0] for column in columns]
    return all(one < other for one, other in pairwise(levels))
