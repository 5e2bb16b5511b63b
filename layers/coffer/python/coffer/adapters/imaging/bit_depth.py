"""Grey of other numbers than 0 to 255: which are black and white, and eight bits of it.

Pillow scales such images rightly in the modes I and F, and I;16 where that is in the machine's
order; it clips them when it converts, and leaves to others what the numbers mean (TIFF 6.0, 8).
"""

from __future__ import annotations

import math

from PIL import Image

from coffer.domain.thumbnails.ports import ThumbnailError

_MAX_OF_SIXTEEN_BITS = 65535.0
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 0x0102, 0x0106, 0x0153
_WHITE_IS_ZERO, _SIGNED = 0, 2
_OF_OTHER_ORDER = frozenset({"I;16B", "I;16L", "I;16N"})

Span = tuple[float, float]
SIXTEEN_BITS: Span = (0.0, _MAX_OF_SIXTEEN_BITS)


def span_of(image: Image.Image) -> Span | None:
    """The numbers of black and of white; None for an image of eight bits.

    Of 16 bits (as PNM and TIFF may bring them) they are known, else taken from what is there.
    """
    if image.mode.startswith("I;16"):
        span = (0.0, float((1 << _bits_of(image)) - 1))
    elif image.mode in ("I", "F"):
        span = _extremes(image)
    else:
        return None
    return span[::-1] if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO else span


def scalable(image: Image.Image) -> Image.Image:
    """The image in a mode whose numbers are scaled as what they are."""
    if image.mode == "L" and _tag(image, _SAMPLE_FORMAT) == _SIGNED:
        return image.point([value ^ 0x80 for value in range(256)])
    return image.convert("I") if image.mode in _OF_OTHER_ORDER else image


def with_alpha(image: Image.Image) -> Image.Image:
    """An image of which one number or colour is transparent, with that in a channel."""
    transparent = image.info["transparency"]
    if not image.mode.startswith("I;16"):
        return image.convert("RGBA")
    numbers = image.convert("I")
    grey = numbers.point([value >> 8 for value in range(65536)], "L")
    alpha = numbers.point([255 * (value != transparent) for value in range(65536)], "L")
    return Image.merge("LA", (grey, alpha))


def eight_bits(image: Image.Image, span: Span | None) -> Image.Image:
    """Grey of more than eight bits as eight; other images as they are."""
    if span is None or not image.mode.startswith(("I", "F")):
        return image
    black, white = span
    scale = 255 / (white - black) if white != black else 0.0
    numbers = image.convert("I") if image.mode.startswith("I;16") else image
    return numbers.convert("F").point(lambda value: value * scale - black * scale).convert("L")


def _extremes(image: Image.Image) -> Span:
    low, high = image.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):
        raise ThumbnailError("image_damaged", "the image has several bands of numbers")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ThumbnailError("image_damaged", "the image holds numbers that are none")
    if image.mode == "I" and low >= 0 and high <= _MAX_OF_SIXTEEN_BITS:
        return SIXTEEN_BITS
    return float(low), float(high)


def _bits_of(image: Image.Image) -> int:
    bits = _tag(image, _BITS)
    return bits if bits is not None and 8 < bits < 16 else 16


def _tag(image: Image.Image, tag: int) -> int | None:
    """A number of a TIFF's directory; None in other files."""
    value = getattr(image, "tag_v2", {}).get(tag)
    if isinstance(value, tuple):
        value = next(iter(value), None)
    return value if isinstance(value, int) else None
