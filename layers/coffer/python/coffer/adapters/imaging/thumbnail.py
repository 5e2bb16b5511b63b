"""From a decoded image to its thumbnail: a small upright sRGB JPEG with nothing else in it.

Tuned as measured: the decoder scales down as far as it can (`draft`, `reducing_gap`), and nothing
is converted before the reduction that need not be. Orientation is applied once, colours go to
sRGB, transparency goes onto white, and no metadata (and so no position) is left.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageCms, ImageFile

from coffer.adapters.imaging import depths
from coffer.adapters.imaging.exif import orientation_of
from coffer.adapters.imaging.jpeg2000 import read_codestream
from coffer.adapters.imaging.tiff_directories import read_directories
from coffer.domain.thumbnails.ports import ThumbnailError

_MAX_PIXELS = {
    "JPEG": 250_000_000,  # it scales while it decodes
    "MPO": 250_000_000,
    "WEBP": 80_000_000,  # its decoder holds four copies, 18 bytes a pixel
}
_MAX_PIXELS_OF_OTHERS = 100_000_000
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


def look_before_opening(formats: Sequence[str]) -> None:
    """Have Pillow check the size of a WebP first: its decoder takes the memory as it is made."""
    # Pillow refuses what has more than twice this number.
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS["WEBP"] // 2 if "WEBP" in formats else None


def check_size(source: Image.Image) -> None:
    """Raise ThumbnailError where the image has more pixels than are decoded."""
    pixels = source.width * source.height
    most = _MAX_PIXELS.get(source.format or "", _MAX_PIXELS_OF_OTHERS)
    if pixels > most:
        raise ThumbnailError(
            "image_too_large", f"the image has {pixels} pixels; at most {most} are decoded"
        )


def exif_block(image: Image.Image) -> bytes:
    """The EXIF block of an opened image, without its mark; empty where it has none.

    In a PNG it may stand behind the pixels, and older programs wrote it as a text of hexadecimals.
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
    """EXIF's orientation, 1 to 8; 1, upright, where it says nothing or cannot be read."""
    return orientation_of(read_directories(io.BytesIO(exif_block(image)))) or 1


def thumbnail_of(source: Image.Image, edge: int, *, orientation: int | None = None) -> bytes:
    """A JPEG that fits a square of `edge` pixels; small images are never enlarged.

    `orientation` is what the file around the image says, where the image itself says nothing.
    """
    profile = source.info.get("icc_profile")
    span = depths.span_of(source)
    small = _reduced(source, edge)
    said = orientation_to_apply(small)
    turn = _TURNS.get(orientation if said == 1 and orientation else said)
    if turn is not None:
        small = small.transpose(turn)
    small = _to_srgb(_on_white(depths.eight_bits(small, span)), profile)
    out = io.BytesIO()
    small = small if small.mode in ("RGB", "L") else small.convert("RGB")
    # Pillow would take a JPEG's comment over; everything else is only written when given.
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, comment=b"")
    return out.getvalue()


def _reduced(source: Image.Image, edge: int) -> Image.Image:
    """The image scaled to the square, in a mode that Pillow scales well."""
    if source.format == "JPEG2000":
        source = _coarsely_decoded(source, edge)
    elif source.format == "HEIF":
        source = _decoded_once(source)
    if "transparency" in source.info:  # one colour, or one entry of the palette, is transparent
        source = depths.with_alpha(source)
    elif source.mode in _SCALABLE:
        source = source.convert(_SCALABLE[source.mode])
    source = depths.scalable(source)
    gap = None if source.mode.startswith("I;16") else _REDUCING_GAP
    source.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=gap)
    return source


def _coarsely_decoded(source: Image.Image, edge: int) -> Image.Image:
    """A JPEG 2000 without its finest resolutions, of which the format has one a power of two."""
    levels = int(math.log2(max(1.0, max(source.size) / (edge * _REDUCING_GAP))))
    file = source.fp if isinstance(source, ImageFile.ImageFile) else None
    codestream = read_codestream(file) if levels and file else None
    levels = min(levels, codestream.levels) if codestream else 0
    if levels == 0:
        return source
    setattr(source, "reduce", levels)  # noqa: B010 - shadows a method, in Pillow itself
    return source.copy()


def _decoded_once(source: Image.Image) -> Image.Image:
    """One of several pictures by itself: the file would decode it anew whenever it is used."""
    source.load()
    return source._new(source.im)


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
    # Grey stays grey: its profile is one of grey.
    ground = Image.new("L" if image.mode in ("LA", "La") else "RGB", pixels.size, "white")
    ground.paste(pixels.convert(ground.mode), mask=pixels.getchannel("A"))
    return ground
