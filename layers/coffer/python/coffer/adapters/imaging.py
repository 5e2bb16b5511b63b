"""The Thumbnailer port on Pillow: a small sRGB JPEG of a JPEG or a PNG.

Tuned as measured: the decoder scales down as far as it can (`draft`, `reducing_gap`), and nothing
is converted before the reduction. Orientation is applied once, colours go to sRGB, transparency
goes onto white, and no metadata (and so no position) is left.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from coffer.domain.ports import ThumbnailError

_FORMATS = ("JPEG", "PNG")
_MOST_PIXELS = {"JPEG": 250_000_000, "PNG": 100_000_000}  # JPEG scales while it decodes
_QUALITY = 85
_REDUCING_GAP = 1.5
_SIXTEEN_BIT_MODES = frozenset({"I", "I;16", "I;16B", "I;16L"})
_SRGB = ImageCms.createProfile("sRGB")

# The cap above replaces Pillow's own, which counts all formats alike.
Image.MAX_IMAGE_PIXELS = None


class PillowThumbnailer:
    """Makes thumbnails that fit a square of `size` pixels; small images are never enlarged."""

    def __init__(self, size: int) -> None:
        self._box = (size, size)

    def make(self, image: bytes) -> bytes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is thrown away here
            try:
                with Image.open(io.BytesIO(image), formats=_FORMATS) as source:
                    self._check(source)
                    return self._encode(self._reduce(source))
            except UnidentifiedImageError as error:
                raise ThumbnailError(
                    "not_an_image", "the bytes are not of the type they look like"
                ) from error
            except (
                OSError,
                SyntaxError,
                ValueError,
                EOFError,
                Image.DecompressionBombError,
            ) as error:
                raise ThumbnailError("image_damaged", "the image cannot be decoded") from error
            except MemoryError as error:
                raise ThumbnailError("image_too_large", "not enough memory to decode") from error

    def _check(self, source: Image.Image) -> None:
        pixels = source.width * source.height
        most = _MOST_PIXELS[str(source.format)]
        if pixels > most:
            raise ThumbnailError(
                "image_too_large", f"the image has {pixels} pixels; at most {most} are decoded"
            )

    def _reduce(self, source: Image.Image) -> Image.Image:
        profile = source.info.get("icc_profile")
        if source.mode in _SIXTEEN_BIT_MODES:
            small: Image.Image = source.point(lambda value: value / 256).convert("L")
            small.thumbnail(self._box, Image.Resampling.LANCZOS)
        else:
            if source.mode == "P":
                source = source.convert("RGBA" if "transparency" in source.info else "RGB")
            source.thumbnail(self._box, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
            small = source
        oriented = ImageOps.exif_transpose(small) or small
        return _flatten(_to_srgb(oriented, profile))

    def _encode(self, small: Image.Image) -> bytes:
        out = io.BytesIO()
        small.save(out, "JPEG", quality=_QUALITY, optimize=True)
        return out.getvalue()


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as sRGB; a profile that is damaged or of another colour space is not used."""
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


def _flatten(image: Image.Image) -> Image.Image:
    """RGB, with whatever is transparent on white."""
    if image.mode in ("RGBA", "LA", "PA"):
        pixels = image.convert("RGBA")
        ground = Image.new("RGB", pixels.size, "white")
        ground.paste(pixels, mask=pixels.getchannel("A"))
        return ground
    return image if image.mode in ("RGB", "L") else image.convert("RGB")
