"""Decode the rows that are left of a file that ends too early or has damaged bytes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image, ImageChops, ImageFile

from coffer.adapters.imaging.tiff_directories import read_directories

MIN_ROWS = 0.85
"""The part of the rows that makes a thumbnail; fewer would show another picture."""
_END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
# Bytes that never appear in the data of a real picture: what they change was not in the file.
_TAILS = ((b"", "black"), (b"\x55" * 64, "white"), (b"\xab" * 64, "white"))
_ROWS_AT_ONCE = 256
_MAX_BOXES = 1000
_RANGES, _JPEG_START = ((0x0111, 0x0117), (0x0144, 0x0145)), 0x0201
_FILLS = ("black", "white")

_TAIL_BYTES = 64 * 1024
_JPEG, _PNG, _RIFF, _CODESTREAM = b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"\xff\x4f\xff"

Open = Callable[[BinaryIO], Image.Image]


def is_cut(file: BinaryIO, error: Exception | None = None) -> bool:
    """True if the file ends too early: the decoder said so, or its structure shows it."""
    if error is not None and ("truncated" in str(error) or isinstance(error, EOFError)):
        return True
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(16)
    file.seek(max(0, end - _TAIL_BYTES))
    tail = file.read()
    if head.startswith(_JPEG):
        return _END_OF_IMAGE not in tail
    if head.startswith(_PNG):
        return b"IEND" not in tail
    if head.startswith(_RIFF):
        return int.from_bytes(head[4:8], "little") + 8 > end
    if head[4:8] == b"jP  " or head.startswith(_CODESTREAM):
        return _END_OF_IMAGE not in tail
    if head[4:8] == b"ftyp":
        return any(box_end > end for box_end in _box_ends(file))
    return head[:2] in (b"II", b"MM") and _tiff_ends(file) > end


def _box_ends(file: BinaryIO) -> Iterator[int]:
    start = 0
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(8)
        size = int.from_bytes(head[:4], "big")
        if len(head) < 8 or size < 8:  # a size of 0 or 1 has another meaning
            return
        start += size
        yield start


def _tiff_ends(file: BinaryIO) -> int:
    """Return where the last strip or tile ends, or the first directory or its values start."""
    directories = read_directories(file)
    if not directories:
        file.seek(0)
        header = file.read(8)
        return int.from_bytes(header[4:], "little" if header.startswith(b"II") else "big")
    ends = [0]
    for starts, lengths in _RANGES:
        pairs = zip(directories[0].numbers(starts), directories[0].numbers(lengths), strict=False)
        ends.extend(start + length for start, length in pairs)
    has_jpeg = directories[0].number(_JPEG_START)
    return max(ends) if ends[1:] or has_jpeg else sys.maxsize


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What can be decoded of a file, and the part of its rows that could.

    `mask` is 0 in the other rows; None if they are white or grey in the image.
    """

    image: Image.Image
    rows: float
    mask: Image.Image | None = None


def recover(file: BinaryIO, open_image: Open, box: tuple[int, int]) -> Recovered:
    """Return what can be decoded of the file.

    `box` is the size that a JPEG may be scaled to while it is decoded. Raises what the decoder
    raises for a file that it cannot open.
    """
    image = open_image(file)
    if image.format in ("JPEG", "MPO"):
        file.seek(0)
        return _recover_jpeg(file.read(), open_image, box)
    return _recover_rows(file, open_image)


def _recover_jpeg(data: bytes, open_image: Open, box: tuple[int, int]) -> Recovered:
    """Complete the file in several ways; the rows that do not depend on it were in the file."""
    file = io.BytesIO(data)
    is_progressive = "progressive" in open_image(file).info
    # Pillow has read up to the first scan. In front of it, EXIF may have a small JPEG.
    first_scan = file.tell()
    end = data.find(_END_OF_IMAGE, first_scan)
    data = (data if end < 0 else data[:end]).rstrip(b"\xff")  # half of a marker

    def open_scaled(completed: BinaryIO) -> Image.Image:
        image = open_image(completed)
        image.draft("", box)
        return image

    images = [
        _onto(io.BytesIO(data + tail + _END_OF_IMAGE), open_scaled, fill) for tail, fill in _TAILS
    ]
    differences = [ImageChops.difference(images[0], other) for other in images[1:]]
    is_decoded = differences[0].convert("L").getextrema() != (255, 255)
    if is_decoded and is_progressive and data.find(_START_OF_SCAN, first_scan) >= 0:
        return Recovered(image=images[0], rows=1.0)  # the first scan has every row
    boxes = [difference.getbbox() for difference in differences]
    rows = min((box[1] for box in boxes if box), default=images[0].height)
    return Recovered(image=images[0], rows=rows / images[0].height)


def _recover_rows(file: BinaryIO, open_image: Open) -> Recovered:
    """Decode onto black and onto white; the rows that differ were not decoded."""
    black, white = (_onto(file, open_image, fill) for fill in _FILLS)
    if black.size != white.size or black.mode != white.mode:
        return Recovered(image=white, rows=0.0)
    decoded = bytes(255 * is_equal for is_equal in _equal_rows(black, white))
    column = Image.frombytes("L", (1, len(decoded)), decoded)
    mask = column.resize(white.size, Image.Resampling.NEAREST)
    return Recovered(image=white, rows=decoded.count(255) / len(decoded), mask=mask)


def _equal_rows(one: Image.Image, other: Image.Image) -> Iterator[int]:
    for top in range(0, one.height, _ROWS_AT_ONCE):
        box = (0, top, one.width, min(one.height, top + _ROWS_AT_ONCE))
        first, second = (memoryview(image.crop(box).tobytes()) for image in (one, other))
        rows = box[3] - top
        length = len(first) // rows
        for row in range(rows):
            part = slice(row * length, (row + 1) * length)
            yield first[part] == second[part]


def _onto(file: BinaryIO, open_image: Open, fill: str) -> Image.Image:
    file.seek(0)
    image: Any = open_image(file)
    size = getattr(image, "_tile_size", image.size)  # of a TIFF before it is turned upright
    canvas = _canvas(image.mode, size, fill)

    prepare = image.load_prepare

    def load_prepare() -> None:
        image.im = canvas.im
        prepare()
        image.im = canvas.im  # a GIF with a transparent colour has made its own

    image.load_prepare = load_prepare
    with suppress(Exception), _tolerance():
        image.load()
    result: Image.Image = image if image._im is not None else canvas
    return result


def _canvas(mode: str, size: tuple[int, int], fill: str) -> Image.Image:
    """Return an image of one value. White is NaN for floats, which is shown as white."""
    if mode == "F":
        return Image.new(mode, size, 0.0 if fill == "black" else float("nan"))
    if mode in ("I", "P", "PA") or mode.startswith("I;16"):
        return Image.new(mode, size, 0 if fill == "black" else 255)
    return Image.new(mode, size, fill)


@contextmanager
def _tolerance() -> Iterator[None]:
    """Let Pillow return what it has decoded when the data ends."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
