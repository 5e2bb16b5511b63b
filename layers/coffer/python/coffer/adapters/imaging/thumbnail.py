"""Reduce a decoded image to its thumbnail: a small upright sRGB JPEG without metadata.

The decoder scales down as far as it can (`draft`, `reducing_gap`), and images are converted after
the reduction if possible; `make bench-thumbnails` measures the effect. Orientation is applied once,
colours become sRGB, transparency becomes white, and no metadata (so no GPS position) is kept.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageCms, ImageFile

from coffer.adapters.imaging.bit_depth import HAS_GAPS
from coffer.adapters.imaging.exif import orientation_of
from coffer.adapters.imaging.jpeg2000 import read_codestream
from coffer.adapters.imaging.tiff_directories import read_directories
from coffer.domain.thumbnails.ports import ThumbnailError

_MAX_PIXELS = {
    "JPEG": 250_000_000,  # its decoder scales while it decodes
    "MPO": 250_000_000,
    "WEBP": 80_000_000,  # its decoder needs 18 bytes a pixel
}
_MAX_PIXELS_OTHERS = 100_000_000
_QUALITY = 90
_GAP_FACTOR = 4
"""A pixel of the thumbnail is mixed with white if less than a quarter of its pixels has a value."""
REDUCING_GAP = 1.5
"""A picture is decoded at this many times the size of its thumbnail, or more."""
_TURNS = {  # the operation that makes each EXIF orientation upright (CIPA DC-008, table 6)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SCALABLE_MODES = {  # Pillow scales the modes on the left without smoothing, or not at all
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
}
_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")

# The limits above replace Pillow's, which is the same for all formats.
Image.MAX_IMAGE_PIXELS = None


def limit_pillow(formats: Sequence[str]) -> None:
    """Make Pillow check the size of a WebP itself, because its decoder allocates when it opens."""
    # Pillow refuses images with more than twice this number.
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS["WEBP"] // 2 if "WEBP" in formats else None


def check_size(source: Image.Image) -> None:
    """Raise ThumbnailError if the image has too many pixels."""
    pixels = source.width * source.height
    max_pixels = _MAX_PIXELS.get(source.format or "", _MAX_PIXELS_OTHERS)
    if pixels > max_pixels:
        raise ThumbnailError(
            "image_too_large", f"the image has {pixels} pixels; at most {max_pixels} are decoded"
        )


def exif_block(image: Image.Image) -> bytes:
    """Return the EXIF block of an opened image, without `Exif\\0\\0`; b"" if it has none.

    In a PNG it may be behind the pixels, and older programs wrote it as hexadecimal text.
    """
    block = image.info.get("exif")
    if isinstance(block, bytes):
        return block.removeprefix(b"Exif\0\0")
    text = image.info.get("Raw profile type exif")
    try:
        block = bytes.fromhex("".join(str(text or "").split("\n")[3:]))
    except ValueError:
        return b""
    return block.removeprefix(b"Exif\0\0")


def orientation_to_apply(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) without EXIF."""
    return orientation_of(read_directories(io.BytesIO(exif_block(image)))) or 1


def thumbnail_of(source: Image.Image, edge: int, *, orientation: int | None = None) -> bytes:
    """Return a JPEG that fits a square of `edge` pixels; small images are not enlarged.

    The image has eight bits a sample.

    `orientation` is that of the file around the image. It is used if the image itself has none.
    """
    profile = source.info.get("icc_profile")
    small = _reduced(source, edge)
    own = orientation_to_apply(small)
    turn = _TURNS.get(orientation if own == 1 and orientation else own)
    if turn is not None:
        small = small.transpose(turn)
    small = _to_srgb(_on_white(small), profile)
    out = io.BytesIO()
    small = small if small.mode in ("RGB", "L") else small.convert("RGB")
    # Without `comment`, Pillow would copy the comment of a JPEG. It copies no other metadata.
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, comment=b"")
    return out.getvalue()


def _reduced(source: Image.Image, edge: int) -> Image.Image:
    """Scale the image to the square, in a mode that Pillow scales well."""
    if source.format == "HEIF":
        source = _decoded_once(source)
    if "transparency" in source.info:  # a colour or a palette entry is transparent
        source = source.convert("RGBA")
    elif source.mode in _SCALABLE_MODES:
        source = source.convert(_SCALABLE_MODES[source.mode])
    source.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    return source


def reduced_resolution(source: Image.Image, edge: int) -> Image.Image:
    """Decode a JPEG 2000 at a lower resolution; the format has one for each power of two."""
    levels = int(math.log2(max(1.0, max(source.size) / (edge * REDUCING_GAP))))
    file = source.fp if isinstance(source, ImageFile.ImageFile) else None
    codestream = read_codestream(file) if levels and file else None
    levels = min(levels, codestream.levels) if codestream else 0
    if levels == 0:
        return source
    setattr(source, "reduce", levels)  # noqa: B010 - Pillow's attribute shadows its method
    return source.copy()


def _decoded_once(source: Image.Image) -> Image.Image:
    """Return the decoded picture alone; the file would decode it again at each use."""
    source.load()
    return source._new(source.im)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB; ignore a profile that is damaged or of another colour space."""
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
    """Replace transparency by white."""
    if image.mode not in ("RGBA", "LA", "RGBa", "La"):
        return image
    pixels = image.convert("RGBA")
    if image.info.get(HAS_GAPS):
        pixels.putalpha(pixels.getchannel("A").point(lambda part: _GAP_FACTOR * part))
    # Grey stays grey, because its profile is for grey.
    background = Image.new("L" if image.mode in ("LA", "La") else "RGB", pixels.size, "white")
    background.paste(pixels.convert(background.mode), mask=pixels.getchannel("A"))
    return background
