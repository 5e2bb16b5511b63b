"""From a decoded image to its thumbnail: a small upright sRGB JPEG with nothing else in it.

Tuned as measured: the decoder scales down as far as it can (`draft`, `reducing_gap`), and nothing
is converted before the reduction that need not be. Orientation is applied once, colours go to
sRGB, transparency goes onto white, and no metadata (and so no position) is left.
"""

from __future__ import annotations

import io
import math

from PIL import ExifTags, Image, ImageCms

from coffer.domain.ports import ThumbnailError

_MOST_PIXELS = 100_000_000
_MOST_PIXELS_OF_JPEG = 250_000_000  # it scales while it decodes
_MOST_OF_SIXTEEN_BITS = 65535.0
_QUALITY = 90
_REDUCING_GAP = 1.5
_TURNS = {  # what makes an image of that EXIF orientation upright (CIPA DC-008, table 6)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SCALABLE = {  # these would be scaled without smoothing, or not at all
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
}
_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")

# The caps above replace Pillow's own, which counts all formats alike.
Image.MAX_IMAGE_PIXELS = None


def check_size(source: Image.Image) -> None:
    """Raise ThumbnailError where the image has more pixels than are decoded."""
    pixels = source.width * source.height
    most = _MOST_PIXELS_OF_JPEG if source.format in ("JPEG", "MPO") else _MOST_PIXELS
    if pixels > most:
        raise ThumbnailError(
            "image_too_large", f"the image has {pixels} pixels; at most {most} are decoded"
        )


def orientation_to_apply(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1, upright, where it says nothing or cannot be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # of damaged metadata, which must not cost the thumbnail
        return 1


def thumbnail_of(source: Image.Image, edge: int, *, orientation: int | None = None) -> bytes:
    """A JPEG that fits a square of `edge` pixels; small images are never enlarged.

    `orientation` is what the file around the image says, where the image itself says nothing.
    """
    profile = source.info.get("icc_profile")
    span = _span(source)
    small = _reduced(source, edge)
    said = orientation_to_apply(small)
    turn = _TURNS.get(orientation if said == 1 and orientation else said)
    if turn is not None:
        small = small.transpose(turn)
    small = _to_srgb(_on_white(_eight_bits(small, span)), profile)
    out = io.BytesIO()
    small = small if small.mode in ("RGB", "L") else small.convert("RGB")
    # Pillow would take a JPEG's comment over; everything else is only written when given.
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, comment=b"")
    return out.getvalue()


def _reduced(source: Image.Image, edge: int) -> Image.Image:
    """The image scaled to the square, in a mode that Pillow scales well."""
    if "transparency" in source.info:  # one colour, or one entry of the palette, is transparent
        source = source.convert("RGBA")
    elif source.mode in _SCALABLE:
        source = source.convert(_SCALABLE[source.mode])
    elif source.format == "JPEG2000":
        source = _coarsely_decoded(source, edge)
    gap = None if source.mode.startswith("I;16") else _REDUCING_GAP
    source.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=gap)
    return source


def _coarsely_decoded(source: Image.Image, edge: int) -> Image.Image:
    """A JPEG 2000 without its finest resolutions, of which the format has one a power of two."""
    levels = int(math.log2(max(1.0, max(source.size) / (edge * _REDUCING_GAP))))
    if levels == 0:
        return source
    setattr(source, "reduce", min(levels, 5))  # noqa: B010 - shadows a method, in Pillow itself
    return source.copy()


def _span(image: Image.Image) -> tuple[float, float] | None:
    """Black and white of an image of whole or floating point numbers; None for other images.

    Of 16 bits (as PNM and TIFF may bring them) it is known, else taken from what is there.
    """
    if image.mode not in ("I", "F"):
        return None
    low, high = image.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):
        raise ThumbnailError("image_damaged", "the image has several bands of numbers")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ThumbnailError("image_damaged", "the image holds numbers that are none")
    if image.mode == "I" and low >= 0 and high <= _MOST_OF_SIXTEEN_BITS:
        return 0.0, _MOST_OF_SIXTEEN_BITS
    return float(low), float(high)


def _eight_bits(image: Image.Image, span: tuple[float, float] | None) -> Image.Image:
    """Grey of more than eight bits as eight."""
    if image.mode.startswith("I;16"):
        image, span = image.convert("I"), (0.0, _MOST_OF_SIXTEEN_BITS)
    if span is None:
        return image
    low, high = span
    scale = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as sRGB; a profile that is damaged or of another colour space is not used."""
    if image.mode == "LAB":
        return ImageCms.profileToProfile(image, _LAB, _SRGB, outputMode="RGB") or image
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                _SRGB,
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            return image
        return converted or image
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """The image as it is, with whatever is transparent on white."""
    if image.mode not in ("RGBA", "LA", "RGBa", "La"):
        return image
    pixels = image.convert("RGBA")
    ground = Image.new("RGB", pixels.size, "white")
    ground.paste(pixels, mask=pixels.getchannel("A"))
    return ground
