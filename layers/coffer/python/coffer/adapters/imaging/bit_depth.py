"""Convert greyscale images of more than eight bits: find black and white, scale to eight bits.

Pillow scales the modes I, F and (in the machine's byte order) I;16 correctly, but clips the values
when it converts them. What the numbers mean is defined by TIFF 6.0, section 8.
"""

from __future__ import annotations

import math

from PIL import Image

from coffer.domain.thumbnails.ports import ThumbnailError

_MAX_SIXTEEN_BITS = 65535.0
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 0x0102, 0x0106, 0x0153
_WHITE_IS_ZERO, _SIGNED = 0, 2
_OTHER_BYTE_ORDERS = frozenset({"I;16B", "I;16L", "I;16N"})

GreyRange = tuple[float, float]
"""The values of black and of white."""
SIXTEEN_BITS: GreyRange = (0.0, _MAX_SIXTEEN_BITS)


def range_of(image: Image.Image) -> GreyRange | None:
    """Return the values of black and white, or None for an image of eight bits.

    They are the limits of the bit depth up to 16 bits, else the extremes of the image.
    """
    if image.mode.startswith("I;16"):
        grey_range = (0.0, float((1 << _bits_of(image)) - 1))
    elif image.mode in ("I", "F"):
        grey_range = _extremes(image)
    else:
        return None
    return grey_range[::-1] if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO else grey_range


def scalable(image: Image.Image) -> Image.Image:
    """Return the image in a mode that Pillow scales correctly."""
    if image.mode == "L" and _tag(image, _SAMPLE_FORMAT) == _SIGNED:
        return image.point([value ^ 0x80 for value in range(256)])
    return image.convert("I") if image.mode in _OTHER_BYTE_ORDERS else image


def with_alpha(image: Image.Image) -> Image.Image:
    """Return an image with a transparent colour as one with an alpha channel."""
    transparent = image.info["transparency"]
    if not image.mode.startswith("I;16"):
        return image.convert("RGBA")
    numbers = image.convert("I")
    grey = numbers.point([value >> 8 for value in range(65536)], "L")
    alpha = numbers.point([255 * (value != transparent) for value in range(65536)], "L")
    return Image.merge("LA", (grey, alpha))


def eight_bits(image: Image.Image, grey_range: GreyRange | None) -> Image.Image:
    """Scale grey of more than eight bits to eight; return other images unchanged."""
    if grey_range is None or not image.mode.startswith(("I", "F")):
        return image
    black, white = grey_range
    scale = 255 / (white - black) if white != black else 0.0
    numbers = image.convert("I") if image.mode.startswith("I;16") else image
    return numbers.convert("F").point(lambda value: value * scale - black * scale).convert("L")


def _extremes(image: Image.Image) -> GreyRange:
    low, high = image.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):
        raise ThumbnailError("image_damaged", "the image has several bands of numbers")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ThumbnailError("image_damaged", "the image has infinite values or NaN")
    if image.mode == "I" and low >= 0 and high <= _MAX_SIXTEEN_BITS:
        return SIXTEEN_BITS
    return float(low), float(high)


def _bits_of(image: Image.Image) -> int:
    bits = _tag(image, _BITS)
    return bits if bits is not None and 8 < bits < 16 else 16


def _tag(image: Image.Image, tag: int) -> int | None:
    """Return the number of a TIFF tag; None for other files."""
    value = getattr(image, "tag_v2", {}).get(tag)
    if isinstance(value, tuple):
        value = next(iter(value), None)
    return value if isinstance(value, int) else None
