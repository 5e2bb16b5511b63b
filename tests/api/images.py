"""Small images for tests."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def png(width: int = 400, height: int = 300, colour: str = "firebrick") -> bytes:
    """Return a PNG of one colour."""
    return _encode("PNG", width, height, colour)


def jpeg(width: int = 400, height: int = 300, colour: str = "seagreen") -> bytes:
    """Return a JPEG of one colour."""
    return _encode("JPEG", width, height, colour)


def photo() -> bytes:
    """Return a JPEG of 400 x 300 with an EXIF orientation of 6 and a date."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2020:11:13 10:03:17"
    return _encode("JPEG", 400, 300, "seagreen", exif=exif)


def _encode(kind: str, width: int, height: int, colour: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind, **options)
    return out.getvalue()
