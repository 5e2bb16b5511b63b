"""Real images, made by the tests themselves."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int = 400, height: int = 300, colour: str = "firebrick") -> bytes:
    """A PNG of one colour."""
    return _encode("PNG", width, height, colour)


def jpeg(width: int = 400, height: int = 300, colour: str = "seagreen") -> bytes:
    """A JPEG of one colour."""
    return _encode("JPEG", width, height, colour)


def _encode(kind: str, width: int, height: int, colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()
