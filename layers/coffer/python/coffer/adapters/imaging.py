"""The Thumbnailer port on Pillow: a small sRGB JPEG of a JPEG or a PNG.

Tuned as measured: the decoder scales down as far as it can (`draft`, `reducing_gap`), and nothing
is converted before the reduction. Orientation is applied once, colours go to sRGB, transparency
goes onto white, and no metadata (and so no position) is left.
"""

from __future__ import annotations

import io
import warnings

from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from coffer.domain.ports import ThumbnailError

_FORMATS = ("JPEG", "PNG")
_MOST_PIXELS = {"JPEG": 250_000_000, "PNG": 100_000_000}  # JPEG scales while it decodes
_QUALITY = 85
_REDUCING_GAP = 1.5
_SCALABLE = {"P": "RGB", "1": "L"}  # these would be scaled without smoothing
_TURNS = {  # what makes an image of that EXIF orientation upright (CIPA DC-008, table 6)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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
            except ThumbnailError:
                raise
            except UnidentifiedImageError as error:
                raise ThumbnailError(
                    "not_an_image", "the bytes are not of the type they look like"
                ) from error
            except MemoryError as error:
                raise ThumbnailError("image_too_large", "not enough memory to decode") from error
            except Exception as error:
                # Decoders raise anything of damaged bytes, and would again at the next try.
                raise ThumbnailError("image_damaged", "the image cannot be decoded") from error

    def _check(self, source: Image.Image) -> None:
        pixels = source.width * source.height
        most = _MOST_PIXELS["PNG" if source.format == "PNG" else "JPEG"]
        if pixels > most:
            raise ThumbnailError(
                "image_too_large", f"the image has {pixels} pixels; at most {most} are decoded"
            )

    def _reduce(self, source: Image.Image) -> Image.Image:
        profile = source.info.get("icc_profile")
        small = _ready_to_scale(source)
        small.thumbnail(self._box, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
        turn = _TURNS.get(_orientation(small))
        if turn is not None:
            small = small.transpose(turn)
        small = _to_srgb(_on_white(small), profile)
        return small if small.mode in ("RGB", "L") else small.convert("RGB")

    def _encode(self, small: Image.Image) -> bytes:
        out = io.BytesIO()
        # Pillow would take a JPEG's comment over; everything else is only written when given.
        small.save(out, "JPEG", quality=_QUALITY, optimize=True, comment=b"")
        return out.getvalue()


def _ready_to_scale(source: Image.Image) -> Image.Image:
    """The image itself where Pillow scales it well as it is, else in a mode where it does."""
    if source.mode in _SIXTEEN_BIT_MODES:
        return source.point(lambda value: value / 256).convert("L")
    if "transparency" in source.info:  # one colour, or one entry of the palette, is transparent
        return source.convert("RGBA")
    return source.convert(_SCALABLE[source.mode]) if source.mode in _SCALABLE else source


def _orientation(decoded: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1, upright, where it says nothing or cannot be read."""
    try:
        return int(decoded.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # of damaged metadata, which must not cost the thumbnail
        return 1


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


def _on_white(image: Image.Image) -> Image.Image:
    """The image as it is, with whatever is transparent on white."""
    if image.mode not in ("RGBA", "LA"):
        return image
    pixels = image.convert("RGBA")
    ground = Image.new("RGB", pixels.size, "white")
    ground.paste(pixels, mask=pixels.getchannel("A"))
    return ground
