"""Open the kinds of TIFF that Pillow does not open: other numbers, many bands, reduced copies.

Numbers that Pillow can decode as one band of grey are added to its table. Pictures of several
bands are opened through a new directory in front of the same bytes: bands that are stored one after
the other as one picture each, bands that are stored together as one wide picture of bytes.
"""

from __future__ import annotations

import io
import math
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

from PIL import Image, TiffImagePlugin

from coffer.adapters.imaging.bit_depth import (
    SIXTEEN_BITS,
    declared_nodata,
    eight_bits_of_planes,
    in_window,
    of_signed_bytes,
    plane_of,
)
from coffer.adapters.imaging.tiff_directories import Directory

_SUBFILE, _WIDTH, _LENGTH, _BITS, _COMPRESSION = 0x00FE, 0x0100, 0x0101, 0x0102, 0x0103
_PHOTOMETRIC, _STRIPS, _SAMPLES, _ROWS, _STRIP_LENGTHS = 0x0106, 0x0111, 0x0115, 0x0116, 0x0117
_PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_LENGTH = 0x011C, 0x013D, 0x0142, 0x0143
_TILES, _TILE_LENGTHS, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 0x0144, 0x0145, 0x0152, 0x0153

_OF_STRIPS = (_WIDTH, _LENGTH, _BITS, _COMPRESSION, _STRIPS, _ROWS, _STRIP_LENGTHS, _PREDICTOR)
_KEPT = (*_OF_STRIPS, _TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_LENGTHS)

_REDUCED, _REDUCED_OR_MASK = 0b001, 0b101  # bits of NewSubfileType (TIFF 6.0, section 8)
_MAX_ASPECT_DIFFERENCE = 0.02
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_SEPARATE, _RGB = 2, 2
_BY_DIFFERENCE, _BY_FLOAT_DIFFERENCE = 2, 3
_GREY, _GREY_OR_RGB = frozenset({0, 1}), frozenset({0, 1, 2})
# None, LZW, Deflate (two numbers), PackBits, LZMA, Zstandard: they compress bytes, not pixels.
_BYTE_COMPRESSIONS = frozenset({1, 5, 8, 32946, 32773, 34925, 50000})
# None, three of fax, LZW, JPEG, Deflate, and PackBits.
_COMMON_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32946, 32773})
_MAX_SUMS = 20_000_000
"""Limit of the differences that are added up in Python; larger pictures are sampled."""

_RAW_MODES = {  # of little-endian numbers: sample format, bytes
    (_UNSIGNED, 1): ("L", "L"),
    (_SIGNED, 1): ("L", "L"),
    (_UNSIGNED, 2): ("I;16", "I;16"),
    (_SIGNED, 2): ("I", "I;16S"),
    (_UNSIGNED, 4): ("F", "F;32"),
    (_SIGNED, 4): ("I", "I;32S"),
    (_FLOAT, 4): ("F", "F;32F"),
    (_FLOAT, 8): ("F", "F;64F"),
}
_HALF_FLOAT = (_FLOAT, 2)


def _extend_table() -> None:
    """Add kinds of grey to Pillow's table. Floats of 16 bits are decoded as whole numbers."""
    table: dict[Any, tuple[str, str]] = TiffImagePlugin.OPEN_INFO
    for prefix, big in ((TiffImagePlugin.II, ""), (TiffImagePlugin.MM, "B")):
        for grey in (0, 1):
            for form, bits, mode, raw in (
                (_UNSIGNED, 16, f"I;16{big}", f"I;16{big}"),
                (_FLOAT, 16, f"I;16{big}", f"I;16{big}"),
                (_SIGNED, 16, "I", f"I;16{big}S"),
                (_SIGNED, 32, "I", f"I;32{big}S"),
                (_FLOAT, 32, "F", f"F;32{big}F"),
                (_FLOAT, 64, "F", f"F;64{big}F"),
            ):
                table.setdefault((prefix, grey, (form,), 1, (bits,), ()), (mode, raw))
            # Pillow would read the upper half of these numbers as negative.
            table[(prefix, grey, (_UNSIGNED,), 1, (32,), ())] = ("F", f"F;32{big}")


_extend_table()


def use_native_order(image: Image.Image) -> None:
    """Correct the byte order of compressed numbers: libtiff returns that of the machine."""
    tiff: Any = image
    if sys.byteorder == "little":
        tiff.tile = [
            tile._replace(args=(_native(tile.args[0]), *tile.args[1:]))
            if tile.codec_name == "libtiff"
            else tile
            for tile in tiff.tile
        ]


def _native(raw: str) -> str:
    """Return the raw mode without its "B", except for those that Pillow has corrected."""
    return raw.replace("B", "") if raw.startswith(("I;", "F;")) else raw


def main_directory(directories: Sequence[Directory]) -> Directory | None:
    """Return the first picture that is neither a reduced copy nor a mask, else the first."""
    pictures = [one for one in directories if one.number(_WIDTH) and one.number(_LENGTH)]
    full = (one for one in pictures if not (one.number(_SUBFILE) or 0) & _REDUCED_OR_MASK)
    return next(full, pictures[0] if pictures else None)


def level_for(directories: Sequence[Directory], main: Directory, edge: int) -> Directory:
    """Return the smallest copy of the main picture with a side of at least `edge` pixels."""
    copies = [one for first in directories for one in first.walk() if _is_copy(one, main)]
    large = [one for one in copies if max(size_of(one)) >= edge]
    return min(large, key=lambda one: max(size_of(one)), default=main)


def _is_copy(one: Directory, main: Directory) -> bool:
    """True if the picture is a reduced copy: it says so, or is a tiled half, quarter, …"""
    (width, height), (full_width, full_height) = size_of(one), size_of(main)
    if not width or not height or width >= full_width or one.number(_PHOTOMETRIC) is None:
        return False
    factor = full_width / width
    if abs(full_height / height / factor - 1) > max(_MAX_ASPECT_DIFFERENCE, 1 / height):
        return False
    subfile = one.number(_SUBFILE) or 0
    if subfile & _REDUCED_OR_MASK:
        return subfile & _REDUCED_OR_MASK == _REDUCED
    is_sub_directory = one in main.others
    power = round(math.log2(factor))
    is_halved = power > 0 and abs(full_width / 2**power - width) <= power
    return is_sub_directory or (is_halved and _is_tiled(one) and _is_tiled(main))


def size_of(directory: Directory) -> tuple[int, int]:
    """Return width and height of the stored picture."""
    return directory.number(_WIDTH) or 0, directory.number(_LENGTH) or 0


def _is_tiled(directory: Directory) -> bool:
    return bool(directory.number(_TILE_WIDTH))


def select(image: Image.Image, directory: Directory) -> None:
    """Make Pillow decode the picture of this directory, as its `get_child_images` does."""
    tiff: Any = image
    if directory.offset != tiff.tag_v2.offset:
        tiff._frame_pos = [directory.offset]
        tiff._seek(0)


def decoded_bytes(directory: Directory) -> int:
    """Return the bytes of the decoded picture, or of one tile if that is larger."""
    width, height = size_of(directory)
    tile = (directory.number(_TILE_WIDTH) or 0) * (directory.number(_TILE_LENGTH) or 0)
    bits = _bits(directory) * min(_samples(directory), _shown_at_once(directory))
    return max(width * height, tile) * bits // 8


def _shown_at_once(directory: Directory) -> int:
    return 3 if directory.number(_PLANAR) == _SEPARATE else sys.maxsize


def _bits(directory: Directory) -> int:
    return max(directory.numbers(_BITS), default=1)


def _samples(directory: Directory) -> int:
    return directory.number(_SAMPLES) or 1


def has_deep_bands(directory: Directory) -> bool:
    """True for bands in separate planes that Pillow decodes wrongly, or of which it shows one."""
    if directory.number(_PLANAR) != _SEPARATE or _samples(directory) == 1:
        return False
    return _bits(directory) > 8 or directory.number(_PHOTOMETRIC) in _GREY


def is_rare(directory: Directory) -> bool:
    """True if the compression is one that not every libtiff decodes."""
    return (directory.number(_COMPRESSION) or 1) not in _COMMON_COMPRESSIONS


def open_bands(file: BinaryIO, directory: Directory) -> Image.Image | None:
    """Return a picture of several bands in eight bits, or None for kinds that are not decoded.

    The first three bands are shown as red, green and blue; of two bands the first as grey.
    """
    bands = _Bands.of(file, directory)
    if bands is None:
        return None
    planes = list(bands.separate() if bands.is_separate else bands.together())
    alpha = _alpha(planes.pop(), bands) if bands.has_alpha else None
    if bands.width_bytes == 1:
        if bands.form == _SIGNED:
            planes = [of_signed_bytes(plane) for plane in planes]
        image = planes[0] if len(planes) == 1 else Image.merge("RGB", planes)
        if alpha is not None:
            image.putalpha(alpha)
        return image
    is_short = (bands.form, bands.width_bytes) == (_UNSIGNED, 2)
    return eight_bits_of_planes(
        planes,
        depth=SIXTEEN_BITS if is_short else None,
        nodata=declared_nodata(directory.values),
        is_inverted=directory.number(_PHOTOMETRIC) == 0,
        alpha=alpha,
    )


def _alpha(plane: Image.Image, bands: _Bands) -> Image.Image:
    """Return a band of alpha with eight bits; other numbers than those of 16 bits are 0 or more."""
    if bands.width_bytes == 1:
        return plane
    is_short = (bands.form, bands.width_bytes) == (_UNSIGNED, 2)
    return in_window(plane, SIXTEEN_BITS if is_short else (0, 1))


@dataclass(frozen=True, kw_only=True)
class _Bands:
    """A picture of several bands, and how it is stored."""

    data: bytes
    order: str
    directory: Directory
    form: int
    width_bytes: int
    """The bytes of one number."""

    @classmethod
    def of(cls, file: BinaryIO, directory: Directory) -> _Bands | None:
        bits = set(directory.numbers(_BITS)) or {1}
        forms = set(directory.numbers(_SAMPLE_FORMAT)) or {_UNSIGNED}
        if len(bits) > 1 or len(forms) > 1 or directory.number(_PHOTOMETRIC) not in _GREY_OR_RGB:
            return None
        width_bytes, rest = divmod(bits.pop(), 8)
        kind = (forms.pop(), width_bytes)
        if rest or (kind not in _RAW_MODES and kind != _HALF_FLOAT):
            return None
        if (directory.number(_COMPRESSION) or 1) not in _BYTE_COMPRESSIONS:
            return None
        file.seek(0)
        data = file.read()
        order = "<" if data[:2] == b"II" else ">"
        return cls(data=data, order=order, directory=directory, form=kind[0], width_bytes=kind[1])

    @property
    def is_separate(self) -> bool:
        return self.directory.number(_PLANAR) == _SEPARATE

    @property
    def has_alpha(self) -> bool:
        """True if the band behind the colours, or behind grey, is declared as alpha."""
        extra = self.directory.numbers(_EXTRA_SAMPLES)
        colours = 3 if self.directory.number(_PHOTOMETRIC) == _RGB else 1
        return _samples(self.directory) == colours + 1 and extra[:1] in ((1,), (2,))

    @property
    def _shown(self) -> range:
        count = _samples(self.directory)
        return range(count if self.has_alpha else 3 if count >= 3 else 1)

    def separate(self) -> Iterator[Image.Image]:
        """Yield the shown bands of a picture that stores one after the other."""
        count = _samples(self.directory)
        for band in self._shown:
            changes: dict[int, Sequence[int]] = {_SAMPLES: (1,), _PLANAR: (1,)}
            changes[_BITS] = (8 * self.width_bytes,)
            changes[_SAMPLE_FORMAT] = (self.form,)
            for tag in (_STRIPS, _STRIP_LENGTHS, _TILES, _TILE_LENGTHS):
                numbers = self.directory.numbers(tag)
                each = len(numbers) // count
                changes[tag] = numbers[band * each : (band + 1) * each]
            yield plane_of(self._open(changes))

    def together(self) -> Iterator[Image.Image]:
        """Yield the shown bands of a picture that stores them together."""
        rows = list(self._rows())
        step = self._step
        width = len(range(0, size_of(self.directory)[0], step))
        for band in self._shown:
            joined = b"".join(row[band] for row in rows)
            yield self._plane(joined, (width, len(rows)))

    @property
    def _step(self) -> int:
        """Number of rows, and of columns, that become one in a picture stored as differences."""
        if (self.directory.number(_PREDICTOR) or 1) == 1:
            return 1
        width, height = size_of(self.directory)
        work = width * height * len(self._shown)
        if self.directory.number(_PREDICTOR) == _BY_FLOAT_DIFFERENCE:
            work = width * height * _samples(self.directory) * self.width_bytes
        return max(1, math.ceil(work / _MAX_SUMS))

    def _rows(self) -> Iterator[list[bytes]]:
        """Yield the little-endian numbers of each shown band, row by row."""
        width, _ = size_of(self.directory)
        count, size, step = _samples(self.directory), self.width_bytes, self._step
        run = self.directory.number(_TILE_WIDTH) or width  # differences start again at each tile
        padded = math.ceil(width / run) * run
        wide = self._open(
            {
                _WIDTH: (padded * count * size,),
                _TILE_WIDTH: (run * count * size,) if _is_tiled(self.directory) else (),
                _SAMPLES: (1,),
                _BITS: (8,),
                _SAMPLE_FORMAT: (_UNSIGNED,),
                _PREDICTOR: (1,),
            }
        )
        for top in range(0, wide.height, step):
            row = wide.crop((0, top, wide.width, top + 1)).tobytes()
            yield (
                [self._numbers(row, band, run)[: width * size] for band in self._shown]
                if (step == 1)
                else [self._every(self._numbers(row, band, run), width) for band in self._shown]
            )

    def _every(self, numbers: bytes, width: int) -> bytes:
        values = array(_code(self.width_bytes), numbers)
        return values[: width : self._step].tobytes()

    def _numbers(self, row: bytes, band: int, run: int) -> bytes:
        """Return the little-endian numbers of one band in a row."""
        count, size = _samples(self.directory), self.width_bytes
        predictor = self.directory.number(_PREDICTOR) or 1
        if predictor == _BY_FLOAT_DIFFERENCE:
            return self._float_sums(row, band, run)
        values = array(_code(size), row)
        if self.order == ">":
            values.byteswap()
        if predictor != _BY_DIFFERENCE:
            return values[band::count].tobytes()
        mask, length = (1 << 8 * size) - 1, run * count
        sums = array(_code(size))
        for start in range(0, len(values), length):
            part = values[start + band : start + length : count]
            sums.extend(value & mask for value in accumulate(part))
        return sums.tobytes()

    def _float_sums(self, row: bytes, band: int, run: int) -> bytes:
        """Undo the predictor of floats (Adobe, TIFF Technical Note 3)."""
        count, size = _samples(self.directory), self.width_bytes
        length = run * count
        result = bytearray()
        for start in range(0, len(row), length * size):
            part, sums = row[start : start + length * size], bytearray(length * size)
            for offset in range(count):
                sums[offset::count] = bytes(
                    value & 0xFF for value in accumulate(part[offset::count])
                )
            numbers = bytearray(run * size)
            for place in range(size):  # the most significant bytes are stored first
                plane = sums[place * length : (place + 1) * length]
                numbers[size - 1 - place :: size] = plane[band::count]
            result += numbers
        return bytes(result)

    def _plane(self, numbers: bytes, size: tuple[int, int]) -> Image.Image:
        if (self.form, self.width_bytes) == _HALF_FLOAT:
            floats = array("f", struct.unpack(f"<{len(numbers) // 2}e", numbers))
            return Image.frombytes("F", size, floats.tobytes())
        mode, raw = _RAW_MODES[self.form, self.width_bytes]
        return Image.frombytes(mode, size, numbers, "raw", raw)

    def _open(self, changes: dict[int, Sequence[int]]) -> Image.Image:
        """Open the bytes with a changed directory, as one band of grey."""
        numbers = {tag: self.directory.numbers(tag) for tag in _KEPT} | {_PHOTOMETRIC: (1,)}
        entries = {tag: value for tag, value in (numbers | changes).items() if value}
        image = Image.open(io.BytesIO(self._with_directory(entries)), formats=("TIFF",))
        use_native_order(image)
        image.load()
        return image

    def _with_directory(self, entries: dict[int, Sequence[int]]) -> bytes:
        """Return the file with a first directory of these entries, as a classic TIFF."""
        end = len(self.data) + len(self.data) % 2
        table_bytes = 2 + 12 * len(entries) + 4
        table, values = bytearray(struct.pack(f"{self.order}H", len(entries))), bytearray()
        for tag, numbers in sorted(entries.items()):
            short = tag in (_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _PREDICTOR)
            code, kind = ("H", 3) if short or tag == _SAMPLE_FORMAT else ("I", 4)
            value = struct.pack(f"{self.order}{len(numbers)}{code}", *numbers)
            if len(value) > 4:
                place = end + table_bytes + len(values)
                values += value
                value = struct.pack(f"{self.order}I", place)
            table += struct.pack(f"{self.order}HHI", tag, kind, len(numbers)) + value.ljust(
                4, b"\0"
            )
        mark = b"II" if self.order == "<" else b"MM"
        header = mark + struct.pack(f"{self.order}HI", 42, end)
        padding = bytes(end - len(self.data))
        return header + self.data[8:] + padding + bytes(table) + bytes(4) + bytes(values)


def _code(size: int) -> str:
    return {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
