"""Create images, and thumbnails of them in this process, for the tests of imaging."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from coffer.adapters.imaging.decode import decode
from coffer.domain.detection import BufferReader, detect
from coffer.domain.media_types import base_type
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

ROOT = Path(__file__).resolve().parents[2]
EDGE = 200
GREEN = (30, 180, 60)


def media_type_of(image: bytes) -> str:
    """Return the detected media type of the image."""
    return base_type(detect(BufferReader(image), None).media_type)


def picture_of(image: bytes, edge: int = EDGE, media_type: str | None = None) -> ThumbnailResult:
    return decode(io.BytesIO(image), media_type or media_type_of(image), edge)


def make(image: bytes, media_type: str | None = None) -> Image.Image:
    """Return the decoded thumbnail."""
    made = Image.open(io.BytesIO(picture_of(image, media_type=media_type).thumbnail))
    made.load()
    assert made.format == "JPEG"
    return made


def failure_of(image: bytes, media_type: str | None = None) -> str:
    with pytest.raises(ThumbnailError) as failed:
        picture_of(image, media_type=media_type)
    return failed.value.code


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(
    kind: str,
    mode: str = "RGB",
    colour: Any = GREEN,
    size: tuple[int, int] = (400, 300),
    **options: Any,
) -> bytes:
    return encode(Image.new(mode, size, colour), kind, **options)


def colour_of(image: Image.Image, x: float = 0.5, y: float = 0.5) -> tuple[int, int, int]:
    pixel: Any = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
    return (pixel[0], pixel[1], pixel[2])


def near(one: tuple[int, ...], other: tuple[int, ...], apart: int = 4) -> bool:
    return all(abs(a - b) <= apart for a, b in zip(one, other, strict=True))
